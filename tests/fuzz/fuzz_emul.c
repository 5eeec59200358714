/* SPDX-License-Identifier: MIT */
// SOURCES: emul/emulate.c emul/emulation.c emul/fetch.c emul/insn_cache.c emul/decode.c
// SOURCES: emul/opcodes.c emul/gpt.c emul/linear.c emul/access.c emul/alu.c emul/execute.c
// SOURCES: emul/strings.c emul/vector.c lib/format.c
/*
 * Any bytes as an instruction, in any state of the vCPU. The input is
 *
 *    kind       one byte: bits 1:0 what is called, 3:2 the code's mode, 4 paging, 5 the exit tells
 *               the address, 7:6 how many bytes come with the exit
 *    state      STATE bytes: registers, flags, segments' attributes, page-table entries
 *    code       the rest, at RIP, across a page's end
 *
 * Whatever it does ends, stays in the guest's memory and gives an answer that the core can act on.
 */
#include <stdlib.h>

#include "emul/decode.h"
#include "tests/unit/fake/bytes.h"
#include "tests/unit/fake/emulated.h"

enum { STATE = 64, DEVICE = 0x40000000, PLAIN = 0x50000000, PLAIN_GPA = 0x90000 };

static u8 *xsave;

u64
xsave_mask(void)
{
	return 7;
}

static void
check(bool holds)
{
	if (!holds)
		abort();
}

/* Every length is decoded from memory that ends there. */
static void
check_decoder(const u8 *code, unsigned size)
{
	struct insn insn, again;

	for (unsigned mode = CODE_16; mode <= CODE_64; mode *= 2) {
		u8 *copy = exact_copy(code, size);
		enum decode_result result = decode(copy, size, (enum code_size)mode, &insn);

		check(result != DECODE_MORE || size < INSN_MAX);
		if (result == DECODE_OK) {
			check(insn.length > 0 && insn.length <= MIN(size, 15u));
			check(insn.op < INSN_OPS && insn.size <= 32 && insn.reg < 16);
			check(!insn.memory || insn.segment < VSEG_LDTR);
			check(decode(copy, insn.length, (enum code_size)mode, &again) == DECODE_OK);
			check(decode(copy, insn.length - 1u, (enum code_size)mode, &again) ==
			      DECODE_MORE);
		}
		free(copy);
	}
}

/* Addresses of the device or of RAM, mostly near a page's end; or anything. */
static u64
pointer_of(u8 byte)
{
	switch (byte & 3) {
	case 0: return DEVICE + PAGE_SIZE - (byte >> 2);
	case 1: return PLAIN + PAGE_SIZE - (byte >> 2);
	case 2: return (u64)byte << 56 | (byte >> 2);
	default: return byte;
	}
}

static void
set_mode(struct vcpu *v, u8 kind)
{
	static const u32 codes[4] = {FAKE_CODE16, FAKE_CODE16, FAKE_CODE32, FAKE_CODE64};
	u8 mode = kind >> 2 & 3;
	bool paging = (kind & 0x10) != 0;

	fake_vcpu.segments[VSEG_CS].attr = codes[mode];
	if (mode == 3)
		return;
	vcpu_set(v, VREG_EFER, paging ? EFER_NXE : 0);
	vcpu_set(v, VREG_CR0, mode == 0 ? 0 : CR0_PE | (paging ? CR0_PG | CR0_WP : 0));
}

static void
set_state(struct vcpu *v, const u8 *state)
{
	for (unsigned i = 0; i < 16; i++)
		vcpu_set(v, (enum vreg)i, pointer_of(state[i]));
	vcpu_set(v, VREG_RCX, state[16] | (u64)state[17] << 8);
	vcpu_set(v, VREG_RFLAGS, state[18] | (u64)state[19] << 8 | (u64)(state[20] & 7) << 16 | 2);
	vcpu_set(v, VREG_CR4, state[21] | (u64)state[22] << 8 | (u64)state[23] << 16 | CR4_PAE);
	v->hw.xcr0 = state[24] & 7u;
	for (unsigned i = VSEG_ES; i <= VSEG_GS; i++) {
		struct vsegment *s = &fake_vcpu.segments[i];

		s->attr ^= state[25 + i] & 0x7f;
		s->base = state[31 + i] < 128 ? 0 : pointer_of(state[31 + i]);
		s->limit = state[37 + i] < 128 ? ~0u : (u32)state[37 + i] << (state[31 + i] & 15);
	}
	fake_vcpu.segments[VSEG_CS].base = 0;
	vcpu_set(v, VREG_CR0, vcpu_get(v, VREG_CR0) | (state[43] & (CR0_EM | CR0_TS)));
}

