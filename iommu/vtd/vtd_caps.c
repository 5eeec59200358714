/* SPDX-License-Identifier: MIT */
/* What a VT-d unit can do. */
#include "iommu/vtd/vtd_caps.h"

#include "include/bits.h"

/* Capability register, 11.4.2 */
#define CAP_ND	     BITS(2, 0) /* domain ids have 4 + 2 * ND bits, at most 16 */
#define CAP_SAGAW_39 BIT(9)	/* three levels; then four, five */
#define CAP_SAGAW_48 BIT(10)
#define CAP_SAGAW_57 BIT(11)
#define CAP_MGAW     BITS(21, 16) /* address bits - 1 */
#define CAP_SSLPS_2M BIT(34)
#define CAP_SSLPS_1G BIT(35)
#define CAP_PI	     BIT(59)

/* Extended capability register, 11.4.3 */
#define ECAP_C	     BIT(0)
#define ECAP_QI	     BIT(1)
#define ECAP_DT	     BIT(2)
#define ECAP_IR	     BIT(3)
#define ECAP_EIM     BIT(4)
#define ECAP_PT	     BIT(6)
#define ECAP_SC	     BIT(7)

/* Of the widest second-level table that the unit walks; 0 for none that we know. */
static unsigned
table_bits(u64 cap)
{
	if (cap & CAP_SAGAW_57)
		return 57;
	if (cap & CAP_SAGAW_48)
		return 48;
	return cap & CAP_SAGAW_39 ? 39 : 0;
}

void
vtd_caps_decode(struct iommu_caps *caps, const struct vtd_raw *raw)
{
	unsigned domain_bits = 4 + 2 * (unsigned)FIELD_GET(CAP_ND, raw->cap);
	unsigned bus_bits = (unsigned)FIELD_GET(CAP_MGAW, raw->cap) + 1;

	*caps = (struct iommu_caps){
		.address_bits = (u8)MIN(table_bits(raw->cap), bus_bits),
		.domains = 1u << MIN(domain_bits, 16),
		.pages_2m = (raw->cap & CAP_SSLPS_2M) != 0,
		.pages_1g = (raw->cap & CAP_SSLPS_1G) != 0,
		.queued_invalidation = (raw->ecap & ECAP_QI) != 0,
		.interrupt_remapping = (raw->ecap & ECAP_IR) != 0,
		.x2apic_ids = (raw->ecap & ECAP_EIM) != 0,
		.pass_through = (raw->ecap & ECAP_PT) != 0,
		.snoop_control = (raw->ecap & ECAP_SC) != 0,
		.device_tlb = (raw->ecap & ECAP_DT) != 0,
		.posted_interrupts = (raw->cap & CAP_PI) != 0,
		.coherent = (raw->ecap & ECAP_C) != 0,
	};
}
