/* SPDX-License-Identifier: MIT */
/*
 * Progress codes on I/O port 0x80, which a diagnostic card (or a firmware's two-digit display)
 * shows: what boot is at, where no other output works. docs/hardware.md explains them to people.
 * A code is sent before the stage begins, so that the one that stays is of the stage that hangs.
 */
#pragma once

#include "include/types.h"

/* In the order of boot. From 0xc0, where firmware has few of its own and ends on others. */
enum post_stage {
	POST_TRAPS = 0xc0,     /* descriptor tables and exceptions */
	POST_BOOT_INFO = 0xc1, /* reading the boot loader's tags and the configuration */
	POST_CONSOLE = 0xc2,   /* opening the screen and the serial line */
	POST_QUIESCE = 0xc3,   /* turning bus mastering off */
	POST_MEMORY = 0xc4,    /* page frames, our own page tables, heap */
	POST_TABLES = 0xc5,    /* ACPI tables */
	POST_CLOCK = 0xc6,     /* calibrating the clock */
	POST_APIC = 0xc7,      /* interrupt controllers */
	POST_THREADS = 0xc8,   /* timers and scheduler */
	POST_CPUS = 0xc9,      /* starting the other CPUs */
	POST_PCI = 0xca,       /* enumerating PCI */
	POST_PREFLIGHT = 0xcb, /* looking for virtualisation and turning it on */
	POST_SHELL = 0xcc,     /* starting the shell: the prompt comes */
};

void post_code(enum post_stage stage);
