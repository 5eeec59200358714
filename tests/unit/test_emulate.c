/* SPDX-License-Identifier: MIT */
// clang-format off
// SOURCES: emul/emulate.c emul/emulation.c emul/fetch.c emul/insn_cache.c emul/decode.c emul/opcodes.c emul/gpt.c emul/linear.c emul/access.c emul/alu.c emul/execute.c emul/strings.c emul/vector.c lib/format.c
// clang-format on
/*
 * What surrounds an emulated instruction: its fetch, segments, page faults, the devices' view of
 * accesses, string instructions in parts, and what makes the VM stop.
 */
#include "tests/unit/test.h"

#include "emul/insn_cache.h"
#include "tests/unit/fake/emulated.h"

enum { PF = 14, GP = 13, SS = 12, NM = 7, UD = 6 };
enum { DEVICE = 0x40000000, PLAIN = 0x50000000, PLAIN_GPA = 0x90000 }; /* linear; GPA of PLAIN */
enum { RIGHTS = 7 };

static u64 mask = 7;
static u8 xsave[4096] __attribute__((aligned(64)));

u64
xsave_mask(void)
{
	return mask;
}

static struct vcpu *v;
static struct exit exit_;

/* Puts bytes at RIP. */
#define CODE(bytes) emulated_code(bytes, sizeof(bytes) - 1)

static int
begin(void **state)
{
	v = emulated_begin();
	for (u64 offset = 0; offset < EMULATED_DEVICE_SIZE; offset += PAGE_SIZE) {
		emulated_map(DEVICE + offset, EMULATED_DEVICE + offset, RIGHTS);
		emulated_map(PLAIN + offset, PLAIN_GPA + offset, RIGHTS);
	}
	v->hw.xsave = xsave;
	memset(&exit_, 0, sizeof(exit_));
	exit_.kind = EXIT_MEMORY;
	exit_.memory.gpa = GPA(EMULATED_DEVICE);
	mask = 7;
	return 0;
}

/* Without paging: the device at its own address, code at EMULATED_CODE. */
static void
begin_flat(u32 code)
{
	begin(NULL);
	vcpu_set(v, VREG_CR0, CR0_PE);
	vcpu_set(v, VREG_CR4, 0);
	vcpu_set(v, VREG_EFER, 0);
	fake_vcpu_segments(code, code == FAKE_CODE16 ? FAKE_DATA16 : FAKE_DATA32, ~0u);
}

static void
begin_real(void)
{
	begin_flat(FAKE_CODE16);
	vcpu_set(v, VREG_CR0, 0);
	fake_vcpu_segments(FAKE_DATA16, FAKE_DATA16, 0xffff);
	fake_vcpu_segment(VSEG_CS, EMULATED_CODE >> 4, EMULATED_CODE, 0xffff, FAKE_DATA16);
	vcpu_set(v, VREG_RIP, 0);
}

static u64 *
gpr(enum vreg reg)
{
	return &v->hw.gpr[reg];
}

static void
expect_done(unsigned length)
{
	assert_int_equal(emulate_mmio(v, &exit_), VERDICT_NEXT);
	assert_int_equal(exit_.insn_len, length);
}

static void
check_fault(int verdict, u8 vector, s64 code)
{
	assert_int_equal(verdict, VERDICT_FAULT);
	assert_int_equal(v->fault.vector, vector);
	assert_int_equal(v->fault.has_error, code >= 0);
	if (code >= 0)
		assert_int_equal(v->fault.error, code);
}

static void
expect_fault(u8 vector, s64 code)
{
	check_fault(emulate_mmio(v, &exit_), vector, code);
	assert_int_equal(emulated.count, 0); /* no device has seen anything */
}

static void
expect_page_fault(u64 address, u32 code)
{
	expect_fault(PF, code);
	assert_int_equal(vcpu_get(v, VREG_CR2), address);
}

static void
expect_access(unsigned n, u64 gpa, u8 size, bool write, u64 value)
{
	const struct emulated_access *a = &emulated.accesses[n];

	assert_true(n < emulated.count);
	assert_int_equal(a->gpa, gpa);
	assert_int_equal(a->size, size);
	assert_int_equal(a->write, write);
	assert_int_equal(a->value, value);
}

static void
expect_stop(const char *why)
{
	assert_int_equal(emulate_mmio(v, &exit_), VERDICT_STOP);
	if (strstr(fake_vcpu.stopped, why) == NULL)
		fail_msg("the reason is: %s", fake_vcpu.stopped);
	assert_int_equal(emulated.count, 0);
}

static void
put_plain(u64 offset, u64 value)
{
	memcpy(fake_vcpu.memory.ram + PLAIN_GPA + offset, &value, 8);
}

static u64
get_plain(u64 offset)
{
	u64 value;

	memcpy(&value, fake_vcpu.memory.ram + PLAIN_GPA + offset, 8);
	return value;
}

/* Where the hardware tells the address, the guest's tables are not looked at. */
static void
known_address(void **state)
{
	CODE("\x8b\x43\x20"); /* mov eax, [rbx+20h] */
	*gpr(VREG_RBX) = 0x7000;
	*gpr(VREG_RAX) = ~0ul;
	exit_.memory.gpa = GPA(EMULATED_DEVICE + 0x20);
	exit_.memory.read = true;
	emulated.device[0x20] = 0x15;
	expect_done(3);
	assert_int_equal(*gpr(VREG_RAX), 0x15);
	expect_access(0, EMULATED_DEVICE + 0x20, 4, false, 0x15);
	assert_int_equal(emulated.count, 1);
	/* A write of what was read: its right is not known. */
	CODE("\x09\x43\x20"); /* or [rbx+20h], eax */
	emulated.count = 0;
	expect_page_fault(0x7020, 2);
	exit_.memory.write = true;
	expect_done(3);
	/* Another offset in the page: it was not this access. */
	emulated.count = 0;
	exit_.memory.gpa = GPA(EMULATED_DEVICE + 0x24);
	expect_page_fault(0x7020, 2);
	/* The fault was of a page table. */
	exit_.memory.gpa = GPA(EMULATED_DEVICE + 0x20);
	exit_.memory.walk = true;
	expect_page_fault(0x7020, 2);
}

static void
page_crossing(void **state)
{
	CODE("\x48\x89\x03"); /* mov [rbx], rax */
	*gpr(VREG_RBX) = DEVICE + PAGE_SIZE - 3;
	*gpr(VREG_RAX) = 0x8877665544332211;
	exit_.memory.gpa = GPA(EMULATED_DEVICE + PAGE_SIZE - 3);
	exit_.memory.write = true;
	expect_done(3);
	expect_access(0, EMULATED_DEVICE + PAGE_SIZE - 3, 2, true, 0x2211);
	expect_access(1, EMULATED_DEVICE + PAGE_SIZE - 1, 1, true, 0x33);
	expect_access(2, EMULATED_DEVICE + PAGE_SIZE, 4, true, 0x77665544);
	expect_access(3, EMULATED_DEVICE + PAGE_SIZE + 4, 1, true, 0x88);
	assert_int_equal(emulated.count, 4);
}