/* The tables with some entries overwritten, of any table. */
static void
set_tables(const u8 *state)
{
	for (u64 offset = 0; offset < 4 * PAGE_SIZE; offset += PAGE_SIZE) {
		emulated_map(DEVICE + offset, EMULATED_DEVICE + offset, 7);
		emulated_map(PLAIN + offset, PLAIN_GPA + offset, 7);
	}
	for (unsigned i = 44; i + 4 < STATE; i += 5) {
		u64 at = EMULATED_ROOT + (state[i] | (u64)state[i + 1] << 8) % 0x8000 / 8 * 8;

		if (state[i] & 1)
			*emulated_entry(at, 0) ^=
				state[i + 2] | (u64)state[i + 3] << 12 | (u64)state[i + 4] << 56;
	}
}

static void
check_verdict(struct vcpu *v, int verdict, const struct exit *exit)
{
	check(verdict >= VERDICT_NEXT && verdict <= VERDICT_STOP);
	check(verdict != VERDICT_FAULT || v->fault.kind == EVENT_EXCEPTION);
	check(verdict != VERDICT_STOP || fake_vcpu.stopped[0] != '\0');
	check(verdict != VERDICT_NEXT || (exit->insn_len > 0 && exit->insn_len <= INSN_MAX));
	/* An element accesses at most two operands, each in at most seven pieces. */
	check(emulated.count <= EMULATE_BUDGET * 14);
}

static void
call(struct vcpu *v, u8 kind, const u8 *code, unsigned size)
{
	struct exit exit = {.kind = EXIT_MEMORY};
	struct exit_cr cr;

	switch (kind & 3) {
	case 0: check(emulate_length(v) <= INSN_MAX); return;
	case 1:
		if (!emulate_decode_cr(v, &cr))
			return;
		check(cr.access <= CR_SMSW && cr.cr < 16 && (cr.reg < 16 || cr.reg == 0xff));
		return;
	case 2:
		exit.kind = EXIT_IO;
		exit.insn_len = 2;
		exit.io = (struct exit_io){0x80,
					   (u8)(1u << (kind >> 6) % 3),
					   (kind & 0x20) != 0,
					   true,
					   true,
					   (kind & 0x10) != 0 ? VSEG_DS : VSEGS,
					   (u8)(2u << (kind >> 4) % 3)};
		check_verdict(v, emulate_io_string(v, &exit), &exit);
		return;
	}
	exit.memory.gpa = GPA(EMULATED_DEVICE + PAGE_SIZE - size);
	exit.memory.write = (kind & 0x20) != 0;
	exit.memory.walk = (kind & 0x20) == 0;
	exit.memory.bytes_len = (u8)MIN(size, (kind >> 6) * 5u);
	memcpy(exit.memory.bytes, code, exit.memory.bytes_len);
	check_verdict(v, emulate_mmio(v, &exit), &exit);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int
LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct vcpu *v;
	const u8 *code;
	unsigned code_size;
	u64 rip;

	if (size < 1 + STATE)
		return 0;
	if (xsave == NULL) {
		xsave = aligned_alloc(64, 4096);
		check(xsave != NULL);
	}
	memset(xsave, 0xa5, 4096);
	code = data + 1 + STATE;
	code_size = (unsigned)MIN(size - 1 - STATE, (size_t)20);
	check_decoder(code, code_size);
	v = emulated_begin();
	v->hw.xsave = xsave;
	set_mode(v, data[0]);
	set_state(v, data + 1);
	rip = EMULATED_CODE + PAGE_SIZE - data[1] % 16u;
	vcpu_set(v, VREG_RIP, rip);
	memcpy(fake_vcpu.memory.ram + rip, code, code_size);
	set_tables(data + 1);
	call(v, data[0], code, code_size);
	/* Once more where it has been, perhaps with a byte patched. */
	vcpu_set(v, VREG_RIP, rip);
	fake_vcpu.memory.ram[rip + data[2] % 16u] ^= data[3] & 3;
	emulated.count = 0;
	fake_vcpu.stopped[0] = '\0';
	call(v, data[0], code, code_size);
	return 0;
}
