/* SPDX-License-Identifier: MIT */
/*
 * Panic: stops the other CPUs, then tells all that may help. The first CPU to panic owns it; it
 * takes no lock, and a second panic on it ends there.
 */
#include "arch/x86_64/panic.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/cr.h"
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/probe.h"
#include "arch/x86_64/symbols.h"
#include "arch/x86_64/time.h"
#include "lib/format.h"
#include "lib/lock.h"
#include "lib/log.h"

enum { BACKTRACE_MAX = 32, LOG_LINES_SHOWN = 16, STOP_DEADLINE_US = 3000000, NOBODY = 0 };

static u32 owner = NOBODY; /* index + 1 of the CPU that panics */
static struct panic_output *outputs;

void
panic_add_output(struct panic_output *out)
{
	out->next = outputs;
	outputs = out;
}

static void
panic_put(struct sink *sink __unused, const char *bytes, size_t len)
{
	for (struct panic_output *out = outputs; out != NULL; out = out->next)
		out->write(bytes, len);
}

static struct sink out = {panic_put};

/* Every other CPU gets here by NMI, or by panicking second. */
static __noreturn void
stop_this_cpu(u64 rip)
{
	WRITE_ONCE(this_cpu()->stopped_rip, rip != 0 ? rip : 1);
	cpu_stop();
}

static bool
others_stopped(void)
{
	for (u32 i = 0; i < cpu_count(); i++) {
		const struct cpu *cpu = cpu_get(i);

		if (cpu != this_cpu() && READ_ONCE(cpu->online) && READ_ONCE(cpu->stopped_rip) == 0)
			return false;
	}
	return true;
}

static void
print_address(u64 addr)
{
	u64 offset;
	const char *name = symbol_name(addr, &offset);

	if (name != NULL)
		sink_printf(&out, "%016lx %s+%#lx\n", addr, name, offset);
	else
		sink_printf(&out, "%016lx\n", addr);
}

static void
print_other_cpus(void)
{
	for (u32 i = 0; i < cpu_count(); i++) {
		const struct cpu *cpu = cpu_get(i);

		if (cpu == this_cpu() || !cpu->online)
			continue;
		sink_printf(&out, "  CPU %u: ", i);
		if (cpu->stopped_rip != 0)
			print_address(cpu->stopped_rip);
		else
			sink_printf(&out, "did not stop\n");
	}
}

static void
print_registers(const struct interrupt_frame *f)
{
	sink_printf(&out, "RIP %016lx  RSP %016lx  RFLAGS %08lx  CS %02lx\n", f->rip, f->rsp,
		    f->rflags, f->cs);
	sink_printf(&out, "RAX %016lx  RBX %016lx  RCX %016lx\n", f->rax, f->rbx, f->rcx);
	sink_printf(&out, "RDX %016lx  RSI %016lx  RDI %016lx\n", f->rdx, f->rsi, f->rdi);
	sink_printf(&out, "RBP %016lx  R8  %016lx  R9  %016lx\n", f->rbp, f->r8, f->r9);
	sink_printf(&out, "R10 %016lx  R11 %016lx  R12 %016lx\n", f->r10, f->r11, f->r12);
	sink_printf(&out, "R13 %016lx  R14 %016lx  R15 %016lx\n", f->r13, f->r14, f->r15);
	sink_printf(&out, "CR0 %08lx  CR2 %016lx  CR3 %016lx  CR4 %08lx\n", read_cr0(), read_cr2(),
		    read_cr3(), read_cr4());
}

/*
 * The chain of frame pointers: each must be readable, aligned, and above the one before. A return
 * address less one is in the call; after a call that never returns another function may begin.
 */
static void
print_backtrace(u64 rip, u64 rbp)
{
	u64 caller, next;

	sink_printf(&out, "Backtrace:\n  ");
	print_address(rip);
	for (unsigned depth = 0; depth < BACKTRACE_MAX; depth++) {
		if (!IS_ALIGNED(rbp, 8) || !probe_read(rbp, &next) || !probe_read(rbp + 8, &caller))
			return;
		if (caller == 0)
			return;
		sink_printf(&out, "  ");
		print_address(caller - 1);
		if (next <= rbp)
			return;
		rbp = next;
	}
}

static void
print_log_tail(void)
{
	u64 next = log_next_seq();
	u64 seq = next > LOG_LINES_SHOWN ? next - LOG_LINES_SHOWN : 0;
	static struct log_line line; /* the stack may be nearly full */
	static char text[LOG_LINE_MAX + 40];

	sink_printf(&out, "Last lines of the log:\n");
	while (log_read(&seq, &line)) {
		log_format_line(text, sizeof(text), &line);
		sink_printf(&out, "  %s\n", text);
	}
}

