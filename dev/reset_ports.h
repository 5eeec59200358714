/* SPDX-License-Identifier: MIT */
/*
 * The two other ports by which a PC is reset (Intel ICH data sheets, RST_CNT and PORT92): CF9h, and
 * port 92h, system control port A, with its A20 bit. A20 is never masked, as in CPUs since Haswell;
 * the bit is only remembered.
 *
 * CF9h lies among the PCI host bridge's configuration ports CF8h to CFFh, which answer as such only
 * to double words at CF8h, and at CFCh: the bridge's model passes a byte access at CF9h on to
 * reset_ports_cf9(). ports->lock guards the state.
 */
#pragma once

#include "dev/bus.h"
#include "lib/lock.h"

struct reset_ports {
	struct device dev;
	/* The guest resets its machine. Called without a lock, on the vCPU's thread. */
	void (*reset)(void *arg, const char *why);
	void *arg;
	struct spinlock lock; /* RANK_VDEVICE */
	u8 cf9, port92;
};

void reset_ports_init(struct reset_ports *ports, void (*reset)(void *arg, const char *why),
		      void *arg);

/* Port 92h on the bus. */
__must_check int reset_ports_attach(struct reset_ports *ports, struct bus *bus);

/* One byte at CF9h; answers what is read. */
u8 reset_ports_cf9(struct reset_ports *ports, bool write, u8 value);
