/* SPDX-License-Identifier: MIT */
/*
 * The stages of the boot, in the order of main.c, on the boot CPU. Each says in the log what it
 * has found, and what is missing; what the machine can't do without is a panic with a sentence.
 */
#pragma once

#include "boot/boot_info.h"
#include "core/config.h"
#include "drivers/post.h"

/* stage.c: a stage begins, for the log and port 80h ... */
void stage(enum post_stage code, const char *what);
/* ... or the machine lacks what Ashlar can't do without: a sentence, and the end. No fault of ours,
 * so no panic. */
__noreturn void refuse(const char *fmt, ...) __printf_like(1, 2);

/* console.c: the serial line and the screen. The first needs no memory, the rest comes later. */
void console_open(const struct config *config, const struct boot_framebuffer *fb);
void console_open_acpi(const struct config *config); /* the UART that the SPCR names */
void
console_map_screen(const struct boot_framebuffer *fb); /* after kmap_init(): maps it anew ... */
void console_use_screen(
	const struct boot_framebuffer *fb); /* ... after the tables are loaded: shows it there */
void console_drain(void);
struct uart *console_uart(void); /* NULL without one */

/* memory.c: frames, our own page tables, heap. */
void memory_init(struct boot_info *info, hpa_t image);

/* clock.c: the TSC's rate, and the clock that everybody uses. */
void clock_start(void);
void clock_settle(void); /* when all CPUs are up: whether the TSC may stay the clock */

/* apic.c: local APIC of this CPU, I/O APICs. */
void apic_init(void);

/* cpus.c: the other CPUs. */
void cpus_start(void);

/* virt.c: turns virtualisation on, on all CPUs. */
void virt_start(const struct config *config);

/* A line of text, shown beside the log's; nothing where there is no screen. */
void console_show(const char *line);

/* mirror.c: this VM's console also on the screen; after guests_define(). */
void mirror_start(const char *name);

/* guests.c: the configuration's VMs; both stay. */
void guests_define(const struct boot_info *info, const struct config *config);
void guests_announce(void); /* begins to start those that want it, and says how to get at them */
void guests_start(void);
