/* SPDX-License-Identifier: MIT */
/*
 * Slabs of 16 KiB, aligned to their size, each of equal objects behind a header with a bitmap. A
 * large object has the same header before it, at such an alignment too, so every object's header
 * is found from its address.
 *
 * A free object is zero, links to nothing, and is looked over when it is handed out: who wrote to
 * it after its free is noticed then.
 */
#include "mm/heap.h"

#include "include/bits.h"
#include "include/list.h"
#include "include/panic.h"
#include "lib/lock.h"
#include "lib/string.h"
#include "mm/direct.h"
#include "mm/frame.h"

#define SLAB_SIZE (16 * KiB)

enum { SLAB_PAGES = SLAB_SIZE / PAGE_SIZE, OBJECTS_MAX = SLAB_SIZE / 16 };

/* Multiples of 16; the largest fits eight times. */
static const u16 kind_size[] = {16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1344, 2016};

enum { KINDS = ARRAY_SIZE(kind_size), LARGE = KINDS };

#define SLAB_MAGIC 0x42414c53u

struct slab {
	u32 magic;
	u16 kind; /* LARGE: one object, in pages of its own */
	u16 used;
	u64 pages;
	struct list link; /* in partial[kind], while there is a free object */
	u64 taken[OBJECTS_MAX / 64];
} __aligned(16);

/* Guards all slabs, the lists and the counters. */
static struct spinlock lock = SPINLOCK_INIT(RANK_HEAP, "heap");

static struct list partial[KINDS];
static struct heap_stats stats;

static unsigned
capacity(unsigned kind)
{
	return (unsigned)((SLAB_SIZE - sizeof(struct slab)) / kind_size[kind]);
}

static unsigned
kind_of(size_t size)
{
	unsigned kind = 0;

	while (kind < KINDS && kind_size[kind] < size)
		kind++;
	return kind;
}

static u8 *
object_at(struct slab *slab, unsigned index)
{
	return (u8 *)(slab + 1) + (size_t)index * kind_size[slab->kind];
}

static struct slab *
slab_new(unsigned kind, u64 pages)
{
	struct slab *slab;
	hpa_t pa;

	if (frame_alloc_range(pages, SLAB_SIZE, FRAME_ANYWHERE, &pa) != 0)
		return NULL;
	slab = hpa_to_ptr(pa);
	slab->magic = SLAB_MAGIC;
	slab->kind = (u16)kind;
	slab->pages = pages;
	list_init(&slab->link);
	return slab;
}

/* A slab with a free object; the lists are made on first use. */
static struct slab *
slab_get(unsigned kind)
{
	struct list *list = &partial[kind];
	struct slab *slab;

	if (list->next == NULL)
		list_init(list);
	if (!list_empty(list))
		return list_first(list, struct slab, link);
	slab = slab_new(kind, SLAB_PAGES);
	if (slab != NULL) {
		list_append(list, &slab->link);
		stats.pages += SLAB_PAGES;
	}
	return slab;
}

static unsigned
first_free(const struct slab *slab)
{
	unsigned word = 0;

	while (slab->taken[word] == ~0ul)
		word++;
	return word * 64 + (unsigned)__builtin_ctzl(~slab->taken[word]);
}

static void
check_untouched(const u8 *object, size_t size)
{
	const u64 *words = (const void *)object;

	for (size_t i = 0; i < size / sizeof(*words); i++) {
		if (words[i] != 0)
			panic("heap: the free object %p of %zu bytes was written to at %zu", object,
			      size, i * sizeof(*words));
	}
}

static void *
take_object(struct slab *slab)
{
	unsigned index = first_free(slab);
	u8 *object = object_at(slab, index);

	check_untouched(object, kind_size[slab->kind]);
	slab->taken[index / 64] |= BIT(index % 64);
	if (++slab->used == capacity(slab->kind))
		list_remove(&slab->link);
	stats.objects++;
	stats.bytes += kind_size[slab->kind];
	return object;
}

static void *
alloc_small(unsigned kind)
{
	u64 flags = spin_lock(&lock);
	struct slab *slab = slab_get(kind);
	void *object = slab == NULL ? NULL : take_object(slab);

	spin_unlock(&lock, flags);
	return object;
}

static void *
alloc_large(size_t size)
{
	u64 pages = (sizeof(struct slab) + size + PAGE_SIZE - 1) / PAGE_SIZE, flags;
	struct slab *slab = slab_new(LARGE, pages);

	if (slab == NULL)
		return NULL;
	slab->used = 1;
	flags = spin_lock(&lock);
	stats.objects++;
	stats.bytes += pages * PAGE_SIZE;
	stats.pages += pages;
	spin_unlock(&lock, flags);
	return slab + 1;
}

void *
heap_alloc(size_t size)
{
	unsigned kind = kind_of(size);

	ASSERT(size > 0);
	if (size > DIRECT_SIZE)
		return NULL;
	return kind == LARGE ? alloc_large(size) : alloc_small(kind);
}

/* The object's index in its slab; panics unless it is an object that is in use. */
static unsigned
check_object(const struct slab *slab, const u8 *object)
{
	size_t offset = (size_t)(object - (const u8 *)(slab + 1)), index;

	if (slab->magic != SLAB_MAGIC || object < (const u8 *)(slab + 1) || slab->used == 0)
		panic("heap: free of %p, which is no object", object);
	if (slab->kind == LARGE) {
		if (offset != 0)
			panic("heap: free of %p, which is inside of an object", object);
		return 0;
	}
	index = offset / kind_size[slab->kind];
	if (offset % kind_size[slab->kind] != 0 || index >= capacity(slab->kind))
		panic("heap: free of %p, which is inside of an object", object);
	if ((slab->taken[index / 64] & BIT(index % 64)) == 0)
		panic("heap: %p is freed twice", object);
	return (unsigned)index;
}

/* Answers true when the slab is empty now and no more in its list. */
static bool
put_object(struct slab *slab, unsigned index)
{
	size_t size = kind_size[slab->kind];

	memset(object_at(slab, index), 0, size);
	slab->taken[index / 64] &= ~BIT(index % 64);
	if (slab->used-- == capacity(slab->kind))
		list_append(&partial[slab->kind], &slab->link);
	stats.objects--;
	stats.bytes -= size;
	if (slab->used > 0)
		return false;
	list_remove(&slab->link);
	stats.pages -= SLAB_PAGES;
	return true;
}

static void
put_large(struct slab *slab)
{
	slab->used = 0;
	stats.objects--;
	stats.bytes -= slab->pages * PAGE_SIZE;
	stats.pages -= slab->pages;
}

void
heap_free(void *object)
{
	struct slab *slab;
	bool empty = true;
	unsigned index;
	u64 flags;

	if (object == NULL)
		return;
	slab = hpa_to_ptr(HPA(ALIGN_DOWN(ptr_to_hpa(object).v, SLAB_SIZE)));
	flags = spin_lock(&lock);
	index = check_object(slab, object);
	if (slab->kind == LARGE)
		put_large(slab);
	else
		empty = put_object(slab, index);
	spin_unlock(&lock, flags);
	if (empty)
		frame_free(ptr_to_hpa(slab), slab->pages);
}

void
heap_stats(struct heap_stats *out)
{
	u64 flags = spin_lock(&lock);

	*out = stats;
	spin_unlock(&lock, flags);
}
