; SPDX-License-Identifier: MIT
; The same accesses to devices in 16- and 32-bit code, in real mode, without paging and with each of
; its older forms; guests/tests/modes.c makes the tables. Between the modes: SDM vol. 3, 9.8.5 and
; 9.9. Interrupts are off; an exception here is a triple fault.

CODE_64	  equ 8			; guests/lib/start.asm
DATA	  equ 16
CODE_32	  equ 24
CODE_16	  equ 32
LOW_PAGE  equ 0x8000		; where the 16-bit code is copied
STACK_LOW equ 0x7000
CR0_PE	  equ 1
CR0_PG	  equ 1 << 31
MSR_EFER  equ 0xc0000080
EFER_LME  equ 1 << 8
KIND_32	  equ 0
KIND_16	  equ 1

TIMER	  equ 0x380		; the local APIC's initial count: 32 bits that it keeps
EOI	  equ 0xb0

; struct modes_run
%define RUN(offset) [dword modes_run + offset]
RUN_KIND  equ 0
RUN_CR3	  equ 4
RUN_CR4	  equ 8
RUN_PG	  equ 12
RUN_APIC  equ 16		; linear
RUN_RAM	  equ 20
RUN_STEP  equ 24		; where it failed; 0: nowhere
RUN_GOT	  equ 28
RUN_CONFIG equ 32		; a PCI function's registers, linear

extern pml4
section .bss
alignb 16
global modes_run
modes_run: resb 64
old_rsp:   resq 1
old_cr4:   resq 1

; Operand, value: what the operand must be now. EDX and EBP are free.
%macro EXPECT 2
%assign step step + 1
	mov	edx, %1
	mov	ebp, step
	cmp	edx, %2
	jne	near %%wrong
	jmp	near %%right
%%wrong: jmp	near FAILED
%%right:
%endmacro

; EBX: the APIC; ESI, EDI: RAM. Answers the step in EBP and what was there in EDX.
%macro ACCESSES 1
%push accesses
%define FAILED %1
%assign step 0
%define R dword [ebx + TIMER]
	mov	R, 0x12345678
	EXPECT	R, 0x12345678
	mov	eax, 0x9abcdef0
	mov	R, eax
	mov	eax, 0
	mov	eax, R
	EXPECT	eax, 0x9abcdef0
	or	R, 0x0000000f
	EXPECT	R, 0x9abcdeff
	and	R, 0xffff00ff
	EXPECT	R, 0x9abc00ff
	mov	ecx, 0x11111111
	xor	R, ecx
	EXPECT	R, 0x8bad11ee
	add	R, byte -1
	EXPECT	R, 0x8bad11ed
	stc
	adc	R, byte 2
	EXPECT	R, 0x8bad11f0
	stc
	sbb	R, ecx
	EXPECT	R, 0x7a9c00de
	sub	ecx, R
	EXPECT	ecx, 0x96751033
	inc	R
	EXPECT	R, 0x7a9c00df
	dec	R
	EXPECT	R, 0x7a9c00de
	not	R
	EXPECT	R, 0x8563ff21
	neg	R
	EXPECT	R, 0x7a9c00df
	mov	eax, 0x55
	xchg	R, eax
	EXPECT	eax, 0x7a9c00df
	EXPECT	R, 0x55
	mov	eax, 3
	lock xadd R, eax
	EXPECT	eax, 0x55
	EXPECT	R, 0x58
	mov	eax, 0x58
	mov	ecx, 0x77
	lock cmpxchg R, ecx
	EXPECT	R, 0x77
	lock cmpxchg R, ebx	; EAX is not what is there
	EXPECT	eax, 0x77
	bts	R, 9
	EXPECT	R, 0x277
	btr	R, 0
	EXPECT	R, 0x276
	btc	R, 31
	EXPECT	R, 0x80000276
	sbb	eax, eax	; CF: the bit was clear
	EXPECT	eax, 0
	test	R, 0x80000000
	sets	al
	movzx	eax, al
	EXPECT	eax, 1
	cmp	R, 0x80000276
	sete	al
	movzx	eax, al
	EXPECT	eax, 1
	push	R
	pop	ecx
	EXPECT	ecx, 0x80000276
	push	dword 0x13579bdf
	pop	R
	EXPECT	R, 0x13579bdf
	; strings: from the device, to it, and over it
	push	esi
	push	edi
	a32 lea	esi, [ebx + TIMER]
	a32 lodsd
	pop	edi
	push	edi
	EXPECT	eax, 0x13579bdf
	a32 lea	edi, [ebx + TIMER]
	mov	eax, 0x2468ace0
	a32 stosd
	a32 lea	edi, [ebx + TIMER]
	mov	ecx, 1
	a32 repne scasd
	sete	al
	movzx	eax, al
	EXPECT	eax, 1
	pop	edi
	push	edi
	a32 lea	esi, [ebx + TIMER]
	mov	ecx, 1
	a32 rep movsd
	pop	edi
	push	edi
	EXPECT	[edi], 0x2468ace0
	mov	dword [edi], 0x0badcafe
	mov	esi, edi
	a32 lea	edi, [ebx + TIMER]
	a32 movsd
	EXPECT	R, 0x0badcafe
	pop	edi
	pop	esi
	push	esi
	push	edi
	mov	esi, edi
	a32 lea	edi, [ebx + TIMER]
	a32 cmpsd
	sete	al
	movzx	eax, al
	EXPECT	eax, 1
	pop	edi
	pop	esi
	; bytes and words, and what they widen to, of registers that have such
	mov	ebx, RUN(RUN_CONFIG)
	mov	eax, [ebx]
	movzx	ecx, byte [ebx + 1]
	mov	edi, eax
	shr	edi, 8
	and	edi, 0xff
	EXPECT	ecx, edi
	movsx	ecx, byte [ebx]
	mov	edi, eax
	movsx	edi, al
	EXPECT	ecx, edi
	movsx	ecx, word [ebx]
	movsx	edi, ax
	EXPECT	ecx, edi
	xor	ecx, ecx
	mov	cx, [ebx + 2]
	mov	edi, eax
	shr	edi, 16
	EXPECT	ecx, edi
	xor	ecx, ecx
	mov	ch, [ebx]
	shl	eax, 8
	and	eax, 0xff00
	EXPECT	ecx, eax
	mov	eax, [ebx + 0xffe]	; from a function's page into the next one's
	movzx	ecx, word [ebx + 0xffe]
	movzx	edi, word [ebx + 0x1000]
	shl	edi, 16
	or	edi, ecx
	EXPECT	eax, edi
	xor	ebp, ebp