/* One half is RAM; pages may be anywhere. */
static void
crossing_into_ram(void **state)
{
	emulated_map(DEVICE + PAGE_SIZE, PLAIN_GPA + PAGE_SIZE, RIGHTS);
	put_plain(PAGE_SIZE, 0x1122334455667788);
	memset(emulated.device + PAGE_SIZE - 2, 0xee, 2);
	CODE("\x48\x01\x0b"); /* add [rbx], rcx */
	*gpr(VREG_RBX) = DEVICE + PAGE_SIZE - 2;
	*gpr(VREG_RCX) = 0x10000;
	expect_done(3);
	assert_int_equal(emulated.count, 2);
	expect_access(1, EMULATED_DEVICE + PAGE_SIZE - 2, 2, true, 0xeeee);
	assert_int_equal(get_plain(PAGE_SIZE), 0x1122334455667789);
}

/* The second page's fault names its first byte, and the first page's device has seen nothing. */
static void
fault_in_second_page(void **state)
{
	emulated_map(DEVICE + PAGE_SIZE, 0, 0);
	CODE("\x89\x03"); /* mov [rbx], eax */
	*gpr(VREG_RBX) = DEVICE + PAGE_SIZE - 3;
	exit_.memory.gpa = GPA(EMULATED_DEVICE + PAGE_SIZE - 3);
	expect_page_fault(DEVICE + PAGE_SIZE, 2);
	emulated_map(DEVICE + PAGE_SIZE, PLAIN_GPA, 5);
	expect_page_fault(DEVICE + PAGE_SIZE, 3);
}

/* A read that will write is refused before it reads. */
static void
read_only_page(void **state)
{
	emulated_map(DEVICE, EMULATED_DEVICE, 5);
	*gpr(VREG_RBX) = DEVICE;
	CODE("\x87\x03"); /* xchg [rbx], eax */
	expect_page_fault(DEVICE, 3);
	CODE("\x3b\x03"); /* cmp eax, [rbx] */
	expect_done(2);
}

static void
user_code(void **state)
{
	fake_vcpu.segments[VSEG_CS].attr |= FAKE_DPL3;
	emulated_map(EMULATED_CODE, EMULATED_CODE, RIGHTS);
	emulated_map(DEVICE, EMULATED_DEVICE, 3);
	exit_.memory.walk = true;
	CODE("\x8b\x03");
	*gpr(VREG_RBX) = DEVICE;
	expect_page_fault(DEVICE, 5);
	/* Conforming code has the privilege of its stack. */
	fake_vcpu.segments[VSEG_CS].attr = FAKE_CODE64 | 4 | FAKE_DPL3;
	expect_done(2);
	fake_vcpu.segments[VSEG_SS].attr |= FAKE_DPL3;
	emulated.count = 0;
	expect_page_fault(DEVICE, 5);
}

static void
not_canonical(void **state)
{
	CODE("\x8b\x03");
	*gpr(VREG_RBX) = 0x800000000000;
	expect_fault(GP, 0);
	*gpr(VREG_RBX) = 0x7ffffffffffd; /* its last byte is not */
	expect_fault(GP, 0);
	CODE("\x8b\x45\x00"); /* mov eax, [rbp] */
	*gpr(VREG_RBP) = 0xffff7fffffffffff;
	expect_fault(SS, 0);
}

static void
fs_and_gs(void **state)
{
	fake_vcpu_segment(VSEG_FS, 0, DEVICE - 0x100, 0, 0);
	fake_vcpu_segment(VSEG_DS, 0, 0x1234, 0, BIT32(16)); /* means nothing */
	CODE("\x64\x8b\x83\x20\x01\x00\x00");		     /* mov eax, fs:[rbx+120h] */
	expect_done(7);
	expect_access(0, EMULATED_DEVICE + 0x20, 4, false, 0);
}

/* An address of 32 bits in 64-bit code, and RIP-relative ones. */
static void
address_sizes(void **state)
{
	CODE("\x67\x8b\x03"); /* mov eax, [ebx] */
	*gpr(VREG_RBX) = 0xffffffff00000000 | DEVICE;
	expect_done(3);
	expect_access(0, EMULATED_DEVICE, 4, false, 0);
	CODE("\x8a\x05\x02\x00\xf8\x3f\x90"); /* mov al, [rip+3ff80002h] */
	expect_done(6);
	expect_access(1, EMULATED_DEVICE + 8, 1, false, 0);
}

/* Limits, types and bases of segments in 32-bit code. */
static void
segments_32(void **state)
{
	begin_flat(FAKE_CODE32);
	CODE("\x8b\x03"); /* mov eax, [ebx] */
	*gpr(VREG_RBX) = 0x100;
	fake_vcpu_segment(VSEG_DS, 8, EMULATED_DEVICE, 0x103, FAKE_DATA32);
	expect_done(2);
	expect_access(0, EMULATED_DEVICE + 0x100, 4, false, 0);
	emulated.count = 0;
	fake_vcpu.segments[VSEG_DS].limit = 0x102;
	expect_fault(GP, 0);
	fake_vcpu.segments[VSEG_DS].attr = BIT32(16);
	fake_vcpu.segments[VSEG_DS].limit = ~0u;
	expect_fault(GP, 0);
	fake_vcpu.segments[VSEG_DS].attr = 0xc099; /* code that may not be read */
	expect_fault(GP, 0);
	fake_vcpu.segments[VSEG_DS].attr = FAKE_CODE32;
	expect_done(2);
	emulated.count = 0;
	CODE("\x89\x03"); /* mov [ebx], eax */
	expect_fault(GP, 0);
	fake_vcpu.segments[VSEG_DS].attr = 0xc091; /* data for reading */
	expect_fault(GP, 0);
	CODE("\x8b\x45\x00"); /* mov eax, [ebp] */
	*gpr(VREG_RBP) = 0xfffffffe;
	fake_vcpu.segments[VSEG_SS].limit = ~0u;
	expect_fault(SS, 0); /* the last two bytes are beyond 4 GiB */
}

/* 32-bit code in long mode, with its paging. */
static void
begin_compatible(void)
{
	begin(NULL);
	fake_vcpu_segments(FAKE_CODE32, FAKE_DATA32, ~0u);
}

/* Base and offset together wrap at 4 GiB, and so does an operand. */
static void
linear_wrap(void **state)
{
	begin_compatible();
	CODE("\x8b\x03"); /* mov eax, [ebx] */
	fake_vcpu_segment(VSEG_DS, 8, 0xfffff000, ~0u, FAKE_DATA32);
	*gpr(VREG_RBX) = DEVICE + 0x1020;
	expect_done(2);
	expect_access(0, EMULATED_DEVICE + 0x20, 4, false, 0);
	emulated_map(0xfffff000, EMULATED_DEVICE, RIGHTS);
	emulated_map(0, EMULATED_DEVICE + PAGE_SIZE, RIGHTS);
	*gpr(VREG_RBX) = 0xffe;
	expect_done(2);
	expect_access(1, EMULATED_DEVICE + 0xffe, 2, false, 0);
	expect_access(2, EMULATED_DEVICE + PAGE_SIZE, 2, false, 0);
}

