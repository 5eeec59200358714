/* SPDX-License-Identifier: MIT */
/*
 * The configuration: what ashlar.conf and the command line may say (docs/configuration.md), as
 * tables of sections and keys, and the struct that they fill. Pure, so that mkimage refuses with
 * the very same code what the hypervisor would. A key is in the tables only with the code that
 * makes it work.
 */
#pragma once

#include "include/types.h"
#include "lib/log.h"

enum { CONFIG_SIZE_MAX = MiB /* bytes of ashlar.conf */ };

enum console_kind {
	CONSOLE_COM,  /* com1 to com4, at their usual ports */
	CONSOLE_IO,   /* a 16550 at an I/O port */
	CONSOLE_ACPI, /* what ACPI's SPCR says */
};

struct console_spec {
	enum console_kind kind;
	u8 com;	  /* 1 to 4, for CONSOLE_COM */
	u16 port; /* of its first register, for CONSOLE_IO */
};

struct config {
	enum log_level log;
	struct console_spec console;
};

/* Gets each error, in line order, as "found X; expected Y"; line 0 is the command line. */
struct config_report {
	void (*error)(struct config_report *report, u32 line, const char *text);
};

/* What holds where nothing else is said. */
void config_defaults(struct config *config);

/*
 * Changes in `config` what ashlar.conf says. Answers the number of errors; what is wrong changes
 * nothing, so one may go on with the rest of it.
 */
u32 config_parse(const char *text, size_t len, struct config *config, struct config_report *report);

/*
 * Changes in `config` what the words of the boot loader's command line say: console=VALUE, as in
 * [host]. Other words and wrong values are reported, at most CONFIG_WORDS_SHOWN of them.
 */
enum { CONFIG_WORDS_SHOWN = 8 };
void config_parse_cmdline(const char *cmdline, struct config *config, struct config_report *report);
