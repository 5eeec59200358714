/* SPDX-License-Identifier: MIT */
/* The table of PCI functions, how each segment is reached, and bus mastering off. */
#include "drivers/pci.h"

#include "drivers/acpi.h"
#include "drivers/acpi_mcfg.h"
#include "drivers/pci_config.h"
#include "drivers/pci_regs.h"
#include "drivers/pci_scan.h"
#include "lib/format.h"
#include "lib/log.h"
#include "mm/heap.h"
#include "mm/kmap.h"

/* One for each range of buses that ECAM reaches, and the ports. Set by pci_init(). */
static struct pci_access accesses[MCFG_RANGES_MAX + 1];
static unsigned access_count;

static struct pci_function *functions; /* in the order of their addresses */
static unsigned function_count, left_out;

static const struct pci_access *
find_access(u16 segment, u8 bus)
{
	for (unsigned i = 0; i < access_count; i++) {
		const struct pci_access *a = &accesses[i];

		if (a->segment == segment && bus >= a->first_bus && bus <= a->last_bus)
			return a;
	}
	return NULL;
}

static int
quiesce_function(const struct pci_access *access, struct pci_addr addr, void *count)
{
	if (pci_master_off(access, addr))
		++*(unsigned *)count;
	return 0;
}

void
pci_quiesce(void)
{
	unsigned count = 0;

	/* From the last bus to the first: a bridge goes off after what lies behind it. */
	for (unsigned bus = PCI_BUSES; bus-- > 0;) {
		if (pci_scan_bus(&pci_ports, (u8)bus, PCI_DEVICES, quiesce_function, &count) != 0)
			break;
	}
	log_info("pci: bus mastering off; functions where it was on: %u", count);
}

/* Whether ECAM shows on bus 0 what the ports do: firmware's MCFG is wrong now and then. */
static bool
agrees_with_ports(const struct pci_access *ecam)
{
	struct pci_addr addr = {0};

	for (; addr.device < PCI_DEVICES; addr.device++) {
		u32 id = pci_ports.read32(&pci_ports, addr, PCI_ID);

		if (id != ~0u)
			return ecam->read32(ecam, addr, PCI_ID) == id;
	}
	return true; /* the ports show nothing at all */
}

static bool
overlaps(const struct mcfg_range *range)
{
	for (unsigned i = 0; i < access_count; i++) {
		const struct pci_access *a = &accesses[i];

		if (a->segment == range->segment && a->first_bus <= range->last_bus &&
		    a->last_bus >= range->first_bus)
			return true;
	}
	return false;
}

static void
add_ecam(const struct mcfg_range *range)
{
	hpa_t base = HPA(range->base.v + ((u64)range->first_bus << 20));
	u64 size = ((u64)range->last_bus - range->first_bus + 1) << 20;
	struct pci_access access;
	void *ecam;
	int err;

	if (overlaps(range)) {
		log_warn("pci: MCFG has buses of segment %u twice; the second is ignored",
			 range->segment);
		return;
	}
	err = kmap_device(base, size, PT_UC, &ecam);
	if (err != 0) {
		log_warn("pci: cannot map the ECAM of segment %u at %#lx: %s", range->segment,
			 base.v, error_text(err));
		return;
	}
	access = pci_ecam_access(ecam, range->segment, range->first_bus, range->last_bus);
	if (range->segment == 0 && range->first_bus == 0 && !agrees_with_ports(&access)) {
		log_warn("pci: the ECAM that MCFG gives at %#lx is not there; using the ports",
			 base.v);
		kmap_unmap(ecam);
		return;
	}
	accesses[access_count++] = access;
}

static void
find_accesses(void)
{
	const struct acpi_mcfg_info *mcfg = acpi_mcfg();

	for (unsigned i = 0; mcfg != NULL && i < mcfg->count; i++) {
		if (mcfg->ranges[i].first_bus <= mcfg->ranges[i].last_bus)
			add_ecam(&mcfg->ranges[i]);
	}
	if (find_access(0, 0) == NULL)
		accesses[access_count++] = pci_ports;
}

static u64
order(struct pci_addr addr)
{
	return (u64)addr.segment << 24 | (u64)addr.bus << 16 | (u64)addr.device << 8 |
	       addr.function;
}

static void
insert(struct pci_function *f)
{
	struct pci_function **at = &functions;

	while (*at != NULL && order((*at)->addr) < order(f->addr))
		at = &(*at)->next;
	f->next = *at;
	*at = f;
	function_count++;
}

static int
add_function(const struct pci_access *access, struct pci_function *found)
{
	struct pci_function *f;

	if (function_count >= PCI_FUNCTIONS_MAX) {
		left_out++;
		return 0;
	}
	f = heap_alloc(sizeof(*f));
	if (f == NULL)
		return fail(-ERR_NOMEM);
	*f = *found;
	if (f->addr.segment != 0) /* the ports, and so pci_quiesce(), reach segment 0 alone */
		pci_master_off(access, f->addr);
	pci_measure_bars(access, f);
	insert(f);
	return 0;
}

int
pci_init(void)
{
	int err = 0;

	find_accesses();
	for (unsigned i = 0; i < access_count && err == 0; i++)
		err = pci_scan(&accesses[i], add_function);
	log_info("pci: %u functions, segment 0 by %s", function_count,
		 find_access(0, 0)->ecam != NULL ? "ECAM" : "ports");
	if (left_out > 0)
		log_warn("pci: %u more functions than the %u that Ashlar manages are ignored",
			 left_out, PCI_FUNCTIONS_MAX);
	return err;
}

static void
masters_off(bool bridges)
{
	for (const struct pci_function *f = functions; f != NULL; f = f->next) {
		if ((f->header_type == PCI_HEADER_BRIDGE) == bridges)
			pci_master_off(find_access(f->addr.segment, f->addr.bus), f->addr);
	}
}

void
pci_bus_master_off_all(void)
{
	masters_off(false);
	masters_off(true);
}

const struct pci_function *
pci_next(const struct pci_function *prev)
{
	return prev == NULL ? functions : prev->next;
}

u32
pci_read32(struct pci_addr addr, u16 offset)
{
	const struct pci_access *access = find_access(addr.segment, addr.bus);

	if (access == NULL || offset >= access->size)
		return ~0u;
	return access->read32(access, addr, offset);
}

void
pci_write16(struct pci_addr addr, u16 offset, u16 value)
{
	const struct pci_access *access = find_access(addr.segment, addr.bus);

	if (access != NULL && offset < access->size)
		access->write16(access, addr, offset, value);
}

void
pci_write32(struct pci_addr addr, u16 offset, u32 value)
{
	const struct pci_access *access = find_access(addr.segment, addr.bus);

	if (access != NULL && offset < access->size)
		access->write32(access, addr, offset, value);
}

bool
pci_is_bus_master(const struct pci_function *f)
{
	u32 command = pci_read32(f->addr, PCI_COMMAND);

	return command != ~0u && (command & PCI_COMMAND_MASTER) != 0;
}

void
pci_addr_text(struct pci_addr addr, char text[PCI_ADDR_TEXT])
{
	if (addr.segment == 0)
		format(text, PCI_ADDR_TEXT, "%02x:%02x.%u", addr.bus, addr.device, addr.function);
	else
		format(text, PCI_ADDR_TEXT, "%04x:%02x:%02x.%u", addr.segment, addr.bus,
		       addr.device, addr.function);
}
