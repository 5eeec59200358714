; SPDX-License-Identifier: MIT
; What a CPU has when it starts, stored where guests/tests/smp.c looks: copied to any page below
; 1 MiB, and left in real mode there.
section .rodata
global start_begin, start_end
bits 16
STATE equ 0x800			; in the page: struct start_state
start_begin:
	mov	[cs:STATE + 4], eax
	mov	[cs:STATE + 8], ebx
	mov	[cs:STATE + 12], ecx
	mov	[cs:STATE + 16], edx
	mov	[cs:STATE + 20], esi
	mov	[cs:STATE + 24], edi
	mov	[cs:STATE + 28], ebp
	mov	[cs:STATE + 32], esp
	mov	ax, cs
	mov	[cs:STATE + 36], ax
	mov	ax, ds
	mov	[cs:STATE + 38], ax
	mov	ax, ss
	mov	[cs:STATE + 40], ax
	mov	sp, STATE + 0x100	; SS is 0: below, in the page
	mov	ax, cs
	mov	ss, ax
	pushfd
	pop	dword [cs:STATE + 44]
	mov	eax, cr0
	mov	[cs:STATE + 48], eax
	mov	eax, cr4
	mov	[cs:STATE + 52], eax
	mov	ecx, 0xc0000080		; EFER
	rdmsr
	mov	[cs:STATE + 56], eax
	mov	ecx, 0x1b		; IA32_APIC_BASE
	rdmsr
	mov	[cs:STATE + 60], eax
	mov	ecx, 0x277		; PAT
	rdmsr
	mov	[cs:STATE + 64], eax
	mov	eax, 0x00070106
	wrmsr
	lock inc dword [cs:STATE]
.rest:	hlt
	jmp	.rest
start_end:
