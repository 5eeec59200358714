/* SPDX-License-Identifier: MIT */
/* First fit in a sorted list: there are as many areas as there are devices and threads. */
#include "mm/area.h"

#include "mm/direct.h"
#include "mm/pt.h"

static struct list areas = LIST_INIT(areas);

static struct area *
area_of(struct list *link)
{
	return list_entry(link, struct area, link);
}

/* The first address from `from` on that has the same place within a large page as pa. */
static u64
fit(u64 from, u64 pa, u64 size)
{
	unsigned level = 2;
	u64 align;

	while (level > 0 && pt_page_size(level) > size)
		level--;
	align = pt_page_size(level);
	return from + ((pa - from) & (align - 1));
}

int
area_place(struct area *area)
{
	u64 va = fit(MAP_BASE + PAGE_SIZE, area->pa.v, area->size), end = MAP_BASE + MAP_SIZE;
	struct list *pos;

	if (area->size > MAP_SIZE / 2)
		return fail(-ERR_NOMEM);
	list_for_each (pos, &areas) {
		struct area *other = area_of(pos);

		if (va + area->size + PAGE_SIZE <= other->va)
			break;
		va = fit(other->va + other->size + PAGE_SIZE, area->pa.v, area->size);
	}
	if (va + area->size + PAGE_SIZE > end)
		return fail(-ERR_NOMEM);
	area->va = va;
	list_insert_before(pos, &area->link);
	return 0;
}

void
area_remove(struct area *area)
{
	list_remove(&area->link);
}

struct area *
area_around(u64 va)
{
	struct list *pos;

	list_for_each (pos, &areas) {
		struct area *area = area_of(pos);

		if (va >= area->va && va - area->va < area->size)
			return area;
	}
	return NULL;
}

void
area_totals(u64 *count, u64 *bytes)
{
	struct list *pos;

	*count = *bytes = 0;
	list_for_each (pos, &areas) {
		*count += 1;
		*bytes += area_of(pos)->size;
	}
}
