/* SPDX-License-Identifier: MIT */
/* Flushing what vCPUs know of second-level tables. */
#include "core/flush.h"

#include "arch/x86_64/time.h"
#include "core/guest_tables.h"
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
	v->hw.tables_seen = __atomic_load_n(&tables_of(v)->changes, __ATOMIC_SEQ_CST);
	v->hw.flush = true;
}

/* One that is not in its guest has to look at its requests before it is. */
static bool
has_dropped(const struct vcpu *v, u64 changes)
{
	return !__atomic_load_n(&v->in_guest, __ATOMIC_SEQ_CST) ||
	       __atomic_load_n(&v->hw.tables_flushed, __ATOMIC_ACQUIRE) >= changes;
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

bool
flush_is_done(void *owner, u64 changes)
{
	const struct vm *vm = owner;

	for (u32 i = 0; i < vm->vcpu_count; i++) {
		if (!has_dropped(vm->vcpus[i], changes))
			return false;
	}
	return true;
}
