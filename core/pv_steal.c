/* SPDX-License-Identifier: MIT */
/*
 * What a guest can know of its vCPUs' turns on the CPUs: how long each has waited for one, and
 * whether it runs now. Who changes page tables need not interrupt a vCPU that does not run, but
 * leaves word in its area, and we flush what that vCPU knows before it goes on.
 */
#include "core/pv.h"
#include "core/vcpu.h"
#include "include/bits.h"
#include "include/intrin.h"
#include "sched/thread.h"

struct steal_area { /* kvm_steal_time */
	u64 steal;
	u32 version, flags;
	u8 preempted;
	u8 pad[47];
};

_Static_assert(sizeof(struct steal_area) == 64, "kvm_steal_time");
_Static_assert(offsetof(struct steal_area, preempted) == 16, "kvm_steal_time");

enum { PREEMPTED = 1, FLUSH_TLB = 2 }; /* steal_area.preempted */

#define STEAL_RESERVED BITS(5, 1) /* of the MSR: the area is a multiple of 64 */

/* `preempted` is the guest's as well: what comes before it is ours. */
static int
write_steal(struct vcpu *v)
{
	struct steal_area area = {.steal = thread_times(v->thread).wait_ns};

	return pv_publish(v, GPA(v->pv.steal & ~PV_ENABLED), &area,
			  offsetof(struct steal_area, preempted),
			  offsetof(struct steal_area, version), &v->pv.steal_version);
}

int
pv_steal_set(struct vcpu *v, u64 value)
{
	const struct guest_memory *memory = v->vm->memory;
	struct guest_byte preempted = {NULL};
	gpa_t at = GPA(value & ~PV_ENABLED);

	if ((value & STEAL_RESERVED) != 0)
		return -ERR_INVAL;
	if ((value & PV_ENABLED) != 0 &&
	    (!guest_is_ram(memory, at, sizeof(struct steal_area)) ||
	     guest_byte(memory, GPA(at.v + offsetof(struct steal_area, preempted)), &preempted) !=
		     0))
		return -ERR_INVAL;
	v->pv.steal = value;
	v->pv.preempted = preempted;
	if (preempted.at == NULL)
		return 0;
	/* It runs, whatever an earlier life of it, or who had this memory before, has left there:
	 * else others would leave it word of flushes instead of telling it. */
	if ((guest_byte_exchange(preempted, 0) & FLUSH_TLB) != 0)
		v->hw.flush = true;
	return write_steal(v);
}

/*
 * A vCPU in the middle of an instruction that we carry out may go on with translations that it has
 * made before: it counts as running.
 */
void
pv_left(struct thread *thread)
{
	struct vcpu *v = thread->arg;

	v->pv.left = true;
	/* Once: it may lose the CPU again before it comes back, and then has been left word. */
	if (v->pv.between && v->pv.preempted.at != NULL && guest_byte_read(v->pv.preempted) == 0)
		guest_byte_write(v->pv.preempted, PREEMPTED);
}

/* The exchange is before the guest's next instruction: later words are left for a running vCPU. */
void
pv_came_back(struct vcpu *v)
{
	v->pv.left = false;
	pv_clock_came_back(v);
	if (v->pv.preempted.at == NULL)
		return;
	if ((guest_byte_exchange(v->pv.preempted, 0) & FLUSH_TLB) != 0)
		v->hw.flush = true;
	if (write_steal(v) != 0) /* the area was RAM when it was set, and RAM stays */
		v->pv.preempted.at = NULL;
}
