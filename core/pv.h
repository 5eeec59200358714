/* SPDX-License-Identifier: MIT */
/*
 * What guests that know KVM get of its paravirtual features (Linux, Documentation/virt/kvm/x86:
 * cpuid.rst, msr.rst, hypercalls.rst): a clock that costs no exit, EOIs that cost none, a way to
 * wake a vCPU that waits for a lock, and word of which vCPUs run. CPUID offers them; a guest that
 * does not ask for them never meets them.
 *
 * The guest names areas of its memory by MSRs. Each is checked then, and written on the vCPU's own
 * thread alone; the guest may do anything to it, and what is read back there is a hint about that
 * guest's own interrupts. INIT and a reset of the VM end all of it, as they do under KVM.
 */
#pragma once

#include "core/guest_memory.h"
#include "core/vclock.h"

struct thread;
struct vcpu;

enum {
	PV_MSR_WALL_CLOCK = 0x4b564d00,
	PV_MSR_SYSTEM_TIME = 0x4b564d01,
	PV_MSR_STEAL_TIME = 0x4b564d03,
	PV_MSR_EOI = 0x4b564d04,
};

#define PV_ENABLED BIT(0) /* of the MSRs that name an area for good */

struct pv_state {
	u64 wall, clock, steal, eoi; /* the MSRs as written */
	u32 clock_version, steal_version;
	u32 clock_cpu;	  /* where the clock's page was written */
	bool left;	  /* the thread has lost its CPU since the guest's last run */
	bool between;	  /* no instruction of the guest is half carried out */
	bool eoi_offered; /* the guest may end what is in service by clearing eoi_byte's bit 0 */
	bool kicked;	  /* its next HLT ends at once */
	struct guest_byte eoi_byte;
	struct guest_byte preempted; /* NULL: the guest does not want to know */
	struct vtimer clock_refresh;
};

/* A vCPU of a VM that has its clock, and INIT. Own thread, or before there is one. */
void pv_create(struct vcpu *v);
void pv_reset(struct vcpu *v);

/* -ERR_INVAL: a general protection fault, nothing changed. Own thread. */
__must_check int pv_msr_read(struct vcpu *v, u32 msr, u64 *value);
__must_check int pv_msr_write(struct vcpu *v, u32 msr, u64 value);

/*
 * Writes an area whose version, at this offset in it, is odd while it changes. -ERR_RANGE: it is
 * not all RAM, and nothing was written.
 */
__must_check int pv_publish(struct vcpu *v, gpa_t gpa, void *area, size_t len, size_t version_at,
			    u32 *version);

/* pv_clock.c: the clock's page anew, on the vCPU's own thread, if it has one. */
void pv_clock_refresh(struct vcpu *v);
/* The guest has set its TSC another way than by waiting. Own thread. */
void pv_clock_tsc_stepped(struct vcpu *v);
__must_check int pv_clock_set(struct vcpu *v, u64 value);
__must_check int pv_clock_tell_wall(struct vcpu *v, u64 value);
void pv_clock_create(struct vcpu *v);
/* Before a run, where the thread may have come to another CPU. */
void pv_clock_came_back(struct vcpu *v);

/* pv_steal.c: for thread->left of a vCPU's thread. */
void pv_left(struct thread *thread);
/* Before the run after that, if pv.left: interrupts are off. Own thread. */
void pv_came_back(struct vcpu *v);
__must_check int pv_steal_set(struct vcpu *v, u64 value);

/* pv_eoi.c: the guest wants it, and it pays. Own thread, as all of these. */
bool pv_eoi_is_on(const struct vcpu *v);
/* The interrupt that it gets now may be ended without an exit: sets eoi_offered. */
void pv_eoi_offer(struct vcpu *v);
/* While eoi_offered: whether the guest has done so, which ends the offer. */
bool pv_eoi_take(struct vcpu *v);
/* While eoi_offered: the EOI is to exit after all. */
void pv_eoi_withdraw(struct vcpu *v);
__must_check int pv_eoi_set(struct vcpu *v, u64 value);

/* pv_call.c: VMCALL or VMMCALL, behind which the guest goes on. Own thread. */
void pv_call(struct vcpu *v);
