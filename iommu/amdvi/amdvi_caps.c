/* SPDX-License-Identifier: MIT */
/* What an AMD-Vi unit can do. */
#include "iommu/amdvi/amdvi_caps.h"

#include "include/bits.h"

/* Capability header, 3.2.1 */
#define HEADER_ID     BITS(7, 0) /* secure device */
#define HEADER_TYPE   BITS(18, 16)
#define HEADER_IOTLB  BIT32(24)
#define HEADER_EFR    BIT32(27)
#define HEADER_CAP_ID 0x0fu
#define HEADER_IOMMU  3u

/* Extended feature register, 3.4 */
#define EFR_XT	      BIT(2)
#define EFR_GA	      BIT(7)
#define EFR_HATS      BITS(11, 10) /* levels of the host's tables - 4 */
#define EFR_GAM	      BITS(23, 21)

bool
amdvi_header_valid(const struct amdvi_raw *raw)
{
	return FIELD_GET(HEADER_ID, raw->header) == HEADER_CAP_ID &&
	       FIELD_GET(HEADER_TYPE, raw->header) == HEADER_IOMMU;
}

bool
amdvi_has_efr(const struct amdvi_raw *raw)
{
	return (raw->header & HEADER_EFR) != 0;
}

void
amdvi_caps_decode(struct iommu_caps *caps, const struct amdvi_raw *raw)
{
	static const u8 address_bits[] = {48, 57, 64, 48}; /* 3 is reserved */

	*caps = (struct iommu_caps){
		.address_bits = address_bits[FIELD_GET(EFR_HATS, raw->efr)],
		.domains = 1u << 16,
		/* Every unit has these: 2.2.3, 2.4, 2.2.5, 2.2.2.1. */
		.pages_2m = true,
		.pages_1g = true,
		.queued_invalidation = true,
		.interrupt_remapping = true,
		.pass_through = true,
		.snoop_control = true,
		.coherent = true,
		.x2apic_ids = (raw->efr & EFR_XT) != 0,
		.device_tlb = (raw->header & HEADER_IOTLB) != 0,
		.posted_interrupts = (raw->efr & EFR_GA) != 0 && FIELD_GET(EFR_GAM, raw->efr) != 0,
	};
}
