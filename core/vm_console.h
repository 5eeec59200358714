/* SPDX-License-Identifier: MIT */
/*
 * The console of a VM, between its serial port and whoever looks at it: the newest 64 KiB of
 * output, with a mark at what nobody has been shown yet, and what was typed for the guest.
 *
 * With nobody attached the oldest bytes are overwritten, and counted. With somebody attached none
 * are: a byte that finds no room is refused, which holds back the guest's transmitter until the
 * reader has made room.
 *
 * Any thread; one reader at a time is attached. Lock: RANK_CONSOLE, the console's own. The
 * callbacks run without it.
 */
#pragma once

#include "lib/lock.h"
#include "lib/ring.h"

enum { VM_CONSOLE_SIZE = 64 * 1024, VM_CONSOLE_INPUT = 4096 };

/*
 * The guest's serial port, as the console calls it: without a lock, on the reader's thread or on
 * that of who calls vm_console_pump(). They must not sleep.
 */
struct vm_console_port {
	/* A typed byte; false when there is no room: then vm_console_pump() once there is. */
	bool (*receive)(void *arg, u8 byte);
	/* There is room for output again after vm_console_put() had said no. */
	void (*transmit_ready)(void *arg);
	void *arg;
};

struct vm_console {
	struct spinlock lock; /* guards the output, `attached`, `wake` and `port` */
	u64 written, shown;   /* bytes ever; shown is the mark */
	u64 lost;	      /* of those not shown, since the last look: overwritten */
	bool attached;
	bool held_back; /* a byte was refused: transmit_ready() is due */
	void (*wake)(void *arg);
	void *wake_arg;
	void (*mirror)(void *arg); /* who looks on for good, or NULL */
	void *mirror_arg;
	bool connected;
	struct vm_console_port port;
	u32 calls;	  /* callbacks of the port that run now; atomic */
	u32 pumps;	  /* requests to pump that are not done; atomic */
	bool has_pending; /* the pump's own: a byte that the port had no room for */
	u8 pending;
	struct ring typed; /* the attached reader puts, the pump gets */
	u8 typed_bytes[VM_CONSOLE_INPUT];
	u8 output[VM_CONSOLE_SIZE];
};

void vm_console_init(struct vm_console *c);

/* The guest's side. */

/* While the VM runs; the port is copied. */
void vm_console_connect(struct vm_console *c, const struct vm_console_port *port);
/* When it returns no callback of the port runs any more, and what was typed is dropped. With
 * interrupts on and no lock held. */
void vm_console_disconnect(struct vm_console *c);
/* A byte that the guest sends. May be called under locks below RANK_WAIT. False: held back, the
 * byte is still the caller's. */
__must_check bool vm_console_put(struct vm_console *c, u8 byte);
/* Gives the port what was typed, as long as it takes it. */
void vm_console_pump(struct vm_console *c);

/* The reader's side. */

/*
 * -ERR_BUSY when somebody is attached. From here on `wake` is called when there is output, and by
 * vm_console_wake().
 */
__must_check int vm_console_attach(struct vm_console *c, void (*wake)(void *arg), void *arg);
void vm_console_detach(struct vm_console *c);
/* Bytes that nobody has been shown, which now are; before them *lost were overwritten. */
size_t vm_console_read(struct vm_console *c, u8 *bytes, size_t len, u64 *lost);
/*
 * For those who look on, attached or not: bytes from number *from on, which moves behind them; what
 * is no longer there of them is counted in *lost. Nothing of it counts as shown.
 */
size_t vm_console_look(struct vm_console *c, u64 *from, u8 *bytes, size_t len, u64 *lost);
/* Once: from here on it is called when there is output; as vm_console_put(), it must not sleep. */
void vm_console_set_mirror(struct vm_console *c, void (*mirror)(void *arg), void *arg);
/* What was typed; answers how many bytes there was room for. */
size_t vm_console_type(struct vm_console *c, const u8 *bytes, size_t len);

/* Makes the reader look again: the VM's state has changed. */
void vm_console_wake(struct vm_console *c);