static void
expanding_down(void **state)
{
	begin_flat(FAKE_CODE32);
	CODE("\x8b\x03");
	fake_vcpu_segment(VSEG_DS, 8, EMULATED_DEVICE, 0xff, 0x4097);
	*gpr(VREG_RBX) = 0x100;
	expect_done(2);
	emulated.count = 0;
	*gpr(VREG_RBX) = 0xff;
	expect_fault(GP, 0);
	fake_vcpu.segments[VSEG_DS].attr = 0x97; /* up to 64 KiB */
	*gpr(VREG_RBX) = 0xfffc;
	expect_done(2);
	emulated.count = 0;
	*gpr(VREG_RBX) = 0xfffd;
	expect_fault(GP, 0);
}

/* Segment faults have no error code there, and types are not looked at. */
static void
real_mode(void **state)
{
	begin_real();
	CODE("\x66\x8b\x07"); /* mov eax, [bx] */
	*gpr(VREG_RBX) = 0x12340020;
	fake_vcpu_segment(VSEG_DS, 0xfee0, EMULATED_DEVICE, 0xffff, 0x91);
	expect_done(3);
	expect_access(0, EMULATED_DEVICE + 0x20, 4, false, 0);
	emulated.count = 0;
	*gpr(VREG_RBX) = 0xfffd;
	expect_fault(GP, -1);
	CODE("\x66\x89\x46\x00"); /* mov [bp], eax */
	*gpr(VREG_RBP) = 0xfffd;
	expect_fault(SS, -1);
	CODE("\x66\x89\x07"); /* mov [bx], eax */
	*gpr(VREG_RBX) = 0x20;
	expect_done(3);
}

/* Virtual-8086 mode has the real mode's segments, and error codes. */
static void
virtual_8086_mode(void **state)
{
	begin_real();
	vcpu_set(v, VREG_CR0, CR0_PE);
	vcpu_set(v, VREG_RFLAGS, BIT(17) | 2);
	fake_vcpu_segment(VSEG_DS, 0xfee0, EMULATED_DEVICE, 0xffff, 0xf1);
	CODE("\x89\x07"); /* mov [bx], ax */
	*gpr(VREG_RBX) = 0x20;
	expect_done(2);
	emulated.count = 0;
	*gpr(VREG_RBX) = 0xffff;
	expect_fault(GP, 0);
}

/* Within a page, across its end, and only as far as the instruction goes. */
static void
fetch_across_pages(void **state)
{
	static const u8 insn[] = {0x89, 0x83, 0x34, 0x02, 0x00, 0x00}; /* mov [rbx+234h], eax */

	*gpr(VREG_RBX) = DEVICE;
	for (unsigned first = 1; first < sizeof(insn); first++) {
		u64 end = EMULATED_CODE + PAGE_SIZE;

		memcpy(fake_vcpu.memory.ram + end - first, insn, sizeof(insn));
		vcpu_set(v, VREG_RIP, end - first);
		expect_done(6);
		emulated_map(end, 0, 0);
		emulated.count = 0;
		expect_page_fault(end, 0x10);
		/* The same bytes elsewhere in memory. */
		emulated_map(end, 0xa0000, RIGHTS);
		memcpy(fake_vcpu.memory.ram + 0xa0000, insn + first, sizeof(insn) - first);
		memset(fake_vcpu.memory.ram + end, 0xcc, sizeof(insn));
		expect_done(6);
		emulated_map(end, end, RIGHTS);
	}
	vcpu_set(v, VREG_RIP, EMULATED_CODE + PAGE_SIZE - 6);
	memcpy(fake_vcpu.memory.ram + EMULATED_CODE + PAGE_SIZE - 6, insn, 6);
	emulated_map(EMULATED_CODE + PAGE_SIZE, 0, 0);
	expect_done(6);
}

static void
fetch_faults(void **state)
{
	u8 prefixes[16];

	CODE("\x8b\x03");
	emulated_map(EMULATED_CODE, EMULATED_CODE, RIGHTS | BIT(63));
	expect_page_fault(EMULATED_CODE, 0x11);
	emulated_map(EMULATED_CODE, EMULATED_CODE, RIGHTS);
	memset(prefixes, 0x66, sizeof(prefixes));
	emulated_code(prefixes, sizeof(prefixes));
	expect_fault(GP, 0);
	begin_flat(FAKE_CODE32);
	CODE("\x8b\x83\x00\x01\x00\x00");
	fake_vcpu.segments[VSEG_CS].limit = EMULATED_CODE + 4;
	*gpr(VREG_RBX) = EMULATED_DEVICE;
	expect_fault(GP, 0);
	fake_vcpu.segments[VSEG_CS].limit = EMULATED_CODE + 5;
	expect_done(6);
	begin_flat(FAKE_CODE32);
	fake_vcpu.segments[VSEG_CS].limit = EMULATED_CODE - 1;
	expect_fault(GP, 0);
}

/* What is beyond the segment, or not canonical, is not even looked for. */
static void
fetch_beyond(void **state)
{
	static const u64 last_page = 0x7ffffffff000;

	begin_compatible();
	emulated_map(EMULATED_CODE + PAGE_SIZE, 0, 0);
	memcpy(fake_vcpu.memory.ram + EMULATED_CODE + PAGE_SIZE - 2, "\x8b\x83", 2);
	vcpu_set(v, VREG_RIP, EMULATED_CODE + PAGE_SIZE - 2);
	fake_vcpu.segments[VSEG_CS].limit = EMULATED_CODE + PAGE_SIZE - 1;
	expect_fault(GP, 0);
	begin(NULL);
	memcpy(fake_vcpu.memory.ram + EMULATED_CODE + PAGE_SIZE - 2, "\x8b\x83", 2);
	emulated_map(last_page, EMULATED_CODE, RIGHTS);
	vcpu_set(v, VREG_RIP, last_page + PAGE_SIZE - 2);
	expect_fault(GP, 0);
}

/* CS has no base in 64-bit code, and RIP all its bits. */
static void
fetch_far_up(void **state)
{
	emulated_map(0xffffffff81000000, EMULATED_CODE, RIGHTS);
	vcpu_set(v, VREG_RIP, 0xffffffff81000000);
	fake_vcpu.segments[VSEG_CS].base = 0x5000;
	CODE("\x8b\x03");
	*gpr(VREG_RBX) = DEVICE;
	expect_done(2);
}

/* mov eax, [rbx+20h], whose address the hardware tells, so that only code is looked for. */
static void
begin_seen(void)
{
	begin(NULL);
	*gpr(VREG_RBX) = DEVICE;
	exit_.memory.gpa = GPA(EMULATED_DEVICE + 0x20);
	exit_.memory.read = exit_.memory.write = true;
	CODE("\x8b\x43\x20");
	expect_done(3);
	expect_done(3); /* with its accessed flags set by the first */
	fake_vcpu.spans = 0;
	emulated.count = 0;
	expect_done(3);
	assert_int_equal(fake_vcpu.spans, 0);
}

/* An instruction that was met before is taken as known only while all that led to it is the same.
 */
static void
seen_before(void **state)
{
	begin_seen();
	CODE("\x8b\x43\x20\xcc"); /* another instruction behind it, which does no harm */
	expect_done(3);
	begin_seen();
	CODE("\x89\x43\x20"); /* patched: mov [rbx+20h], eax */
	expect_done(3);
	assert_true(emulated.accesses[1].write);
}

/* The next RIP behind `rip` whose instruction is kept in the same line. */
static u64
rip_beside(u64 rip)
{
	u64 other = rip + 4;

	while (insn_line_number(other) != insn_line_number(rip))
		other += 4;
	assert_true(other < EMULATED_CODE + PAGE_SIZE);
	return other;
}

