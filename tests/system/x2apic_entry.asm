; SPDX-License-Identifier: MIT
; Another entry for a test image: firmware that hands over in x2APIC mode (SDM vol. 3, 11.12.5).

bits 32
extern _start

MSR_IA32_APIC_BASE equ 0x1b
APIC_BASE_EXTD	   equ 1 << 10

section .text
global x2apic_entry
x2apic_entry:
	mov	esi, eax	; the boot loader's magic number; its other argument is in EBX
	mov	ecx, MSR_IA32_APIC_BASE
	rdmsr
	or	eax, APIC_BASE_EXTD
	wrmsr
	mov	eax, esi
	jmp	_start
