/* SPDX-License-Identifier: MIT */
// SOURCES: core/vm_console.c lib/ring.c lib/lock.c lib/error.c lib/log.c lib/format.c
#include "tests/unit/test.h"

#include <string.h>

#include "core/vm_console.h"
#include "include/errors.h"

static struct vm_console c;
static unsigned wakes, readies;

/* The guest's port: it has room for so many bytes. */
static char got[64];
static size_t got_len, got_room;
static bool pump_again; /* the guest makes room while a byte is offered */

static bool
receive(void *arg, u8 byte)
{
	assert_ptr_equal(arg, &got);
	assert_false(spin_held(&c.lock));
	if (pump_again) {
		pump_again = false;
		vm_console_pump(&c);
		got_room = 1;
		return false;
	}
	if (got_room == 0)
		return false;
	got_room--;
	got[got_len++] = (char)byte;
	return true;
}

static void
transmit_ready(void *arg)
{
	assert_false(spin_held(&c.lock));
	readies++;
}

static const struct vm_console_port port = {receive, transmit_ready, &got};

static void
wake(void *arg)
{
	assert_ptr_equal(arg, &wakes);
	assert_false(spin_held(&c.lock));
	wakes++;
}

static int
begin(void **state)
{
	vm_console_init(&c);
	wakes = readies = 0;
	got_len = 0;
	got_room = sizeof(got);
	memset(got, 0, sizeof(got));
	pump_again = false;
	return 0;
}

static u32
put_pattern(u32 from, u32 count)
{
	u32 n = 0;

	while (n < count && vm_console_put(&c, (u8)((from + n) % 251)))
		n++;
	return n;
}

/* What nobody was shown begins with this byte of the pattern. */
static void
assert_reads(u32 from, u32 count, u64 want_lost)
{
	static u8 bytes[2 * VM_CONSOLE_SIZE];
	u64 lost;

	assert_int_equal(vm_console_read(&c, bytes, sizeof(bytes), &lost), count);
	assert_int_equal(lost, want_lost);
	for (u32 i = 0; i < count; i++)
		assert_int_equal(bytes[i], (from + i) % 251);
}

static void
shown_once(void **state)
{
	assert_int_equal(put_pattern(0, 100), 100);
	assert_int_equal(wakes, 0);
	assert_reads(0, 100, 0);
	assert_reads(0, 0, 0);
	assert_int_equal(put_pattern(100, 5), 5);
	assert_int_equal(vm_console_attach(&c, wake, &wakes), 0);
	assert_reads(100, 5, 0);
	vm_console_detach(&c);
	assert_reads(0, 0, 0);
}

/* With nobody there the newest 64 KiB stay, and the others are counted, once. */
static void
overwritten(void **state)
{
	assert_int_equal(put_pattern(0, VM_CONSOLE_SIZE), VM_CONSOLE_SIZE);
	assert_int_equal(put_pattern(VM_CONSOLE_SIZE, 1000), 1000);
	assert_reads(1000, VM_CONSOLE_SIZE, 1000);
	assert_int_equal(put_pattern(0, 1), 1);
	assert_reads(0, 1, 0);
}

static void
held_back(void **state)
{
	u8 byte;
	u64 lost;

	vm_console_connect(&c, &port);
	assert_int_equal(vm_console_attach(&c, wake, &wakes), 0);
	assert_int_equal(put_pattern(0, 2 * VM_CONSOLE_SIZE), VM_CONSOLE_SIZE);
	assert_int_equal(wakes, VM_CONSOLE_SIZE);
	assert_int_equal(readies, 0);
	assert_int_equal(vm_console_read(&c, &byte, 1, &lost), 1);
	assert_int_equal(readies, 1);
	assert_int_equal(vm_console_read(&c, &byte, 1, &lost), 1);
	assert_int_equal(readies, 1); /* once */
	assert_int_equal(lost, 0);
	assert_int_equal(put_pattern(VM_CONSOLE_SIZE, 3), 2);
	vm_console_detach(&c);
	assert_int_equal(readies, 2); /* from now on it overwrites */
	assert_int_equal(put_pattern(VM_CONSOLE_SIZE + 2, 3), 3);
	assert_reads(5, VM_CONSOLE_SIZE, 3);
}

