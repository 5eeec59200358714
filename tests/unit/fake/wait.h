/* SPDX-License-Identifier: MIT */
/* Waiting with one thread: what it waits for has to hold already. */
#pragma once

#include <stdlib.h>

#include "sched/wait.h"

static unsigned fake_wakes;

u64
clock_ns(void)
{
	return 0;
}

void
wait_queue_init(struct wait_queue *wq)
{
}

void
wait_wake_all(struct wait_queue *wq)
{
	fake_wakes++;
}

void
wait_prepare(struct wait_queue *wq, struct waiter *w)
{
}

void
wait_finish(struct wait_queue *wq, struct waiter *w)
{
}

void
wait_until_ns(u64 deadline_ns)
{
	abort();
}
