/* SPDX-License-Identifier: MIT */
/* Flushing what vCPUs know of second-level tables. */
#include "core/flush.h"

#include "arch/x86_64/time.h"
#include "core/guest_tables.h"
#include "include/bits.h"
#include "include/intrin.h"
#include "include/panic.h"

enum { DEADLINE_US = 10000000 }; /* as for a call: an emulated CPU may wait seconds for its turn */

static const struct pt *
tables_of(const struct vcpu *v)
{
	return &guest_memory_tables(v->vm->memory)->pt;
}

void
flush_init(struct vcpu *v)
{
	v->hw.tables_required = &tables_of(v)->flushed;
	flush_prepare(v);
}

void
flush_prepare(struct vcpu *v)
{
	v->hw.flush = true;
	__atomic_store_n(&v->hw.tables_seen,
			 __atomic_load_n(&tables_of(v)->changes, __ATOMIC_SEQ_CST),
			 __ATOMIC_RELEASE);
}

/*
 * One that is not in its guest has to look at its requests before it is; one that has seen the
 * changes has left it since, and flushes first thing when it runs again.
 */
static bool
has_dropped(const struct vcpu *v, u64 changes)
{
	return !__atomic_load_n(&v->in_guest, __ATOMIC_SEQ_CST) ||
	       __atomic_load_n(&v->hw.tables_seen, __ATOMIC_ACQUIRE) >= changes;
}

static bool
is_asked(const struct vcpu *v)
{
	return (__atomic_load_n(&v->requests, __ATOMIC_SEQ_CST) & BIT32(REQUEST_FLUSH)) != 0;
}

void
flush_all(void *owner, u64 changes)
{
	struct vm *vm = owner;

	ASSERT(irqs_enabled());
	for (u32 i = 0; i < vm->vcpu_count; i++)
		vcpu_request(vm->vcpus[i], REQUEST_FLUSH);
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		if (!wait_until(DEADLINE_US, has_dropped(vm->vcpus[i], changes)))
			panic("vCPU %s does not leave its guest", vm->vcpus[i]->name);
	}
}

/*
 * One that has been seen outside of its guest shows as in it again for the moment that it looks at
 * its requests: this one is among them.
 */
bool
flush_is_done(void *owner, u64 changes)
{
	const struct vm *vm = owner;

	for (u32 i = 0; i < vm->vcpu_count; i++) {
		const struct vcpu *v = vm->vcpus[i];

		(void)wait_until(DEADLINE_US, has_dropped(v, changes) || !is_asked(v));
		if (!has_dropped(v, changes))
			return false;
	}
	return true;
}