/* As a handler does it, with what others have met in the same lines before. */
static void
two_seen_in_turn(void **state)
{
	u64 rips[4] = {EMULATED_CODE};

	for (unsigned i = 1; i < ARRAY_SIZE(rips); i++)
		rips[i] = rip_beside(rips[i - 1]);
	begin_seen();
	for (unsigned i = 0; i < 40; i++) {
		unsigned n = i < 16 ? i % 4 : 2 + i % 2;

		if (i == 24)
			fake_vcpu.spans = 0;
		memcpy(fake_vcpu.memory.ram + rips[n], "\x8b\x43\x20", 3);
		vcpu_set(v, VREG_RIP, rips[n]);
		expect_done(3);
	}
	assert_int_equal(fake_vcpu.spans, 0);
}

static u64 *
code_entry(unsigned level)
{
	u64 table = EMULATED_ROOT;

	for (unsigned l = 4; l > level; l--)
		table = *emulated_entry(table, (u64)EMULATED_CODE >> (12 + 9 * (l - 1)) & 511) &
			BITS(51, 12);
	return emulated_entry(table, (u64)EMULATED_CODE >> (12 + 9 * (level - 1)) & 511);
}

static void
seen_before_elsewhere(void **state)
{
	for (unsigned level = 1; level <= 4; level++) {
		begin_seen();
		*code_entry(level) &= ~1ul;
		emulated.count = 0;
		expect_page_fault(EMULATED_CODE, 0x10);
	}
	begin_seen();
	*code_entry(1) = 0xa0000 | 0x63;
	memcpy(fake_vcpu.memory.ram + 0xa0000, "\x89\x43\x20", 3);
	expect_done(3);
	assert_true(emulated.accesses[1].write);
	begin_seen();
	*code_entry(1) &= ~0x20ul;
	expect_done(3);
	assert_int_equal(*code_entry(1) & 0x20, 0x20); /* accessed again */
	begin_seen();
	vcpu_set(v, VREG_CR3, 0xf0000); /* no tables there */
	emulated.count = 0;
	expect_page_fault(EMULATED_CODE, 0x10);
	begin_seen();
	vcpu_set(v, VREG_EFER, EFER_LME | EFER_LMA);
	*code_entry(1) |= BIT(63); /* reserved now */
	emulated.count = 0;
	expect_page_fault(EMULATED_CODE, 9);
}

/* Another process' tables, which are those of the first but for where the code's page is. */
static u64
other_tables(u64 code)
{
	u64 table = EMULATED_ROOT, copy = 0xb0000;

	for (unsigned level = 4; level >= 1; level--, copy += PAGE_SIZE) {
		u64 index = (u64)EMULATED_CODE >> (12 + 9 * (level - 1)) & 511;
		u64 *entry = emulated_entry(copy, index);

		memcpy(emulated_entry(copy, 0), emulated_entry(table, 0), PAGE_SIZE);
		table = *entry & BITS(51, 12);
		*entry = (level > 1 ? copy + PAGE_SIZE : code) | 0x63;
	}
	return 0xb0000;
}

/* Decoded once for all processes: by other tables, one walk and the bytes are all that is read. */
static void
seen_before_by_another_process(void **state)
{
	begin_seen();
	memcpy(fake_vcpu.memory.ram + 0xa0000, fake_vcpu.memory.ram + EMULATED_CODE, PAGE_SIZE);
	vcpu_set(v, VREG_CR3, other_tables(0xa0000));
	expect_done(3);
	assert_int_equal(fake_vcpu.spans, 4 + INSN_WORDS);
	expect_done(3);
	assert_int_equal(fake_vcpu.spans, 4 + INSN_WORDS);
	memcpy(fake_vcpu.memory.ram + EMULATED_CODE, "\x89\x43\x20", 3);
	expect_done(3); /* where the first has its code makes no difference now */
	assert_false(emulated.accesses[3].write);
	vcpu_set(v, VREG_CR3, EMULATED_ROOT);
	expect_done(3);
	assert_true(emulated.accesses[4].write);
}

static void
seen_before_but_not_by_this_process(void **state)
{
	begin_seen();
	memcpy(fake_vcpu.memory.ram + 0xa0000, "\x89\x43\x20", 3);
	vcpu_set(v, VREG_CR3, other_tables(0xa0000));
	expect_done(3);
	assert_true(emulated.accesses[1].write);
	begin_seen();
	vcpu_set(v, VREG_CR3, other_tables(EMULATED_CODE));
	*emulated_entry(0xb3000, (u64)EMULATED_CODE >> 12 & 511) |= BIT(63);
	emulated.count = 0;
	expect_page_fault(EMULATED_CODE, 0x11);
}

/* By the same CR3, but PAE's walk. */
static void
seen_before_in_long_mode(void **state)
{
	begin_seen();
	vcpu_set(v, VREG_EFER, 0);
	emulated.count = 0;
	expect_page_fault(EMULATED_CODE, 9);
}

/* RIP is not where the code is. */
static void
seen_before_with_base(void **state)
{
	begin_compatible();
	*gpr(VREG_RBX) = DEVICE;
	fake_vcpu.segments[VSEG_CS].base = 0xfffff000;
	vcpu_set(v, VREG_RIP, EMULATED_CODE + PAGE_SIZE);
	memcpy(fake_vcpu.memory.ram + EMULATED_CODE + PAGE_SIZE, "\x8b\x03", 2);
	CODE("\x8b\x03"); /* mov eax, [ebx] */
	expect_done(2);
	expect_done(2);
	CODE("\x89\x03"); /* mov [ebx], eax */
	expect_done(2);
	assert_true(emulated.accesses[2].write);
}

/* The same bytes at the same address mean something else in other code. */
static void
seen_before_in_other_code(void **state)
{
	begin(NULL);
	*gpr(VREG_RBX) = DEVICE;
	CODE("\x48\x89\x03"); /* mov [rbx], rax; 32-bit: dec eax */
	expect_done(3);
	expect_done(3);
	fake_vcpu_segments(FAKE_CODE32, FAKE_DATA32, ~0u);
	emulated.count = 0;
	expect_stop("48 89 03");
}

/* Bytes that came with the exit are taken, and completed where they end too early. */
static void
given_bytes(void **state)
{
	CODE("\x8b\x83\x00\x01\x00\x00"); /* mov eax, [rbx+100h] */
	*gpr(VREG_RBX) = DEVICE;
	exit_.memory.bytes_len = 2;
	memcpy(exit_.memory.bytes, "\x8b\x03", 2);
	expect_done(2);
	expect_access(0, EMULATED_DEVICE, 4, false, 0);
	memcpy(exit_.memory.bytes, "\x8b\x83", 2);
	expect_done(6);
	expect_access(1, EMULATED_DEVICE + 0x100, 4, false, 0);
}

static void
wrong_lock(void **state)
{
	*gpr(VREG_RBX) = DEVICE;
	CODE("\xf0\x89\x03"); /* lock mov [rbx], eax */
	expect_fault(UD, -1);
	CODE("\xf0\x01\x03"); /* lock add [rbx], eax */
	expect_done(3);
}

