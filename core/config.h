/* SPDX-License-Identifier: MIT */
/*
 * The configuration: what ashlar.conf and the command line may say (docs/configuration.md), as
 * tables of sections and keys, and the struct that they fill. Pure, so that mkimage refuses with
 * the very same code what the hypervisor would. A key is in the tables only with the code that
 * makes it work.
 *
 * Nothing is copied: the slices point into the text, which has to stay as long as the struct.
 */
#pragma once

#include "include/types.h"
#include "lib/log.h"
#include "lib/text.h"

enum {
	CONFIG_SIZE_MAX = MiB, /* bytes of ashlar.conf */
	CONFIG_NAME_MAX = 31,  /* bytes of a VM's name */
	CONFIG_FILE_MAX = 240, /* bytes of a file's name */
	CONFIG_VMS_MAX = 64,
	CONFIG_VCPUS_MAX = 64,
	CONFIG_MODULES_MAX = 32, /* of one VM */
	CONFIG_ARGS_MAX = 255,	 /* bytes of one's arguments */
	CONFIG_FILES_MAX = 127,	 /* of all VMs: with ashlar.conf, what the boot takes of modules */
	CONFIG_REASON_MAX = 120,
};

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

struct module_spec {
	struct slice file;
	struct slice args; /* as they stand in the file; empty without any */
};

/* A section [vm NAME]. Files are given by the names that the boot loader's modules have. */
struct vm_config {
	char name[CONFIG_NAME_MAX + 1];
	u32 line;   /* of the section */
	u64 memory; /* bytes, whole MiB */
	u32 vcpus;
	struct slice kernel, firmware, initrd; /* empty: none */
	u32 module_count;
	struct module_spec modules[CONFIG_MODULES_MAX];
	struct slice cmdline;
	bool autostart;
	bool restart; /* on-exit = restart */
	bool debug_exit;
	/* The section's first, with its line; "" for none. With one the VM can't start. */
	char error[CONFIG_REASON_MAX];
};

/* Of the command line alone: whether guests execute by small pages only (CVE-2018-12207). */
enum exec_pages { EXEC_PAGES_AUTO, EXEC_PAGES_SMALL, EXEC_PAGES_LARGE };

/* Whether the CPU carries out guests' local APICs; AUTO: as far as this CPU is known to do it
 * right. */
enum use_apic { USE_APIC_AUTO, USE_APIC_ON, USE_APIC_OFF };

struct config {
	enum log_level log;
	enum exec_pages exec_pages;
	struct console_spec console;
	enum use_apic apicv;
	u32 vm_count, vm_room;
	struct vm_config *vms; /* the caller's, vm_room of them; stays as long as the struct */
};

/* Gets each error, in line order, as "found X; expected Y"; line 0 is the command line. */
struct config_report {
	void (*error)(struct config_report *report, u32 line, const char *text);
	/* What the file should be, in words, when it is not; NULL when it is good. May be NULL. */
	const char *(*check_file)(struct config_report *report, struct slice file);
};

/* What holds where nothing else is said; without room for VMs, which the caller gives. */
void config_defaults(struct config *config);

/*
 * What is needed before there is memory for VMs: changes in `config` what [host] says, and reports
 * nothing. Answers for how many VMs config_parse() wants room.
 */
u32 config_parse_host(const char *text, size_t len, struct config *config);

/*
 * Changes in `config` what ashlar.conf says, once. Answers the number of errors; what is wrong
 * changes nothing, so one may go on with the rest of it: a VM whose section has an error is there,
 * with the error.
 */
u32 config_parse(const char *text, size_t len, struct config *config, struct config_report *report);

/*
 * Changes in `config` what the words of the boot loader's command line say: console=VALUE, as in
 * [host], and exec-pages=VALUE. Other words and wrong values are reported, at most
 * CONFIG_WORDS_SHOWN of them; to nobody when `report` is NULL.
 */
enum { CONFIG_WORDS_SHOWN = 8 };
void config_parse_cmdline(const char *cmdline, struct config *config, struct config_report *report);

/* The n-th file that a VM's section names: kernel, firmware, initrd, modules; empty after the last.
 */
struct slice config_file(const struct vm_config *vm, u32 n);

/*
 * Is `module` the boot loader's name for this file? GRUB puts a name with blanks into quotation
 * marks where a person did.
 */
bool config_file_is(struct slice file, const char *module);
