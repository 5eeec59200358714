/* SPDX-License-Identifier: MIT */
/* Virtualisation on and off on all CPUs; power-off and reboot. */
#include "core/power.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/io.h"
#include "arch/x86_64/reset.h"
#include "arch/x86_64/smp.h"
#include "arch/x86_64/time.h"
#include "arch/x86_64/virt.h"
#include "core/vms.h"
#include "drivers/acpi_power.h"
#include "drivers/pci.h"
#include "include/intrin.h"
#include "include/panic.h"
#include "lib/log.h"
#include "mm/direct.h"
#include "mm/frame.h"

static int first_error;
static bool is_on; /* on all CPUs */
static void (*last_act)(void);

/* On the CPU itself, interrupts off. */
static void
turn_on(void *unused __unused)
{
	struct cpu *cpu = this_cpu();
	int err = virt_ops()->cpu_on(hpa_to_ptr(cpu->virt_page), cpu->virt_page);

	cpu->virt_on = err == 0;
	if (err != 0)
		first_error = err;
}

static void
turn_off(void *unused __unused)
{
	virt_ops()->cpu_off();
	this_cpu()->virt_on = false;
}

/* cpu_call() on the own CPU is a plain call: interrupts off here too. */
static void
call_with_irqs_off(u32 cpu, void (*fn)(void *))
{
	u64 flags;

	if (cpu != cpu_index()) {
		if (cpu_get(cpu)->online && cpu_call(cpu, fn, NULL) != 0)
			panic("CPU %u is gone", cpu);
		return;
	}
	flags = irq_save();
	fn(NULL);
	irq_restore(flags);
}

static int
allocate_page(struct cpu *cpu)
{
	int err = frame_alloc(0, &cpu->virt_page);

	if (err != 0)
		cpu->virt_page = HPA(0);
	return err;
}

int
virt_on_all(void)
{
	first_error = 0;
	for (u32 i = 0; i < cpu_count() && first_error == 0; i++) {
		if (!cpu_get(i)->online)
			continue;
		first_error = allocate_page(cpu_get(i));
		if (first_error == 0)
			call_with_irqs_off(i, turn_on);
		if (first_error != 0)
			log_warn("%s can't be turned on on CPU %u (%s): VMs can't run",
				 virt_ops()->name, i, error_text(first_error));
	}
	is_on = first_error == 0;
	if (!is_on)
		virt_off_all();
	return first_error;
}

void
virt_off_all(void)
{
	if (virt_ops() == NULL)
		return;
	is_on = false;
	for (u32 i = 0; i < cpu_count(); i++) {
		struct cpu *cpu = cpu_get(i);

		if (cpu->virt_page.v == 0)
			continue;
		if (cpu->virt_on)
			call_with_irqs_off(i, turn_off);
		frame_free(cpu->virt_page, 1);
		cpu->virt_page = HPA(0);
	}
}

bool
virt_is_on(void)
{
	return READ_ONCE(is_on);
}

void
power_set_farewell(void (*farewell)(void))
{
	last_act = farewell;
}

static void
let_go(void)
{
	WRITE_ONCE(is_on, false); /* no VM starts any more */
	vms_stop_all();
	if (last_act != NULL)
		last_act();
	virt_off_all();
	pci_bus_master_off_all();
}

int
power_off(void)
{
	let_go();
	return acpi_power_off();
}

int
power_reboot(void)
{
	int err;

	let_go();
	err = acpi_reset();
	if (err != 0)
		log_info("reboot: the ACPI reset register: %s", error_text(err));
	reset_machine();
	return fail(-ERR_TIMEOUT);
}
