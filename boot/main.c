/* SPDX-License-Identifier: MIT */
/*
 * The boot, read from top to bottom: from what the boot loader has left to the shell's prompt.
 * Interrupts are off until the local APIC and the timers work.
 */
#include "boot/boot.h"

#include "arch/x86_64/clock.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/features.h"
#include "arch/x86_64/idt.h"
#include "arch/x86_64/paging.h"
#include "arch/x86_64/smp.h"
#include "arch/x86_64/time.h"
#include "arch/x86_64/tsc.h"
#include "boot/multiboot2.h"
#include "boot/network.h"
#include "core/power.h"
#include "drivers/acpi.h"
#include "drivers/acpi_power.h"
#include "drivers/e1000/nic.h"
#include "drivers/pci.h"
#include "include/intrin.h"
#include "include/panic.h"
#include "lib/string.h"
#include "mm/direct.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "mm/kmap.h"
#include "sched/thread.h"
#include "shell/console.h"

enum { STACK_PAGES = 4 };

/* Errors of ashlar.conf that are logged: a file of nothing else would keep a serial line busy for
 * a quarter of an hour. */
enum { CONFIG_ERRORS_SHOWN = 24 };

u64 __stack_chk_guard;
static u8 early_stack[IST_STACK_SIZE] __aligned(16); /* for NMI, #DF, #MC: each ends the boot */
static struct boot_info info;
static struct config config;
static const struct boot_module *config_module; /* ashlar.conf; NULL without one */
static u32 config_errors;
static u64 tsc_at_start;

void boot_main(u32 magic, u32 info_address, u64 image, u64 tsc);
__noreturn void run_on_stack(void *top, void (*fn)(void)); /* entry.asm */

__noreturn void __stack_chk_fail(void);

void
__stack_chk_fail(void)
{
	panic("the stack was overrun: the canary has changed");
}

static void
report_config(struct config_report *report __unused, u32 line, const char *text)
{
	if (line == 0)
		log_warn("command line: %s", text);
	else if (config_errors++ < CONFIG_ERRORS_SHOWN)
		log_warn("ashlar.conf:%u: %s", line, text);
}

static const char *
check_file(struct config_report *report __unused, struct slice file)
{
	for (unsigned i = 0; i < info.module_count; i++) {
		if (config_file_is(file, info.modules[i].name))
			return NULL;
	}
	return "a boot module of this name (GRUB: module2 FILE NAME)";
}

/* The first module of this name; NULL without one. */
static const struct boot_module *
find_module(const char *name)
{
	const struct boot_module *found = NULL;

	for (unsigned i = 0; i < info.module_count; i++) {
		if (strcmp(info.modules[i].name, name) != 0)
			continue;
		if (found == NULL)
			found = &info.modules[i];
		else
			log_warn("boot: a second module named %s is not used", name);
	}
	return found;
}

/* Of the configuration only what concerns the console; without one the defaults hold. */
static void
read_host_config(void)
{
	config_module = find_module("ashlar.conf");
	config_defaults(&config);
	if (config_module != NULL)
		config_parse_host(hpa_to_ptr(config_module->base), config_module->length, &config);
	config_parse_cmdline(info.command_line, &config, NULL);
	log_set_level(config.log);
}

/* All of it, now that there is memory for the VMs. */
static void
read_config(void)
{
	struct config_report report = {report_config, check_file};

	if (config.vm_room > 0)
		config.vms = heap_alloc(config.vm_room * sizeof(*config.vms));
	if (config.vm_room > 0 && config.vms == NULL)
		panic("no memory for the configuration of %u VMs", config.vm_room);
	if (config.net_room > 0)
		config.nets = heap_alloc(config.net_room * sizeof(*config.nets));
	if (config.net_room > 0 && config.nets == NULL)
		panic("no memory for the configuration of %u networks", config.net_room);
	if (config_module != NULL)
		(void)config_parse(hpa_to_ptr(config_module->base), config_module->length, &config,
				   &report);
	if (config_errors > CONFIG_ERRORS_SHOWN)
		log_warn("ashlar.conf has %u more errors: mkimage CONFIG --check shows all",
			 config_errors - CONFIG_ERRORS_SHOWN);
	config_parse_cmdline(info.command_line, &config, &report);
}

static void
load_early_tables(void)
{
	void *stacks[IST_COUNT];

	for (unsigned i = IST_NMI; i < IST_COUNT; i++)
		stacks[i] = early_stack + sizeof(early_stack);
	idt_init();
	cpu_set_stacks(&boot_cpu, stacks);
	cpu_load_tables(&boot_cpu);
}

