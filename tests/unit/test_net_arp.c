/* SPDX-License-Identifier: MIT */
// SOURCES: net/arp.c
/* ARP's packets, and the neighbours with what hostile owners do to them. */
#include "tests/unit/test.h"

#include <string.h>

#include "net/arp.h"

#define SECOND 1000000000ul

static struct neighbours n;
static unsigned asked, asked_of[64], lost;
static u32 asked_last;

static void
ask(void *arg, u32 address)
{
	assert_ptr_equal(arg, &n);
	asked++;
	asked_last = address;
	asked_of[address % 64]++;
}

static void
lose(void *arg, u32 address)
{
	lost++;
}

static int
setup(void **state)
{
	asked = lost = 0;
	memset(asked_of, 0, sizeof(asked_of));
	neighbours_init(&n, ask, lose, &n);
	return 0;
}

static const u8 *
mac_of(u32 i)
{
	static u8 macs[4][6];
	static unsigned turn;
	u8 *mac = macs[turn++ % 4];

	memset(mac, 0, 6);
	be32_put(mac + 2, i);
	return mac;
}

static void
pass(u64 *now, unsigned seconds)
{
	for (unsigned i = 0; i < seconds * 4; i++) {
		*now += SECOND / 4;
		neighbours_tick(&n, *now);
	}
}

static void
test_packets(void **state)
{
	u8 frame[ARP_FRAME];
	struct arp arp;

	arp_put(frame, ARP_REQUEST, mac_of(7), 0x01020304, NULL, 0x05060708);
	assert_true(arp_check(frame, ARP_FRAME, &arp));
	assert_int_equal(arp.operation, ARP_REQUEST);
	assert_memory_equal(arp.sender_mac, mac_of(7), 6);
	assert_int_equal(arp.sender, 0x01020304);
	assert_int_equal(arp.target, 0x05060708);
	assert_int_equal(frame[0], 0xff);
	assert_false(arp_check(frame, ETH_HEADER + ARP_LEN - 1, &arp));
	frame[ETH_HEADER + ARP_HARDWARE_LEN] = 255;
	assert_false(arp_check(frame, ARP_FRAME, &arp));
}

static void
test_n2_arp_sender_other_than_the_frames_source(void **state)
{
	u8 frame[ARP_FRAME];
	struct arp arp;

	arp_put(frame, ARP_REPLY, mac_of(7), 1, mac_of(8), 2);
	memcpy(frame + ETH_SOURCE, mac_of(9), 6);
	assert_false(arp_check(frame, ARP_FRAME, &arp));
	memset(frame + ETH_SOURCE, 0xff, 6);
	memset(frame + ETH_HEADER + ARP_SENDER_MAC, 0xff, 6);
	assert_false(arp_check(frame, ARP_FRAME, &arp));
}

static void
test_resolving(void **state)
{
	u64 now = SECOND;

	assert_null(neighbour_resolve(&n, 10, 3, now));
	assert_null(neighbour_resolve(&n, 10, 3, now));
	assert_int_equal(asked, 1);
	assert_int_equal(asked_last, 10);
	assert_true(neighbour_learn(&n, 10, mac_of(10), 5, false, now));
	assert_memory_equal(neighbour_resolve(&n, 10, 3, now), mac_of(10), 6);
	assert_int_equal(asked, 1);
	/* Nobody asked for this one. */
	assert_true(neighbour_learn(&n, 11, mac_of(11), 5, false, now));
	assert_null(neighbour_find(&n, 11));
}

static void
test_who_does_not_answer_is_asked_three_times_and_lost(void **state)
{
	u64 now = SECOND;

	assert_null(neighbour_resolve(&n, 10, 3, now));
	pass(&now, 10);
	assert_int_equal(asked, NEIGHBOUR_TRIES);
	assert_int_equal(lost, 1);
	assert_null(neighbour_find(&n, 10));
	assert_int_equal(n.used, 0);
}

static void
test_in_use_it_is_asked_again_after_a_minute_and_else_forgotten(void **state)
{
	u64 now = SECOND;

	assert_true(neighbour_learn(&n, 10, mac_of(10), 5, true, now));
	assert_true(neighbour_learn(&n, 11, mac_of(11), 5, true, now));
	assert_non_null(neighbour_resolve(&n, 10, 3, now));
	pass(&now, 60);
	assert_int_equal(asked, 1);
	assert_int_equal(asked_last, 10);
	assert_non_null(neighbour_resolve(&n, 10, 3, now)); /* while it is asked */
	assert_null(neighbour_find(&n, 11));
	assert_true(neighbour_learn(&n, 10, mac_of(10), 5, false, now));
	pass(&now, 10);
	assert_int_equal(asked, 1);
}

static void
test_n2_arp_storm_costs_its_owner_only(void **state)
{
	u64 now = SECOND;

	assert_true(neighbour_learn(&n, 1, mac_of(1), 5, true, now));
	for (u32 i = 0; i < 1000000; i++)
		(void)neighbour_learn(&n, 1000 + i, mac_of(i), 6, true, ++now);
	for (u32 i = 0; i < 100000; i++)
		(void)neighbour_resolve(&n, 5000000 + i, 7, ++now);
	assert_int_equal(n.used, 1 + 2 * NEIGHBOUR_OWNER_PLACES);
	assert_memory_equal(neighbour_resolve(&n, 1, 8, now), mac_of(1), 6);
	/* Its latest ones are there. */
	assert_non_null(neighbour_find(&n, 1000 + 999999));
	assert_null(neighbour_find(&n, 1000));
}

/*
 * RFC 1122, section 2.3.2.1: ARP does not flood, and asks for an address once a second at most;
 * here also while one owner wants more addresses than it has places for. None of them answers.
 */
static void
test_n2_asking_for_many_addresses_is_no_flood(void **state)
{
	u64 now = SECOND;

	for (unsigned second = 1; second <= 9; second++) {
		for (u32 i = 0; i < 50000; i++) {
			now += SECOND / 50000;
			(void)neighbour_resolve(&n, i % 40, 7, now);
			neighbours_tick(&n, now);
		}
		for (u32 i = 0; i < 40; i++)
			assert_true(asked_of[i] <= second);
	}
	assert_true(asked > 9 * NEIGHBOUR_OWNER_PLACES / 2); /* it goes on, as places come free */
	assert_null(neighbour_resolve(&n, 50, 8, now));
	assert_int_equal(asked_of[50], 1);
}

/* All of them answer at once, somebody else or the owner itself. */
static void
test_n2_asking_for_many_who_answer_is_no_flood(void **state)
{
	u64 now = SECOND;

	for (u32 i = 0; i < 50000; i++) {
		now += SECOND / 50000;
		(void)neighbour_resolve(&n, i % 40, 7, now);
		if (i % 2 == 0)
			(void)neighbour_learn(&n, i % 40, mac_of(i % 40), 7 + i % 3, true, now);
		neighbours_tick(&n, now);
	}
	assert_in_range(asked, NEIGHBOUR_OWNER_PLACES, 8 * NEIGHBOUR_OWNER_PLACES);
}

/* But what it asks for takes it no lease. */
static void
test_who_asks_for_much_may_still_have_a_lease(void **state)
{
	for (u32 i = 0; i < NEIGHBOUR_OWNER_PLACES; i++)
		assert_null(neighbour_resolve(&n, 100 + i, 5, 1));
	neighbour_bind(&n, 10, mac_of(10), 5, 2);
	assert_memory_equal(neighbour_resolve(&n, 10, 3, 2), mac_of(10), 6);
	assert_true(neighbour_learn(&n, 11, mac_of(11), 5, true, 2));
}

static void
test_n2_address_of_another_is_not_taken_over(void **state)
{
	u64 now = SECOND;

	assert_true(neighbour_learn(&n, 10, mac_of(10), 5, true, now));
	assert_false(neighbour_learn(&n, 10, mac_of(66), 6, true, now));
	assert_int_equal(n.refused, 1);
	assert_memory_equal(neighbour_resolve(&n, 10, 3, now), mac_of(10), 6);
	/* Its owner may have a new NIC. */
	assert_true(neighbour_learn(&n, 10, mac_of(12), 5, true, now));
	assert_memory_equal(neighbour_resolve(&n, 10, 3, now), mac_of(12), 6);
	/* When it no longer answers the address is another's to have. */
	pass(&now, 70);
	assert_true(neighbour_learn(&n, 10, mac_of(66), 6, true, now));
}

/* Who asked for an address has it on its account, and no right on it. */
static void
test_n2_who_asked_for_an_address_does_not_own_it(void **state)
{
	u64 now = SECOND;

	assert_null(neighbour_resolve(&n, 10, 6, now));
	assert_true(neighbour_learn(&n, 10, mac_of(10), 5, false, now));
	assert_false(neighbour_learn(&n, 10, mac_of(66), 6, true, now));
	assert_memory_equal(neighbour_resolve(&n, 10, 6, now), mac_of(10), 6);
}

static void
test_n2_leased_address_is_bound_to_its_mac(void **state)
{
	u64 now = SECOND;

	assert_true(neighbour_learn(&n, 10, mac_of(66), 6, true, now));
	neighbour_bind(&n, 10, mac_of(10), 5, now);
	assert_false(neighbour_learn(&n, 10, mac_of(66), 6, true, now));
	assert_false(neighbour_learn(&n, 10, mac_of(67), 5, true, now));
	assert_true(neighbour_learn(&n, 10, mac_of(10), 5, true, now));
	for (u32 i = 0; i < 1000; i++) /* nor replaced by what its owner shows else */
		(void)neighbour_learn(&n, 1000 + i, mac_of(i), 5, true, ++now);
	pass(&now, 200);
	assert_memory_equal(neighbour_resolve(&n, 10, 3, now), mac_of(10), 6);
	neighbour_unbind(&n, 10);
	assert_null(neighbour_find(&n, 10));
	assert_int_equal(lost, 0);
}

static void
test_full_of_bound_ones_there_is_no_more_place(void **state)
{
	for (u32 i = 0; i < NEIGHBOUR_OWNER_PLACES; i++)
		neighbour_bind(&n, 100 + i, mac_of(i), 5, 1);
	assert_false(neighbour_learn(&n, 10, mac_of(10), 5, true, 2));
	assert_null(neighbour_resolve(&n, 10, 5, 2));
	assert_null(neighbour_find(&n, 10));
	assert_true(neighbour_learn(&n, 10, mac_of(10), 6, true, 2));
}

static void
test_an_owner_that_goes_takes_its_neighbours_along(void **state)
{
	neighbour_bind(&n, 9, mac_of(9), 5, 1);
	assert_true(neighbour_learn(&n, 10, mac_of(10), 5, true, 1));
	assert_null(neighbour_resolve(&n, 11, 6, 1));
	assert_true(neighbour_learn(&n, 11, mac_of(11), 5, false, 1));
	assert_true(neighbour_learn(&n, 12, mac_of(12), 6, true, 1));
	neighbours_forget_owner(&n, 5);
	assert_int_equal(n.used, 2);
	assert_non_null(neighbour_find(&n, 12));
	/* The lease's stays: until it ends nobody else has that address. */
	assert_memory_equal(neighbour_find(&n, 9)->mac, mac_of(9), ETH_ADDRESS);
	assert_false(neighbour_learn(&n, 9, mac_of(1), 6, true, 2));
	neighbour_unbind(&n, 9);
	assert_true(neighbour_learn(&n, 9, mac_of(1), 6, true, 3));
}

static void
test_bound_ones_of_who_has_gone_give_way(void **state)
{
	for (u32 i = 0; i < NEIGHBOUR_OWNER_PLACES; i++)
		neighbour_bind(&n, 100 + i, mac_of(i), 5, i);
	neighbours_forget_owner(&n, 5);
	neighbour_bind(&n, 10, mac_of(10), 5, 100);
	assert_non_null(neighbour_find(&n, 10));
	assert_null(neighbour_find(&n, 100)); /* the oldest */
	assert_non_null(neighbour_find(&n, 101));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_packets, setup),
		cmocka_unit_test_setup(test_n2_arp_sender_other_than_the_frames_source, setup),
		cmocka_unit_test_setup(test_resolving, setup),
		cmocka_unit_test_setup(test_who_does_not_answer_is_asked_three_times_and_lost,
				       setup),
		cmocka_unit_test_setup(
			test_in_use_it_is_asked_again_after_a_minute_and_else_forgotten, setup),
		cmocka_unit_test_setup(test_n2_arp_storm_costs_its_owner_only, setup),
		cmocka_unit_test_setup(test_n2_asking_for_many_addresses_is_no_flood, setup),
		cmocka_unit_test_setup(test_n2_asking_for_many_who_answer_is_no_flood, setup),
		cmocka_unit_test_setup(test_who_asks_for_much_may_still_have_a_lease, setup),
		cmocka_unit_test_setup(test_n2_address_of_another_is_not_taken_over, setup),
		cmocka_unit_test_setup(test_n2_who_asked_for_an_address_does_not_own_it, setup),
		cmocka_unit_test_setup(test_n2_leased_address_is_bound_to_its_mac, setup),
		cmocka_unit_test_setup(test_full_of_bound_ones_there_is_no_more_place, setup),
		cmocka_unit_test_setup(test_an_owner_that_goes_takes_its_neighbours_along, setup),
		cmocka_unit_test_setup(test_bound_ones_of_who_has_gone_give_way, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
