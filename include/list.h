/* SPDX-License-Identifier: MIT */
/*
 * A doubly linked ring: `struct list` is both the head and, embedded in an element, the link.
 * A link that is in no list points to itself. The caller's lock guards the list.
 */
#pragma once

#include "include/types.h"

struct list {
	struct list *next, *prev;
};

#define LIST_INIT(name)                                                                            \
	{                                                                                          \
		&(name), &(name)                                                                   \
	}
#define list_entry(ptr, type, member)  container_of(ptr, type, member)
#define list_first(head, type, member) list_entry((head)->next, type, member)
#define list_for_each(pos, head)       for (pos = (head)->next; pos != (head); pos = pos->next)

static inline void
list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool
list_empty(const struct list *l)
{
	return l->next == l;
}

/* Puts link right before pos: with the head as pos, at the list's end. */
static inline void
list_insert_before(struct list *pos, struct list *link)
{
	link->prev = pos->prev;
	link->next = pos;
	pos->prev->next = link;
	pos->prev = link;
}

static inline void
list_append(struct list *head, struct list *link)
{
	list_insert_before(head, link);
}

static inline void
list_prepend(struct list *head, struct list *link)
{
	list_insert_before(head->next, link);
}

/* Takes the link out of the list that it is in, if any. */
static inline void
list_remove(struct list *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	list_init(link);
}
