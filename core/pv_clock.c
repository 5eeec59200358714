/* SPDX-License-Identifier: MIT */
/*
 * kvmclock: a page that says how the guest's TSC makes the VM's clock, so that the guest reads the
 * time by itself.
 *
 * Where our own clock is the TSC, all vCPUs' pages say the same for good: a pause stops TSC and
 * clock alike. Elsewhere a page is true for as long as the TSC keeps to its rate, and is written
 * anew every second, and where the vCPU comes to another CPU.
 */
#include "arch/x86_64/clock.h"
#include "arch/x86_64/tsc.h"
#include "core/pv.h"
#include "core/vcpu.h"
#include "core/vm_clock.h"
#include "include/bits.h"

struct clock_page { /* pvclock_vcpu_time_info */
	u32 version, pad0;
	u64 tsc_timestamp, system_time;
	u32 tsc_to_system_mul;
	s8 tsc_shift;
	u8 flags;
	u8 pad[2];
};

_Static_assert(sizeof(struct clock_page) == 32, "pvclock_vcpu_time_info");
_Static_assert(offsetof(struct clock_page, tsc_to_system_mul) == 24, "pvclock_vcpu_time_info");
_Static_assert(offsetof(struct clock_page, flags) == 29, "pvclock_vcpu_time_info");

struct wall_page { /* pvclock_wall_clock */
	u32 version, sec, nsec;
};

_Static_assert(sizeof(struct wall_page) == 12, "pvclock_wall_clock");

#define CLOCK_TSC_STABLE 1u	/* vCPUs may compare what their pages say */
#define CLOCK_RESERVED	 BIT(1) /* of the MSR: the area is a multiple of 4 */

/* Nanoseconds a tick, as TSC << shift, times mul, >> 32. The same digits as tsc_to_ns() takes. */
static void
set_rate(struct clock_page *page)
{
	u64 mul = ((u64)NS_PER_MS << 32) / tsc_khz();

	for (; mul >> 32 != 0; mul /= 2)
		page->tsc_shift++;
	page->tsc_to_system_mul = (u32)mul;
}

static struct clock_page
page_now(const struct vcpu *v)
{
	const struct vm *vm = v->vm;
	struct clock_page page = {0};
	struct moment now;

	if (clock_is_tsc()) {
		now = vm->clock_base;
		now.tsc += v->msr.tsc_adjust;
		if (!READ_ONCE(vm->tsc_stepped))
			page.flags = CLOCK_TSC_STABLE;
	} else {
		now = vclock_moment(vm->clock);
		now.tsc += v->hw.tsc_offset;
	}
	page.tsc_timestamp = now.tsc;
	page.system_time = now.ns;
	set_rate(&page);
	return page;
}

static int
write_page(struct vcpu *v, u64 msr)
{
	struct clock_page page = page_now(v);

	return pv_publish(v, GPA(msr & ~PV_ENABLED), &page, sizeof(page), 0, &v->pv.clock_version);
}

/* Its area was RAM when it was set, and RAM stays. */
void
pv_clock_refresh(struct vcpu *v)
{
	struct vtimer *timer = &v->pv.clock_refresh;

	v->pv.clock_cpu = cpu_index(); /* first: if it moves meanwhile, it is made anew */
	if ((v->pv.clock & PV_ENABLED) == 0 || write_page(v, v->pv.clock) != 0)
		vtimer_cancel(timer);
	else if (!clock_is_tsc())
		vtimer_set(timer, vclock_ns(v->vm->clock) + NS_PER_S);
}

void
pv_clock_came_back(struct vcpu *v)
{
	if (!clock_is_tsc() && v->pv.clock_cpu != cpu_index())
		pv_clock_refresh(v);
}

static void
refresh_is_due(struct vtimer *timer)
{
	struct pv_state *pv = container_of(timer, struct pv_state, clock_refresh);

	vcpu_request(container_of(pv, struct vcpu, pv), REQUEST_CLOCK);
}

void
pv_clock_create(struct vcpu *v)
{
	vtimer_init(&v->pv.clock_refresh, v->vm->clock, refresh_is_due);
}

/* From the first time on, the VM's TSCs may differ. */
void
pv_clock_tsc_stepped(struct vcpu *v)
{
	struct vm *vm = v->vm;

	pv_clock_refresh(v);
	if (READ_ONCE(vm->tsc_stepped))
		return;
	WRITE_ONCE(vm->tsc_stepped, true);
	for (u32 i = 0; i < vm->vcpu_count; i++)
		vcpu_request(vm->vcpus[i], REQUEST_CLOCK);
}

int
pv_clock_set(struct vcpu *v, u64 value)
{
	if ((value & CLOCK_RESERVED) != 0)
		return -ERR_INVAL;
	if ((value & PV_ENABLED) != 0 &&
	    !guest_is_ram(v->vm->memory, GPA(value & ~PV_ENABLED), sizeof(struct clock_page)))
		return -ERR_INVAL;
	v->pv.clock = value;
	pv_clock_refresh(v);
	return 0;
}

/* Both at once: the thread may lose its CPU for long. */
static u64
wall_at_zero(struct vcpu *v)
{
	u64 flags = irq_save();
	u64 ns = v->vm->platform->wall_ns() - vclock_ns(v->vm->clock);

	irq_restore(flags);
	return ns;
}

/* The time of day when the VM's clock was 0. Told once a write, and never for address 0. */
int
pv_clock_tell_wall(struct vcpu *v, u64 value)
{
	u64 ns = wall_at_zero(v);
	struct wall_page page = {.sec = (u32)(ns / NS_PER_S), .nsec = (u32)(ns % NS_PER_S)};
	u32 version = 0;

	if ((value & 3) != 0)
		return -ERR_INVAL;
	if (value != 0 && pv_publish(v, GPA(value), &page, sizeof(page), 0, &version) != 0)
		return -ERR_INVAL;
	v->pv.wall = value;
	return 0;
}
