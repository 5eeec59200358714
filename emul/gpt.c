/* SPDX-License-Identifier: MIT */
#include "emul/gpt.h"

#include "arch/x86_64/cr.h"
#include "arch/x86_64/features.h"
#include "arch/x86_64/msr.h"

/* SDM vol. 3, tables 4-5 to 4-19. */
#define PTE_P	       BIT(0)
#define PTE_W	       BIT(1)
#define PTE_U	       BIT(2)
#define PTE_A	       BIT(5)
#define PTE_D	       BIT(6)
#define PTE_PS	       BIT(7)
#define PTE_NX	       BIT(63)
#define PTE_ADDR       BITS(51, 12)
#define PTE_ADDR_32    BITS(31, 12)
/* PSE-36: bits 39:32 of a page of 4 MiB are bits 20:13 of its entry. */
#define PDE_HIGH       BITS(20, 13)
#define PDE_RESERVED   BIT(21)
/* Bit 5 is as well, but an emulated CPU sets it, as accessed; a real one has refused it by now. */
#define PDPTE_RESERVED (BITS(2, 1) | BITS(8, 6) | PTE_NX)

#define RFLAGS_AC      BIT(18)

/* Another vCPU that keeps changing an entry must not keep us here. */
enum { ATTEMPTS = 8 };

/* How the tables of a paging mode look. */
struct format {
	u8 levels, entry_size, index_bits;
};

static const struct format format_32 = {2, 4, 10};
static const struct format format_pae = {3, 8, 9};
static const struct format format_4 = {4, 8, 9};

/* A walk on its way down. */
struct walk {
	const struct gpt *g;
	const struct format *format;
	u64 gva;
	unsigned access;
	bool mark;	/* set accessed and dirty flags */
	bool unmarked;	/* some of them are missing */
	u64 table;	/* guest-physical */
	unsigned level; /* from format->levels down to 1 */
	u64 entry;
	u64 rights; /* PTE_W and PTE_U as all levels have it; PTE_NX when any has */
	gpa_t gpa;
	u32 error;
};

void
gpt_begin(struct gpt *g, struct vcpu *v, unsigned cpl)
{
	g->v = v;
	g->efer = vcpu_get(v, VREG_EFER);
	g->cr3 = vcpu_get(v, VREG_CR3);
	g->user = cpl == 3;
}

static const struct format *
format_of(const struct gpt *g)
{
	if (g->efer & EFER_LMA)
		return &format_4;
	if (!(vcpu_get(g->v, VREG_CR0) & CR0_PG))
		return NULL;
	return vcpu_get(g->v, VREG_CR4) & CR4_PAE ? &format_pae : &format_32;
}

static u64
root_of(const struct gpt *g, const struct format *f)
{
	if (f == &format_4)
		return g->cr3 & PTE_ADDR;
	return g->cr3 & (f == &format_pae ? BITS(31, 5) : PTE_ADDR_32);
}

static unsigned
shift_of(const struct walk *w)
{
	return PAGE_SHIFT + (w->level - 1) * w->format->index_bits;
}

static int
page_fault(struct walk *w, u32 why)
{
	w->error = why | (w->access & GPT_WRITE) | (w->g->user ? GPT_USER : 0);
	/* Bit 4 is set only where fetches can be forbidden (SDM vol. 3, 4.7). */
	if (w->access == GPT_FETCH &&
	    ((w->g->efer & EFER_NXE) || (vcpu_get(w->g->v, VREG_CR4) & CR4_SMEP)))
		w->error |= GPT_FETCH;
	return -ERR_DENIED;
}

/* The entry of the present level, read once; *at is where it is, NULL outside of RAM. */
static void
read_entry(struct walk *w, void **at)
{
	u64 index = w->gva >> shift_of(w) & (BIT(w->format->index_bits) - 1);
	u64 size = w->format->entry_size;

	if (guest_span(w->g->v->vm->memory, GPA(w->table + index * size), size, at) != 0)
		*at = NULL;
	if (*at == NULL)
		w->entry = size == 4 ? ~0u : ~0ul;
	else
		w->entry = size == 4 ? READ_ONCE(*(u32 *)*at) : READ_ONCE(*(u64 *)*at);
}

