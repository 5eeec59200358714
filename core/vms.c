/* SPDX-License-Identifier: MIT */
/* All VMs, and what they are made with: the boot loader's modules, and dev/'s platform. */
#include "core/vms.h"

#include "core/vm_console.h"
#include "core/vms_private.h"
#include "lib/format.h"
#include "lib/log.h"
#include "lib/string.h"
#include "lib/text.h"
#include "mm/heap.h"

static struct list vms = LIST_INIT(vms);
static vm_platform_maker make_platform;
static struct vms_file (*find_file)(struct slice name);

void
vms_init(vm_platform_maker maker, struct vms_file (*finder)(struct slice name))
{
	make_platform = maker;
	find_file = finder;
}

int
vms_make_platform(struct vm *vm, struct vm_tables *tables)
{
	return make_platform(vm, tables);
}

int
vms_define(const struct vm_config *config)
{
	struct vm *vm = heap_alloc(sizeof(*vm));

	if (vm == NULL)
		return fail(-ERR_NOMEM);
	vm->console = heap_alloc(sizeof(*vm->console));
	if (vm->console == NULL) {
		heap_free(vm);
		return fail(-ERR_NOMEM);
	}
	vm_console_init(vm->console);
	copy_string(vm->name, config->name, sizeof(vm->name));
	copy_string(vm->reason, config->error, sizeof(vm->reason));
	vm->config = config;
	/* Once: a VM that begins anew is started by a thread of its last life, which is of this
	 * share until it ends. */
	share_init(&vm->share, config->weight, config->cap, &config->cpus);
	vm->state = config->error[0] != '\0' ? VM_DISABLED : VM_STOPPED;
	spin_init(&vm->lock, RANK_VM, "vm");
	wait_queue_init(&vm->changed);
	list_append(&vms, &vm->link);
	return 0;
}

/* Whoever starts one under its lock finds out there, or is seen here. */
static bool
is_stopped(struct vm *vm)
{
	u64 flags = spin_lock(&vm->lock);
	bool stopped = vm->state == VM_STOPPED || vm->state == VM_DISABLED;

	spin_unlock(&vm->lock, flags);
	return stopped;
}

void
vms_stop_all(void)
{
	for (struct vm *vm = vm_next(NULL); vm != NULL; vm = vm_next(vm)) {
		if (!is_stopped(vm) && vm_stop_force(vm) != 0)
			log_info("vm %s has just stopped by itself", vm->name);
	}
}

struct vm *
vm_next(struct vm *vm)
{
	struct list *next = vm == NULL ? vms.next : vm->link.next;

	return next == &vms ? NULL : list_entry(next, struct vm, link);
}

struct vm *
vm_find(const char *name)
{
	for (struct vm *vm = vm_next(NULL); vm != NULL; vm = vm_next(vm)) {
		if (strcmp(vm->name, name) == 0)
			return vm;
	}
	return NULL;
}

/* One file, with its name closed by NUL; nothing for an empty name. */
struct named_file {
	char name[CONFIG_FILE_MAX + 1];
	struct load_file file;
};

static int
get_file(struct slice name, struct named_file *out, struct load_error *error)
{
	struct vms_file file;

	out->file = (struct load_file){.name = out->name};
	format(out->name, sizeof(out->name), "%.*s", (int)name.len, name.at);
	if (name.len == 0)
		return 0;
	file = find_file(name);
	if (file.bytes == NULL) {
		format(error->text, sizeof(error->text),
		       "file %s: the boot loader has loaded no module of this name", out->name);
		return fail(-ERR_NOENT);
	}
	out->file.bytes = file.bytes;
	out->file.len = file.len;
	return 0;
}

/* What of loading is too large for a stack. */
struct loading {
	struct named_file kernel, firmware, initrd, modules[CONFIG_MODULES_MAX];
	struct load_module load_modules[CONFIG_MODULES_MAX];
	char args[CONFIG_MODULES_MAX][256];
	char cmdline[4096];
	struct load_reserved reserved[LOAD_RESERVED_MAX];
};

static int
get_modules(const struct vm_config *config, struct loading *l, struct load_error *error)
{
	for (u32 i = 0; i < config->module_count; i++) {
		struct slice args = config->modules[i].args;
		int err = get_file(config->modules[i].file, &l->modules[i], error);

		if (err != 0)
			return err;
		format(l->args[i], sizeof(l->args[i]), "%.*s", (int)args.len, args.at);
		l->load_modules[i] = (struct load_module){l->modules[i].file, l->args[i]};
	}
	return 0;
}

static u32
get_reserved(const struct vm_tables *tables, struct loading *l)
{
	u32 count = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(tables->reserved); i++) {
		if (tables->reserved[i].size != 0)
			l->reserved[count++] =
				(struct load_reserved){tables->reserved[i].base,
						       tables->reserved[i].size, LOAD_RESERVED};
	}
	return count;
}

static int
load_all(struct vm *vm, const struct vm_tables *tables, struct loading *l, struct load_entry *entry,
	 struct load_error *error)
{
	const struct vm_config *config = vm->config;
	struct load_request request = {.memory = vm->memory, .rsdp = tables->rsdp};
	int err = get_file(config->kernel, &l->kernel, error);

	if (err == 0)
		err = get_file(config->firmware, &l->firmware, error);
	if (err == 0)
		err = get_file(config->initrd, &l->initrd, error);
	if (err == 0)
		err = get_modules(config, l, error);
	if (err != 0)
		return err;
	format(l->cmdline, sizeof(l->cmdline), "%.*s", (int)config->cmdline.len,
	       config->cmdline.at);
	request.kernel = l->kernel.file;
	request.firmware = l->firmware.file;
	request.initrd = l->initrd.file;
	request.modules = l->load_modules;
	request.module_count = config->module_count;
	request.cmdline = l->cmdline;
	request.reserved = l->reserved;
	request.reserved_count = get_reserved(tables, l);
	return load_guest(&request, entry, error);
}

int
vms_load(struct vm *vm, const struct vm_tables *tables, struct load_entry *entry,
	 struct load_error *error)
{
	struct loading *l = heap_alloc(sizeof(*l));
	int err;

	if (l == NULL) {
		format(error->text, sizeof(error->text), "not enough memory to load it");
		return fail(-ERR_NOMEM);
	}
	err = load_all(vm, tables, l, entry, error);
	heap_free(l);
	return err;
}
