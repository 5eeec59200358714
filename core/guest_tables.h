/* SPDX-License-Identifier: MIT */
/*
 * The second-level tables of a VM. They map its RAM when it is created, and change while it runs in
 * one case: where the CPU must not have executable large pages (CVE-2018-12207), a large page is
 * split when the guest first executes in it. The tables for that are reserved from the beginning.
 *
 * While the VM runs, any vCPU's thread may call guest_tables_allow_fetch(); they take turns, which
 * they wait for asleep: no lock is held while the other vCPUs are flushed.
 */
#pragma once

#include "include/errors.h"
#include "mm/pt.h"
#include "sched/wait.h"

/* Who uses the tables, and what they know of them. */
struct guest_tables_users {
	void *owner;
	/* Has them all drop what they know; interrupts are on, and no lock is held. */
	void (*flush)(void *owner, u64 changes);
	/* Whether they all have, as far as these changes go. */
	bool (*is_flushed)(void *owner, u64 changes);
};

struct guest_tables {
	struct pt pt;
	struct guest_tables_users users; /* flush NULL: nobody yet */
	struct wait_queue turn;
	bool busy; /* atomic: somebody changes the tables */
};

/* -ERR_NOMEM. */
__must_check int guest_tables_init(struct guest_tables *t);
/* Nobody uses them any more. */
void guest_tables_fini(struct guest_tables *t);

/* Maps RAM, by the largest pages; before the VM runs. -ERR_NOMEM. */
__must_check int guest_tables_map(struct guest_tables *t, u64 base, hpa_t pa, u64 size,
				  bool writable);

/* Reserves what may be needed while the VM runs, after mapping. -ERR_NOMEM. */
__must_check int guest_tables_reserve(struct guest_tables *t);

/*
 * After a fetch that the tables did not let through: makes that page executable, if it is RAM that
 * is not so yet. -ERR_NOENT: it isn't RAM, or was never kept from being executed.
 */
__must_check int guest_tables_allow_fetch(struct guest_tables *t, gpa_t gpa);
