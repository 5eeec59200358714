/* SPDX-License-Identifier: MIT */
/* What guests see of CPUID, from the machine's leaves and the table: made once, at boot. */
#include "core/cpuid_policy.h"

#include "arch/x86_64/cr.h"
#include "arch/x86_64/flaws.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/tsc.h"
#include "arch/x86_64/xsave.h"
#include "core/cpuid_table.h"
#include "include/panic.h"

enum {
	BASIC_MIN = CPUID_TOPOLOGY, /* we make it up, so it is there */
	CACHES_MAX = 8,
	VIRT_BITS = 48, /* no LA57 */
	XSAVE_HEADER_END = 576,
	XSAVE_COMPONENTS = 10,
};

/* Leaf Dh, subleaf 1 */
#define EAX_XSAVEOPT	BIT32(0)
#define EAX_XSAVEC	BIT32(1)
#define EAX_XGETBV_1	BIT32(2)
/* Leaf Dh, subleaves from 2: the component is at a multiple of 64 when compacted */
#define ECX_ALIGNED	BIT32(1)
/* Leaf 80000007h */
#define EDX_INVARIANT	BIT32(8)
/* Leaf 80000021h, which do not say so on all CPUs that have them */
#define EAX_SBPB	BIT32(27)
#define EAX_IBPB_BRTYPE BIT32(28)
/* Leaves 4 and 8000001Dh, EAX: 0 behind the last cache */
#define CACHE_TYPE	BITS(4, 0)

struct cpuid_policy cpuid_policy;

static const struct cpuid_regs nothing;

static struct cpuid_leaf *
leaf_at(u32 number)
{
	if (number >= CPUID_EXT_MAX)
		return &cpuid_policy.extended[number - CPUID_EXT_MAX];
	return &cpuid_policy.basic[number];
}

static bool
is_offered(u32 number)
{
	if (number >= CPUID_EXT_MAX)
		return number - CPUID_EXT_MAX <= cpuid_policy.extended_max;
	return number <= cpuid_policy.basic_max;
}

static void
append(u32 number, struct cpuid_regs regs)
{
	struct cpuid_leaf *leaf = leaf_at(number);

	ASSERT(cpuid_policy.count < CPUID_ENTRIES_MAX);
	if (leaf->count == 0)
		leaf->first = (u8)cpuid_policy.count;
	cpuid_policy.entries[cpuid_policy.count++] = regs;
	leaf->count++;
}

/* Subleaf 0 of a leaf that is offered and has a row. */
static struct cpuid_regs *
entry(u32 number)
{
	return &cpuid_policy.entries[leaf_at(number)->first];
}

/* The machine's, or zeros where it has none: above the maximum a CPU may answer anything. */
static struct cpuid_regs
machine_leaf(const struct cpu_features *f, cpuid_reader read, u32 leaf, u32 subleaf)
{
	u32 max = leaf >= CPUID_EXT_MAX ? f->max_extended : f->max_leaf;

	return leaf <= max ? read(leaf, subleaf) : nothing;
}

static void
decode_maximums(const struct cpu_features *f)
{
	u32 extended = MAX(f->max_extended, CPUID_ADDRESS_SIZES) - CPUID_EXT_MAX;
	u32 extended_end = f->vendor == CPU_VENDOR_AMD ? CPUID_EXTENDED_MAX
						       : CPUID_ADDRESS_SIZES - CPUID_EXT_MAX;

	cpuid_policy.basic_max = MIN(MAX(f->max_leaf, (u32)BASIC_MIN), (u32)CPUID_BASIC_MAX);
	cpuid_policy.extended_max = MIN(extended, extended_end);
}

static struct cpuid_regs
both(struct cpuid_regs a, struct cpuid_regs b)
{
	return (struct cpuid_regs){a.eax & b.eax, a.ebx & b.ebx, a.ecx & b.ecx, a.edx & b.edx};
}

static struct cpuid_regs
either(struct cpuid_regs a, struct cpuid_regs b)
{
	return (struct cpuid_regs){a.eax | b.eax, a.ebx | b.ebx, a.ecx | b.ecx, a.edx | b.edx};
}

static bool
applies(const struct cpu_features *f, const struct cpuid_row *row)
{
	enum cpuid_vendor other = f->vendor == CPU_VENDOR_AMD ? CPUID_INTEL : CPUID_AMD;

	return is_offered(row->leaf) && row->vendor != other;
}

static void
decode_rows(const struct cpu_features *f, cpuid_reader read)
{
	const struct cpuid_row *row;

	for (unsigned i = 0; (row = cpuid_allowed(i)) != NULL; i++) {
		if (applies(f, row))
			append(row->leaf,
			       both(machine_leaf(f, read, row->leaf, row->subleaf), row->regs));
	}
	for (unsigned i = 0; (row = cpuid_forced(i)) != NULL; i++) {
		if (applies(f, row))
			*entry(row->leaf) = either(*entry(row->leaf), row->regs);
	}
}

