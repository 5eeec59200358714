/* SPDX-License-Identifier: MIT */
/* Names of what IOMMUs can do, and what several of them can do together. */
#include "iommu/iommu.h"

static const struct row {
	const char *name;
	u16 field;
} rows[] = {
	{"2m-pages",	     offsetof(struct iommu_caps, pages_2m)		  },
	{"1g-pages",	     offsetof(struct iommu_caps, pages_1g)		  },
	{"queued-invalidation", offsetof(struct iommu_caps, queued_invalidation)},
	{"interrupt-remapping", offsetof(struct iommu_caps, interrupt_remapping)},
	{"x2apic-ids",	       offsetof(struct iommu_caps, x2apic_ids)	      },
	{"pass-through",	 offsetof(struct iommu_caps, pass_through)	  },
	{"snoop-control",	  offsetof(struct iommu_caps, snoop_control)	    },
	{"device-tlb",	       offsetof(struct iommu_caps, device_tlb)	      },
	{"posted-interrupts",   offsetof(struct iommu_caps, posted_interrupts)  },
	{"coherent-tables",	    offsetof(struct iommu_caps, coherent)		 },
};

const char *
iommu_kind_name(enum iommu_kind kind)
{
	static const char *const names[] = {"none", "VT-d", "AMD-Vi"};

	return names[kind];
}

static bool *
field(struct iommu_caps *caps, const struct row *row)
{
	return (bool *)(void *)((char *)caps + row->field);
}

const char *
iommu_cap_name(const struct iommu_caps *caps, unsigned n, bool *present)
{
	if (n >= ARRAY_SIZE(rows))
		return NULL;
	*present = *(const bool *)(const void *)((const char *)caps + rows[n].field);
	return rows[n].name;
}

void
iommu_add_unit(struct iommu_info *info, enum iommu_kind kind, const struct iommu_caps *caps)
{
	struct iommu_caps other = *caps, *all = &info->caps;

	info->kind = kind;
	if (info->units++ == 0) {
		*all = *caps;
		return;
	}
	all->address_bits = MIN(all->address_bits, caps->address_bits);
	all->domains = MIN(all->domains, caps->domains);
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
		*field(all, &rows[i]) = *field(all, &rows[i]) && *field(&other, &rows[i]);
}
