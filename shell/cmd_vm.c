/* SPDX-License-Identifier: MIT */
/* vm: its subcommands, and how they find and look at a VM. */
#include "shell/cmd_vm.h"

#include "lib/string.h"
#include "shell/cmd_vm_parts.h"
#include "shell/group.h"

static const struct subcommand subcommands[] = {
	/* clang-format off */
	{"list", "[-j]", {NULL}, NULL, false, true, vm_list},
	{"info", "NAME [-j]", {NULL}, vm_name_at, false, true, vm_info},
	{"start", "NAME", {NULL}, vm_name_at, false, false, vm_start_command},
	{"stop", "NAME [--force]", {"--force"}, vm_name_at, false, false, vm_stop_command},
	{"pause", "NAME", {NULL}, vm_name_at, false, false, vm_pause_command},
	{"resume", "NAME", {NULL}, vm_name_at, false, false, vm_resume_command},
	{"reset", "NAME", {NULL}, vm_name_at, false, false, vm_reset_command},
	{"stats", "NAME [-j]", {NULL}, vm_name_at, false, true, vm_stats},
	{"top", "[-j]", {NULL}, NULL, false, true, vm_top},
	{"dump", "NAME", {NULL}, vm_name_at, false, false, vm_dump},
	{"send", "NAME nmi|power", {"nmi", "power"}, vm_name_at, true, false, vm_send_command},
	/* clang-format on */
};

static const struct group group = {subcommands, ARRAY_SIZE(subcommands)};

void
vm_look_at(struct vm *vm, struct vm_look *look)
{
	u64 flags = spin_lock(&vm->lock);

	*look = (struct vm_look){.state = (enum vm_state)vm->state};
	memcpy(look->reason, vm->reason, sizeof(look->reason));
	if (vm->state == VM_RUNNING || vm->state == VM_PAUSED)
		guest_memory_pages(vm->memory, look->pages);
	spin_unlock(&vm->lock, flags);
}

const char *
vm_name_at(unsigned n)
{
	struct vm *vm = vm_next(NULL);

	while (n-- > 0 && vm != NULL)
		vm = vm_next(vm);
	return vm != NULL ? vm->name : NULL;
}

struct vm_size_text
vm_size_text(u64 bytes)
{
	struct vm_size_text t;

	if (bytes % GiB == 0)
		format(t.text, sizeof(t.text), "%luG", bytes / GiB);
	else
		format(t.text, sizeof(t.text), "%luM", bytes / MiB);
	return t;
}

struct vm *
vm_named(const struct command_call *call, const char *name)
{
	struct vm *vm = vm_find(name);
	const char *near;

	if (vm != NULL)
		return vm;
	near = group_near_name(name, vm_name_at);
	if (near != NULL)
		command_error(call, -ERR_NOENT, "there is no VM \"%s\"; did you mean %s?", name,
			      near);
	else
		command_error(call, -ERR_NOENT, "there is no VM \"%s\"; vm list shows all", name);
	return NULL;
}

const struct command cmd_vm = {
	.name = "vm",
	.usage = "[list | info NAME | start NAME | ...]",
	.summary = "the virtual machines: shows, starts and stops them",
	.details =
		"vm list               all of them\n"
		"vm info NAME          one, with what it is made of\n"
		"vm start NAME         starts it; returns once the guest runs\n"
		"vm stop NAME          presses its power button, and waits for its end as long as\n"
		"                      stop-timeout says; Ctrl-C ends the wait\n"
		"vm stop NAME --force  ends it at once, as pulling the plug would\n"
		"vm pause NAME         it and its clock stand still, until ...\n"
		"vm resume NAME        ... it goes on\n"
		"vm reset NAME         starts it anew, as the reset button would\n"
		"vm stats NAME         what it has cost: CPU time, exits, interrupts\n"
		"vm top                the same as it goes, every second, until q or Ctrl-C; -j: "
		"once\n"
		"vm dump NAME          registers, call stack and code of its vCPUs, as they are "
		"now\n"
		"vm send NAME power    presses its power button, and no more\n"
		"vm send NAME nmi      an NMI at LINT1 of its local APICs, as from a button for "
		"it\n"
		"A VM's serial console is shown by: console NAME\n",
	.args_max = 3,
	.has_json = true,
	.group = &group,
	.run = group_run,
	.completion_after = group_completion,
};
