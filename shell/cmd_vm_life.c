/* SPDX-License-Identifier: MIT */
/* vm start, stop, pause, resume, reset and send: core/vms.h's functions, and sentences for their
 * errors. */
#include "arch/x86_64/time.h"
#include "include/bits.h"
#include "lib/string.h"
#include "shell/cmd_vm_parts.h"

/* How often it looks for Ctrl-C. */
#define LOOK_NS (50 * NS_PER_MS)

static int
start_error(const struct command_call *call, struct vm *vm, int err)
{
	struct vm_look look;

	vm_look_at(vm, &look);
	switch (err) {
	case -ERR_BUSY:
		return command_error(call, err, "%s is already %s", vm->name,
				     vm_state_name(look.state));
	case -ERR_DENIED:
		return command_error(call, err, "%s is disabled: %s", vm->name, look.reason);
	case -ERR_NODEV:
		return command_error(call, err,
				     "this machine can't run VMs; type log warn to see what it "
				     "lacks");
	default: break;
	}
	if (look.reason[0] != '\0')
		return command_error(call, err, "%s did not start: %s", vm->name, look.reason);
	return command_error(call, err, "%s did not start: %s", vm->name, error_text(err));
}

int
vm_start_command(const struct command_call *call)
{
	struct vm *vm = vm_named(call, call->argv[2]);
	int err;

	if (vm == NULL)
		return fail(-ERR_NOENT);
	err = vm_start(vm);
	return err != 0 ? start_error(call, vm, err) : 0;
}

/* Of what needs a VM that runs. */
static int
change(const struct command_call *call, int (*fn)(struct vm *vm))
{
	struct vm *vm = vm_named(call, call->argv[2]);
	struct vm_look look;
	int err;

	if (vm == NULL)
		return fail(-ERR_NOENT);
	err = fn(vm);
	if (err == 0)
		return 0;
	vm_look_at(vm, &look);
	if (err == -ERR_NOENT)
		return command_error(call, err, "%s is not running, it is %s", vm->name,
				     vm_state_name(look.state));
	if (err == -ERR_BUSY)
		return command_error(call, err,
				     "%s is paused and sees no power button; type vm resume %s "
				     "first, or vm stop %s --force",
				     vm->name, vm->name, vm->name);
	if (err == -ERR_EXISTS)
		return command_error(call, err, "%s is not paused, it is running", vm->name);
	return command_error(call, err, "%s: %s", vm->name, error_text(err));
}

/* Ctrl-C ends the wait, but the button has been pressed: like at the limit, it may still end. */
static int
wait_for_end(const struct command_call *call, struct vm *vm)
{
	u64 begin = clock_ns(), limit = vm->config->stop_timeout_ms * NS_PER_MS, waited = 0;

	while (!vm_wait_stopped(vm, MIN(limit - waited, LOOK_NS))) {
		waited = clock_ns() - begin;
		if (waited >= limit)
			return command_error(
				call, fail(-ERR_TIMEOUT),
				"%s still runs %lu.%lu s after its power button was pressed; vm "
				"stop %s --force ends it at once",
				vm->name, limit / NS_PER_S, limit / (NS_PER_S / 10) % 10, vm->name);
		if (command_interrupted())
			return command_error(
				call, fail(-ERR_TIMEOUT),
				"%s still runs, its power button was pressed; vm stop %s --force "
				"ends it at once",
				vm->name, vm->name);
	}
	return 0;
}

int
vm_stop_command(const struct command_call *call)
{
	int err = change(call, call->argc > 3 ? vm_stop_force : vm_stop);

	return err != 0 || call->argc > 3 ? err : wait_for_end(call, vm_find(call->argv[2]));
}

int
vm_send_command(const struct command_call *call)
{
	return change(call, strcmp(call->argv[3], "nmi") == 0 ? vm_send_nmi : vm_press_power);
}

int
vm_pause_command(const struct command_call *call)
{
	return change(call, vm_pause);
}

int
vm_resume_command(const struct command_call *call)
{
	return change(call, vm_resume);
}

int
vm_reset_command(const struct command_call *call)
{
	return change(call, vm_reset);
}
