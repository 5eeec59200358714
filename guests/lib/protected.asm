; SPDX-License-Identifier: MIT
; void run_protected(void (*code)(void)): out of long mode for good, to 32-bit code in protected mode
; without paging (SDM vol. 3, 9.8.5.4). It keeps the GDT and the stack.

CR0_PG	  equ 1 << 31
MSR_EFER  equ 0xc0000080
EFER_LME  equ 1 << 8

section .text
bits 64
global run_protected
run_protected:
	cli
	push	24			; the 32-bit code segment of start.asm
	lea	rax, [rel .compatible]
	push	rax
	retfq
bits 32
.compatible:
	mov	eax, cr0
	and	eax, ~CR0_PG
	mov	cr0, eax
	mov	ecx, MSR_EFER
	rdmsr
	and	eax, ~EFER_LME
	wrmsr
	mov	eax, 16
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	jmp	edi
