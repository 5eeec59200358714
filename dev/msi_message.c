/* SPDX-License-Identifier: MIT */
/* What address and data of a message say. */
#include "dev/msi_message.h"

#include "dev/lapic_bus.h"
#include "include/bits.h"

/* SDM vol. 3, 11.11.1 */
#define ADDRESS_FIXED	 BITS(63, 20)
#define ADDRESS_DEST	 BITS(19, 12)
#define ADDRESS_REDIRECT BIT(3)
#define ADDRESS_LOGICAL	 BIT(2)

enum { LOCAL_APICS = 0xfee };

/* 11.11.2 */
#define DATA_VECTOR   BITS(7, 0)
#define DATA_DELIVERY BITS(10, 8)
#define DATA_ASSERT   BIT32(14)
#define DATA_LEVEL    BIT32(15)

/* False: it is no interrupt. A level that falls asks for nothing. */
static bool
decode(u64 address, u32 data, struct apic_message *m)
{
	*m = (struct apic_message){
		.dest = (u32)FIELD_GET(ADDRESS_DEST, address),
		.vector = (u8)FIELD_GET(DATA_VECTOR, data),
		.delivery = (u8)FIELD_GET(DATA_DELIVERY, data),
		.logical = (address & ADDRESS_LOGICAL) != 0,
		.level = (data & DATA_LEVEL) != 0,
	};
	/* The hint, among several: who is least busy. */
	if (m->delivery == APIC_FIXED && m->logical && (address & ADDRESS_REDIRECT) != 0)
		m->delivery = APIC_LOWEST;
	return FIELD_GET(ADDRESS_FIXED, address) == LOCAL_APICS && m->delivery != APIC_STARTUP &&
	       (!m->level || (data & DATA_ASSERT) != 0);
}

void
msi_message_send(struct pci_device *dev, u64 address, u32 data)
{
	struct pci_host *host = dev->host;
	struct apic_message message;

	if (!pci_device_masters(dev))
		return;
	if (host->lapics == NULL || !decode(address, data, &message) ||
	    !lapic_bus_send(host->lapics, &message))
		__atomic_fetch_add(&host->lost, 1, __ATOMIC_RELAXED);
}