/* One subleaf a cache, up to the first of type 0. */
static void
decode_caches(const struct cpu_features *f, cpuid_reader read, u32 number)
{
	for (u32 i = 0; i < CACHES_MAX; i++) {
		struct cpuid_regs r = machine_leaf(f, read, number, i);

		if (FIELD_GET(CACHE_TYPE, r.eax) == 0)
			return;
		append(number, r);
	}
}

static u32
align_64(u32 size)
{
	return ALIGN_UP(size, 64u);
}

/* Of an area with these components, each where the machine puts it (SDM vol. 1, 13.4.3). */
u32
cpuid_area_size(u64 components)
{
	const struct cpuid_leaf *leaf = &cpuid_policy.basic[CPUID_XSAVE];
	u32 size = XSAVE_HEADER_END;

	for (unsigned i = 2; i < leaf->count; i++) {
		const struct cpuid_regs *r = &cpuid_policy.entries[leaf->first + i];

		if (components & BIT(i))
			size = MAX(size, r->ebx + r->eax);
	}
	return size;
}

/* The same when they are packed one behind the other. */
u32
cpuid_compacted_size(u64 components)
{
	const struct cpuid_leaf *leaf = &cpuid_policy.basic[CPUID_XSAVE];
	u32 size = XSAVE_HEADER_END;

	for (unsigned i = 2; i < leaf->count; i++) {
		const struct cpuid_regs *r = &cpuid_policy.entries[leaf->first + i];

		if ((components & BIT(i)) == 0)
			continue;
		size = ((r->ecx & ECX_ALIGNED) != 0 ? align_64(size) : size) + r->eax;
	}
	return size;
}

/* Subleaves 0 and 1, and one for each component; without XSAVES, hence without IA32_XSS. */
static void
decode_xsave(const struct cpu_features *f, cpuid_reader read)
{
	u64 xcr0 = cpuid_policy.offer.xcr0;
	struct cpuid_regs r = machine_leaf(f, read, CPUID_XSAVE, 1);

	append(CPUID_XSAVE, (struct cpuid_regs){.eax = (u32)xcr0, .edx = (u32)(xcr0 >> 32)});
	append(CPUID_XSAVE,
	       (struct cpuid_regs){.eax = r.eax & (EAX_XSAVEOPT | EAX_XSAVEC | EAX_XGETBV_1)});
	for (u32 i = 2; i < XSAVE_COMPONENTS; i++) {
		r = (xcr0 & BIT(i)) != 0 ? machine_leaf(f, read, CPUID_XSAVE, i) : nothing;
		append(CPUID_XSAVE, (struct cpuid_regs){r.eax, r.ebx, r.ecx & ECX_ALIGNED, 0});
	}
	entry(CPUID_XSAVE)->ecx = cpuid_area_size(xcr0);
}

/* What is not the same always and for every vCPU; 8000001Eh only with AMD's topology leaves. */
static void
mark_live(void)
{
	static const u32 live[] = {
		CPUID_VERSION, CPUID_CACHES,	   CPUID_STRUCTURED,	CPUID_TOPOLOGY,
		CPUID_XSAVE,   CPUID_EXT_FEATURES, CPUID_ADDRESS_SIZES, CPUID_CACHES_AMD,
	};

	for (unsigned i = 0; i < ARRAY_SIZE(live); i++)
		leaf_at(live[i])->live = true;
}

static void
decode_subleaves(const struct cpu_features *f, cpuid_reader read)
{
	static const u32 with_subleaves[] = {
		CPUID_CACHES, CPUID_STRUCTURED, CPUID_TOPOLOGY, CPUID_XSAVE, CPUID_CACHES_AMD,
	};

	for (unsigned i = 0; i < ARRAY_SIZE(with_subleaves); i++)
		leaf_at(with_subleaves[i])->subleaves = true;
	mark_live();
	if (f->vendor != CPU_VENDOR_AMD)
		decode_caches(f, read, CPUID_CACHES);
	if ((entry(CPUID_EXT_FEATURES)->ecx & CPUID_ECX_TOPOLOGY) != 0) {
		decode_caches(f, read, CPUID_CACHES_AMD);
		leaf_at(CPUID_CORES_AMD)->live = true;
	}
	if (cpuid_policy.offer.xcr0 != 0)
		decode_xsave(f, read);
}

enum reg { EAX, EBX, ECX, EDX };