/* From here on every stack has a page below it that is not mapped. */
static void *
load_guarded_stacks(void)
{
	void *stacks[IST_COUNT], *top;
	int err = kmap_stack(STACK_PAGES, &top);

	for (unsigned i = IST_NMI; i < IST_COUNT && err == 0; i++)
		err = kmap_stack(IST_STACK_SIZE / PAGE_SIZE, &stacks[i]);
	if (err != 0)
		panic("no memory for the stacks");
	cpu_set_stacks(&boot_cpu, stacks);
	return top;
}

static const void *
map_table(hpa_t address, size_t length)
{
	void *view;

	return kmap_table(address, length, &view) == 0 ? view : NULL;
}

static void
unmap_table(const void *view, size_t length __unused)
{
	kmap_unmap(view);
}

static volatile void *
map_registers(hpa_t address, size_t length)
{
	void *regs;

	return kmap_device(address, length, PT_UC, &regs) == 0 ? regs : NULL;
}

static void
read_tables(void)
{
	static const struct acpi_ops ops = {map_table, unmap_table};
	int err = acpi_init(&info.rsdp, &ops);

	if (err != 0)
		log_warn("ACPI: no tables (%s): one CPU, and no power-off", error_text(err));
	acpi_power_init(map_registers);
}

/* What the boot has cost, less what it spent waiting: `make bench` reads this line. */
static void
report_cost(void)
{
	log_info(
		"boot: %lu ticks to the prompt, %lu in calibration, %lu in waits, %lu in scrubbing",
		rdtsc() - tsc_at_start, calibration_ticks(), wait_total_ticks(),
		frame_scrub_ticks());
}

static void
start_shell(void)
{
	struct uart *uart = console_uart();

	report_cost();
	guests_announce();
	power_set_farewell(console_drain);
	if (uart == NULL) {
		log_warn("no serial line: there is no shell to type at, the log is all there is");
		return;
	}
	if (thread_create("shell", console_run, uart, PRIORITY_NORMAL, 0, NULL) != 0)
		panic("no memory for the shell");
}

/* The second half, with memory: tables, clock, interrupts, CPUs, devices, shell. */
static void
boot_on(void)
{
	read_config();
	stage(POST_TABLES, "reading the ACPI tables");
	read_tables();
	console_open_acpi(&config);
	stage(POST_CLOCK, "measuring the clock");
	clock_start();
	stage(POST_APIC, "setting the interrupt controllers up");
	apic_init();
	stage(POST_THREADS, "starting timers and threads");
	timers_init();
	if (timers_init_cpu() != 0 || sched_init_cpu() != 0)
		panic("no memory for the scheduler");
	irq_restore(RFLAGS_IF);
	stage(POST_CPUS, "starting the other CPUs");
	cpus_start();
	clock_settle();
	stage(POST_PCI, "looking for PCI devices");
	if (pci_init() != 0)
		log_warn("PCI: not all functions could be listed");
	nics_init();
	stage(POST_PREFLIGHT, "turning virtualisation on");
	virt_start(&config);
	networks_start(&config);
	guests_define(&info, &config);
	if (config.console_mirror[0] != '\0')
		mirror_start(config.console_mirror);
	stage(POST_SHELL, "starting the shell");
	start_shell();
	guests_start();
	sched_run();
}

void
boot_main(u32 magic, u32 info_address, u64 image, u64 tsc)
{
	int err;

	post_code(POST_TRAPS);
	tsc_at_start = tsc;
	clock_init(tsc);
	load_early_tables();
	log_set_clock(clock_ns);
	features_detect();
	log_info("Ashlar " ASHLAR_VERSION ", image at %#lx", image);
	stage(POST_BOOT_INFO, "reading the boot loader's tags");
	err = multiboot2_parse(magic, hpa_to_ptr(HPA(info_address)), 4 * GiB - info_address,
			       cpu_features()->phys_bits, &info);
	read_host_config(); /* also after an error: that has to be said on some line */
	stage(POST_CONSOLE, "looking for screen and serial line");
	console_open(&config, &info.framebuffer);
	cpu_protect();
	if (err != 0)
		refuse("%s", info.error);

	stage(POST_QUIESCE, "turning bus mastering off");
	pci_quiesce();
	stage(POST_MEMORY, "making page tables");
	memory_init(&info, HPA(image));
	run_on_stack(load_guarded_stacks(), boot_on);
}
