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

#include "include/cpu_set.h"
#include "include/types.h"
#include "lib/log.h"
#include "lib/text.h"

enum {
	CONFIG_SIZE_MAX = MiB, /* bytes of ashlar.conf */
	CONFIG_NAME_MAX = 31,  /* bytes of a VM's name */
	CONFIG_FILE_MAX = 240, /* bytes of a file's name */
	CONFIG_VMS_MAX = 256,
	CONFIG_VCPUS_MAX = 64,
	CONFIG_TAGS_MAX = 65535,
	CONFIG_WEIGHT = 256, /* a VM's usual one */
	CONFIG_WEIGHT_MAX = 65536,
	CONFIG_MODULES_MAX = 32, /* of one VM */
	CONFIG_ARGS_MAX = 255,	 /* bytes of one's arguments */
	CONFIG_FILES_MAX = 127,	 /* of all VMs: with ashlar.conf, what the boot takes of modules */
	CONFIG_REASON_MAX = 120,
	CONFIG_STOP_TIMEOUT_MS = 30 * 1000, /* where nothing is said */
	CONFIG_NETS_MAX = 32,
	CONFIG_NICS_MAX = 8,	  /* of one VM */
	CONFIG_FORWARDS_MAX = 64, /* of one network, as of hosts */
	CONFIG_HOSTS_MAX = 64,
	CONFIG_DNS_MAX = 3,
	CONFIG_DOMAIN_MAX = 63, /* bytes; no label has more either (RFC 1035, 2.3.4) */
	CONFIG_MTU = 1500,	/* where nothing is said */
	CONFIG_MTU_MIN = 576,
	CONFIG_MTU_MAX = 9000,
	CONFIG_VLANS = 4096, /* bits of a trunk; 0 and 4095 are no VLANs */
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

enum net_mode {
	NET_MODE_NONE, /* not said, or wrongly: the network has an error */
	NET_BRIDGE,
	NET_NAT,
	NET_HOST_ONLY,
	NET_MODES,
};

enum uplink_kind {
	UPLINK_NONE,
	UPLINK_INDEX, /* the one with this index of our e1000 driver's NICs, in PCI order */
	UPLINK_PCI,   /* the one at this place, which may be the same */
};

struct uplink_spec {
	enum uplink_kind kind;
	u32 index;
	u16 segment;
	u8 bus, device, function;
};

/* A port of the uplink's address that leads to one of a guest. */
struct net_forward {
	struct slice vm; /* a VM that there is, with a NIC in this network */
	u32 line;
	u16 outside_port, guest_port;
	bool udp; /* else TCP */
};

/* A DHCP address by MAC. */
struct net_host {
	u8 mac[MAC_LEN];
	u32 address;
	u32 line;
};

/* The uplink's own address, for NAT. */
struct net_address {
	bool fixed; /* else by DHCP, and the rest is 0 */
	u8 prefix;
	u32 address, router;
};

enum worker_kind {
	WORKER_AUTO,
	WORKER_OFF, /* the sender's CPU does all */
	WORKER_CPU, /* a thread on this one */
};

struct worker_spec {
	enum worker_kind kind;
	u32 cpu; /* below MAX_CPUS; whether there is one, the machine knows */
};

/*
 * A section [net NAME]. IPv4 addresses are in host order. After config_parse() every NAT and
 * host-only network without an error has its subnet, said or found; .1 of it is the gateway's.
 */
struct net_config {
	char name[CONFIG_NAME_MAX + 1];
	u32 line; /* of the section */
	u32 keys; /* the parser's own: those that the section has, a bit each */
	enum net_mode mode;
	struct uplink_spec uplink; /* UPLINK_NONE for host-only alone */
	u32 subnet;
	u8 prefix;	   /* 8 to 29; 0: no subnet */
	bool subnet_given; /* by the file; else the first free 10.8.N.0/24 */
	u16 mtu;
	u32 forward_count, host_count, dns_count;
	struct net_forward forwards[CONFIG_FORWARDS_MAX];
	struct net_host hosts[CONFIG_HOSTS_MAX];
	struct net_address address;
	u32 dns[CONFIG_DNS_MAX]; /* none: what the uplink's DHCP says */
	struct slice domain;	 /* empty: none */
	struct worker_spec worker;
	/* The section's first, as a VM's. With one there is no such network. */
	char error[CONFIG_REASON_MAX];
};

enum nic_kind { NIC_E1000, NIC_KINDS };

/* A nic of [vm NAME]. */
struct nic_config {
	enum nic_kind kind;
	char net[CONFIG_NAME_MAX + 1]; /* one that there is, perhaps with an error */
	u8 mac[MAC_LEN];
	bool spoof_deny;
	bool isolate;
	u16 vlan;	    /* frames without a tag belong to it; 0: none */
	struct slice trunk; /* config_trunk(); empty: none */
	u64 rate_bits;	    /* a second, of what it sends; 0: unlimited */
};

/* A section [vm NAME]. Files are given by the names that the boot loader's modules have. */
struct vm_config {
	char name[CONFIG_NAME_MAX + 1];
	u32 line;   /* of the section */
	u32 keys;   /* the parser's own: those that the section has, a bit each */
	u64 memory; /* bytes, whole MiB */
	u32 vcpus;
	struct cpu_set cpus;		       /* where they may run */
	u32 weight;			       /* against other VMs */
	u32 cap;			       /* percent of one CPU; 0: none */
	struct slice kernel, firmware, initrd; /* empty: none */
	u32 module_count;
	struct module_spec modules[CONFIG_MODULES_MAX];
	struct slice cmdline;
	bool autostart;
	bool restart; /* on-exit = restart */
	bool debug_exit;
	bool pci_test; /* a function for tests: dev/pci_test.h */
	u32 stop_timeout_ms;
	u32 nic_count;
	struct nic_config nics[CONFIG_NICS_MAX];
	/*
	 * The section's first, with its line, or else its networks' first; "" for none. With one
	 * the VM can't start.
	 */
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
	u32 guest_tags; /* of the command line: at most so many VPIDs or ASIDs; 0: all there are */
	struct console_spec console;
	enum use_apic apicv;
	char console_mirror[CONFIG_NAME_MAX + 1]; /* a VM that there is; or empty */
	u32 vm_count, vm_room;
	struct vm_config *vms; /* the caller's, vm_room of them; stays as long as the struct */
	u32 net_count, net_room;
	struct net_config *nets; /* as vms */
};

/* Gets each error, in line order, as "found X; expected Y"; line 0 is the command line. */
struct config_report {
	void (*error)(struct config_report *report, u32 line, const char *text);
	/* What the file should be, in words, when it is not; NULL when it is good. May be NULL. */
	const char *(*check_file)(struct config_report *report, struct slice file);
};

/* What holds where nothing else is said; without room for VMs and nets, which the caller gives. */
void config_defaults(struct config *config);

/*
 * What is needed before there is memory for VMs: changes in `config` what [host] says, and reports
 * nothing. vm_room and net_room become what config_parse() wants.
 */
void config_parse_host(const char *text, size_t len, struct config *config);

/*
 * Changes in `config` what ashlar.conf says, once. Answers the number of errors; what is wrong
 * changes nothing, so one may go on with the rest of it: a VM whose section has an error is there,
 * with the error, and so is a network. A VM with a NIC in a network with an error has that one too,
 * which is counted and reported once, as the network's.
 */
u32 config_parse(const char *text, size_t len, struct config *config, struct config_report *report);

/*
 * Changes in `config` what the words of the boot loader's command line say: console=VALUE, as in
 * [host], exec-pages=VALUE and guest-tags=NUMBER. Other words and wrong values are reported, at
 * most CONFIG_WORDS_SHOWN of them; to nobody when `report` is NULL.
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

/* NULL when there is no such section. */
const struct net_config *config_find_net(const struct config *config, const char *name);

/* bridge, nat or host-only; "none" without one. */
const char *net_mode_text(enum net_mode mode);

/*
 * An address out of a VM's name and its NIC's index, the same each time, by which nobody else is
 * likely to go: locally administered, unicast. For other names as well.
 */
void config_default_mac(const char *name, u32 index, u8 mac[MAC_LEN]);

/* Sets a bit for each VLAN of a nic's trunk, and clears the others. */
void config_trunk(struct slice trunk, u8 bits[CONFIG_VLANS / 8]);
