/* SPDX-License-Identifier: MIT */
/*
 * Changes of a VM's second-level tables, and the vCPUs that may know the tables as they were: in
 * the TLBs of the CPUs that they run on, under their tags. A vCPU is asked to flush by a request,
 * which has it leave its guest, and follows it before it enters the guest again; a CPU that it
 * comes to flushes anyway.
 */
#pragma once

#include "core/vcpu.h"

/* A vCPU that is being made, and has run nowhere: it owes no flush. */
void flush_init(struct vcpu *v);

/* On its thread, the request taken back: has the next run flush. */
void flush_prepare(struct vcpu *v);

/*
 * For struct guest_tables_users, with the VM as owner: asks all vCPUs and waits until none of them
 * is in its guest with what it knew before these changes. Interrupts are on, no lock is held. One
 * that does not leave within ten seconds has lost its way: a panic. The second looks that they
 * have; for one that is just coming back it waits as long as that takes.
 */
void flush_all(void *vm, u64 changes);
bool flush_is_done(void *vm, u64 changes);
