/* SPDX-License-Identifier: MIT */
/* The start of a test guest in C, its serial line and its verdict. */
#include "guests/lib/guest.h"

#include <stdarg.h>

#include "guests/lib/pic.h"
#include "lib/format.h"

enum { COM1 = 0x3f8, UART_MCR = 4, UART_LSR, LSR_THRE = 0x20, WAIT_MAX = 1000000 };

void guest_start(u32 magic, u32 info);

/* A transmitter that never gets ready loses bytes, not the verdict. */
static void
put_byte(char c)
{
	for (unsigned n = 0; n < WAIT_MAX && (in8(COM1 + UART_LSR) & LSR_THRE) == 0; n++)
		cpu_relax();
	out8(COM1, (u8)c);
}

static void
put(struct sink *sink, const char *bytes, size_t len)
{
	(void)sink;
	for (size_t n = 0; n < len; n++) {
		if (bytes[n] == '\n')
			put_byte('\r');
		put_byte(bytes[n]);
	}
}

static struct sink serial = {put};

void
print(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	sink_vprintf(&serial, fmt, args);
	va_end(args);
}

void
guest_end(u32 status)
{
	out32(PORT_DEBUG_EXIT, status);
	for (;;)
		__asm__ volatile("cli; hlt");
}

void
guest_fail(const char *fmt, ...)
{
	va_list args;

	out8(COM1 + UART_MCR, 0); /* no loopback */
	print("FAIL %s: ", guest_name);
	va_start(args, fmt);
	sink_vprintf(&serial, fmt, args);
	va_end(args);
	print("\n");
	guest_end(STATUS_FAIL);
}

void
guest_pass(void)
{
	print("PASS %s\n", guest_name);
	guest_end(STATUS_PASS);
}

bool
under_ashlar(void)
{
	struct cpuid_regs r = cpuid(CPUID_HYPERVISOR, 0);
	char signature[12];

	if ((cpuid(CPUID_VERSION, 0).ecx & BIT32(31)) == 0)
		return false;
	memcpy(signature, &r.ebx, 4);
	memcpy(signature + 4, &r.ecx, 4);
	memcpy(signature + 8, &r.edx, 4);
	return memcmp(signature, "AshlarAshlar", 12) == 0;
}

static u64
number(const char *text)
{
	u64 base = 10, value = 0;

	if (text[0] == '0' && text[1] == 'x') {
		base = 16;
		text += 2;
	}
	for (;; text++) {
		u64 digit = (u64)(*text >= 'a' ? *text - 'a' + 10 : *text - '0');

		if (*text == 0 || digit >= base)
			return value;
		value = value * base + digit;
	}
}

const char *
option_text(const char *key)
{
	size_t len = strlen(key);

	for (const char *word = boot_info.cmdline; word != NULL; word = strchr(word, ' ')) {
		while (*word == ' ')
			word++;
		if (strncmp(word, key, len) == 0 && word[len] == '=')
			return word + len + 1;
	}
	return NULL;
}

u64
option(const char *key, u64 fallback)
{
	const char *text = option_text(key);

	return text == NULL ? fallback : number(text);
}

void
guest_start(u32 magic, u32 info)
{
	trap_init();
	/* Firmware may have left the 8254 ticking: no interrupt but what the test asks for. */
	out8(PIC_MASTER + 1, 0xff);
	out8(PIC_SLAVE + 1, 0xff);
	boot_info_read(magic, info);
	guest_main();
	guest_pass();
}
