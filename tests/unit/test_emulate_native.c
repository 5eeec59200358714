/* SPDX-License-Identifier: MIT */
// clang-format off
// SOURCES: emul/emulate.c emul/emulation.c emul/fetch.c emul/insn_cache.c emul/decode.c emul/opcodes.c emul/gpt.c emul/linear.c emul/access.c emul/alu.c emul/execute.c emul/strings.c emul/vector.c lib/format.c
// clang-format on
/*
 * The emulator against this machine's own CPU: each instruction runs once natively on a buffer, and
 * once emulated in a guest whose device has the same bytes at the same linear address. Registers,
 * flags and bytes must be the same afterwards.
 */
#include "tests/unit/test.h"

#include <sys/mman.h>

#include "tests/unit/fake/assembler.h"
#include "tests/unit/fake/emulated.h"

enum { ROUNDS = 40, SIZE = EMULATED_DEVICE_SIZE, PLAIN = 4096, PLAIN_GPA = 0x90000 };

#define FLAG_CF 0x1ul
#define FLAG_PF 0x4ul
#define FLAG_AF 0x10ul
#define FLAG_ZF 0x40ul
#define FLAG_SF 0x80ul
#define FLAG_DF 0x400ul
#define FLAG_OF 0x800ul
#define STATUS	(FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)
#define OF_BIT	(FLAG_PF | FLAG_AF | FLAG_SF | FLAG_OF) /* undefined after BT */

u64
xsave_mask(void)
{
	return 7;
}

struct native_regs {
	u64 rax, rbx, rcx, rdx, rsi, rdi, flags;
};

static struct {
	u8 *device; /* what the emulated device has, at the address that the guest knows */
	u8 *plain;  /* likewise, of RAM */
	u8 *code;
} native;

static u8 xsave[4096] __attribute__((aligned(64)));

