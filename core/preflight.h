/* SPDX-License-Identifier: MIT */
/*
 * The preflight: what of the machine's virtualisation Ashlar can use, and for all that is missing
 * what one can't do without it and where a person turns it on. A table of rows; read-only.
 */
#pragma once

#include "arch/x86_64/virt.h"
#include "iommu/iommu.h"

struct preflight_input {
	const struct cpu_features *cpu;
	const struct virt_caps *virt;
	const struct iommu_info *iommu;
};

/* Something missing. All three are for people; the last two are whole sentences. */
struct preflight_row {
	const char *feature;
	const char *lost;
	const char *remedy;
	bool (*missing)(const struct preflight_input *in);
};

/* Of the machine that we run on. */
struct preflight_input preflight_machine(void);

/* The n-th thing that is missing; NULL after the last one. Pure. */
const struct preflight_row *preflight_missing(const struct preflight_input *in, unsigned n);

enum { PREFLIGHT_SUMMARY = 160 };

/* One line on what there is. Pure. */
void preflight_summary(const struct preflight_input *in, char text[PREFLIGHT_SUMMARY]);

/* Logs the summary, and a warning for each thing missing; after virt_detect() and iommu_detect().
 */
void preflight_report(void);
