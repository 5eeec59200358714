/* SPDX-License-Identifier: MIT */
/* The MTRRs by SDM vol. 3, 12.11.1 to 12.11.3; AMD's are the same, APM vol. 2, 7.7. */
#include "core/mtrr.h"

#include "arch/x86_64/msr.h"
#include "core/cpuid.h"
#include "core/guest_memory.h"
#include "include/bits.h"

enum mtrr_type { TYPE_UC = 0, TYPE_WC = 1, TYPE_WT = 4, TYPE_WP = 5, TYPE_WB = 6 };

#define VARIABLE_BASE 0x200u /* a base and a mask each */
#define VARIABLE_LAST (VARIABLE_BASE + 2 * MTRR_VARIABLE - 1)

/* IA32_MTRRCAP: so many variable ranges, the fixed ones, and write-combining. */
#define CAP_FIXED     BIT(8)
#define CAP_WC	      BIT(10)
#define CAP	      (MTRR_VARIABLE | CAP_FIXED | CAP_WC)

/* IA32_MTRR_DEF_TYPE */
#define DEF_TYPE      BITS(7, 0)
#define DEF_FIXED     BIT(10)
#define DEF_ENABLE    BIT(11)

#define BASE_TYPE     BITS(7, 0)
#define MASK_VALID    BIT(11)

static const u32 fixed_msrs[MTRR_FIXED] = {
	0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f,
};

enum { FIXED_16K_A0000 = 2 }; /* index of the one that has A0000h to BFFFFh */

bool
mtrr_is_type(u8 type)
{
	return type == TYPE_UC || type == TYPE_WC || (type >= TYPE_WT && type <= TYPE_WB);
}

static bool
is_variable(u32 msr)
{
	return msr >= VARIABLE_BASE && msr <= VARIABLE_LAST;
}

/* Its index, or MTRR_FIXED. */
static unsigned
fixed_index(u32 msr)
{
	unsigned i = 0;

	while (i < MTRR_FIXED && fixed_msrs[i] != msr)
		i++;
	return i;
}

/* Where its value is kept; NULL for IA32_MTRRCAP, and for what is no MTRR. */
static u64 *
value_of(struct mtrr_state *m, u32 msr)
{
	unsigned i = fixed_index(msr);

	if (msr == MSR_IA32_MTRR_DEFTYPE)
		return &m->def_type;
	if (is_variable(msr))
		return msr % 2 == 0 ? &m->base[(msr - VARIABLE_BASE) / 2]
				    : &m->mask[(msr - VARIABLE_BASE) / 2];
	return i < MTRR_FIXED ? &m->fixed[i] : NULL;
}

u64
mtrr_read(const struct mtrr_state *m, u32 msr)
{
	/* Only looked at. */
	const u64 *value = value_of((struct mtrr_state *)(uintptr_t)m, msr);

	return value != NULL ? *value : CAP;
}

static u64
address_bits(void)
{
	return BITS(cpuid_offered()->phys_bits - 1, PAGE_SHIFT);
}

static bool
is_valid_fixed(u64 value)
{
	for (unsigned i = 0; i < 8; i++) {
		if (!mtrr_is_type((u8)(value >> (8 * i))))
			return false;
	}
	return true;
}

static bool
is_valid(u32 msr, u64 value)
{
	if (msr == MSR_IA32_MTRR_DEFTYPE)
		return (value & ~(DEF_TYPE | DEF_FIXED | DEF_ENABLE)) == 0 &&
		       mtrr_is_type((u8)value);
	if (!is_variable(msr))
		return is_valid_fixed(value);
	if (msr % 2 == 0)
		return (value & ~(address_bits() | BASE_TYPE)) == 0 && mtrr_is_type((u8)value);
	return (value & ~(address_bits() | MASK_VALID)) == 0;
}

int
mtrr_write(struct mtrr_state *m, u32 msr, u64 value)
{
	u64 *kept = value_of(m, msr);

	if (kept == NULL || !is_valid(msr, value))
		return -ERR_INVAL;
	*kept = value;
	return 0;
}

void
mtrr_set_as_firmware(struct mtrr_state *m)
{
	const u64 all_wb = 0x0101010101010101ul * TYPE_WB;

	*m = (struct mtrr_state){.def_type = DEF_ENABLE | DEF_FIXED | TYPE_WB};
	for (unsigned i = 0; i < MTRR_FIXED; i++)
		m->fixed[i] = i == FIXED_16K_A0000 ? 0 : all_wb;
	m->base[0] = GUEST_HOLE | TYPE_UC;
	m->mask[0] = (address_bits() & ~(GUEST_HIGH - GUEST_HOLE - 1)) | MASK_VALID;
}
