/* SPDX-License-Identifier: MIT */
/* The VMs of the configuration: defined, and those started that want it. */
#include "arch/x86_64/time.h"
#include "arch/x86_64/virt.h"
#include "boot/boot.h"
#include "boot/platform.h"
#include "core/cpuid.h"
#include "core/msr.h"
#include "core/power.h"
#include "core/vms.h"
#include "drivers/rtc.h"
#include "mm/direct.h"
#include "net/network.h"
#include "sched/thread.h"

static const struct boot_info *boot;

static struct vms_file
find_module(struct slice name)
{
	for (unsigned i = 0; i < boot->module_count; i++) {
		const struct boot_module *m = &boot->modules[i];

		if (config_file_is(name, m->name))
			return (struct vms_file){hpa_to_ptr(m->base), m->length};
	}
	return (struct vms_file){0};
}

static u64
time_of_day(void)
{
	u64 seconds;

	if (rtc_read(&seconds) == 0)
		return seconds - clock_ns() / NS_PER_S;
	log_warn("the real-time clock can't be read: guests begin in 2020");
	return rtc_seconds(2020, 1, 1, 0, 0, 0);
}

static void
start(struct vm *vm)
{
	int err = vm_start_end(vm);

	if (err != 0)
		log_error("VM %s did not start: %s", vm->name,
			  vm->reason[0] != '\0' ? vm->reason : error_text(err));
	else
		log_info("VM %s runs", vm->name);
}

void
guests_define(const struct boot_info *info, const struct config *config)
{
	boot = info;
	cpuid_policy_init();
	msr_policy_init();
	platform_init(time_of_day());
	vms_init(platform_make, find_module);
	for (u32 i = 0; i < config->vm_count; i++) {
		if (vms_define(&config->vms[i]) != 0)
			log_error("VM %s: no memory for its definition", config->vms[i].name);
	}
}

/* That it is said to start, and not stopped, is so before anybody can type a command. */
void
guests_announce(void)
{
	const struct vm *first = NULL;

	for (struct vm *vm = vm_next(NULL); vm != NULL; vm = vm_next(vm)) {
		if (!vm->config->autostart || vm_start_begin(vm) != 0)
			continue;
		log_info("VM %s starts", vm->name);
		if (first == NULL)
			first = vm;
	}
	if (first == NULL)
		return;
	log_info("try: vm list, what the VMs do; %shelp, all commands",
		 network_next(NULL) != NULL ? "net list, their networks; " : "");
	log_info("     console %s, its console; Ctrl-] comes back", first->name);
	log_info("     vm stop %s, which presses its power button", first->name);
}

/* Whether guests_announce() has begun it: nobody else changes that. */
static bool
is_begun(const struct vm *vm)
{
	return vm->config->autostart && vm->state == VM_STOPPING;
}

static void
start_all(void *unused __unused)
{
	for (struct vm *vm = vm_next(NULL); vm != NULL; vm = vm_next(vm)) {
		if (is_begun(vm))
			start(vm);
	}
}

/* By a thread that goes before vCPUs, or the first VM might keep the others from starting. */
void
guests_start(void)
{
	struct vm *vm = vm_next(NULL);

	while (vm != NULL && !is_begun(vm))
		vm = vm_next(vm);
	if (vm == NULL ||
	    thread_create("autostart", start_all, NULL, PRIORITY_NORMAL, 0, NULL) == 0)
		return;
	log_error("no VM starts by itself: no memory for the thread that would do it");
	for (; vm != NULL; vm = vm_next(vm)) {
		if (is_begun(vm))
			vm_start_cancel(vm);
	}
}
