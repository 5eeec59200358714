/* SPDX-License-Identifier: MIT */
/*
 * The PC that a VM gets. The models know of each other only by the pins and ports that are wired
 * here, and of the vCPUs by the callbacks here.
 */
#include "boot/platform.h"

#include "arch/x86_64/features.h"
#include "arch/x86_64/time.h"
#include "arch/x86_64/tsc.h"
#include "boot/platform_nics.h"
#include "boot/platform_pci.h"
#include "core/config.h"
#include "core/vcpu.h"
#include "core/vm_console.h"
#include "dev/acpi.h"
#include "dev/bus.h"
#include "dev/debug_exit.h"
#include "dev/hpet.h"
#include "dev/i8042.h"
#include "dev/ioapic.h"
#include "dev/isa_irq.h"
#include "dev/lapic.h"
#include "dev/lapic_page.h"
#include "dev/pic.h"
#include "dev/pit.h"
#include "dev/pm.h"
#include "dev/port61.h"
#include "dev/reset_ports.h"
#include "dev/rtc.h"
#include "dev/smbios.h"
#include "dev/uart.h"
#include "emul/emulate.h"
#include "include/bits.h"
#include "lib/string.h"
#include "mm/heap.h"

enum { COM1_PORT = 0x3f8, IRQ_TIMER = 0, IRQ_KEYBOARD = 1, IRQ_COM1 = 4, IRQ_RTC = 8 };

struct platform {
	struct vm *vm;
	struct bus bus;
	struct lapic_bus lapic_bus;
	struct lapic *lapics; /* one a vCPU */
	struct ioapic ioapic;
	struct pic pic;
	struct isa_irqs isa;
	struct platform_pci pci;
	struct pit_model pit;
	struct port61 port61;
	struct rtc_model rtc;
	struct hpet_model hpet;
	struct pm_model pm;
	struct i8042_model i8042;
	struct reset_ports reset_ports;
	struct region cf9;
	struct debug_exit debug_exit;
	struct uart_model uart;
	struct platform_nics nics;
};

static u64 wall_base_ns; /* the time of day when clock_ns() was 0 */

static struct platform *
platform_of(const struct vcpu *v)
{
	return v->vm->platform_data;
}

/* What the CPU has of it, or the guest's memory, is brought back. On the vCPU's thread. */
static struct lapic *
whole_lapic(struct vcpu *v)
{
	struct lapic *l = v->platform;

	lapic_reclaim(l);
	if (v->pv.eoi_offered && pv_eoi_take(v))
		lapic_end_interrupt(l);
	return l;
}

/* For an access that may be an EOI, or change what waits for one. */
static struct lapic *
lapic_of(struct vcpu *v)
{
	struct lapic *l = whole_lapic(v);

	if (v->pv.eoi_offered)
		pv_eoi_withdraw(v);
	return l;
}

/* From the local APICs to their vCPUs. */
static void
kick(struct lapic *l)
{
	struct vcpu *v = l->config.owner;

	__atomic_fetch_add(&v->interrupts, 1, __ATOMIC_RELAXED);
	vcpu_request(v, REQUEST_INTERRUPT);
}

static void
send_nmi(struct lapic *l)
{
	vcpu_request(l->config.owner, REQUEST_NMI);
}

static void
send_init(struct lapic *l)
{
	vcpu_request(l->config.owner, REQUEST_INIT);
}

static void
send_startup(struct lapic *l, u8 page)
{
	struct vcpu *v = l->config.owner;

	WRITE_ONCE(v->startup_page, page);
	vcpu_request(v, REQUEST_STARTUP);
}

static u64
guest_tsc(struct lapic *l)
{
	const struct vcpu *v = l->config.owner;

	return rdtsc() + v->hw.tsc_offset;
}

/* The guest's count begins when it wrote it, not when we come to it. */
static u64
access_ago_ns(struct lapic *l)
{
	const struct vcpu *v = l->config.owner;

	return tsc_to_ns(rdtsc_low() - v->exit_begin);
}

