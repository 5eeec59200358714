/* SPDX-License-Identifier: MIT */
/* Reads and writes of configuration space, by ports and by ECAM. */
#include "drivers/pci_config.h"

#include "arch/x86_64/io.h"
#include "drivers/pci_regs.h"
#include "lib/lock.h"

enum { PORT_ADDRESS = 0xcf8, PORT_DATA = 0xcfc };

#define ADDRESS_ENABLE BIT32(31)

/* Guards the pair of ports: what is read or written between the two belongs to the address. */
static struct spinlock port_lock = SPINLOCK_INIT(RANK_DEVICE, "pci ports");

static u32
function_number(struct pci_addr addr)
{
	return (u32)addr.bus << 8 | (u32)addr.device << 3 | addr.function;
}

static u32
port_address(struct pci_addr addr, u16 offset)
{
	return ADDRESS_ENABLE | function_number(addr) << 8 | (offset & 0xfcu);
}

static u32
port_read32(const struct pci_access *access, struct pci_addr addr, u16 offset)
{
	u64 flags = spin_lock(&port_lock);
	u32 value;

	(void)access;
	out32(PORT_ADDRESS, port_address(addr, offset));
	value = in32(PORT_DATA);
	spin_unlock(&port_lock, flags);
	return value;
}

static void
port_write32(const struct pci_access *access, struct pci_addr addr, u16 offset, u32 value)
{
	u64 flags = spin_lock(&port_lock);

	(void)access;
	out32(PORT_ADDRESS, port_address(addr, offset));
	out32(PORT_DATA, value);
	spin_unlock(&port_lock, flags);
}

static void
port_write16(const struct pci_access *access, struct pci_addr addr, u16 offset, u16 value)
{
	u64 flags = spin_lock(&port_lock);

	(void)access;
	out32(PORT_ADDRESS, port_address(addr, offset));
	out16((u16)(PORT_DATA + (offset & 2)), value);
	spin_unlock(&port_lock, flags);
}

const struct pci_access pci_ports = {
	.read32 = port_read32,
	.write32 = port_write32,
	.write16 = port_write16,
	.size = PCI_CONFIG_SIZE,
	.last_bus = PCI_BUSES - 1,
};

static volatile void *
ecam_register(const struct pci_access *access, struct pci_addr addr, u16 offset)
{
	addr.bus = (u8)(addr.bus - access->first_bus);
	return access->ecam + (function_number(addr) << 12) + offset;
}

/*
 * Through EAX and nothing else: family 10h of AMD has no other way to ECAM (BIOS and Kernel
 * Developer's Guide 31116, 2.11.1), and a compiler may choose any register.
 */
static u32
ecam_read32(const struct pci_access *access, struct pci_addr addr, u16 offset)
{
	volatile u32 *reg = ecam_register(access, addr, offset);
	u32 value;

	__asm__ volatile("movl %1, %0" : "=a"(value) : "m"(*reg) : "memory");
	return value;
}

static void
ecam_write32(const struct pci_access *access, struct pci_addr addr, u16 offset, u32 value)
{
	volatile u32 *reg = ecam_register(access, addr, offset);

	__asm__ volatile("movl %1, %0" : "=m"(*reg) : "a"(value) : "memory");
}

static void
ecam_write16(const struct pci_access *access, struct pci_addr addr, u16 offset, u16 value)
{
	volatile u16 *reg = ecam_register(access, addr, offset);

	__asm__ volatile("movw %1, %0" : "=m"(*reg) : "a"(value) : "memory");
}

struct pci_access
pci_ecam_access(volatile void *ecam, u16 segment, u8 first_bus, u8 last_bus)
{
	return (struct pci_access){
		.read32 = ecam_read32,
		.write32 = ecam_write32,
		.write16 = ecam_write16,
		.size = PCIE_CONFIG_SIZE,
		.segment = segment,
		.first_bus = first_bus,
		.last_bus = last_bus,
		.ecam = ecam,
	};
}