/* With a mark of its own, and no effect on who reads. */
static void
looking_on(void **state)
{
	u64 from = 0, lost;
	u8 bytes[8];

	assert_int_equal(put_pattern(0, 5), 5);
	assert_int_equal(vm_console_look(&c, &from, bytes, 3, &lost), 3);
	assert_int_equal(vm_console_look(&c, &from, bytes, 8, &lost), 2);
	assert_memory_equal(bytes, "\3\4", 2);
	assert_int_equal(vm_console_look(&c, &from, bytes, 8, &lost), 0);
	assert_int_equal(put_pattern(5, VM_CONSOLE_SIZE + 7), VM_CONSOLE_SIZE + 7);
	assert_int_equal(vm_console_look(&c, &from, bytes, 1, &lost), 1);
	assert_int_equal(lost, 7);
	assert_int_equal(bytes[0], 12);
	assert_int_equal(vm_console_look(&c, &from, bytes, 1, &lost), 1);
	assert_int_equal(lost, 0);
	assert_reads(12, VM_CONSOLE_SIZE, 12);
}

/* It is told, whoever is attached, and holds nothing back. */
static void
mirrored(void **state)
{
	u64 from = 0, lost;
	u8 bytes[4];

	vm_console_set_mirror(&c, wake, &wakes);
	assert_int_equal(put_pattern(0, VM_CONSOLE_SIZE + 1), VM_CONSOLE_SIZE + 1);
	assert_int_equal(wakes, VM_CONSOLE_SIZE + 1);
	assert_int_equal(vm_console_look(&c, &from, bytes, 4, &lost), 4);
	assert_int_equal(lost, 1);
	assert_int_equal(readies, 0);
}

static void
one_reader(void **state)
{
	assert_int_equal(vm_console_attach(&c, wake, &wakes), 0);
	assert_int_equal(vm_console_attach(&c, wake, &wakes), -ERR_BUSY);
	vm_console_wake(&c);
	assert_int_equal(wakes, 1);
	vm_console_detach(&c);
	vm_console_wake(&c);
	assert_int_equal(wakes, 1);
	assert_int_equal(vm_console_attach(&c, wake, &wakes), 0);
}

static size_t
type(const char *text)
{
	return vm_console_type(&c, (const u8 *)text, strlen(text));
}

static void
typing(void **state)
{
	assert_int_equal(type("early "), 6);
	vm_console_connect(&c, &port);
	assert_string_equal(got, "early ");
	assert_int_equal(type("abc"), 3);
	assert_string_equal(got, "early abc");
	got_room = 2;
	assert_int_equal(type("defgh"), 5);
	assert_string_equal(got, "early abcde");
	vm_console_pump(&c);
	assert_string_equal(got, "early abcde");
	got_room = 10;
	vm_console_pump(&c);
	assert_string_equal(got, "early abcdefgh");
}

/* Room that came while a byte was being refused is not missed. */
static void
no_lost_pump(void **state)
{
	vm_console_connect(&c, &port);
	pump_again = true;
	assert_int_equal(type("x"), 1);
	assert_string_equal(got, "x");
}

static void
full_queue(void **state)
{
	static u8 many[VM_CONSOLE_INPUT + 10];

	got_room = 0;
	vm_console_connect(&c, &port);
	assert_int_equal(vm_console_type(&c, many, sizeof(many)), VM_CONSOLE_INPUT);
	/* one is with the port, and made room */
	assert_int_equal(vm_console_type(&c, many, 2), 1);
	assert_int_equal(vm_console_type(&c, many, 1), 0);
}

/* What was typed for one life of the guest is not for its next. */
static void
disconnected(void **state)
{
	got_room = 1;
	vm_console_connect(&c, &port);
	assert_int_equal(type("abc"), 3);
	vm_console_disconnect(&c);
	got_room = 10;
	vm_console_pump(&c);
	vm_console_connect(&c, &port);
	assert_string_equal(got, "a");
	assert_int_equal(type("z"), 1);
	assert_string_equal(got, "az");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(shown_once, begin),
		cmocka_unit_test_setup(overwritten, begin),
		cmocka_unit_test_setup(held_back, begin),
		cmocka_unit_test_setup(looking_on, begin),
		cmocka_unit_test_setup(mirrored, begin),
		cmocka_unit_test_setup(one_reader, begin),
		cmocka_unit_test_setup(typing, begin),
		cmocka_unit_test_setup(no_lost_pump, begin),
		cmocka_unit_test_setup(full_queue, begin),
		cmocka_unit_test_setup(disconnected, begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
