/* SPDX-License-Identifier: MIT */
/* PCI's interrupt lines, and its firmware. */
#include "boot/platform_pci.h"

#include "core/config.h"
#include "core/guest_memory.h"
#include "dev/acpi.h"
#include "dev/pci_firmware.h"
#include "include/bits.h"
#include "lib/log.h"

enum { PORT_ELCR = 0x4d0 }; /* a bit each for the 8259s' inputs: level-triggered */

static u8
pic_irq(unsigned link)
{
	return (u8)guest_acpi_pci_irq(0, link);
}

/* Two links share an input of the 8259s. Under host.interrupt_lock. */
static void
link_set(struct irq_line *line, bool level)
{
	struct platform_pci_link *link = container_of(line, struct platform_pci_link, line);
	struct platform_pci *pci = link->pci;
	const struct platform_pci_link *other = &pci->links[(link->number + 2) % PCI_PINS];

	link->level = level;
	ioapic_set(pci->ioapic, GUEST_ACPI_PCI_INPUT + link->number, level);
	pic_set(pci->pic, pic_irq(link->number), level || other->level);
}

void
platform_pci_setup(struct platform_pci *pci, struct ioapic *ioapic, struct pic *pic,
		   const struct region *cf9)
{
	struct irq_line *lines[PCI_PINS];

	pci->ioapic = ioapic;
	pci->pic = pic;
	for (unsigned n = 0; n < PCI_PINS; n++) {
		pci->links[n] = (struct platform_pci_link){{link_set}, pci, (u8)n, false};
		lines[n] = &pci->links[n].line;
	}
	pci_host_setup(&pci->host, cf9);
	pci_host_wire(&pci->host, lines);
	pci_host_messages(&pci->host, ioapic->bus);
}

int
platform_pci_attach(struct platform_pci *pci, struct bus *bus, const struct vm_config *config)
{
	int err = pci_host_attach(&pci->host, bus);

	if (err != 0 || !config->pci_test)
		return err;
	pci_test_init(&pci->test);
	return pci_test_attach(&pci->test, &pci->host);
}

static void
tell_inputs(struct pci_host *host)
{
	for (unsigned i = 0; i < PCI_HOST_FUNCTIONS; i++) {
		struct pci_device *dev = host->functions[i];

		if (dev != NULL && pci_device_has_pin(dev))
			dev->dev.irqs = BIT32(GUEST_ACPI_PCI_INPUT + pci_device_link(dev));
	}
}

void
platform_pci_start(struct platform_pci *pci, const char *vm_name)
{
	struct pci_firmware firmware = {
		.memory = GUEST_HOLE,
		.memory_end = PCI_ECAM_BASE,
		.io = GUEST_ACPI_IO_WINDOW,
		.io_end = 0x10000,
	};
	unsigned failed;
	u16 levels = 0;

	for (unsigned n = 0; n < PCI_PINS; n++) {
		firmware.irqs[n] = pic_irq(n);
		levels |= (u16)BIT32(pic_irq(n));
	}
	tell_inputs(&pci->host);
	(void)bus_port(pci->host.bus, PORT_ELCR, 2, true, levels);
	failed = pci_firmware_run(&pci->host, &firmware);
	if (failed != 0)
		log_warn("%s: %u PCI base addresses found no room", vm_name, failed);
}