static bool
is_leaf(const struct walk *w)
{
	if (w->level == 1)
		return true;
	if (!(w->entry & PTE_PS) || w->level == 4)
		return false;
	if (w->format == &format_32)
		return (vcpu_get(w->g->v, VREG_CR4) & CR4_PSE) != 0;
	return w->level == 2 || (w->format == &format_4 && cpu_features()->huge_pages);
}

/* Physical-address bits that this CPU lacks, from bit 12 on. */
static u64
beyond_width(void)
{
	return BITS(51, 0) & ~(BIT(cpu_features()->phys_bits) - 1);
}

static u64
reserved_32(const struct walk *w, bool leaf)
{
	unsigned bits = cpu_features()->phys_bits;

	if (!leaf || w->level == 1)
		return 0;
	return PDE_RESERVED | (bits < 40 ? PDE_HIGH & ~(BIT(bits - 19) - 1) : 0);
}

/* Bits of the entry that must be 0. */
static u64
reserved_bits(const struct walk *w, bool leaf)
{
	u64 reserved;

	if (w->format == &format_32)
		return reserved_32(w, leaf);
	reserved = beyond_width();
	if (w->format == &format_pae) {
		reserved |= BITS(62, 52);
		if (w->level == 3)
			return reserved | PDPTE_RESERVED;
	}
	if (!(w->g->efer & EFER_NXE))
		reserved |= PTE_NX;
	if (leaf && w->level > 1)
		reserved |= BIT(shift_of(w)) - BIT(13); /* bit 12 is PAT */
	if (!leaf)
		reserved |= PTE_PS;
	return reserved;
}

/* The permissions of the whole walk; PAE's upper entries have none. */
static void
add_rights(struct walk *w)
{
	if (w->format == &format_pae && w->level == 3)
		return;
	w->rights &= w->entry | PTE_NX;
	w->rights |= w->entry & PTE_NX;
}

/* SDM vol. 3, 4.6.1. */
static bool
allowed_to_user(const struct walk *w)
{
	if (!(w->rights & PTE_U))
		return false;
	return w->access != GPT_WRITE || (w->rights & PTE_W);
}

static bool
allowed_to_supervisor(const struct walk *w)
{
	struct vcpu *v = w->g->v;
	bool user_page = (w->rights & PTE_U) != 0;

	if (user_page && w->access == GPT_FETCH)
		return !(vcpu_get(v, VREG_CR4) & CR4_SMEP);
	if (user_page && (vcpu_get(v, VREG_CR4) & CR4_SMAP) &&
	    !(vcpu_get(v, VREG_RFLAGS) & RFLAGS_AC))
		return false;
	if (w->access != GPT_WRITE || (w->rights & PTE_W))
		return true;
	return !(vcpu_get(v, VREG_CR0) & CR0_WP);
}

static bool
allowed(const struct walk *w)
{
	if (w->access == GPT_FETCH && (w->rights & PTE_NX))
		return false;
	return w->g->user ? allowed_to_user(w) : allowed_to_supervisor(w);
}

