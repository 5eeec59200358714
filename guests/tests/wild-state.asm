; SPDX-License-Identifier: MIT
; From 64-bit code to the state that wild-state.c has chosen.
extern gdt_pointer
global wild, wild_enter

CR0_PG	  equ 1 << 31
MSR_EFER  equ 0xc0000080
FLAG_VM	  equ 1 << 17
CODE_32	  equ 24		; start.asm's
DATA	  equ 16
DEBUG_EXIT equ 0xf4
NOBODY	  equ 0x278

section .data
align 8
wild:
.cr0:	dd 0
.cr4:	dd 0
.efer:	dd 0
.flags:	dd 0
.selectors: times 5 dd 0	; ES, DS, FS, GS, SS
.ldt:	dd 0
.task:	dd 0
.code:	dd 0
.real:	dd 0
no_idt:	dw 0
	dq 0
far_32:	dd protected
	dw CODE_32
far_wild: dd in_wild
	dw 0

section .text
bits 64
wild_enter:
	lidt	[no_idt]
	jmp	far [far_32]
bits 32
protected:
	mov	ax, DATA
	mov	ds, ax
	mov	es, ax
	mov	ss, ax
	mov	eax, cr0
	and	eax, ~CR0_PG
	mov	cr0, eax
	mov	ecx, MSR_EFER
	mov	eax, [wild.efer]
	xor	edx, edx
	wrmsr
	mov	eax, [wild.cr4]
	mov	cr4, eax
	mov	eax, [wild.cr0]
	mov	cr0, eax
	lldt	[wild.ldt]
	ltr	[wild.task]
	mov	eax, [wild.code]
	mov	[far_wild + 4], ax
	mov	ebx, [wild.real]
	mov	esi, [wild.flags]
	mov	dx, NOBODY
	mov	edi, [wild.selectors + 4]
	mov	es, [wild.selectors]
	mov	fs, [wild.selectors + 8]
	mov	gs, [wild.selectors + 12]
	mov	ss, [wild.selectors + 16]
	jmp	far [far_wild]
; Any of these may fault; the exits between are what it is about.
in_wild:
	mov	ds, di
	xor	eax, eax
	cpuid
	mov	dx, NOBODY
	in	al, dx
	mov	ebx, [ss:wild.real]
	cmp	bl, 1
	jb	.flags
	je	.unreal
	cmp	bl, 2
	je	.virtual
	mov	eax, cr4
	mov	cr4, eax
	jmp	.end
.flags:	push	esi
	popfd
	jmp	.end
; Real mode with segments as they are.
.unreal:
	mov	eax, cr0
	and	al, 0xfe
	mov	cr0, eax
	nop
	cpuid
	mov	dx, NOBODY
	in	al, dx
	jmp	.end
.virtual:
	or	esi, FLAG_VM
	push	dword 0			; GS, FS, DS, ES
	push	dword 0x1234
	push	dword 0xffff
	push	dword 0
	push	dword 0x1000		; SS, ESP
	push	dword 0x100
	push	esi
	push	dword 0x2000		; CS, EIP: whatever is there
	push	dword 0
	iretd
.end:	cpuid
	mov	eax, cr0
	mov	cr0, eax
	xor	eax, eax
	out	DEBUG_EXIT, al
	hlt				; with interrupts off: only a person ends it
