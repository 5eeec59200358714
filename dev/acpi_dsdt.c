/* SPDX-License-Identifier: MIT */
/*
 * A guest's DSDT: what AML alone can say of the platform. Nothing here changes while the guest
 * runs, but for the interrupt controllers that it says by \_PIC it uses. The power button is one of
 * the fixed ones (4.8.2.2.1.1), so the FADT has it.
 */
#include "dev/acpi_aml.h"
#include "dev/acpi_parts.h"
#include "dev/hpet.h"
#include "dev/pm.h"

enum {
	DSDT_REVISION = 2, /* integers have 64 bits */
	PCI_SLOTS = 32,
	PCI_PINS = 4,
	ECAM_PER_BUS = 0x100000,
};

/* \_S5 (7.4.2): SLP_TYP for both control blocks, of which there is one; two are reserved. */
static void
put_s5(struct blob *b)
{
	size_t package;

	aml_name(b, "_S5_");
	package = aml_begin_package(b, 4);
	aml_integer(b, PM_SLEEP_TYPE_S5);
	aml_integer(b, PM_SLEEP_TYPE_S5);
	aml_integer(b, 0);
	aml_integer(b, 0);
	aml_end(b, package);
}

/* \_PIC (5.8.1): 1 for the I/O APIC; the 8259s are what a guest uses that does not call it. */
static void
put_pic_mode(struct blob *b)
{
	size_t method;

	aml_name(b, "PICM");
	aml_integer(b, 0);
	method = aml_begin_method(b, "_PIC", 1);
	aml_store_argument(b, "PICM");
	aml_end(b, method);
}

/* Of _PRT (6.2.13): address of all functions of a slot, pin, no link device, interrupt. */
static void
put_route(struct blob *b, u32 slot, u32 pin, u32 interrupt)
{
	size_t package = aml_begin_package(b, 4);

	aml_integer(b, slot << 16 | 0xffff);
	aml_integer(b, pin);
	aml_integer(b, 0);
	aml_integer(b, interrupt);
	aml_end(b, package);
}

static void
put_routes(struct blob *b, const char *name, u32 (*interrupt)(u32 slot, u32 pin))
{
	size_t package;

	aml_name(b, name);
	package = aml_begin_package(b, PCI_SLOTS * PCI_PINS);
	for (u32 slot = 0; slot < PCI_SLOTS; slot++) {
		for (u32 pin = 0; pin < PCI_PINS; pin++)
			put_route(b, slot, pin, interrupt(slot, pin));
	}
	aml_end(b, package);
}

static void
put_routing(struct blob *b)
{
	size_t method, choice;

	put_routes(b, "PRTA", guest_acpi_pci_input);
	put_routes(b, "PRTP", guest_acpi_pci_irq);
	method = aml_begin_method(b, "_PRT", 0);
	choice = aml_begin_if(b, "PICM");
	aml_return(b, "PRTA");
	aml_end(b, choice);
	aml_return(b, "PRTP");
	aml_end(b, method);
}

/* What the host bridge hands on; and the ports by which it is configured, its own. */
static void
put_pci_resources(struct blob *b, const struct guest_acpi_platform *platform)
{
	size_t resources;

	aml_name(b, "_CRS");
	resources = aml_begin_resources(b);
	aml_bus_window(b, 0, platform->last_bus);
	aml_io(b, 0xcf8, 8);
	aml_io_window(b, GUEST_ACPI_IO_WINDOW, 0xffff);
	for (unsigned i = 0; i < GUEST_ACPI_WINDOWS; i++) {
		const struct guest_acpi_window *w = &platform->windows[i];

		if (w->size != 0)
			aml_memory_window(b, w->base, w->base + w->size - 1);
	}
	aml_end_resources(b, resources);
}

static void
put_id(struct blob *b, const char *id)
{
	aml_name(b, "_HID");
	aml_eisa_id(b, id);
}

static void
put_uid(struct blob *b, u32 uid)
{
	aml_name(b, "_UID");
	aml_integer(b, uid);
}

