/* SPDX-License-Identifier: MIT */
/* INIT, SIPI, SIPI (SDM vol. 3, 9.4.4); the code is in ap.asm and start.asm. */
#include "guests/lib/smp.h"

#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/time.h"

enum { AP_PAGE = 0x8000, STACK = 16384 };

extern const u8 ap_begin[], ap_end[], ap_stack[];
extern u8 stacks[];
extern volatile u32 start_index;
void cpu_start(u32 index);

static void (*volatile start_fn)(u32 index);
static volatile u32 started;

static void
copy_code(u32 index)
{
	u64 top = (u64)stacks + (index + 1) * (u64)STACK;

	memcpy((void *)AP_PAGE, ap_begin, (size_t)(ap_end - ap_begin));
	*(volatile u32 *)(AP_PAGE + (ap_stack - ap_begin)) = (u32)top;
}

bool
smp_start(u32 index, u32 apic_id, void (*fn)(u32 index))
{
	copy_code(index);
	start_index = index;
	start_fn = fn;
	started = 0;
	apic_send(apic_id, ICR_INIT | ICR_ASSERT | ICR_LEVEL);
	delay_us(10000);
	for (unsigned n = 0; n < 2 && started == 0; n++) {
		apic_send(apic_id, ICR_STARTUP | ICR_ASSERT | AP_PAGE >> 12);
		delay_us(200);
	}
	for (unsigned ms = 0; ms < 1000 && started == 0; ms++)
		delay_us(1000);
	return started != 0;
}

u32
smp_index(void)
{
	u64 sp;

	__asm__ volatile("movq %%rsp, %0" : "=r"(sp));
	return (u32)((sp - (u64)stacks) / STACK);
}

void
cpu_start(u32 index)
{
	trap_load();
	apic_enable();
	started = 1;
	start_fn(index);
	for (;;)
		__asm__ volatile("cli; hlt");
}