static void
stops(void **state)
{
	CODE("\x62\xf1\x7c\x48\x10\x03"); /* vmovups zmm0, [rbx] */
	*gpr(VREG_RBX) = DEVICE;
	expect_stop("62 f1 7c 48 10 03");
	begin(NULL);
	CODE("\xf7\x33\xeb\xfe"); /* div dword [rbx] */
	expect_stop("RIP 0x80000 the bytes f7 33");
	begin(NULL);
	CODE("\x89\xd8"); /* mov eax, ebx */
	expect_stop("89 d8");
	begin(NULL);
	emulated_map(EMULATED_CODE, EMULATED_DEVICE, RIGHTS);
	expect_stop("not in RAM");
	begin(NULL);
	exit_.memory.fetch = true;
	expect_stop("it runs code at 0xfee00000");
	begin(NULL);
	exit_.cut.kind = EVENT_INTERRUPT;
	expect_stop("interrupt or exception");
}

/* PUSH and POP with memory: stack and operand are RAM and device in turn. */
static void
push_and_pop_64(void **state)
{
	memset(emulated.device + 8, 0x77, 8);
	vcpu_set(v, VREG_RSP, PLAIN + 0x100);
	*gpr(VREG_RBX) = DEVICE;
	CODE("\xff\x73\x08"); /* push qword [rbx+8] */
	expect_done(3);
	assert_int_equal(vcpu_get(v, VREG_RSP), PLAIN + 0xf8);
	assert_int_equal(get_plain(0xf8), 0x7777777777777777);
	CODE("\x66\xff\x73\x08"); /* push word [rbx+8] */
	expect_done(4);
	assert_int_equal(vcpu_get(v, VREG_RSP), PLAIN + 0xf6);
	put_plain(0xf6, 0x1122334455667788);
	CODE("\x8f\x43\x10"); /* pop qword [rbx+10h] */
	expect_done(3);
	assert_int_equal(vcpu_get(v, VREG_RSP), PLAIN + 0xfe);
	expect_access(2, EMULATED_DEVICE + 0x10, 8, true, 0x1122334455667788);
	/* Nothing has moved when the operand faults. */
	*gpr(VREG_RBX) = 0x7000;
	emulated.count = 0;
	expect_page_fault(0x7010, 2);
	assert_int_equal(vcpu_get(v, VREG_RSP), PLAIN + 0xfe);
	CODE("\xff\x73\x08");
	*gpr(VREG_RBX) = DEVICE;
	vcpu_set(v, VREG_RSP, 0x7008);
	expect_page_fault(0x7000, 2);
	assert_int_equal(vcpu_get(v, VREG_RSP), 0x7008);
}

/* POP to an address that RSP gives: RSP after it (SDM vol. 2, POP). */
static void
pop_by_stack_pointer(void **state)
{
	emulated_map(PLAIN + PAGE_SIZE, EMULATED_DEVICE, RIGHTS);
	vcpu_set(v, VREG_RSP, PLAIN + PAGE_SIZE - 8);
	put_plain(PAGE_SIZE - 8, 0xabcdef);
	CODE("\x8f\x44\x24\x20"); /* pop qword [rsp+20h] */
	expect_done(4);
	expect_access(0, EMULATED_DEVICE + 0x20, 8, true, 0xabcdef);
}

/* The fault was of the destination, though the stack has the same offset in its page. */
static void
pop_beside_known_address(void **state)
{
	CODE("\x8f\x03"); /* pop qword [rbx] */
	*gpr(VREG_RBX) = DEVICE + 0x80;
	vcpu_set(v, VREG_RSP, PLAIN + 0x80);
	put_plain(0x80, 0x1234);
	exit_.memory.gpa = GPA(EMULATED_DEVICE + 0x80);
	exit_.memory.write = true;
	expect_done(2);
	assert_int_equal(emulated.count, 1);
	expect_access(0, EMULATED_DEVICE + 0x80, 8, true, 0x1234);
}

static void
push_and_pop_16(void **state)
{
	begin_real();
	fake_vcpu_segment(VSEG_DS, 0xfee0, EMULATED_DEVICE, 0xffff, FAKE_DATA16);
	fake_vcpu_segment(VSEG_SS, 0x9000, PLAIN_GPA, 0xffff, FAKE_DATA16);
	vcpu_set(v, VREG_RSP, 0x12340002);
	memset(emulated.device, 0x55, 4);
	CODE("\xff\x37"); /* push word [bx] */
	expect_done(2);
	assert_int_equal(vcpu_get(v, VREG_RSP), 0x12340000);
	assert_int_equal(get_plain(0), 0x5555);
	expect_done(2);
	assert_int_equal(vcpu_get(v, VREG_RSP), 0x1234fffe);
	CODE("\x66\x8f\x07"); /* pop dword [bx] */
	emulated.count = 0;
	expect_fault(SS, -1); /* the stack's end is in its middle */
	vcpu_set(v, VREG_RSP, 0x12340000);
	expect_done(3);
	assert_int_equal(vcpu_get(v, VREG_RSP), 0x12340004);
}

/* Bit strings reach below and above the address (QSB-027). */
static void
bits_far_away(void **state)
{
	CODE("\x48\x0f\xab\x0b"); /* bts [rbx], rcx */
	*gpr(VREG_RBX) = DEVICE + 0x1000;
	*gpr(VREG_RCX) = (u64)-64 * 3 + 5;
	expect_done(4);
	expect_access(1, EMULATED_DEVICE + 0x1000 - 24, 8, true, 0x20);
	*gpr(VREG_RCX) = (u64) - (s64)BIT(62);
	emulated.count = 0;
	expect_fault(GP, 0);
	CODE("\x67\x0f\xab\x0b"); /* bts [ebx], ecx */
	*gpr(VREG_RBX) = DEVICE;
	*gpr(VREG_RCX) = 0x80000000;
	expect_page_fault(DEVICE - 0x10000000, 2);
}

/* Parts of a long string instruction; its registers say how far it is. */
static void
string_budget(void **state)
{
	CODE("\xf3\xaa"); /* rep stosb */
	*gpr(VREG_RDI) = DEVICE + 0x10;
	*gpr(VREG_RCX) = EMULATE_BUDGET + 10;
	*gpr(VREG_RAX) = 0x5a;
	exit_.memory.write = true;
	vcpu_set(v, VREG_INTERRUPT_SHADOW, 1); /* behind STI; between the parts it is over */
	assert_int_equal(emulate_mmio(v, &exit_), VERDICT_AGAIN);
	assert_int_equal(vcpu_get(v, VREG_INTERRUPT_SHADOW), 0);
	assert_int_equal(*gpr(VREG_RCX), 10);
	assert_int_equal(*gpr(VREG_RDI), DEVICE + 0x10 + EMULATE_BUDGET);
	assert_int_equal(vcpu_get(v, VREG_RFLAGS), BIT(16) | 2);
	assert_int_equal(emulated.count, EMULATE_BUDGET);
	expect_done(2);
	assert_int_equal(*gpr(VREG_RCX), 0);
	assert_int_equal(emulated.count, EMULATE_BUDGET + 10);
	for (unsigned i = 0; i < EMULATE_BUDGET + 12; i++)
		assert_int_equal(emulated.device[0x10 + i], i < EMULATE_BUDGET + 10 ? 0x5a : 0);
	expect_done(2); /* nothing left to do */
	assert_int_equal(emulated.count, EMULATE_BUDGET + 10);
	*gpr(VREG_RCX) = EMULATE_BUDGET; /* just enough */
	expect_done(2);
}