static const struct lapic_ops lapic_ops = {
	.ago_ns = access_ago_ns,
	.kick = kick,
	.nmi = send_nmi,
	.init = send_init,
	.startup = send_startup,
	.tsc = guest_tsc,
};

/* From the guest's instructions to the models. */
static u32
port_access(struct vcpu *v, u16 port, u8 size, bool write, u32 value)
{
	return bus_port(&platform_of(v)->bus, port, size, write, value);
}

static void
memory_access(struct vcpu *v, gpa_t gpa, u8 size, bool write, u64 *value)
{
	struct io io = {gpa.v & (PAGE_SIZE - 1), size, write, *value};

	if (lapic_decodes(v->platform, gpa.v)) {
		lapic_mmio(lapic_of(v), &io);
		*value = io.value;
	} else {
		(void)bus_access(&platform_of(v)->bus, SPACE_MMIO, gpa.v, size, write, value);
	}
}

static int
local_msr(struct vcpu *v, u32 msr, bool write, u64 *value)
{
	struct lapic *l = msr == LAPIC_MSR_TSC_DEADLINE ? v->platform : lapic_of(v);

	return lapic_msr(l, msr, write, value);
}

static enum virt_apic_mode
mode_for(const struct vcpu *v)
{
	switch (lapic_mode(v->platform)) {
	case LAPIC_XAPIC: return VIRT_APIC_XAPIC;
	case LAPIC_X2APIC: return v->hw.apic.x2apic ? VIRT_APIC_X2APIC : VIRT_APIC_NONE;
	default: return VIRT_APIC_NONE;
	}
}

/*
 * What is pending after that is an ExtINT, which the CPU knows nothing of. Never is there nothing
 * for long: what is taken back for an exit has to be lent again.
 */
static int
lend_apic(struct vcpu *v)
{
	struct virt_apic *a = &v->hw.apic;
	enum virt_apic_mode mode = mode_for(v);
	struct lapic *l = v->platform;
	struct lapic_page page = {.regs = a->page};
	int pending;

	if (mode == VIRT_APIC_NONE)
		lapic_reclaim(l);
	else if (lapic_lend(l, &page)) {
		a->requested = page.requested;
		a->in_service = page.in_service;
		memcpy(a->eoi_exits, page.eoi_exits, sizeof(a->eoi_exits));
		a->changed = true;
	}
	if (a->mode != (u8)mode) {
		a->mode = (u8)mode;
		a->changed = true;
	}
	pending = lapic_pending(l);
	return pending == LAPIC_NOTHING ? LAPIC_LATER : pending;
}

static void
apic_exit(struct vcpu *v, const struct exit_apic *exit)
{
	if (exit->eoi)
		lapic_eoi_done(v->platform, (u8)exit->what);
	else
		lapic_written(v->platform, exit->what);
}

_Static_assert((int)PENDING_NOTHING == (int)LAPIC_NOTHING, "the same words");
_Static_assert((int)PENDING_LATER == (int)LAPIC_LATER, "the same words");

static int
pending_interrupt(struct vcpu *v)
{
	int pending = lapic_pending(whole_lapic(v));

	if (v->pv.eoi_offered && pending != LAPIC_NOTHING)
		pv_eoi_withdraw(v);
	return pending;
}

static int
take_interrupt(struct vcpu *v)
{
	struct lapic *l = lapic_of(v);
	int vector = lapic_take(l);

	if (pv_eoi_is_on(v) && lapic_eoi_is_private(l, vector))
		pv_eoi_offer(v);
	return vector == LAPIC_EXTINT ? pic_acknowledge(&platform_of(v)->pic) : vector;
}

static u8
get_tpr(struct vcpu *v)
{
	return (u8)lapic_cr8(lapic_of(v));
}

