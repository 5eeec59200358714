/* SPDX-License-Identifier: MIT */
/* vm dump: what each vCPU is doing, for a guest that hangs. */
#include "arch/x86_64/time.h"
#include "core/vcpu.h"
#include "emul/peek.h"
#include "lib/string.h"
#include "mm/heap.h"
#include "shell/cmd_vm_parts.h"

enum { CODE_MAX = 16, FRAMES_MAX = 16, WORDS_MAX = 16, CONTROL_MAX = 2048 };

/* A vCPU's thread has its turn by then, whoever else wants the CPU. */
#define PATIENCE_S 5ul

/* Taken by the vCPU's thread, printed by the shell's. */
struct dump {
	const char *state;
	u64 regs[VREG_DR7 + 1];
	struct vsegment segments[VSEGS];
	u8 code[CODE_MAX];
	size_t code_len;
	u64 stack[FRAMES_MAX];
	unsigned frames;
	u64 words[WORDS_MAX];
	unsigned word_count;
	struct sink control; /* into text */
	char text[CONTROL_MAX];
	size_t len;
};

static const char *const reg_names[] = {
	"RAX", "RCX", "RDX", "RBX", "RSP",  "RBP", "RSI", "RDI", "R8",
	"R9",  "R10", "R11", "R12", "R13",  "R14", "R15", "RIP", "RFLAGS",
	"CR0", "CR2", "CR3", "CR4", "EFER", "DR6", "DR7",
};
_Static_assert(ARRAY_SIZE(reg_names) == VREG_DR7 + 1, "a name for each");

static const char *const segment_names[VSEGS] = {
	"ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR", "GDTR", "IDTR",
};

static void
put_control(struct sink *sink, const char *bytes, size_t len)
{
	struct dump *d = container_of(sink, struct dump, control);
	size_t n = MIN(len, sizeof(d->text) - d->len);

	memcpy(d->text + d->len, bytes, n);
	d->len += n;
}

static void
take(struct vcpu *v, void *arg)
{
	struct dump *d = arg;

	d->state = vm_vcpu_state(v);
	for (unsigned reg = 0; reg < ARRAY_SIZE(d->regs); reg++)
		d->regs[reg] = vcpu_get(v, (enum vreg)reg);
	for (unsigned seg = 0; seg < VSEGS; seg++)
		virt_ops()->get_segment(&v->hw, (enum vseg)seg, &d->segments[seg]);
	d->code_len = peek_code(v, d->code, sizeof(d->code));
	d->frames = peek_stack(v, d->stack, ARRAY_SIZE(d->stack));
	d->word_count = peek_words(v, d->words, ARRAY_SIZE(d->words));
	virt_ops()->dump(&v->hw, &d->control);
}

static void
print_registers(struct sink *out, const struct dump *d)
{
	for (unsigned i = 0; i < ARRAY_SIZE(d->regs); i++)
		sink_printf(out, "%-6s %016lx%s", reg_names[i], d->regs[i],
			    i % 3 == 2 ? "\n" : "  ");
	sink_printf(out, "\n");
	for (unsigned i = 0; i < VSEGS; i++) {
		const struct vsegment *s = &d->segments[i];

		sink_printf(out, "%-6s %04x  base %016lx  limit %08x  attributes %05x\n",
			    segment_names[i], s->selector, s->base, s->limit, s->attr);
	}
}

/* Four a line: as the terminal is wide. */
static void
print_words(struct sink *out, const struct dump *d)
{
	sink_printf(out, "words ");
	for (unsigned i = 0; i < d->word_count; i++)
		sink_printf(out, "%s %lx", i > 0 && i % 4 == 0 ? "\n      " : "", d->words[i]);
	sink_printf(out, "%s\n", d->word_count == 0 ? " can't be read" : "");
}

static void
print(struct sink *out, u32 index, const struct dump *d)
{
	sink_printf(out, "vCPU %u %s\n", index, d->state);
	print_registers(out, d);
	sink_printf(out, "code  ");
	for (size_t i = 0; i < d->code_len; i++)
		sink_printf(out, " %02x", d->code[i]);
	sink_printf(out, "%s\nstack ", d->code_len == 0 ? " can't be read" : "");
	for (unsigned i = 0; i < d->frames; i++)
		sink_printf(out, " %lx", d->stack[i]);
	sink_printf(out, "%s\n", d->frames == 0 ? " has no frames" : "");
	print_words(out, d);
	out->put(out, d->text, d->len);
}

static int
dump_all(const struct command_call *call, struct vm *vm, struct dump *d)
{
	for (u32 i = 0; i < vm->config->vcpus && !command_interrupted(); i++) {
		int err;

		*d = (struct dump){.control = {put_control}};
		err = vm_look(vm, i, take, d, PATIENCE_S * NS_PER_S);
		if (err == -ERR_TIMEOUT)
			return command_error(call, err,
					     "vCPU %u did not answer within %lu s: try again", i,
					     PATIENCE_S);
		if (err != 0)
			return command_error(call, err, "%s is not running: it has no registers",
					     vm->name);
		print(call->out, i, d);
	}
	return 0;
}

int
vm_dump(const struct command_call *call)
{
	struct vm *vm = vm_named(call, call->argv[2]);
	struct dump *d;
	int err;

	if (vm == NULL)
		return fail(-ERR_NOENT);
	d = heap_alloc(sizeof(*d));
	if (d == NULL)
		return command_error(call, fail(-ERR_NOMEM), "no memory for it; stop a VM");
	err = dump_all(call, vm, d);
	heap_free(d);
	return err;
}