/* A fault in the middle leaves what was done before it. */
static void
string_fault(void **state)
{
	CODE("\xf3\xa5"); /* rep movsd */
	emulated_map(DEVICE + PAGE_SIZE, 0, 0);
	*gpr(VREG_RSI) = PLAIN;
	*gpr(VREG_RDI) = DEVICE + PAGE_SIZE - 10;
	*gpr(VREG_RCX) = 100;
	put_plain(0, 0x2222222211111111);
	check_fault(emulate_mmio(v, &exit_), PF, 2);
	assert_int_equal(vcpu_get(v, VREG_CR2), DEVICE + PAGE_SIZE);
	assert_int_equal(*gpr(VREG_RCX), 98);
	assert_int_equal(*gpr(VREG_RSI), PLAIN + 8);
	assert_int_equal(*gpr(VREG_RDI), DEVICE + PAGE_SIZE - 2);
	assert_int_equal(emulated.count, 2);
	expect_access(1, EMULATED_DEVICE + PAGE_SIZE - 6, 4, true, 0x22222222);
}

/* That a page may be read does not say that it may be written. */
static void
string_within_a_page(void **state)
{
	CODE("\xa4"); /* movsb */
	emulated_map(PLAIN, PLAIN_GPA, 5);
	*gpr(VREG_RSI) = PLAIN;
	*gpr(VREG_RDI) = PLAIN + 8;
	expect_page_fault(PLAIN + 8, 3);
}

/* Registers of the address size; 32-bit ones clear the rest, 16-bit ones wrap and keep it. */
static void
string_address_sizes(void **state)
{
	CODE("\x67\xf3\xaa"); /* rep stosb, by EDI and ECX */
	*gpr(VREG_RDI) = 0xaaaa000000000000 | DEVICE;
	*gpr(VREG_RCX) = 0xbbbb000000000003;
	expect_done(3);
	assert_int_equal(*gpr(VREG_RDI), DEVICE + 3);
	assert_int_equal(*gpr(VREG_RCX), 0);
	begin_real();
	fake_vcpu_segment(VSEG_ES, 0xfee0, EMULATED_DEVICE, 0xffff, FAKE_DATA16);
	CODE("\xf3\xaa");
	*gpr(VREG_RDI) = 0x1111fffe;
	*gpr(VREG_RCX) = 0x22220003;
	expect_done(2);
	assert_int_equal(*gpr(VREG_RDI), 0x11110001);
	assert_int_equal(*gpr(VREG_RCX), 0x22220000);
	expect_access(2, EMULATED_DEVICE, 1, true, 0);
}

static void
string_segments(void **state)
{
	begin_flat(FAKE_CODE32);
	fake_vcpu_segment(VSEG_GS, 8, EMULATED_DEVICE, 0xfff, FAKE_DATA32);
	fake_vcpu_segment(VSEG_ES, 8, PLAIN_GPA, 0xfff, FAKE_DATA32);
	CODE("\x65\xa4"); /* movsb from GS:ESI */
	emulated.device[7] = 0x99;
	*gpr(VREG_RSI) = 7;
	*gpr(VREG_RDI) = 9;
	expect_done(2);
	assert_int_equal(get_plain(9), 0x99);
}

static struct exit
io_exit(bool in, u8 size, bool rep, u8 segment)
{
	struct exit exit = {.kind = EXIT_IO};

	exit.io = (struct exit_io){0x1f0, size, in, true, rep, segment, 8};
	return exit;
}

static void
port_strings(void **state)
{
	struct exit exit = io_exit(true, 2, true, VSEGS);

	emulated_port_value = 0x1234;
	*gpr(VREG_RDI) = PLAIN + 2;
	*gpr(VREG_RCX) = 3;
	assert_int_equal(emulate_io_string(v, &exit), VERDICT_NEXT);
	assert_int_equal(emulated.count, 3);
	expect_access(2, 0x1f0, 2, false, 0x1236);
	assert_int_equal(get_plain(2), 0x123612351234);
	assert_int_equal(*gpr(VREG_RDI), PLAIN + 8);
	assert_int_equal(*gpr(VREG_RCX), 0);
	/* A port is not read for a destination that faults. */
	*gpr(VREG_RDI) = 0x7000;
	*gpr(VREG_RCX) = 1;
	check_fault(emulate_io_string(v, &exit), PF, 2);
	assert_int_equal(emulated.count, 3);
	exit = io_exit(false, 4, false, VSEG_FS);
	fake_vcpu_segment(VSEG_FS, 0, PLAIN, 0, 0);
	*gpr(VREG_RSI) = 2;
	vcpu_set(v, VREG_RFLAGS, BIT(10) | 2);
	assert_int_equal(emulate_io_string(v, &exit), VERDICT_NEXT);
	expect_access(3, 0x1f0, 4, true, 0x12351234);
	assert_int_equal(*gpr(VREG_RSI), (u64)-2);
	assert_int_equal(*gpr(VREG_RCX), 1);
}

/* Where the hardware does not name the segment, the instruction does. */
static void
port_strings_undecoded(void **state)
{
	struct exit exit = io_exit(false, 1, true, VSEGS);

	CODE("\x65\xf3\x6e"); /* rep outsb from GS */
	fake_vcpu_segment(VSEG_GS, 0, PLAIN, 0, 0);
	put_plain(0, 0x0201);
	*gpr(VREG_RCX) = 2;
	assert_int_equal(emulate_io_string(v, &exit), VERDICT_NEXT);
	assert_int_equal(exit.insn_len, 3);
	expect_access(0, 0x1f0, 1, true, 1);
	expect_access(1, 0x1f0, 1, true, 2);
	CODE("\x90");
	assert_int_equal(emulate_io_string(v, &exit), VERDICT_AGAIN);
}

static void
lengths(void **state)
{
	static const struct {
		const char *bytes;
		unsigned length;
	} insns[] = {
		{"\x0f\xa2",						     2 },
		{"\x0f\x32",						     2 },
		{"\xf4",							 1 },
		{"\x0f\x01\xd9",						 3 },
		{"\x0f\x01\xf9",						 3 },
		{"\x66\x66\x67\x48\x0f\xa2",				     6 },
		{"\xf3\x2e\x0f\x32",					     4 },
		{"\x65\x65\x65\x65\x65\x65\x65\x65\x65\x65\x65\x65\x65\x65\xf4", 15},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(insns); i++) {
		for (unsigned back = 0; back <= 16; back++) {
			u64 at = EMULATED_CODE + PAGE_SIZE - back;

			memset(fake_vcpu.memory.ram + at, 0xf4, 16);
			memcpy(fake_vcpu.memory.ram + at, insns[i].bytes, insns[i].length);
			vcpu_set(v, VREG_RIP, at);
			assert_int_equal(emulate_length(v), insns[i].length);
		}
	}
}

static void
no_length(void **state)
{
	vcpu_set(v, VREG_RIP, 0x7000);
	assert_int_equal(emulate_length(v), 0);
	check_fault(VERDICT_FAULT, PF, 0x10);
	begin(NULL);
	CODE("\x0f\x04");
	assert_int_equal(emulate_length(v), 0);
	check_fault(VERDICT_FAULT, UD, -1);
	begin(NULL);
	emulated_map(EMULATED_CODE, EMULATED_DEVICE, RIGHTS);
	assert_int_equal(emulate_length(v), 0);
	assert_int_not_equal(fake_vcpu.stopped[0], 0);
}