static void
set_tpr(struct vcpu *v, u8 priority)
{
	lapic_set_cr8(lapic_of(v), priority);
}

static void
reset_vcpu(struct vcpu *v)
{
	lapic_init_reset(lapic_of(v));
}

/* From the models to the VM. */
static void
guest_resets(void *arg, const char *why)
{
	vm_reset_because(arg, why);
}

static void
guest_powers_off(void *arg)
{
	vm_stop_because(arg, "powered off by the guest");
}

static void
guest_ends(void *arg, u32 value)
{
	vm_stop_because(arg, "debug exit with status %u", value);
}

static u64
time_of_day(void)
{
	return wall_base_ns + clock_ns();
}

static u64
wall_ns(void *arg __unused)
{
	return time_of_day();
}

static void
cf9_access(struct device *dev, struct io *io)
{
	struct platform *p = container_of(dev, struct platform, reset_ports.dev);

	io->value = reset_ports_cf9(&p->reset_ports, io->write, (u8)io->value);
}

/* The console: its output is the ring's at once; its input goes on when the FIFO has room. */
static bool
transmit(void *arg, u8 byte)
{
	struct platform *p = arg;

	return vm_console_put(p->vm->console, byte);
}

static void
receive_ready(void *arg)
{
	struct platform *p = arg;

	vm_console_pump(p->vm->console);
}

static bool
receive(void *arg, u8 byte)
{
	struct platform *p = arg;

	return uart_model_receive(&p->uart, byte);
}

static void
transmit_ready(void *arg)
{
	struct platform *p = arg;

	uart_model_tx_ready(&p->uart);
}

static void
setup_lapics(struct platform *p)
{
	struct vm *vm = p->vm;

	lapic_bus_init(&p->lapic_bus);
	for (u32 i = 0; i < vm->vcpu_count; i++) {
		struct lapic_config config = {
			.id = i,
			.ops = &lapic_ops,
			.owner = vm->vcpus[i],
			.clock = vm->clock,
			.tsc_hz = tsc_khz() * 1000,
			.phys_bits = cpu_features()->phys_bits,
		};

		lapic_setup(&p->lapics[i], &p->lapic_bus, &config);
		vm->vcpus[i]->platform = &p->lapics[i];
	}
	lapic_virtual_wire(&p->lapics[0]);
}

static void
setup_controllers(struct platform *p)
{
	isa_irqs_setup(&p->isa, &p->pic, &p->ioapic, &p->lapics[0]);
	pic_setup(&p->pic, &p->isa.intr);
	ioapic_setup(&p->ioapic, &p->lapic_bus, IOAPIC_PC_ACTIVE_LOW);
	reset_ports_init(&p->reset_ports, guest_resets, p->vm);
	p->cf9 = (struct region){SPACE_IO, 0xcf9, 1, &p->reset_ports.dev, cf9_access};
	platform_pci_setup(&p->pci, &p->ioapic, &p->pic, &p->cf9);
}

/* RAM below the hole of the devices ends here; and so much is above 4 GiB. */
static u64
low_end(const struct guest_memory *memory)
{
	struct guest_range range;
	u64 end = 0;

	for (unsigned n = 0; guest_memory_range(memory, n, &range); n++) {
		if (range.base < GUEST_HOLE)
			end = range.base + range.size;
	}
	return end;
}

static u64
high_size(const struct guest_memory *memory)
{
	struct guest_range range;
	u64 size = 0;

	for (unsigned n = 0; guest_memory_range(memory, n, &range); n++) {
		if (range.base >= GUEST_HIGH)
			size += range.size;
	}
	return size;
}