static bool
compare_exchange(const struct walk *w, void *at, u64 wanted)
{
	u32 old_32 = (u32)w->entry;
	u64 old_64 = w->entry;

	if (w->format->entry_size == 4)
		return __atomic_compare_exchange_n((u32 *)at, &old_32, (u32)wanted, false,
						   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	return __atomic_compare_exchange_n((u64 *)at, &old_64, wanted, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

/* -ERR_BUSY: somebody else has changed the entry since it was read. */
static int
mark_entry(struct walk *w, void *at, bool leaf)
{
	u64 wanted = w->entry | PTE_A | (leaf && w->access == GPT_WRITE ? PTE_D : 0);

	if (wanted == w->entry || at == NULL || (w->format == &format_pae && w->level == 3))
		return 0;
	if (w->mark)
		return compare_exchange(w, at, wanted) ? 0 : -ERR_BUSY;
	w->unmarked = true;
	return 0;
}

static void
set_gpa(struct walk *w)
{
	u64 offset = BIT(shift_of(w)) - 1;
	u64 page = w->entry & (w->format == &format_32 ? PTE_ADDR_32 : PTE_ADDR) & ~offset;

	if (w->format == &format_32 && w->level == 2)
		page |= FIELD_GET(PDE_HIGH, w->entry) << 32;
	w->gpa = GPA(page | (w->gva & offset));
}

static int
step(struct walk *w, bool *leaf)
{
	void *at;

	read_entry(w, &at);
	if (!(w->entry & PTE_P))
		return page_fault(w, 0);
	*leaf = is_leaf(w);
	if (w->entry & reserved_bits(w, *leaf))
		return page_fault(w, GPT_PRESENT | GPT_RESERVED);
	add_rights(w);
	if (*leaf && !allowed(w))
		return page_fault(w, GPT_PRESENT);
	return mark_entry(w, at, *leaf);
}

static int
walk_down(struct walk *w)
{
	bool leaf;
	int err;

	w->table = root_of(w->g, w->format);
	w->rights = PTE_W | PTE_U;
	w->unmarked = false;
	for (w->level = w->format->levels;; w->level--) {
		err = step(w, &leaf);
		if (err != 0)
			return err;
		if (leaf)
			break;
		w->table = w->entry & (w->format == &format_32 ? PTE_ADDR_32 : PTE_ADDR);
	}
	set_gpa(w);
	return 0;
}

/*
 * Flags are set in a walk of their own, which is seldom needed: after a first one has found that
 * the access is allowed.
 */
static int
walk_carefully(const struct gpt *g, gva_t gva, unsigned access, gpa_t *gpa, u32 *error)
{
	struct walk w = {.g = g, .format = format_of(g), .gva = gva.v, .access = access};
	int err;

	if (w.format == NULL) {
		*gpa = GPA((u32)gva.v);
		return 0;
	}
	for (unsigned i = 0; i < ATTEMPTS; i++) {
		err = walk_down(&w);
		if (err == -ERR_BUSY)
			continue;
		*error = w.error;
		*gpa = w.gpa;
		if (err != 0 || !w.unmarked)
			return err;
		w.mark = true;
	}
	return -ERR_BUSY;
}

/* Whether four entries, of which `all` has the common bits and `any` has each, allow it plainly. */
static bool
plainly_allowed(const struct gpt *g, unsigned access, u64 all, u64 any)
{
	u64 reserved = beyond_width() | (g->efer & EFER_NXE ? 0 : PTE_NX);

	if ((any & reserved) || ((all & PTE_U) != 0) != g->user)
		return false;
	if (access == GPT_FETCH)
		return !(any & PTE_NX);
	return access != GPT_WRITE || (all & PTE_W);
}

bool
gpt_walk_usual(const struct gpt *g, gva_t gva, unsigned access, struct gpt_path *path, gpa_t *gpa)
{
	const struct guest_memory *memory = g->v->vm->memory;
	u64 all = ~0ul, any = 0, entry = g->cr3, flags = PTE_P | PTE_A, offset;
	unsigned shift = PAGE_SHIFT + 4 * 9, n = 0;

	if (!(g->efer & EFER_LMA))
		return false;
	do {
		u64 at = (entry & PTE_ADDR) | (gva.v >> (shift - 9) & 511) << 3;

		shift -= 9;
		if (guest_word(memory, GPA(at), &path->steps[n].word) != 0)
			return false;
		entry = guest_word_read(path->steps[n].word);
		path->steps[n++].value = entry;
		all &= entry;
		any |= entry;
		if ((entry & flags) != flags)
			return false;
	} while (shift > PAGE_SHIFT && !(entry & PTE_PS));
	for (; n < ARRAY_SIZE(path->steps); n++)
		path->steps[n] = path->steps[n - 1];
	offset = BIT(shift) - 1;
	if (shift > PAGE_SHIFT && (shift > PAGE_SHIFT + 9 || (entry & offset & ~BITS(12, 0))))
		return false;
	if ((access == GPT_WRITE && !(entry & PTE_D)) || !plainly_allowed(g, access, all, any))
		return false;
	*gpa = GPA((entry & PTE_ADDR & ~offset) | (gva.v & offset));
	return true;
}

int
gpt_translate(const struct gpt *g, gva_t gva, unsigned access, gpa_t *gpa, u32 *error)
{
	struct gpt_path path;

	if (gpt_walk_usual(g, gva, access, &path, gpa))
		return 0;
	return walk_carefully(g, gva, access, gpa, error);
}