static u64 cs_word;

/* As with SVM: registers lie in memory, and CS in one word of it. */
static void
begin_in_memory(void)
{
	static const enum vreg regs[] = {VREG_RIP, VREG_CR3, VREG_EFER};

	begin(NULL);
	for (unsigned i = 0; i < ARRAY_SIZE(regs); i++)
		v->hw.at[regs[i]] = &fake_vcpu.regs[regs[i]];
	cs_word = 0x10;
	v->hw.cs_word = &cs_word;
	CODE("\x0f\xa2");
	assert_int_equal(emulate_length(v), 2);
	fake_vcpu.spans = 0;
	assert_int_equal(emulate_length(v), 2);
	assert_int_equal(fake_vcpu.spans, 0);
}

static void
length_seen_by_another_process(void **state)
{
	begin_in_memory();
	memcpy(fake_vcpu.memory.ram + 0xa0000, fake_vcpu.memory.ram + EMULATED_CODE, PAGE_SIZE);
	vcpu_set(v, VREG_CR3, other_tables(0xa0000));
	assert_int_equal(emulate_length(v), 2);
	assert_int_equal(fake_vcpu.spans, 4 + INSN_WORDS);
	assert_int_equal(emulate_length(v), 2);
	assert_int_equal(fake_vcpu.spans, 4 + INSN_WORDS);
	memcpy(fake_vcpu.memory.ram + EMULATED_CODE, "\x66\x0f\xa2", 3);
	vcpu_set(v, VREG_CR3, EMULATED_ROOT);
	assert_int_equal(emulate_length(v), 3);
}

static unsigned
length_at(u64 offset)
{
	vcpu_set(v, VREG_RIP, EMULATED_CODE + offset);
	return emulate_length(v);
}

/* Two that the first process has met in one page, with the same page and tables of the other's. */
static void
begin_two_of_a_page(void)
{
	begin_in_memory();
	memcpy(fake_vcpu.memory.ram + EMULATED_CODE + 0x20, "\x66\x0f\xa2", 3);
	assert_int_equal(length_at(0x20), 3);
	memcpy(fake_vcpu.memory.ram + 0xa0000, fake_vcpu.memory.ram + EMULATED_CODE, PAGE_SIZE);
	vcpu_set(v, VREG_CR3, other_tables(0xa0000));
	fake_vcpu.spans = 0;
	assert_int_equal(length_at(0), 2);
	assert_int_equal(fake_vcpu.spans, 4 + INSN_WORDS);
}

/* One walk is enough for a page, as long as its tables say the same. */
static void
length_beside_one_seen_just_now(void **state)
{
	begin_two_of_a_page();
	assert_int_equal(length_at(0x20), 3);
	assert_int_equal(fake_vcpu.spans, 4 + INSN_WORDS);
	memcpy(fake_vcpu.memory.ram + EMULATED_CODE + 0x20, "\x0f\xa2", 2); /* the first's */
	assert_int_equal(length_at(0x20), 3);
	memcpy(fake_vcpu.memory.ram + 0xa0020, "\x0f\xa2", 2);
	assert_int_equal(length_at(0x20), 2);

	begin_two_of_a_page();
	memcpy(fake_vcpu.memory.ram + 0xa0020, "\x0f\xa2", 2); /* before it is met there */
	assert_int_equal(length_at(0x20), 2);
}

static void
length_beside_one_that_is_elsewhere_now(void **state)
{
	begin_two_of_a_page();
	*emulated_entry(0xb3000, (u64)EMULATED_CODE >> 12 & 511) = 0xa1000 | 0x63;
	memcpy(fake_vcpu.memory.ram + 0xa1020, "\x66\x66\x0f\xa2", 4);
	assert_int_equal(length_at(0x20), 4);

	begin_two_of_a_page();
	vcpu_set(v, VREG_EFER, EFER_LME | EFER_LMA);
	assert_int_equal(length_at(0x20), 3);
	assert_true(fake_vcpu.spans > 4 + INSN_WORDS);

	begin_two_of_a_page();
	vcpu_set(v, VREG_CR3, EMULATED_ROOT);
	memcpy(fake_vcpu.memory.ram + EMULATED_CODE + 0x20, "\x0f\xa2", 2);
	assert_int_equal(length_at(0x20), 2);
}

/* The kernel has met it; the page is still the kernel's. */
static void
length_not_seen_by_a_user(void **state)
{
	begin_in_memory();
	cs_word |= 3;
	fake_vcpu.segments[VSEG_CS].attr |= FAKE_DPL3;
	fake_vcpu.segments[VSEG_SS].attr |= FAKE_DPL3;
	vcpu_set(v, VREG_CR3, other_tables(EMULATED_CODE));
	assert_int_equal(emulate_length(v), 0);
	check_fault(VERDICT_FAULT, PF, 0x15);
}

static struct exit_cr
decoded_cr(const char *bytes, size_t size)
{
	struct exit_cr cr = {0xee, 0xee, 0xee, 0xeeee};

	emulated_code(bytes, size);
	assert_true(emulate_decode_cr(v, &cr));
	return cr;
}

#define DECODED_CR(bytes) decoded_cr(bytes, sizeof(bytes) - 1)

static void
control_registers(void **state)
{
	struct exit_cr cr = DECODED_CR("\x41\x0f\x22\xe1"); /* mov cr4, r9 */

	assert_int_equal(cr.access, CR_WRITE);
	assert_int_equal(cr.cr, 4);
	assert_int_equal(cr.reg, 9);
	cr = DECODED_CR("\x0f\x20\xd8"); /* mov rax, cr3 */
	assert_int_equal(cr.access, CR_READ);
	assert_int_equal(cr.cr, 3);
	assert_int_equal(cr.reg, VREG_RAX);
	cr = DECODED_CR("\x44\x0f\x22\xc1"); /* mov cr8, rcx */
	assert_int_equal(cr.cr, 8);
	cr = DECODED_CR("\xf0\x0f\x22\xc1"); /* the same on AMD's CPUs */
	assert_int_equal(cr.cr, 8);
	assert_int_equal(cr.reg, VREG_RCX);
	cr = DECODED_CR("\x0f\x06"); /* clts */
	assert_int_equal(cr.access, CR_CLTS);
	*gpr(VREG_RBX) = 0x12345678;
	cr = DECODED_CR("\x0f\x01\xf3"); /* lmsw bx */
	assert_int_equal(cr.access, CR_LMSW);
	assert_int_equal(cr.lmsw, 0x5678);
	*gpr(VREG_RBX) = PLAIN;
	put_plain(0, 0xabcd1234);
	cr = DECODED_CR("\x0f\x01\x33"); /* lmsw [rbx] */
	assert_int_equal(cr.lmsw, 0x1234);
}