/* What is allowed with a feature's bit. */
static const struct rule {
	u32 leaf;
	u8 reg, bit;
	u64 cr4, efer;
} rules[] = {
	{CPUID_VERSION,	EDX, 1,	CR4_VME | CR4_PVI, 0		    },
	{CPUID_VERSION,	EDX, 2,	CR4_DE,		0			 },
	{CPUID_VERSION,	EDX, 3,	CR4_PSE,		 0		  },
	{CPUID_VERSION,	EDX, 4,	CR4_TSD,		 0		  },
	{CPUID_VERSION,	EDX, 5,	CR4_PCE,		 0		  }, /* RDPMC finds no counter, but the bit is there */
	{CPUID_VERSION,	EDX, 6,	CR4_PAE,		 0		  },
	{CPUID_VERSION,	EDX, 13, CR4_PGE,		  0		   },
	{CPUID_VERSION,	EDX, 24, CR4_OSFXSR,	     0		      },
	{CPUID_VERSION,	EDX, 25, CR4_OSXMMEXCPT,	 0		  },
	{CPUID_VERSION,	ECX, 17, CR4_PCIDE,	    0		     },
	{CPUID_VERSION,	ECX, 26, CR4_OSXSAVE,	      0		       },
	{CPUID_STRUCTURED,   EBX, 0,  CR4_FSGSBASE,	 0		  },
	{CPUID_STRUCTURED,   EBX, 7,  CR4_SMEP,	     0		      },
	{CPUID_STRUCTURED,   EBX, 20, CR4_SMAP,	      0		       },
	{CPUID_STRUCTURED,   ECX, 2,  CR4_UMIP,	     0		      },
	{CPUID_STRUCTURED,   ECX, 3,  CR4_PKE,	    0		     },
	{CPUID_EXT_FEATURES, EDX, 11, 0,		 EFER_SCE		 },
	{CPUID_EXT_FEATURES, EDX, 20, 0,		 EFER_NXE		 },
	{CPUID_EXT_FEATURES, EDX, 29, 0,		 EFER_LME | EFER_LMA},
};

static bool
has(u32 leaf, u8 reg, u8 bit)
{
	const struct cpuid_regs *r = entry(leaf);
	const u32 values[] = {[EAX] = r->eax, [EBX] = r->ebx, [ECX] = r->ecx, [EDX] = r->edx};

	return (values[reg] >> bit & 1) != 0;
}

static void
decode_offer(const struct cpu_features *f)
{
	struct cpuid_offer *o = &cpuid_policy.offer;

	for (unsigned i = 0; i < ARRAY_SIZE(rules); i++) {
		if (has(rules[i].leaf, rules[i].reg, rules[i].bit)) {
			o->cr4 |= rules[i].cr4;
			o->efer |= rules[i].efer;
		}
	}
	o->phys_bits = f->phys_bits;
	o->virt_bits = VIRT_BITS;
	o->rdtscp = has(CPUID_EXT_FEATURES, EDX, 27);
	o->intel = f->vendor != CPU_VENDOR_AMD;
}

/* What the table can't say: maximums, and bits that something else decides. */
static void
decode_rest(const struct cpu_features *f, bool invariant_tsc)
{
	entry(CPUID_VENDOR)->eax = cpuid_policy.basic_max;
	entry(CPUID_EXT_MAX)->eax = CPUID_EXT_MAX + cpuid_policy.extended_max;
	if (invariant_tsc)
		append(CPUID_ADVANCED_POWER, (struct cpuid_regs){.edx = EDX_INVARIANT});
	if (cpuid_policy.offer.xcr0 == 0)
		entry(CPUID_VERSION)->ecx &= ~CPUID_ECX_XSAVE;
	/* The highest subleaf: of the machine's, what rows are there for. */
	entry(CPUID_STRUCTURED)->eax =
		MIN(entry(CPUID_STRUCTURED)->eax, leaf_at(CPUID_STRUCTURED)->count - 1u);
	if (cpu_flaws()->type_barrier && is_offered(CPUID_EXT_FEATURES_2))
		entry(CPUID_EXT_FEATURES_2)->eax |= EAX_SBPB | EAX_IBPB_BRTYPE;
	entry(CPUID_ADDRESS_SIZES)->eax = f->phys_bits | VIRT_BITS << 8;
}

void
cpuid_policy_decode(const struct cpu_features *f, cpuid_reader read, u64 xcr0, bool invariant_tsc)
{
	cpuid_policy = (struct cpuid_policy){.offer.xcr0 = xcr0};
	decode_maximums(f);
	decode_rows(f, read);
	decode_rest(f, invariant_tsc);
	decode_subleaves(f, read);
	decode_offer(f);
}

void
cpuid_policy_init(void)
{
	cpuid_policy_decode(cpu_features(), cpuid, xsave_mask(), tsc_is_reliable());
}
