/* SPDX-License-Identifier: MIT */
/* Tags, in turn, by generations. */
#include "arch/x86_64/tag.h"

#include "include/panic.h"

void
tag_pool_init(struct tag_pool *pool, u32 last)
{
	ASSERT(last > 0);
	*pool = (struct tag_pool){.next = last + 1, .last = last};
}

bool
tag_take(struct tag_pool *pool, u32 *tag, u64 *generation)
{
	bool wrapped = pool->next > pool->last;

	if (wrapped) {
		pool->next = 1;
		pool->generation++;
	}
	*tag = pool->next++;
	*generation = pool->generation;
	return wrapped;
}