static u8 *
map(size_t size, int rights)
{
	u8 *p = mmap(NULL, size, rights, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

static int
map_all(void **state)
{
	native.device = map(SIZE, PROT_READ | PROT_WRITE);
	native.plain = map(PLAIN, PROT_READ | PROT_WRITE);
	native.code = map(4096, PROT_READ | PROT_WRITE | PROT_EXEC);
	return 0;
}

static __attribute__((no_sanitize("address", "undefined"))) void
run_natively(const u8 *bytes, u32 length, struct native_regs *r)
{
	register u64 flags __asm__("r12") = r->flags;
	register u8 *code __asm__("r13") = native.code;

	memcpy(native.code, bytes, length);
	native.code[length] = 0xc3; /* RET */
	__asm__ volatile("subq $256, %%rsp\n\tpushq %%r12\n\tpopfq\n\tcall *%%r13\n\t"
			 "pushfq\n\tpopq %%r12\n\tcld\n\taddq $256, %%rsp"
			 : "+a"(r->rax), "+b"(r->rbx), "+c"(r->rcx), "+d"(r->rdx), "+S"(r->rsi),
			   "+D"(r->rdi), "+r"(flags), "+r"(code)
			 :
			 : "memory", "cc");
	r->flags = flags;
}

static u64 seed = 1;

static u64
random_u64(void)
{
	seed = seed * 6364136223846793005ul + 1442695040888963407ul;
	return seed >> 33 ^ seed << 31;
}

/* Often one at which carries, signs and overflows turn. */
static u64
random_operand(void)
{
	static const u64 edges[] = {0,		1,	    0x7f,	0x80,
				    0xff,	0x7fff,	    0x8000,	0xffff,
				    0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffffffff,
				    1ul << 63,	~0ul};
	u64 r = random_u64();

	return r & 1 ? edges[(r >> 8) % ARRAY_SIZE(edges)] : random_u64();
}

static struct vcpu *v;

/* The guest of a case: the native machine's buffers at their native addresses. */
static void
make_guest(const u8 *bytes, u32 length, const struct native_regs *r)
{
	v = emulated_begin();
	for (u64 offset = 0; offset < SIZE; offset += PAGE_SIZE)
		emulated_map((u64)(uintptr_t)native.device + offset, EMULATED_DEVICE + offset, 7);
	emulated_map((u64)(uintptr_t)native.plain, PLAIN_GPA, 7);
	memcpy(emulated.device, native.device, SIZE);
	memcpy(fake_vcpu.memory.ram + PLAIN_GPA, native.plain, PLAIN);
	emulated_code(bytes, length);
	v->hw.gpr[VREG_RAX] = r->rax;
	v->hw.gpr[VREG_RBX] = r->rbx;
	v->hw.gpr[VREG_RCX] = r->rcx;
	v->hw.gpr[VREG_RDX] = r->rdx;
	v->hw.gpr[VREG_RSI] = r->rsi;
	v->hw.gpr[VREG_RDI] = r->rdi;
	v->hw.xsave = xsave;
	v->hw.xcr0 = 7;
	__asm__ volatile("movw %%ds, %0" : "=r"(fake_vcpu.segments[VSEG_DS].selector));
	vcpu_set(v, VREG_RFLAGS, r->flags);
	vcpu_set(v, VREG_CR4, CR4_PAE | CR4_OSFXSR | CR4_OSXSAVE);
}

/* Operands at RBX + 16 are where the hardware could have told. */
static void
emulate(const struct native_regs *r, u32 length, bool told)
{
	struct exit exit = {.kind = EXIT_MEMORY};
	u64 offset = r->rbx + 16 - (u64)(uintptr_t)native.device;

	exit.memory.gpa = GPA(EMULATED_DEVICE + offset);
	exit.memory.read = exit.memory.write = told;
	exit.memory.walk = !told;
	assert_int_equal(emulate_mmio(v, &exit), VERDICT_NEXT);
	assert_int_equal(exit.insn_len, length);
	assert_int_equal(vcpu_get(v, VREG_RIP), EMULATED_CODE);
}

static void
compare(const char *text, const struct native_regs *r, u64 defined)
{
	const u64 *g = v->hw.gpr;

	if (g[VREG_RAX] != r->rax || g[VREG_RBX] != r->rbx || g[VREG_RCX] != r->rcx ||
	    g[VREG_RDX] != r->rdx || g[VREG_RSI] != r->rsi || g[VREG_RDI] != r->rdi)
		fail_msg("%s: registers differ: RAX %lx %lx, RCX %lx %lx, RSI %lx %lx", text,
			 g[VREG_RAX], r->rax, g[VREG_RCX], r->rcx, g[VREG_RSI], r->rsi);
	if ((vcpu_get(v, VREG_RFLAGS) ^ r->flags) & defined)
		fail_msg("%s: flags are %lx, not %lx", text, vcpu_get(v, VREG_RFLAGS), r->flags);
	if (memcmp(emulated.device, native.device, SIZE) != 0)
		fail_msg("%s: the device differs", text);
	if (memcmp(fake_vcpu.memory.ram + PLAIN_GPA, native.plain, PLAIN) != 0)
		fail_msg("%s: RAM differs", text);
}

/* Few different bytes, so that comparisons find equal ones. */
static void
fill_buffers(bool similar)
{
	for (unsigned i = 0; i < SIZE; i += 8) {
		u64 value = similar ? (random_u64() & 1) * 0x0101010101010101 : random_operand();

		memcpy(native.device + i, &value, 8);
		memcpy(native.plain + i % PLAIN, &value, 8);
	}
}

static struct native_regs
random_regs(void)
{
	struct native_regs r = {
		.rax = random_operand(),
		.rbx = (u64)(uintptr_t)native.device + SIZE / 2 - 16 + random_u64() % 64,
		.rcx = random_operand(),
		.rdx = random_operand(),
		.rsi = random_u64() % 64,
		.rdi = random_u64() % 64,
		.flags = (random_u64() & STATUS) | 0x202,
	};
	u64 memory;

	/* Half of them cross the page in the middle; and CMPXCHG shall find what it looks for. */
	if (random_u64() & 1)
		r.rbx = (u64)(uintptr_t)native.device + SIZE / 2 + random_u64() % 256;
	memcpy(&memory, (void *)(uintptr_t)(r.rbx + 16), 8);
	if (random_u64() & 1)
		r.rax = memory;
	return r;
}

static struct assembler as;

struct native_case {
	char text[100];
	u64 undefined; /* flags */
	bool strings;
};

static struct native_case cases[4000];

static __printf_like(2, 3) struct native_case *add(u64 undefined, const char *fmt, ...)
{
	struct native_case *c = &cases[as.count];
	va_list args;

	va_start(args, fmt);
	vsnprintf(c->text, sizeof(c->text), fmt, args);
	va_end(args);
	c->undefined = undefined;
	c->strings = false;
	assembler_add(&as, "%s", c->text);
	return c;
}

/* RSI and RDI are addresses, of the device or of RAM; some bytes; up or down. */
static void
make_string_regs(struct native_regs *r)
{
	u64 device = (u64)(uintptr_t)native.device, plain = (u64)(uintptr_t)native.plain;
	u64 choice = random_u64();

	r->rsi = choice & 1 ? device + SIZE / 2 + choice % 512 - 256 : plain + 1024 + choice % 999;
	r->rdi = choice & 2 ? device + SIZE / 2 + random_u64() % 512 - 256
			    : plain + 1024 + random_u64() % 999;
	r->rcx = random_u64() % 40;
	if (choice & 4)
		r->flags |= FLAG_DF;
}

static void
run_case(u32 n)
{
	const struct native_case *c = &cases[n];
	const u8 *bytes = as.bytes + as.offsets[n];
	u32 length = assembler_length(&as, n);
	bool bits = strncmp(c->text, "bt", 2) == 0;
	bool told = !bits && strstr(c->text, "[rbx+16]") != NULL;
	struct native_regs r;

	fill_buffers(c->strings);
	r = random_regs();
	if (c->strings)
		make_string_regs(&r);
	if (bits)
		r.rcx &= 0xdfff; /* within the device; below zero for 16 bits alone */
	make_guest(bytes, length, &r);
	emulate(&r, length, told);
	run_natively(bytes, length, &r);
	compare(c->text, &r, STATUS & ~c->undefined);
}

static void
run_cases(void)
{
	assembler_end(&as);
	for (u32 n = 0; n < as.count; n++) {
		for (unsigned round = 0; round < ROUNDS; round++)
			run_case(n);
	}
	free(as.bytes);
}

static const char *const sizes[4] = {"byte", "word", "dword", "qword"};
static const char *const rcx[4] = {"cl", "cx", "ecx", "rcx"};
static const char *const rax[4] = {"al", "ax", "eax", "rax"};
static const char *const memories[] = {"[rbx+16]", "[rbx+rsi*2+16]", "[rbx+rdi-7]"};

static void
arithmetic(void **state)
{
	static const char *const names[] = {"add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"};

	assembler_begin(&as, 64);
	for (unsigned i = 0; i < ARRAY_SIZE(names) * 4 * 3; i++) {
		const char *name = names[i / 12], *m = memories[i % 3], *r = rcx[i / 3 % 4];
		const char *size = sizes[i / 3 % 4];
		u64 undefined = strchr("oax", name[0]) != NULL && strcmp(name, "add") != 0 &&
						strcmp(name, "adc") != 0
					? FLAG_AF
					: 0;

		add(undefined, "%s %s, %s", name, m, r);
		add(undefined, "%s %s, %s", name, r, m);
		add(undefined, "%s %s %s, -5", name, size, m);
		add(undefined, "%s %s %s, 0x7a", name, size, m);
		if (i / 3 % 4 > 0)
			add(undefined, "%s %s %s, 0x7654", name, size, m);
		if (strcmp(name, "cmp") != 0)
			add(undefined, "lock %s %s, %s", name, m, r);
	}
	add(0, "add [rbx+16], dh");
	add(0, "sub ch, [rbx+16]");
	run_cases();
}

static void
one_operand(void **state)
{
	static const char *const names[] = {"not", "neg", "inc", "dec"};

	assembler_begin(&as, 64);
	for (unsigned i = 0; i < 4 * 4 * 3; i++) {
		add(0, "%s %s %s", names[i / 12], sizes[i / 3 % 4], memories[i % 3]);
		add(0, "lock %s %s %s", names[i / 12], sizes[i / 3 % 4], memories[i % 3]);
	}
	run_cases();
}

static void
tests_and_exchanges(void **state)
{
	assembler_begin(&as, 64);
	for (unsigned i = 0; i < 4 * 3; i++) {
		const char *m = memories[i % 3], *r = rcx[i / 3], *size = sizes[i / 3];

		add(FLAG_AF, "test %s, %s", m, r);
		add(FLAG_AF, "test %s %s, 0x5a", size, m);
		add(0, "xchg %s, %s", m, r);
		add(0, "xadd %s, %s", m, r);
		add(0, "lock xadd %s, %s", m, r);
		add(0, "cmpxchg %s, %s", m, r);
		add(0, "lock cmpxchg %s, %s", m, r);
		add(0, "xadd %s, %s", m, rax[i / 3]);
	}
	add(0, "xchg [rbx+16], ah");
	run_cases();
}

static void
bit_tests(void **state)
{
	static const char *const names[] = {"bt", "bts", "btr", "btc"};

	assembler_begin(&as, 64);
	for (unsigned i = 0; i < 4 * 3 * 3; i++) {
		const char *name = names[i / 9], *m = memories[i % 3];

		add(OF_BIT, "%s %s, %s", name, m, rcx[1 + i / 3 % 3]);
		add(OF_BIT, "%s %s %s, 13", name, sizes[1 + i / 3 % 3], m);
		add(OF_BIT, "%s %s %s, 77", name, sizes[1 + i / 3 % 3], m);
	}
	run_cases();
}

static void
moves(void **state)
{
	assembler_begin(&as, 64);
	for (unsigned i = 0; i < 4 * 3; i++) {
		const char *m = memories[i % 3], *r = rcx[i / 3], *size = sizes[i / 3];

		add(0, "mov %s, %s", m, r);
		add(0, "mov %s, %s", r, m);
		add(0, "mov %s %s, -0x56", size, m);
		add(0, "mov %s, [qword 0x%lx]", rax[i / 3], (long)native.device + 4090);
		add(0, "mov [qword 0x%lx], %s", (long)native.device + 4090, rax[i / 3]);
		if (i / 3 >= 1) {
			add(0, "movzx %s, byte %s", r, m);
			add(0, "movsx %s, byte %s", r, m);
		}
		if (i / 3 >= 2) {
			add(0, "movzx %s, word %s", r, m);
			add(0, "movsx %s, word %s", r, m);
			add(0, "movnti %s, %s", m, r);
		}
	}
	add(0, "movsxd rcx, dword [rbx+16]");
	add(0, "mov [rbx+16], ah");
	add(0, "mov bh, [rbx+16]");
	add(0, "mov [rbx+16], sil");
	add(0, "mov word [rbx+16], ds");
	run_cases();
}

static void
strings(void **state)
{
	static const char *const names[] = {"movs", "stos", "lods", "cmps", "scas"};

	assembler_begin(&as, 64);
	for (unsigned i = 0; i < 5 * 4; i++) {
		char letter = "bwdq"[i % 4];

		add(0, "%s%c", names[i / 4], letter)->strings = true;
		add(0, "rep %s%c", names[i / 4], letter)->strings = true;
		add(0, "repne %s%c", names[i / 4], letter)->strings = true;
	}
	run_cases();
}

/*
 * A vector register's content before, and after; the case's code is given between. Low and high
 * halves are the guest's XSAVE area's.
 */
static void
run_vector(const char *name, const char *how, unsigned reg, bool store)
{
	char c = how[0];
	u8 before[32], after[32], high[32] = {0};
	u32 avx_offset = cpuid(0xd, 2).ebx;
	struct native_regs r;
	u32 main_length;

	assembler_begin(&as, 64);
	assembler_add(&as, "vmovdqu ymm%u, [rdx]", reg);
	if (store)
		assembler_add(&as, "%s [rbx+16], %s%u", name, c == 'y' ? "ymm" : "xmm", reg);
	else
		assembler_add(&as, "%s %s%u, [rbx+16]", name, c == 'y' ? "ymm" : "xmm", reg);
	assembler_add(&as, "vmovdqu [rsi], ymm%u\nvzeroupper", reg);
	assembler_end(&as);
	fill_buffers(false);
	for (unsigned i = 0; i < 32; i++)
		before[i] = (u8)random_u64();
	r = random_regs();
	r.rbx = (r.rbx & ~31ul) + 16; /* aligned */
	if (how[1] == 'u')
		r.rbx += random_u64() % 32;
	r.rdx = (u64)(uintptr_t)before;
	r.rsi = (u64)(uintptr_t)after;
	memset(xsave, 0xa5, sizeof(xsave));
	memset(xsave + 512, 0, 64);
	memcpy(xsave + 160 + reg * 16, before, 16);
	memcpy(xsave + avx_offset + reg * 16, before + 16, 16);
	xsave[512] = 7;
	main_length = assembler_length(&as, 1);
	make_guest(as.bytes + as.offsets[1], main_length, &r);
	emulate(&r, main_length, how[1] == 'a');
	run_natively(as.bytes, as.offsets[3], &r);
	compare(name, &r, STATUS);
	memcpy(high, xsave + 160 + reg * 16, 16);
	memcpy(high + 16, xsave + avx_offset + reg * 16, 16);
	if (memcmp(high, after, 32) != 0)
		fail_msg("%s: ymm%u differs", name, reg);
	free(as.bytes);
}

static void
vectors(void **state)
{
	/* x or y; aligned or not; load, store */
	static const char *const all[][2] = {
		{"movups",  "xu"},
		   {"movaps",  "xa"},
		      {"movupd",	 "xu"},
		 {"movapd",  "xa"},
		{"movdqu",  "xu"},
		   {"movdqa",  "xa"},
		      {"movss",	"xu"},
		 {"movsd",   "xu"},
		{"movd",	 "xu"},
		   {"movq",    "xu"},
		      {"vmovups", "xu"},
		 {"vmovaps", "xa"},
		{"vmovdqu", "xu"},
		   {"vmovdqa", "xa"},
		      {"vmovss",	 "xu"},
		 {"vmovsd",  "xu"},
		{"vmovd",	  "xu"},
		   {"vmovq",   "xu"},
		      {"vmovups", "yu"},
		 {"vmovaps", "ya"},
		{"vmovdqu", "yu"},
		   {"vmovdqa", "ya"},
		      {"vmovupd", "yu"},
		 {"vmovapd", "ya"},
	};
	static const char *const stores[][2] = {
		{"movntps",  "xa"},
		    {"movntpd",	"xa"},
		{"movntdq",  "xa"},
		{"vmovntps", "ya"},
		    {"vmovntpd", "ya"},
		{"vmovntdq", "ya"},
	};

	if (!__builtin_cpu_supports("avx"))
		skip();
	for (unsigned i = 0; i < ARRAY_SIZE(all) * 4; i++) {
		const char *const *m = all[i / 4];

		run_vector(m[0], m[1], i % 2 == 0 ? 3 : 14, i % 4 < 2);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(stores); i++)
		run_vector(stores[i][0], stores[i][1], 5, true);
	run_vector("movntdqa", "xa", 5, false);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arithmetic),
		cmocka_unit_test(one_operand),
		cmocka_unit_test(tests_and_exchanges),
		cmocka_unit_test(bit_tests),
		cmocka_unit_test(moves),
		cmocka_unit_test(strings),
		cmocka_unit_test(vectors),
	};

	return cmocka_run_group_tests(tests, map_all, NULL);
}
