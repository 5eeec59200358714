/* SPDX-License-Identifier: MIT */
/*
 * CPUID for guests. All leaves but those of the topology, and of what the guest itself turns on,
 * are constant, and come out of one array.
 */
#include "core/cpuid.h"

#include "arch/x86_64/clock.h"
#include "arch/x86_64/cr.h"
#include "core/cpuid_policy.h"
#include "core/cpuid_table.h"
#include "core/vcpu.h"

/* Leaf 1 */
#define ECX_OSXSAVE	   BIT32(27)
#define EDX_APIC	   BIT32(9)
#define EDX_HTT		   BIT32(28)
#define EBX_COUNT	   BITS(23, 16)
#define EBX_APIC_ID	   BITS(31, 24)
/* Leaf 7 */
#define ECX_OSPKE	   BIT32(4)
/* Leaf Bh, ECX: the kind of a level */
#define LEVEL_SMT	   (1u << 8)
#define LEVEL_CORE	   (2u << 8)
/* Leaf 80000001h of AMD */
#define ECX_CMP_LEGACY	   BIT32(1)
/* KVM's features, EAX */
#define CPUID_KVM_FEATURES 0x40000101u
#define KVM_PV_EOI	   BIT32(6)
#define KVM_CLOCK_STABLE   BIT32(24)
/* Leaf 80000008h of AMD, ECX: cores less 1, and how many bits of an APIC id tell them */
#define CORES		   BITS(7, 0)
#define CORE_ID_BITS	   BITS(15, 12)

/* Leaves 4 and 8000001Dh, EAX */
#define CACHE_LEVEL	   BITS(7, 5)
#define CACHE_SHARED_BY	   BITS(25, 14) /* less 1 */
#define CACHE_CORES	   BITS(31, 26) /* less 1; Intel only */

static const struct cpuid_leaf no_leaf;
static const struct cpuid_regs nothing;

const struct cpuid_offer *
cpuid_offered(void)
{
	return &cpuid_policy.offer;
}

/* How many bits of an APIC id tell the VM's vCPUs apart. */
static unsigned
id_bits(const struct vcpu *v)
{
	u32 count = v->vm->vcpu_count;

	return count > 1 ? high_bit(count - 1) + 1 : 0;
}

void
cpuid_init_vcpu(struct vcpu *v)
{
	u32 count = v->vm->vcpu_count;
	u32 ids = cpuid_policy.offer.intel ? BIT32(id_bits(v)) : count;

	v->cpuid_ebx = (u32)(FIELD_PREP(EBX_COUNT, ids) | FIELD_PREP(EBX_APIC_ID, v->index));
	v->cpuid_edx = count > 1 ? EDX_HTT : 0;
}

static void
answer_version(struct vcpu *v, struct cpuid_regs *r)
{
	r->ebx |= v->cpuid_ebx;
	r->edx |= v->cpuid_edx;
	if (v->msr.apic_off)
		r->edx &= ~EDX_APIC;
	if (vcpu_get(v, VREG_CR4) & CR4_OSXSAVE)
		r->ecx |= ECX_OSXSAVE;
}

/* A core has the first two levels to itself; the others are the package's. */
static void
answer_caches(struct vcpu *v, struct cpuid_regs *r)
{
	u32 all = BIT32(id_bits(v)) - 1;
	u32 shared = FIELD_GET(CACHE_LEVEL, r->eax) > 2 ? all : 0;

	if (r->eax == 0)
		return;
	r->eax &= (u32) ~(CACHE_SHARED_BY | CACHE_CORES);
	r->eax |= (u32)FIELD_PREP(CACHE_SHARED_BY, shared);
	if (cpuid_policy.offer.intel)
		r->eax |= (u32)FIELD_PREP(CACHE_CORES, all);
}

static void
answer_structured(struct vcpu *v, u32 subleaf, struct cpuid_regs *r)
{
	if (subleaf == 0 && (vcpu_get(v, VREG_CR4) & CR4_PKE) != 0)
		r->ecx |= ECX_OSPKE;
}

/* SDM vol. 2, CPUID, leaf Bh: threads of a core, then cores of the package, then no more. */
static void
answer_topology(struct vcpu *v, u32 subleaf, struct cpuid_regs *r)
{
	*r = (struct cpuid_regs){.ecx = subleaf & 0xff, .edx = v->index};
	if (subleaf == 0) {
		r->ebx = 1;
		r->ecx |= LEVEL_SMT;
	} else if (subleaf == 1) {
		r->eax = id_bits(v);
		r->ebx = v->vm->vcpu_count;
		r->ecx |= LEVEL_CORE;
	}
}

