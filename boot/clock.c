/* SPDX-License-Identifier: MIT */
/* The clock: a reference to measure the TSC by, and the counter that keeps the time. */
#include "arch/x86_64/clock.h"

#include "arch/x86_64/time.h"
#include "arch/x86_64/tsc.h"
#include "boot/boot.h"
#include "drivers/acpi_fadt.h"
#include "drivers/acpi_hpet.h"
#include "mm/kmap.h"
#include "sched/timer.h"

enum { HPET_REGISTERS = 1024 };

static const struct refclock *keeper; /* can keep the time: HPET or PM timer; NULL: none */
static struct timer keepalive;

static const struct refclock *
find_hpet(void)
{
	const struct acpi_hpet_info *hpet = acpi_hpet();
	const struct refclock *ref;
	void *regs;

	if (hpet == NULL || kmap_device(hpet->address, HPET_REGISTERS, PT_UC, &regs) != 0)
		return NULL;
	if (hpet_init(regs, &ref) == 0)
		return ref;
	log_warn("HPET at %#lx does not work: not used", hpet->address.v);
	return NULL;
}

static const struct refclock *
find_pm_timer(void)
{
	const struct acpi_fadt_info *fadt = acpi_fadt();
	const struct refclock *ref;

	if (fadt == NULL || fadt->pm_timer.address == 0 || fadt->pm_timer.space != ACPI_SPACE_IO)
		return NULL;
	if (pm_timer_init((u16)fadt->pm_timer.address, fadt->pm_timer_32bit, &ref) == 0)
		return ref;
	log_warn("PM timer at port %#lx stands still: not used", fadt->pm_timer.address);
	return NULL;
}

static const struct refclock *
find_pit(void)
{
	const struct refclock *ref;

	return pit_init(&ref) == 0 ? ref : NULL;
}

static void
calibrate(const struct refclock *ref)
{
	if (ref == NULL)
		refuse("no clock: this machine has neither HPET nor PM timer nor PIT to measure "
		       "the CPU's rate by");
	if (tsc_calibrate(ref) != 0)
		refuse("the %s stopped while the CPU's rate was measured by it", ref->name);
	log_info("TSC: %lu.%03lu MHz by %s%s", tsc_khz() / 1000, tsc_khz() % 1000, ref->name,
		 tsc_is_reliable() ? ", invariant" : ", not invariant");
}

void
clock_start(void)
{
	const struct refclock *ref = keeper = find_hpet();

	if (keeper == NULL)
		ref = keeper = find_pm_timer();
	if (ref == NULL)
		ref = find_pit();
	calibrate(ref);
	if (!tsc_is_reliable())
		clock_use(keeper);
}

static void
keep_alive(struct timer *timer)
{
	timer_set(timer, clock_ns() + clock_keepalive_ns());
}

void
clock_settle(void)
{
	if (tsc_warped())
		log_warn("TSC: goes backwards from CPU to CPU (offset up to %ld ticks)",
			 tsc_largest_offset());
	if (!tsc_is_reliable() && clock_is_tsc())
		clock_use(keeper);
	if (!tsc_is_reliable() && keeper == NULL)
		log_warn("clock: the TSC, though it may change its rate: there is nothing better");
	log_info("clock: %s; the CPUs' TSCs are at most %ld ticks apart", clock_source_name(),
		 tsc_largest_offset());
	timer_init(&keepalive, keep_alive);
	if (clock_keepalive_ns() != 0)
		keep_alive(&keepalive);
}