/* Says so once: what fails may be the saying. */
static __noreturn void
panic_within(u64 rip)
{
	static bool said;

	if (!said) {
		said = true;
		sink_printf(&out, "\nPANIC within a panic, at ");
		print_address(rip);
	}
	cpu_stop();
}

/* From here on this CPU is alone, or this call does not return. */
static void
take_over(u64 rip)
{
	u32 me = cpu_index() + 1, expected = NOBODY;

	__asm__ volatile("cli" : : : "memory");
	if (!__atomic_compare_exchange_n(&owner, &expected, me, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST)) {
		if (expected == me)
			panic_within(rip);
		stop_this_cpu(rip);
	}
	locks_disable();
	if (cpu_count() > 1) {
		lapic_nmi_others();
		(void)wait_until(STOP_DEADLINE_US, others_stopped());
	}
}

static __noreturn void
report(const struct interrupt_frame *frame, const char *fmt, va_list args)
{
	sink_printf(&out, "\n\nPANIC on CPU %u: ", cpu_index());
	sink_vprintf(&out, fmt, args);
	sink_printf(&out, "\n");
	print_registers(frame);
	print_backtrace(frame->rip, frame->rbp);
	if (cpu_count() > 1) {
		sink_printf(&out, "The other CPUs were stopped at:\n");
		print_other_cpus();
	}
	print_log_tail();
	sink_printf(&out, "Ashlar has stopped. Please report the lines above; then reset the "
			  "machine.\n");
	cpu_stop();
}

static void
reportf(const struct interrupt_frame *frame, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	report(frame, fmt, args);
}

/* The registers as they are here: those that calls preserve are still the caller's. */
#define CAPTURE(f, reg) __asm__ volatile("movq %%" #reg ", %0" : "=m"((f)->reg))

static inline __attribute__((always_inline)) void
capture_registers(struct interrupt_frame *f)
{
	CAPTURE(f, rax);
	CAPTURE(f, rbx);
	CAPTURE(f, rcx);
	CAPTURE(f, rdx);
	CAPTURE(f, rsi);
	CAPTURE(f, rdi);
	CAPTURE(f, r8);
	CAPTURE(f, r9);
	CAPTURE(f, r10);
	CAPTURE(f, r11);
	CAPTURE(f, r12);
	CAPTURE(f, r13);
	CAPTURE(f, r14);
	CAPTURE(f, r15);
	__asm__ volatile("movw %%cs, %w0" : "=r"(f->cs));
	__asm__ volatile("pushfq; popq %0" : "=r"(f->rflags));
}

void
panic(const char *fmt, ...)
{
	struct interrupt_frame frame = {0};
	const u64 *base = __builtin_frame_address(0);
	va_list args;

	capture_registers(&frame);
	frame.rbp = base[0];
	frame.rip = base[1] - 1; /* in the call, as in print_backtrace() */
	frame.rsp = (u64)(uintptr_t)(base + 2);
	take_over(frame.rip);
	va_start(args, fmt);
	report(&frame, fmt, args);
}

static const char *const exception_names[VECTOR_EXCEPTIONS] = {
	"#DE divide error",
	"#DB debug",
	"NMI",
	"#BP breakpoint",
	"#OF overflow",
	"#BR bound range",
	"#UD invalid opcode",
	"#NM no FPU",
	"#DF double fault",
	"coprocessor overrun",
	"#TS invalid TSS",
	"#NP segment not present",
	"#SS stack fault",
	"#GP general protection",
	"#PF page fault",
	"reserved",
	"#MF x87 error",
	"#AC alignment check",
	"#MC machine check",
	"#XM SIMD error",
	"#VE virtualization",
	"#CP control protection",
	"reserved",
	"reserved",
	"reserved",
	"reserved",
	"reserved",
	"reserved",
	"#HV hypervisor injection",
	"#VC VMM communication",
	"#SX security",
	"reserved",
};

void
panic_exception(const struct interrupt_frame *frame)
{
	const char *name = exception_names[frame->vector % VECTOR_EXCEPTIONS];

	take_over(frame->rip);
	if (frame->vector == VECTOR_PAGE_FAULT)
		reportf(frame, "%s: %s of %#lx", name,
			frame->error & 16  ? "execution"
			: frame->error & 2 ? "write"
					   : "read",
			read_cr2());
	else
		reportf(frame, "%s, error code %#lx", name, frame->error);
	cpu_stop();
}

void
panic_nmi(const struct interrupt_frame *frame)
{
	u32 who = READ_ONCE(owner);

	if (who != NOBODY && who != cpu_index() + 1)
		stop_this_cpu(frame->rip);
}