static void
put_pci(struct blob *b, const struct guest_acpi_platform *platform)
{
	size_t device = aml_begin_device(b, "PCI0");

	put_id(b, "PNP0A08"); /* PCI Express, and for those that don't know it PCI */
	aml_name(b, "_CID");
	aml_eisa_id(b, "PNP0A03");
	put_uid(b, 0);
	aml_name(b, "_SEG");
	aml_integer(b, 0);
	aml_name(b, "_BBN");
	aml_integer(b, 0);
	put_pci_resources(b, platform);
	put_routing(b);
	aml_end(b, device);
}

/* What belongs to no device that has a driver. The ECAM must be here (PCI Firmware 3.3, 4.1.2); the
 * local APICs and the I/O APIC are the MADT's. */
static void
put_board(struct blob *b, const struct guest_acpi_platform *platform)
{
	size_t device = aml_begin_device(b, "MBRD"), resources;

	put_id(b, "PNP0C02");
	put_uid(b, 0);
	aml_name(b, "_CRS");
	resources = aml_begin_resources(b);
	aml_memory(b, (u32)platform->ecam_base, (platform->last_bus + 1u) * ECAM_PER_BUS);
	aml_io(b, 0x92, 1);
	aml_io(b, PM_BASE, PM_PORTS);
	aml_end_resources(b, resources);
	aml_end(b, device);
}

/* A device at fixed ports. */
struct isa_device {
	const char *name, *id;
	struct {
		u16 port;
		u8 count; /* 0: no more */
	} io[3];
	s8 irq; /* -1: none */
	s8 uid; /* -1: none */
};

static const struct isa_device isa_devices[] = {
	{"PIC_", "PNP0000", {{0x20, 2}, {0xa0, 2}, {0x4d0, 2}}, 2,  -1},
	{"PIT_", "PNP0100", {{0x40, 4}},			 0,  -1},
	{"RTC_", "PNP0B00", {{0x70, 2}},			 8,  -1},
	{"SPKR", "PNP0800", {{0x61, 1}},			 -1, -1},
	{"COM1", "PNP0501", {{0x3f8, 8}},			  4,  1 },
};

static void
put_isa_device(struct blob *b, const struct isa_device *isa)
{
	size_t device = aml_begin_device(b, isa->name), resources;

	put_id(b, isa->id);
	if (isa->uid >= 0)
		put_uid(b, (u32)isa->uid);
	aml_name(b, "_CRS");
	resources = aml_begin_resources(b);
	for (unsigned i = 0; i < ARRAY_SIZE(isa->io) && isa->io[i].count != 0; i++)
		aml_io(b, isa->io[i].port, isa->io[i].count);
	if (isa->irq >= 0)
		aml_irq(b, (unsigned)isa->irq);
	aml_end_resources(b, resources);
	aml_end(b, device);
}

static void
put_hpet_device(struct blob *b)
{
	size_t device = aml_begin_device(b, "HPET"), resources;

	put_id(b, "PNP0103");
	put_uid(b, 0);
	aml_name(b, "_CRS");
	resources = aml_begin_resources(b);
	aml_memory(b, HPET_BASE, HPET_SIZE);
	aml_end_resources(b, resources);
	aml_end(b, device);
}

/* The MADT's UIDs are those of these devices (5.2.12.2, 8.4). */
static void
put_cpu(struct blob *b, u32 id)
{
	static const char digits[] = "0123456789ABCDEF";
	char name[4] = {'C', digits[id >> 8 & 15], digits[id >> 4 & 15], digits[id & 15]};
	size_t device = aml_begin_device(b, name);

	aml_name(b, "_HID");
	aml_string(b, "ACPI0007");
	put_uid(b, id);
	aml_end(b, device);
}

void
guest_acpi_put_dsdt(struct blob *b, const struct guest_acpi_platform *platform)
{
	size_t begin = guest_acpi_begin_table(b, "DSDT", DSDT_REVISION), scope;

	put_s5(b);
	put_pic_mode(b);
	scope = aml_begin_scope(b, "_SB_");
	put_pci(b, platform);
	put_board(b, platform);
	for (unsigned i = 0; i < ARRAY_SIZE(isa_devices); i++)
		put_isa_device(b, &isa_devices[i]);
	put_hpet_device(b);
	for (u32 id = 0; id < platform->vcpu_count; id++)
		put_cpu(b, id);
	aml_end(b, scope);
	guest_acpi_end_table(b, begin);
}