%pop
%endmacro

section .text
bits 64
global modes_enter
modes_enter:
	push	rbx
	push	rbp
	push	r12
	push	r13
	push	r14
	push	r15
	mov	[abs old_rsp], rsp
	mov	rax, cr4
	mov	[abs old_cr4], rax
	push	CODE_32
	push	compatible
	retfq

bits 32
compatible:
	mov	eax, DATA
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	mov	esp, STACK_LOW
	mov	eax, cr0
	and	eax, ~CR0_PG
	mov	cr0, eax
	mov	ecx, MSR_EFER
	rdmsr
	and	eax, ~EFER_LME
	wrmsr
	mov	eax, RUN(RUN_CR4)
	mov	cr4, eax
	mov	eax, RUN(RUN_CR3)
	mov	cr3, eax
	mov	eax, cr0
	or	eax, RUN(RUN_PG)
	mov	cr0, eax
	mov	ebx, RUN(RUN_APIC)
	mov	esi, RUN(RUN_RAM)
	mov	edi, esi
	cmp	dword RUN(RUN_KIND), KIND_32
	jne	to_16
	ACCESSES back
back:	mov	eax, DATA
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	mov	RUN(RUN_STEP), ebp
	mov	RUN(RUN_GOT), edx
	mov	eax, cr0
	and	eax, ~CR0_PG
	mov	cr0, eax
	mov	eax, [abs old_cr4]
	mov	cr4, eax
	mov	eax, pml4
	mov	cr3, eax
	mov	ecx, MSR_EFER
	rdmsr
	or	eax, EFER_LME
	wrmsr
	mov	eax, cr0
	or	eax, CR0_PG
	mov	cr0, eax
	jmp	CODE_64:long_again

to_16:	jmp	CODE_16:LOW_PAGE

bits 64
long_again:
	mov	rsp, [abs old_rsp]
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	rbp
	pop	rbx
	ret

; At LOW_PAGE. In real mode the segments keep the limits that they have from protected mode.
section .rodata
global modes_16_begin, modes_16_end
bits 16
modes_16_begin:
	a32 cmp	dword RUN(RUN_KIND), KIND_16
	jne	near to_real
	ACCESSES protected_end
protected_end:
	jmp	dword CODE_32:back

to_real:
	mov	eax, cr0
	and	al, ~CR0_PE
	mov	cr0, eax
	jmp	0:LOW_PAGE + real - modes_16_begin
real:	ACCESSES real_end
real_end:
	mov	eax, cr0
	or	al, CR0_PE
	mov	cr0, eax
	jmp	dword CODE_32:back
modes_16_end:
