/* SPDX-License-Identifier: MIT */
// SOURCES: arch/x86_64/tsc.c lib/error.c lib/log.c lib/lock.c lib/format.c
/* The TSC's rate by a reference that may stand still, or give a reading that is torn. */
#include "tests/unit/test.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/features.h"
#include "arch/x86_64/time.h"
#include "arch/x86_64/tsc.h"
#include "include/bits.h"

enum { TICKS_A_READING = 1000, TSC_KHZ = 2000000, HZ = 100000000 };

static struct cpu_features features;
static bool stands_still;
static unsigned torn_at; /* the reading, counted from 1 */
static unsigned readings;

const struct cpu_features *
cpu_features(void)
{
	return &features;
}

struct cpu *
cpu_get(u32 index)
{
	fail_msg("no CPU is asked for here");
	return NULL;
}

struct wait
wait_begin(u64 us)
{
	return (struct wait){fake_tsc, us};
}

bool
wait_goes_on(const struct wait *wait)
{
	return false;
}

void
wait_end(const struct wait *wait)
{
}

static u64
read_reference(void)
{
	u64 count;

	fake_tsc += TICKS_A_READING;
	count = stands_still ? 0 : fake_tsc / (TSC_KHZ / (HZ / 1000));
	return ++readings == torn_at ? count + BIT(32) : count;
}

static const struct refclock reference = {"HPET", read_reference, HZ, ~0ul};

static int
set_up(void **state)
{
	features = (struct cpu_features){0};
	stands_still = false;
	torn_at = readings = 0;
	return 0;
}

static void
the_rate_is_measured(void **state)
{
	assert_int_equal(tsc_calibrate(&reference), 0);
	assert_in_range(tsc_khz(), TSC_KHZ - TSC_KHZ / 1000, TSC_KHZ + TSC_KHZ / 1000);
	assert_in_range(tsc_to_ns(TSC_KHZ * 1000ul), 999 * 1000 * 1000, 1001 * 1000 * 1000);
}

/* IA-PC HPET 1.0a, 2.4.7: at the beginning of a round, or within it. */
static void
a_torn_reading_does_not_count(void **state)
{
	static const unsigned at[] = {1, 2, 500};

	for (unsigned n = 0; n < ARRAY_SIZE(at); n++) {
		readings = 0;
		torn_at = at[n];
		assert_int_equal(tsc_calibrate(&reference), 0);
		assert_in_range(tsc_khz(), TSC_KHZ - TSC_KHZ / 1000, TSC_KHZ + TSC_KHZ / 1000);
	}
}

/* SDM vol. 2, CPUID leaf 15h: exact, where the measurement does not contradict it. */
static void
the_cpus_own_word_is_taken_when_it_agrees(void **state)
{
	features.tsc_denominator = 1;
	features.tsc_numerator = 80;
	features.crystal_hz = 25000000;
	assert_int_equal(tsc_calibrate(&reference), 0);
	assert_int_equal(tsc_khz(), TSC_KHZ);
	features.tsc_numerator = 84;
	assert_int_equal(tsc_calibrate(&reference), 0);
	assert_in_range(tsc_khz(), TSC_KHZ - TSC_KHZ / 1000, TSC_KHZ + TSC_KHZ / 1000);
}

static void
a_reference_that_stands_still_is_told(void **state)
{
	u64 before = tsc_khz();

	stands_still = true;
	assert_int_equal(tsc_calibrate(&reference), -ERR_TIMEOUT);
	assert_int_equal(tsc_khz(), before);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_rate_is_measured, set_up),
		cmocka_unit_test_setup(a_torn_reading_does_not_count, set_up),
		cmocka_unit_test_setup(the_cpus_own_word_is_taken_when_it_agrees, set_up),
		cmocka_unit_test_setup(a_reference_that_stands_still_is_told, set_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
