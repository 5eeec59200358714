/* SPDX-License-Identifier: MIT */
/* A VM's NICs: made with its platform, on their networks while it lives. */
#pragma once

#include "boot/network.h"
#include "core/vm.h"

struct platform_nics {
	u32 count;
	struct vm_nic *nics[CONFIG_NICS_MAX];
};

/* All that the VM's configuration has; on failure platform_nics_free() is still to be called. */
__must_check int platform_nics_make(struct platform_nics *p, struct vm *vm, struct pci_host *host);

/* The VM's clock stands still and no vCPU runs. */
void platform_nics_free(struct platform_nics *p);