/* The PIT's and the RTC's interrupts go through the HPET, which may take their place. */
static void
setup_timers(struct platform *p)
{
	struct vclock *clock = p->vm->clock;
	struct hpet_config hpet = {
		.clock = clock,
		.legacy = {isa_irq_line(&p->isa, IRQ_TIMER), isa_irq_line(&p->isa, IRQ_RTC)},
	};
	struct rtc_config rtc = {
		.clock = clock,
		.irq = &p->hpet.through[1].line,
		.wall_ns = wall_ns,
		.low_end = low_end(p->vm->memory),
		.high_size = high_size(p->vm->memory),
	};
	struct pm_config pm = {
		.clock = clock,
		.sci = isa_irq_line(&p->isa, PM_SCI_IRQ),
		.power_off = guest_powers_off,
		.arg = p->vm,
	};

	for (unsigned i = 0; i < HPET_INPUTS; i++)
		hpet.inputs[i] = ioapic_line(&p->ioapic, i);
	hpet_model_init(&p->hpet, &hpet);
	pit_model_init(&p->pit, clock, &p->hpet.through[0].line);
	port61_init(&p->port61, &p->pit);
	rtc_model_init(&p->rtc, &rtc);
	pm_model_init(&p->pm, &pm);
}

static void
setup_devices(struct platform *p)
{
	struct i8042_config i8042 = {.irq = isa_irq_line(&p->isa, IRQ_KEYBOARD),
				     .reset = guest_resets,
				     .arg = p->vm};
	struct uart_console console = {.transmit = transmit,
				       .receive_ready = receive_ready,
				       .arg = p};

	i8042_model_init(&p->i8042, &i8042);
	uart_model_init(&p->uart, isa_irq_line(&p->isa, IRQ_COM1), &console);
	debug_exit_init(&p->debug_exit, guest_ends, p->vm);
}

static void
tell_irqs(struct platform *p)
{
	p->pit.dev.irqs = BIT32(IRQ_TIMER);
	p->rtc.dev.irqs = BIT32(IRQ_RTC);
	p->hpet.dev.irqs = BIT32(IRQ_TIMER) | BIT32(IRQ_RTC);
	p->pm.dev.irqs = BIT32(PM_SCI_IRQ);
	p->i8042.dev.irqs = BIT32(IRQ_KEYBOARD);
	p->uart.dev.irqs = BIT32(IRQ_COM1);
}

static int
attach_all(struct platform *p)
{
	struct bus *bus = &p->bus;
	int err = ioapic_attach(&p->ioapic, bus);

	if (err == 0)
		err = pic_attach(&p->pic, bus);
	if (err == 0)
		err = platform_pci_attach(&p->pci, bus, p->vm->config);
	if (err == 0)
		err = pit_model_attach(&p->pit, bus);
	if (err == 0)
		err = port61_attach(&p->port61, bus);
	if (err == 0)
		err = rtc_model_attach(&p->rtc, bus);
	if (err == 0)
		err = hpet_model_attach(&p->hpet, bus);
	if (err == 0)
		err = pm_model_attach(&p->pm, bus);
	if (err == 0)
		err = i8042_model_attach(&p->i8042, bus);
	if (err == 0)
		err = reset_ports_attach(&p->reset_ports, bus);
	if (err == 0)
		err = uart_model_attach(&p->uart, bus, COM1_PORT);
	if (err == 0 && p->vm->config->debug_exit)
		err = debug_exit_attach(&p->debug_exit, bus);
	return err;
}

static int
write_tables(struct platform *p, struct vm_tables *tables)
{
	struct vm *vm = p->vm;
	struct guest_acpi_platform acpi = {
		.vcpu_count = vm->vcpu_count,
		.ioapic_address = IOAPIC_BASE,
		.ecam_base = PCI_ECAM_BASE,
		.last_bus = 255,
		.windows = {{GUEST_HOLE, PCI_ECAM_BASE - GUEST_HOLE}},
	};
	struct smbios_machine machine = {
		.name = vm->name,
		.vcpu_count = vm->vcpu_count,
		.memory_size = guest_memory_size(vm->memory),
		.low_end = low_end(vm->memory),
		.high_size = high_size(vm->memory),
	};
	u8 *buffer = heap_alloc(GUEST_ACPI_SIZE);
	int err;

	if (buffer == NULL)
		return fail(-ERR_NOMEM);
	err = guest_acpi_install(vm->memory, buffer, &acpi, &tables->rsdp);
	if (err == 0)
		err = smbios_install(vm->memory, buffer, &machine);
	tables->reserved[0] = (struct guest_range){PCI_ECAM_BASE, PCI_ECAM_LEN};
	heap_free(buffer);
	return err;
}

