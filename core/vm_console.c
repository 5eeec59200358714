/* SPDX-License-Identifier: MIT */
/*
 * The console's ring. `written` and `shown` count bytes for ever: byte n is at n modulo the size,
 * and what is between the two marks nobody has been shown.
 */
#include "core/vm_console.h"

#include "include/errors.h"
#include "include/intrin.h"

_Static_assert((VM_CONSOLE_SIZE & (VM_CONSOLE_SIZE - 1)) == 0, "the ring's size is a mask");

void
vm_console_init(struct vm_console *c)
{
	spin_init(&c->lock, RANK_CONSOLE, "VM console");
	c->written = c->shown = c->lost = 0;
	c->attached = c->held_back = c->connected = c->has_pending = false;
	c->wake = c->mirror = NULL;
	c->calls = c->pumps = 0;
	ring_init(&c->typed, c->typed_bytes, VM_CONSOLE_INPUT);
}

/* A callback of the port may run until end_call(). False: there is no port. */
static bool
begin_call(struct vm_console *c, struct vm_console_port *port)
{
	u64 flags = spin_lock(&c->lock);
	bool connected = c->connected;

	*port = c->port;
	if (connected)
		__atomic_add_fetch(&c->calls, 1, __ATOMIC_RELAXED);
	spin_unlock(&c->lock, flags);
	return connected;
}

static void
end_call(struct vm_console *c)
{
	__atomic_sub_fetch(&c->calls, 1, __ATOMIC_RELEASE);
}

void
vm_console_connect(struct vm_console *c, const struct vm_console_port *port)
{
	u64 flags = spin_lock(&c->lock);

	c->port = *port;
	c->connected = true;
	c->held_back = false;
	spin_unlock(&c->lock, flags);
	vm_console_pump(c);
}

/* Callbacks are short and don't sleep, so this is soon over. */
void
vm_console_disconnect(struct vm_console *c)
{
	u64 flags = spin_lock(&c->lock);
	u8 byte;

	c->connected = false;
	spin_unlock(&c->lock, flags);
	while (__atomic_load_n(&c->calls, __ATOMIC_ACQUIRE) != 0)
		cpu_relax();
	c->has_pending = false;
	while (ring_get(&c->typed, &byte, 1) > 0)
		continue;
}

static void
offer_all(struct vm_console *c, const struct vm_console_port *port)
{
	for (;;) {
		if (!c->has_pending && ring_get(&c->typed, &c->pending, 1) == 0)
			return;
		c->has_pending = !port->receive(port->arg, c->pending);
		if (c->has_pending)
			return;
	}
}

/*
 * Whoever makes the count of requests rise from 0 does the work, also that of those who come in
 * between: the port is offered each byte by one thread at a time, and no request is lost.
 */
void
vm_console_pump(struct vm_console *c)
{
	struct vm_console_port port;
	u32 requests;

	if (!begin_call(c, &port))
		return;
	if (__atomic_fetch_add(&c->pumps, 1, __ATOMIC_ACQ_REL) == 0) {
		do {
			requests = __atomic_load_n(&c->pumps, __ATOMIC_ACQUIRE);
			offer_all(c, &port);
		} while (__atomic_sub_fetch(&c->pumps, requests, __ATOMIC_ACQ_REL) != 0);
	}
	end_call(c);
}

/* What is to be called when there is output, once the lock is let go. */
struct call {
	void (*fn)(void *arg);
	void *arg;
};

static void
call(struct call c)
{
	if (c.fn != NULL)
		c.fn(c.arg);
}

/* With room for it. */
static struct call
put(struct vm_console *c, u8 byte)
{
	if (c->written - c->shown == VM_CONSOLE_SIZE) {
		c->shown++;
		c->lost++;
	}
	c->output[c->written++ % VM_CONSOLE_SIZE] = byte;
	return c->attached ? (struct call){c->wake, c->wake_arg} : (struct call){NULL, NULL};
}

bool
vm_console_put(struct vm_console *c, u8 byte)
{
	u64 flags = spin_lock(&c->lock);
	bool full = c->attached && c->written - c->shown == VM_CONSOLE_SIZE;
	struct call wake = {NULL, NULL}, mirror = {c->mirror, c->mirror_arg};

	if (full)
		c->held_back = true;
	else
		wake = put(c, byte);
	spin_unlock(&c->lock, flags);
	call(wake);
	call(mirror);
	return !full;
}

/* Room again for a byte that was refused. */
static void
end_hold(struct vm_console *c, bool held)
{
	struct vm_console_port port;

	if (!held || !begin_call(c, &port))
		return;
	port.transmit_ready(port.arg);
	end_call(c);
}

int
vm_console_attach(struct vm_console *c, void (*wake)(void *arg), void *arg)
{
	u64 flags = spin_lock(&c->lock);
	bool busy = c->attached;

	if (!busy) {
		c->attached = true;
		c->wake = wake;
		c->wake_arg = arg;
	}
	spin_unlock(&c->lock, flags);
	return busy ? fail(-ERR_BUSY) : 0;
}

void
vm_console_detach(struct vm_console *c)
{
	u64 flags = spin_lock(&c->lock);
	bool held = c->held_back;

	c->attached = c->held_back = false;
	c->wake = NULL;
	spin_unlock(&c->lock, flags);
	end_hold(c, held);
}

size_t
vm_console_read(struct vm_console *c, u8 *bytes, size_t len, u64 *lost)
{
	u64 flags = spin_lock(&c->lock);
	size_t n = MIN(len, (size_t)(c->written - c->shown));
	bool held = c->held_back && n > 0;

	for (size_t i = 0; i < n; i++)
		bytes[i] = c->output[c->shown++ % VM_CONSOLE_SIZE];
	*lost = c->lost;
	c->lost = 0;
	if (held)
		c->held_back = false;
	spin_unlock(&c->lock, flags);
	end_hold(c, held);
	return n;
}

void
vm_console_set_mirror(struct vm_console *c, void (*mirror)(void *arg), void *arg)
{
	u64 flags = spin_lock(&c->lock);

	c->mirror = mirror;
	c->mirror_arg = arg;
	spin_unlock(&c->lock, flags);
}

size_t
vm_console_look(struct vm_console *c, u64 *from, u8 *bytes, size_t len, u64 *lost)
{
	u64 flags = spin_lock(&c->lock), oldest = c->written - MIN(c->written, VM_CONSOLE_SIZE);
	size_t n;

	*lost = *from < oldest ? oldest - *from : 0;
	*from += *lost;
	n = MIN(len, (size_t)(c->written - *from));
	for (size_t i = 0; i < n; i++)
		bytes[i] = c->output[(*from)++ % VM_CONSOLE_SIZE];
	spin_unlock(&c->lock, flags);
	return n;
}

size_t
vm_console_type(struct vm_console *c, const u8 *bytes, size_t len)
{
	size_t n = 0;

	while (n < len && ring_put(&c->typed, bytes[n]))
		n++;
	vm_console_pump(c);
	return n;
}

void
vm_console_wake(struct vm_console *c)
{
	u64 flags = spin_lock(&c->lock);
	struct call wake = {c->wake, c->wake_arg};

	spin_unlock(&c->lock, flags);
	call(wake);
}
