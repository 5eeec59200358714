/* SPDX-License-Identifier: MIT */
/*
 * From configuration space to struct pci_function. Pure but for the access that is given, so that
 * made-up devices test it. Nothing is locked; one CPU at a time.
 */
#pragma once

#include "drivers/pci_config.h"

/* Something for each function; anything but 0 ends the scan, which answers it. */
typedef int (*pci_visit)(const struct pci_access *access, struct pci_addr addr, void *arg);

/* The functions of the first `devices` devices of a bus. */
__must_check int pci_scan_bus(const struct pci_access *access, u8 bus, u8 devices, pci_visit visit,
			      void *arg);

/*
 * All functions of all buses that the access reaches, with all but their BARs. Every bus is looked
 * at, whether a bridge leads there or not: some host bridges other than the first have none.
 */
__must_check int pci_scan(const struct pci_access *access,
			  int (*found)(const struct pci_access *access, struct pci_function *f));

/* Fills the BARs, and measures them where that is safe; writes to the function meanwhile. */
void pci_measure_bars(const struct pci_access *access, struct pci_function *f);

/* The capabilities of both lists, at most max; answers how many. */
u8 pci_read_caps(const struct pci_access *access, struct pci_addr addr, struct pci_cap *caps,
		 u8 max);

/* Turns a function's bus mastering off; answers whether it was on. */
bool pci_master_off(const struct pci_access *access, struct pci_addr addr);
