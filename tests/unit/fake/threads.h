/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's threads and wait queues by those of the host, each of which is a CPU of its own:
 * locks are the real ones (lib/lock.c). Nobody wakes up but who is woken: a wake-up that is lost is
 * one for ever. At their locks they give way now and then, so that others come in between where
 * they can. For one translation unit.
 */
#pragma once

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "include/intrin.h"
#include "sched/wait.h"

enum { FAKE_PATIENCE_S = 20, FAKE_THREADS_MAX = 8 };

static pthread_mutex_t fake_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t fake_woken = PTHREAD_COND_INITIALIZER;
static bool fake_over; /* who waits from here on ends */
static _Thread_local struct wait_queue *fake_queue;
static _Thread_local u32 fake_seen;

static struct fake_thread {
	pthread_t thread;
	void (*fn)(void *arg);
	void *arg;
	u32 cpu;
} fake_threads[FAKE_THREADS_MAX];
static u32 fake_thread_count;

static inline u32
fake_roll(void)
{
	static _Thread_local u64 state;

	state = state * 6364136223846793005ul + 1442695040888963407ul + fake_cpu;
	return (u32)(state >> 33);
}

static inline void
fake_give_way(void)
{
	u32 roll = fake_roll() % 256;

	if (roll == 0)
		nanosleep(&(struct timespec){.tv_nsec = 1}, NULL);
	else if (roll < 32)
		sched_yield();
}

u64
clock_ns(void)
{
	return 0;
}

void
thread_yield(void)
{
	sched_yield();
}

void
wait_queue_init(struct wait_queue *wq)
{
	*wq = (struct wait_queue){0};
}

/* lock.next counts the wake-ups. */
void
wait_wake_all(struct wait_queue *wq)
{
	pthread_mutex_lock(&fake_mutex);
	wq->lock.next++;
	pthread_cond_broadcast(&fake_woken);
	pthread_mutex_unlock(&fake_mutex);
}

void
wait_prepare(struct wait_queue *wq, struct waiter *w __unused)
{
	pthread_mutex_lock(&fake_mutex);
	fake_queue = wq;
	fake_seen = wq->lock.next;
	pthread_mutex_unlock(&fake_mutex);
}

void
wait_finish(struct wait_queue *wq __unused, struct waiter *w __unused)
{
}

/* Whatever the deadline. */
void
wait_until_ns(u64 deadline_ns __unused)
{
	bool over;

	pthread_mutex_lock(&fake_mutex);
	while (!fake_over && fake_queue->lock.next == fake_seen)
		pthread_cond_wait(&fake_woken, &fake_mutex);
	over = fake_over;
	pthread_mutex_unlock(&fake_mutex);
	if (over)
		pthread_exit(NULL);
}

static inline bool
fake_is_over(void)
{
	return __atomic_load_n(&fake_over, __ATOMIC_ACQUIRE);
}

static void *
fake_thread_run(void *arg)
{
	const struct fake_thread *t = arg;

	fake_cpu = t->cpu;
	t->fn(t->arg);
	return NULL;
}

/* On the next CPU; that of the test itself is 0. */
static inline void
fake_thread_start(void (*fn)(void *arg), void *arg)
{
	struct fake_thread *t = &fake_threads[fake_thread_count++];

	if (fake_thread_count == 1)
		fake_shake = fake_give_way;
	*t = (struct fake_thread){.fn = fn, .arg = arg, .cpu = fake_thread_count};
	if (fake_thread_count > FAKE_THREADS_MAX ||
	    pthread_create(&t->thread, NULL, fake_thread_run, t) != 0)
		abort();
}

/* They end when they look at fake_is_over(), or wait. */
static inline void
fake_threads_end(void)
{
	pthread_mutex_lock(&fake_mutex);
	__atomic_store_n(&fake_over, true, __ATOMIC_RELEASE);
	pthread_cond_broadcast(&fake_woken);
	pthread_mutex_unlock(&fake_mutex);
	for (u32 i = 0; i < fake_thread_count; i++)
		pthread_join(fake_threads[i].thread, NULL);
	fake_shake = NULL;
	fake_thread_count = 0;
	__atomic_store_n(&fake_over, false, __ATOMIC_RELEASE);
}

/* Until cond holds, for much longer than it can take; answers whether it did. */
#define fake_await(cond)                                                                           \
	({                                                                                         \
		time_t begin_ = time(NULL);                                                        \
		while (!(cond) && time(NULL) - begin_ < FAKE_PATIENCE_S)                           \
			sched_yield();                                                             \
		(cond);                                                                            \
	})
