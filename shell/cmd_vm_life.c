/* SPDX-License-Identifier: MIT */
/* vm start, stop, pause, resume and reset: core/vms.h's functions, and sentences for their errors.
 */
#include "shell/cmd_vm_parts.h"

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
	if (err == -ERR_EXISTS)
		return command_error(call, err, "%s is not paused, it is running", vm->name);
	return command_error(call, err, "%s: %s", vm->name, error_text(err));
}

int
vm_stop_command(const struct command_call *call)
{
	if (call->argc < 4)
		return command_error(call, fail(-ERR_INVAL),
				     "a VM can only be stopped as if its plug were pulled: type vm "
				     "stop %s --force",
				     call->argv[2]);
	return change(call, vm_stop_force);
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
