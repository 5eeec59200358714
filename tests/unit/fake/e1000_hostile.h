/* SPDX-License-Identifier: MIT */
/*
 * What the tests of a hostile guest share: a NIC that is up, to begin with, and in the end,
 * whatever was done to it, a reset and a frame each way. For one translation unit, behind cmocka's
 * header.
 */
#pragma once

#include <pthread.h>

#include "tests/unit/fake/e1000.h"

#define DATA	(E1000_TXD_DEXT | 1u << 20)
#define CONTEXT (E1000_TXD_DEXT)

static u8 bytes[70000];
static struct fake_port *peer = &fake_ports[0];

static inline int
setup(void **state)
{
	fake_nic_init();
	fake_nic_up();
	return 0;
}

/* After everything: a reset, and a frame each way. */
static inline int
works_still(void **state)
{
	u32 given;

	peer->look = NULL;
	fake_nic.lazy = false;
	set_config(0xe0, 2, 0);
	fake_decode();
	set_reg(E1000_CTRL, E1000_CTRL_RST);
	set_reg(E1000_CTRL, E1000_CTRL_PHY_RST);
	fake_memory_clear();
	fake_nic_up();
	given = peer->given;
	put_packet(fake_ethernet(bytes, 0, 9), 60);
	ring_doorbell();
	assert_int_equal(peer->given, given + 1);
	assert_int_equal(reg(E1000_TDH), 1);
	give(NULL, bytes, 1514);
	assert_int_equal(reg(E1000_RDH), 1);
	assert_memory_equal(fake_ram(fake_rx_buffer(0)), bytes, 1514);
	return 0;
}

/* Other vCPUs, each a thread and a CPU of its own. */
static struct other {
	pthread_t thread;
	void (*fn)(void);
	bool done;
} other_vcpus[64];
static u32 other_count;

static inline void *
other_run(void *arg)
{
	struct other *o = arg;

	fake_cpu = 1 + (u32)(o - other_vcpus);
	o->fn();
	__atomic_store_n(&o->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* In the middle of a frame: what makes that void waits until it is through. */
static inline void
by_another_vcpu(void (*fn)(void))
{
	struct other *o = &other_vcpus[other_count++];
	u32 epoch = READ_ONCE(fake_nic.e.tx.epoch);

	assert_in_range(other_count, 1, ARRAY_SIZE(other_vcpus));
	o->fn = fn;
	o->done = false;
	assert_int_equal(pthread_create(&o->thread, NULL, other_run, o), 0);
	while (!__atomic_load_n(&o->done, __ATOMIC_ACQUIRE) &&
	       READ_ONCE(fake_nic.e.tx.epoch) == epoch)
		sched_yield();
}

static inline void
other_vcpus_end(void)
{
	while (other_count > 0)
		pthread_join(other_vcpus[--other_count].thread, NULL);
}

static inline void
packet(u32 len)
{
	fake_ethernet(bytes, 0, 9);
	put_packet(bytes, len);
}