/* From a person. */
static void
press_power(struct vm *vm)
{
	struct platform *p = vm->platform_data;

	pm_model_press_power_button(&p->pm);
}

static void
press_nmi(struct vm *vm)
{
	struct platform *p = vm->platform_data;

	for (u32 i = 0; i < vm->vcpu_count; i++) {
		lapic_lint(&p->lapics[i], 1, true);
		lapic_lint(&p->lapics[i], 1, false);
	}
}

static bool
region_at(const struct vm *vm, unsigned n, struct vm_region *out)
{
	const struct platform *p = vm->platform_data;
	struct region r;

	if (!bus_region(&p->bus, n, &r))
		return false;
	*out = (struct vm_region){r.dev->name, r.space == SPACE_IO, r.base, r.len, r.dev->irqs};
	return true;
}

static struct vm_unclaimed
unclaimed(const struct vm *vm)
{
	const struct platform *p = vm->platform_data;

	return (struct vm_unclaimed){READ_ONCE(p->bus.unclaimed), READ_ONCE(p->bus.partial)};
}

/* The clock stands still: no model's timer runs now, nor later. */
static void
platform_free(struct vm *vm)
{
	struct platform *p = vm->platform_data;

	vm_console_disconnect(vm->console);
	platform_nics_free(&p->nics);
	heap_free(p->lapics);
	heap_free(p);
	vm->platform_data = NULL;
}

static const struct vm_platform platform_ops = {
	.io = port_access,
	.io_string = emulate_io_string,
	.mmio = emulate_mmio,
	.instruction_length = emulate_length,
	.at_hlt = emulate_at_hlt,
	.decode_cr = emulate_decode_cr,
	.msr = local_msr,
	.pending_interrupt = pending_interrupt,
	.lend_apic = lend_apic,
	.apic_exit = apic_exit,
	.take_interrupt = take_interrupt,
	.get_tpr = get_tpr,
	.set_tpr = set_tpr,
	.wall_ns = time_of_day,
	.reset_vcpu = reset_vcpu,
	.press_power = press_power,
	.press_nmi = press_nmi,
	.region = region_at,
	.unclaimed = unclaimed,
	.free = platform_free,
};

void
platform_init(u64 wall_seconds_at_start)
{
	static const struct emulate_ops ops = {.mmio = memory_access, .io = port_access};

	wall_base_ns = wall_seconds_at_start * NS_PER_S;
	emulate_init(&ops);
}

int
platform_make(struct vm *vm, struct vm_tables *tables)
{
	struct platform *p = heap_alloc(sizeof(*p));
	struct vm_console_port port = {receive, transmit_ready, p};
	int err;

	if (p == NULL)
		return fail(-ERR_NOMEM);
	p->vm = vm;
	p->lapics = heap_alloc(vm->vcpu_count * sizeof(*p->lapics));
	vm->platform_data = p;
	vm->platform = &platform_ops; /* from here on the VM frees it */
	if (p->lapics == NULL)
		return fail(-ERR_NOMEM);
	bus_init(&p->bus);
	setup_lapics(p);
	setup_controllers(p);
	setup_timers(p);
	setup_devices(p);
	tell_irqs(p);
	vm_console_connect(vm->console, &port);
	err = attach_all(p);
	if (err == 0)
		err = platform_nics_make(&p->nics, vm, &p->pci.host);
	if (err != 0)
		return err;
	platform_pci_start(&p->pci, vm->name);
	return write_tables(p, tables);
}
