/* SPDX-License-Identifier: MIT */
/*
 * Progress codes on I/O port 0x80, which a diagnostic card (or a firmware's two-digit display)
 * shows: what boot is at, where no other output works. docs/hardware.md explains them to people.
 * A code is sent before the stage begins, so that the one that stays is of the stage that hangs.
 */
#pragma once

#include "include/types.h"

enum post_stage {
	POST_ENTRY = 0xa0,     /* the first instruction in 64-bit mode */
	POST_BOOT_INFO = 0xa1, /* reading the boot loader's tags and the configuration */
	POST_CONSOLE = 0xa2,   /* opening the serial line and the screen */
	POST_TRAPS = 0xa3,     /* descriptor tables, exceptions */
	POST_QUIESCE = 0xa4,   /* turning bus mastering off */
	POST_MEMORY = 0xa5,    /* page frames, our own page tables, heap */
	POST_TABLES = 0xa6,    /* ACPI tables */
	POST_CLOCK = 0xa7,     /* calibrating the clock */
	POST_APIC = 0xa8,      /* interrupt controllers */
	POST_CPUS = 0xa9,      /* starting the other CPUs */
	POST_THREADS = 0xaa,   /* scheduler and timers */
	POST_PCI = 0xab,       /* enumerating PCI */
	POST_PREFLIGHT = 0xac, /* looking for virtualisation and turning it on */
	POST_SHELL = 0xad,     /* starting the shell: the prompt comes */
	POST_PANIC = 0xae,     /* a panic: its text is on the consoles */
	POST_OFF = 0xaf,       /* power-off or reboot */
};

void post_code(enum post_stage stage);