static void
smsw(void **state)
{
	vcpu_set(v, VREG_CR0, CR0_PG | CR0_PE | CR0_WP | CR0_CD | CR0_TS);
	memset(gpr(VREG_RDX), 0xee, 8);
	assert_int_equal(DECODED_CR("\x66\x0f\x01\xe2").access, CR_SMSW); /* smsw dx */
	assert_int_equal(*gpr(VREG_RDX), 0xeeeeeeeeeeee0009);
	DECODED_CR("\x0f\x01\xe2"); /* smsw edx */
	assert_int_equal(*gpr(VREG_RDX), 0xc0010009);
	put_plain(0, ~0ul);
	*gpr(VREG_RBX) = PLAIN;
	DECODED_CR("\x48\x0f\x01\x23"); /* smsw [rbx] */
	assert_int_equal(get_plain(0), 0xffffffffffff0009);
}

static void
no_control_register(void **state)
{
	struct exit_cr cr;

	CODE("\x90");
	assert_false(emulate_decode_cr(v, &cr));
	assert_int_equal(v->fault.kind, EVENT_NONE);
	CODE("\x0f\x01\x33"); /* lmsw [rbx] */
	*gpr(VREG_RBX) = 0x7000;
	assert_false(emulate_decode_cr(v, &cr));
	check_fault(VERDICT_FAULT, PF, 0);
	CODE("\x0f\x01\x23"); /* smsw [rbx] */
	assert_false(emulate_decode_cr(v, &cr));
	check_fault(VERDICT_FAULT, PF, 2);
}

static void
begin_vectors(void)
{
	vcpu_set(v, VREG_CR4, CR4_PAE | CR4_OSFXSR | CR4_OSXSAVE);
	v->hw.xcr0 = 7;
	memset(xsave, 0xa5, sizeof(xsave));
	memset(xsave + 512, 0, 64);
	*gpr(VREG_RBX) = DEVICE;
	memset(emulated.device, 0x11, 32);
}

static void
vector_faults(void **state)
{
	begin_vectors();
	CODE("\x0f\x10\x03"); /* movups xmm0, [rbx] */
	vcpu_set(v, VREG_CR4, CR4_PAE);
	expect_fault(UD, -1);
	vcpu_set(v, VREG_CR4, CR4_PAE | CR4_OSFXSR);
	vcpu_set(v, VREG_CR0, CR0_PG | CR0_PE | CR0_EM);
	expect_fault(UD, -1);
	vcpu_set(v, VREG_CR0, CR0_PG | CR0_PE | CR0_TS);
	expect_fault(NM, -1);
	vcpu_set(v, VREG_CR0, CR0_PG | CR0_PE);
	CODE("\xc5\xf8\x10\x03"); /* vmovups xmm0, [rbx] */
	expect_fault(UD, -1);
	vcpu_set(v, VREG_CR4, CR4_PAE | CR4_OSXSAVE);
	v->hw.xcr0 = 3;
	expect_fault(UD, -1);
	v->hw.xcr0 = 7;
	expect_done(4);
	emulated.count = 0;
	CODE("\xc5\xfc\x28\x43\x10"); /* vmovaps ymm0, [rbx+10h] */
	expect_fault(GP, 0);
}

static bool
all_bytes(const u8 *at, size_t size, u8 byte)
{
	for (size_t i = 0; i < size; i++) {
		if (at[i] != byte)
			return false;
	}
	return true;
}

/* What XSTATE_BV does not name is zero, whatever lies in the area. */
static void
unused_vectors(void **state)
{
	u32 avx = cpuid(0xd, 2).ebx;

	if (!__builtin_cpu_supports("avx"))
		skip();
	begin_vectors();
	CODE("\x0f\x11\x0b"); /* movups [rbx], xmm1 */
	expect_done(3);
	assert_true(all_bytes(emulated.device, 16, 0));
	assert_int_equal(xsave[512], 0);
	CODE("\x0f\x10\x53\x10"); /* movups xmm2, [rbx+10h] */
	expect_done(4);
	assert_int_equal(xsave[512], 2);
	assert_true(all_bytes(xsave + 160 + 32, 16, 0x11));
	assert_true(all_bytes(xsave + 160, 32, 0));
	assert_true(all_bytes(xsave + avx, 256, 0xa5)); /* not touched, for it is not in use */
	memset(emulated.device, 0x22, 32);
	CODE("\xc5\xfc\x10\x13"); /* vmovups ymm2, [rbx] */
	expect_done(4);
	assert_int_equal(xsave[512], 6);
	assert_true(all_bytes(xsave + avx + 32, 16, 0x22));
	assert_true(all_bytes(xsave + avx, 32, 0));
	CODE("\xc5\xf8\x10\x13"); /* vmovups xmm2, [rbx] */
	expect_done(4);
	assert_true(all_bytes(xsave + avx + 32, 16, 0));
}

/* A CPU with FXSAVE alone. */
static void
without_xsave(void **state)
{
	begin_vectors();
	mask = 0;
	CODE("\x0f\x11\x0b"); /* movups [rbx], xmm1 */
	expect_done(3);
	assert_true(all_bytes(emulated.device, 16, 0xa5));
	CODE("\x0f\x10\x53\x10"); /* movups xmm2, [rbx+10h] */
	expect_done(4);
	assert_true(all_bytes(xsave + 512, 64, 0));
	assert_true(all_bytes(xsave + 160, 32, 0xa5));
}

/* A device sees vectors by eights. */
static void
vector_accesses(void **state)
{
	begin_vectors();
	CODE("\xc5\xfe\x6f\x03"); /* vmovdqu ymm0, [rbx] */
	expect_done(4);
	assert_int_equal(emulated.count, 4);
	expect_access(3, EMULATED_DEVICE + 24, 8, false, 0x1111111111111111);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(known_address),
		TEST(page_crossing),
		TEST(crossing_into_ram),
		TEST(fault_in_second_page),
		TEST(read_only_page),
		TEST(user_code),
		TEST(not_canonical),
		TEST(fs_and_gs),
		TEST(address_sizes),
		TEST(segments_32),
		TEST(linear_wrap),
		TEST(expanding_down),
		TEST(real_mode),
		TEST(virtual_8086_mode),
		TEST(fetch_across_pages),
		TEST(fetch_faults),
		TEST(fetch_beyond),
		TEST(fetch_far_up),
		TEST(seen_before),
		TEST(two_seen_in_turn),
		TEST(seen_before_elsewhere),
		TEST(seen_before_by_another_process),
		TEST(seen_before_but_not_by_this_process),
		TEST(seen_before_in_long_mode),
		TEST(seen_before_with_base),
		TEST(seen_before_in_other_code),
		TEST(given_bytes),
		TEST(wrong_lock),
		TEST(stops),
		TEST(push_and_pop_64),
		TEST(pop_by_stack_pointer),
		TEST(pop_beside_known_address),
		TEST(push_and_pop_16),
		TEST(bits_far_away),
		TEST(string_budget),
		TEST(string_fault),
		TEST(string_within_a_page),
		TEST(string_address_sizes),
		TEST(string_segments),
		TEST(port_strings),
		TEST(port_strings_undecoded),
		TEST(lengths),
		TEST(no_length),
		TEST(length_seen_by_another_process),
		TEST(length_beside_one_seen_just_now),
		TEST(length_beside_one_that_is_elsewhere_now),
		TEST(length_not_seen_by_a_user),
		TEST(control_registers),
		TEST(smsw),
		TEST(no_control_register),
		TEST(vector_faults),
		TEST(unused_vectors),
		TEST(without_xsave),
		TEST(vector_accesses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