/* EBX of the first two is the size for what the guest has turned on. */
static void
answer_xsave(struct vcpu *v, u32 subleaf, struct cpuid_regs *r)
{
	if (subleaf > 1 || r->eax == 0)
		return;
	virt_ops()->sync(&v->hw);
	r->ebx = subleaf == 0 ? cpuid_area_size(v->hw.xcr0) : cpuid_compacted_size(v->hw.xcr0);
}

static void
answer_extended(struct vcpu *v, struct cpuid_regs *r)
{
	if (cpuid_policy.offer.intel)
		return;
	r->ecx |= v->vm->vcpu_count > 1 ? ECX_CMP_LEGACY : 0;
	r->edx &= v->msr.apic_off ? ~EDX_APIC : ~0u;
}

static void
answer_sizes(struct vcpu *v, struct cpuid_regs *r)
{
	if (!cpuid_policy.offer.intel)
		r->ecx |= (u32)(FIELD_PREP(CORES, v->vm->vcpu_count - 1) |
				FIELD_PREP(CORE_ID_BITS, id_bits(v)));
}

/* APM vol. 3, E.4.17: the APIC id, the core's id, and one node. */
static void
answer_cores_amd(struct vcpu *v, struct cpuid_regs *r)
{
	r->eax = v->index;
	r->ebx = v->index & 0xff;
}

static __noinline void
answer_live(struct vcpu *v, u32 leaf, u32 subleaf, struct cpuid_regs *r)
{
	switch (leaf) {
	case CPUID_CACHES:
	case CPUID_CACHES_AMD: answer_caches(v, r); break;
	case CPUID_STRUCTURED: answer_structured(v, subleaf, r); break;
	case CPUID_TOPOLOGY: answer_topology(v, subleaf, r); break;
	case CPUID_XSAVE: answer_xsave(v, subleaf, r); break;
	case CPUID_EXT_FEATURES: answer_extended(v, r); break;
	case CPUID_ADDRESS_SIZES: answer_sizes(v, r); break;
	case CPUID_CORES_AMD: answer_cores_amd(v, r); break;
	default: break;
	}
}

/*
 * Above a maximum Intel's CPUs answer as for the highest basic leaf, AMD's all zeros (SDM vol. 2,
 * CPUID; APM vol. 3, CPUID). *number then becomes that leaf.
 */
static const struct cpuid_leaf *
find(u32 *number)
{
	if (*number <= cpuid_policy.basic_max)
		return &cpuid_policy.basic[*number];
	if (*number >= CPUID_EXT_MAX && *number - CPUID_EXT_MAX <= cpuid_policy.extended_max)
		return &cpuid_policy.extended[*number - CPUID_EXT_MAX];
	if (!cpuid_policy.offer.intel)
		return &no_leaf;
	*number = cpuid_policy.basic_max;
	return &cpuid_policy.basic[*number];
}

u32
cpuid_signature(void)
{
	return cpuid_policy.entries[cpuid_policy.basic[CPUID_VERSION].first].eax;
}

/* What of KVM's features depends on the machine. */
static void
answer_kvm(const struct vcpu *v, struct cpuid_regs *r)
{
	if (v->hw.apic.page != NULL)
		r->eax &= ~KVM_PV_EOI;
	if (clock_is_tsc())
		r->eax |= KVM_CLOCK_STABLE;
}

/* The whole range is for hypervisors: what is not there is zeros, up to 4FFFFFFFh. */
static __noinline void
answer_hypervisor(struct vcpu *v, u32 leaf, struct cpuid_regs *r)
{
	const struct cpuid_row *row;

	*r = nothing;
	for (unsigned n = 0; (row = cpuid_hypervisor(n)) != NULL; n++) {
		if (row->leaf == leaf)
			*r = row->regs;
	}
	if (leaf == CPUID_KVM_FEATURES)
		answer_kvm(v, r);
}

static inline void
answer(struct vcpu *v, u32 leaf, u32 subleaf, struct cpuid_regs *r)
{
	const struct cpuid_leaf *found;
	u32 n;

	if (leaf >> 28 == CPUID_HYPERVISOR >> 28) {
		answer_hypervisor(v, leaf, r);
		return;
	}
	found = find(&leaf);
	n = found->subleaves ? subleaf : 0;
	*r = n < found->count ? cpuid_policy.entries[found->first + n] : nothing;
	if (leaf == CPUID_VERSION) /* the one that is asked for most */
		answer_version(v, r);
	else if (found->live)
		answer_live(v, leaf, subleaf, r);
}

void
cpuid_execute(struct vcpu *v)
{
	struct cpuid_regs *r = &v->cpuid;
	u64 *gpr = v->hw.gpr;

	answer(v, (u32)gpr[VREG_RAX], (u32)gpr[VREG_RCX], r);
	gpr[VREG_RAX] = r->eax;
	gpr[VREG_RBX] = r->ebx;
	gpr[VREG_RCX] = r->ecx;
	gpr[VREG_RDX] = r->edx;
}
