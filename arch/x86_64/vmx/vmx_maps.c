/* SPDX-License-Identifier: MIT */
/* What the vCPUs of a VM share: bitmaps of MSRs, and the page behind the xAPIC's address. */
#include "arch/x86_64/flaws.h"
#include "arch/x86_64/guest_msrs.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/vmx/vmx_vcpu.h"
#include "lib/string.h"

/* 25.6.9: bitmaps of 1 KiB: reads of 0 .. 1fffh, reads of c0000000h .. c0001fffh, then writes. */
static void
pass_msr(u8 *bitmap, u32 msr, bool read, bool write)
{
	u32 bit = msr & 0x1fff;
	u32 byte = (msr >= 0xc0000000 ? 1024 : 0) + bit / 8;
	u8 keep = (u8) ~(1u << bit % 8);

	if (read)
		bitmap[byte] &= keep;
	if (write)
		bitmap[byte + 2048] &= keep;
}

#define MSR_X2APIC(reg) (0x800 + (reg)) /* table 11-6 */

/*
 * Whose RDMSR the CPU takes from the page, and whose WRMSR it carries out (30.5). The others exit:
 * those that the page can't answer, and those that raise #GP.
 */
static const struct {
	u8 first, last; /* registers */
	bool read, write;
} x2apic_msrs[] = {
	{0x02, 0x03, true,  false}, /* id, version */
	{0x08, 0x08, true,  true }, /* TPR */
	{0x0a, 0x0a, true,  false}, /* PPR */
	{0x0b, 0x0b, false, true }, /* EOI */
	{0x0d, 0x0d, true,  false}, /* LDR */
	{0x0f, 0x0f, true,  false}, /* SVR */
	{0x10, 0x28, true,  false}, /* ISR, TMR, IRR, ESR */
	{0x30, 0x30, true,  false}, /* ICR */
	{0x32, 0x38, true,  false}, /* LVT, initial count */
	{0x3e, 0x3e, true,  false}, /* divide */
	{0x3f, 0x3f, false, true }, /* self-IPI */
};

static void
pass_x2apic(u8 *bitmap)
{
	for (unsigned i = 0; i < ARRAY_SIZE(x2apic_msrs); i++) {
		for (u32 reg = x2apic_msrs[i].first; reg <= x2apic_msrs[i].last; reg++)
			pass_msr(bitmap, MSR_X2APIC(reg), x2apic_msrs[i].read,
				 x2apic_msrs[i].write && !virt_caps()->apic_hasty);
	}
}

/*
 * The page to be mapped where a guest has its xAPIC is never read nor written while the CPU makes
 * an APIC of it; in x2APIC mode there is nothing at that address.
 */
hpa_t
vmx_vm_init(const struct virt_page pages[VIRT_VM_PAGES])
{
	u8 *bitmap = pages[VM_PAGE_MSR_BITMAP].ptr;
	u8 *x2apic_bitmap = pages[VM_PAGE_X2APIC_BITMAP].ptr;

	memset(bitmap, 0xff, PAGE_SIZE);
	for (unsigned i = 0; i < ARRAY_SIZE(guest_msrs); i++)
		pass_msr(bitmap, guest_msrs[i], true, true);
	if (cpu_flaws()->barrier)
		pass_msr(bitmap, MSR_IA32_PRED_CMD, false, true); /* a command: never read */
	memcpy(x2apic_bitmap, bitmap, PAGE_SIZE);
	pass_x2apic(x2apic_bitmap);
	memset(pages[VM_PAGE_APIC_ACCESS].ptr, 0xff, PAGE_SIZE);
	return vmx_controls.apic_proc2 != 0 ? pages[VM_PAGE_APIC_ACCESS].pa : HPA(0);
}
