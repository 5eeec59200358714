/* SPDX-License-Identifier: MIT */
/* vm: finds the subcommand, checks its words, and runs it. */
#include "shell/cmd_vm.h"

#include "lib/distance.h"
#include "lib/string.h"
#include "shell/cmd_vm_parts.h"

enum { ARG_NAME = 2, ARG_OPTION = 3 };

static const struct subcommand {
	const char *name;
	const char *usage;
	const char *option; /* that may follow the VM's name, or NULL */
	bool takes_vm, has_json;
	int (*run)(const struct command_call *call);
} subcommands[] = {
	{"list",	 "[-j]",	 NULL,      false, true,  vm_list	   },
	{"info",	 "NAME [-j]",    NULL,	    true,  true,	vm_info	       },
	{"start",  "NAME",	  NULL,	true,  false, vm_start_command },
	{"stop",	 "NAME --force", "--force", true,  false, vm_stop_command	},
	{"pause",  "NAME",	  NULL,	true,  false, vm_pause_command },
	{"resume", "NAME",	   NULL,	 true,  false, vm_resume_command},
	{"reset",  "NAME",	  NULL,	true,  false, vm_reset_command },
};

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
	struct near_miss near = near_miss_begin(name);
	const char *known;

	if (vm != NULL)
		return vm;
	for (unsigned n = 0; (known = vm_name_at(n)) != NULL; n++)
		near_miss_try(&near, known);
	if (near.best != NULL)
		command_error(call, -ERR_NOENT, "there is no VM \"%s\"; did you mean %s?", name,
			      near.best);
	else
		command_error(call, -ERR_NOENT, "there is no VM \"%s\"; vm list shows all", name);
	return NULL;
}

static const struct subcommand *
find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(subcommands); i++) {
		if (strcmp(subcommands[i].name, name) == 0)
			return &subcommands[i];
	}
	return NULL;
}

static int
unknown(const struct command_call *call, const char *name)
{
	struct near_miss near = near_miss_begin(name);

	for (size_t i = 0; i < ARRAY_SIZE(subcommands); i++)
		near_miss_try(&near, subcommands[i].name);
	if (near.best != NULL)
		return command_error(call, fail(-ERR_INVAL),
				     "vm knows no \"%s\"; did you mean vm %s?", name, near.best);
	return command_error(call, fail(-ERR_INVAL), "vm knows no \"%s\"; try help vm", name);
}

static bool
words_fit(const struct command_call *call, const struct subcommand *s)
{
	unsigned most = !s->takes_vm ? ARG_NAME : s->option == NULL ? ARG_OPTION : ARG_OPTION + 1;

	if (call->json && !s->has_json)
		return false;
	if (call->argc > most || (s->takes_vm && call->argc < ARG_OPTION))
		return false;
	return call->argc <= ARG_OPTION || strcmp(call->argv[ARG_OPTION], s->option) == 0;
}

static int
run(const struct command_call *call)
{
	const char *name = call->argc > 1 ? call->argv[1] : "list";
	const struct subcommand *s = find(name);

	if (s == NULL)
		return unknown(call, name);
	if (!words_fit(call, s))
		return command_error(call, fail(-ERR_INVAL), "usage: vm %s %s", s->name, s->usage);
	return s->run(call);
}

static const char *
completion(const char *const *words, unsigned arg, unsigned n)
{
	const struct subcommand *s = arg > 1 ? find(words[1]) : NULL;

	if (arg == 1)
		return n < ARRAY_SIZE(subcommands) ? subcommands[n].name : NULL;
	if (s == NULL || !s->takes_vm)
		return NULL;
	if (arg == ARG_NAME)
		return vm_name_at(n);
	return n == 0 ? s->option : NULL;
}

const struct command cmd_vm = {
	.name = "vm",
	.usage = "[list | info NAME | start NAME | ...]",
	.summary = "the virtual machines: shows, starts and stops them",
	.details = "vm list               all of them\n"
		   "vm info NAME          one, with what it is made of\n"
		   "vm start NAME         starts it; returns once the guest runs\n"
		   "vm stop NAME --force  ends it at once, as pulling the plug would\n"
		   "vm pause NAME         it and its clock stand still, until ...\n"
		   "vm resume NAME        ... it goes on\n"
		   "vm reset NAME         starts it anew, as the reset button would\n"
		   "A VM's serial console is shown by: console NAME\n",
	.args_max = 3,
	.has_json = true,
	.run = run,
	.completion_after = completion,
};
