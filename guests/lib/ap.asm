; SPDX-License-Identifier: MIT
; Where another CPU begins: in real mode at a page below 1 MiB, to which smp.c copies this. It goes
; on in 32-bit mode at start_cpu, on the stack that smp.c has set aside for it.
extern start_cpu, other_cpu

AP_PAGE equ 0x8000		; guests/lib/smp.c

section .rodata
global ap_begin, ap_end
bits 16
ap_begin:
	cli
	xor	ax, ax
	mov	ds, ax
	o32 lgdt [AP_PAGE + .pointer - ap_begin]
	mov	eax, cr0
	or	al, 1
	mov	cr0, eax
	jmp	dword 8:AP_PAGE + .protected - ap_begin
bits 32
.protected:
	mov	ax, 16
	mov	ds, ax
	mov	es, ax
	mov	ss, ax
	mov	esp, [AP_PAGE + ap_stack - ap_begin]
	mov	ebx, other_cpu
	mov	eax, start_cpu
	jmp	eax
align 8
.gdt:	dq 0
	dq 0x00cf9b000000ffff
	dq 0x00cf93000000ffff
.pointer:
	dw 23
	dd AP_PAGE + .gdt - ap_begin
global ap_stack
ap_stack: dd 0
ap_end:
