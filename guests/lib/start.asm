; SPDX-License-Identifier: MIT
; The first instructions of a test guest: from 32-bit protected mode, as PVH and both multiboots
; enter it, to C in long mode with the first 4 GiB mapped as they are. Other CPUs come here from
; real mode, through ap.asm, at start_cpu.

bits 32

PTE_P	  equ 1 << 0
PTE_RW	  equ 1 << 1
PTE_PS	  equ 1 << 7
CR0_PE	  equ 1 << 0
CR0_ET	  equ 1 << 4
CR0_NE	  equ 1 << 5
CR0_WP	  equ 1 << 16
CR0_PG	  equ 1 << 31
CR4_PAE	  equ 1 << 5
MSR_EFER  equ 0xc0000080
EFER_LME  equ 1 << 8
EFER_NXE  equ 1 << 11
CPUS_MAX  equ 16		; guests/lib/smp.h
STACK	  equ 16384

extern guest_start, cpu_start

section .text
global guest_entry
guest_entry:
	cli
	cld
	mov	[start_magic], eax
	mov	[start_info], ebx
	mov	esp, stacks + STACK

	mov	dword [pml4], pdpt + PTE_P + PTE_RW
	xor	edi, edi
.pdpt:	mov	eax, edi
	shl	eax, 12
	add	eax, tables + PTE_P + PTE_RW
	mov	[pdpt + edi * 8], eax
	inc	edi
	cmp	edi, 4
	jb	.pdpt
	xor	edi, edi
.page:	mov	eax, edi
	shl	eax, 21
	or	eax, PTE_P | PTE_RW | PTE_PS
	mov	[tables + edi * 8], eax
	inc	edi
	cmp	edi, 4 * 512
	jb	.page

	mov	ebx, first_cpu
; EBX: where to go on in 64-bit mode; ESP: a stack.
global start_cpu
start_cpu:
	mov	eax, CR4_PAE
	mov	cr4, eax
	mov	eax, pml4
	mov	cr3, eax
	mov	ecx, MSR_EFER
	rdmsr
	or	eax, EFER_LME | EFER_NXE
	wrmsr
	mov	eax, CR0_PE | CR0_ET | CR0_NE | CR0_WP | CR0_PG
	mov	cr0, eax
	lgdt	[gdt_pointer]
	jmp	8:.long
bits 64
.long:	mov	eax, 16
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	mov	fs, eax
	mov	gs, eax
	mov	ebx, ebx
	mov	esp, esp
	xor	ebp, ebp
	jmp	rbx

first_cpu:
	mov	edi, [start_magic]
	mov	esi, [start_info]
	call	guest_start
	ud2

; Where a CPU that smp.c has started goes on; its index is at [start_index].
global other_cpu
other_cpu:
	mov	edi, [start_index]
	call	cpu_start
	ud2

section .data
align 8
global gdt
gdt:	dq 0
	dq 0x00af9b000000ffff	; 8: 64-bit code
	dq 0x00cf93000000ffff	; 16: data
	dq 0x00cf9b000000ffff	; 24: 32-bit code
	dq 0x00009b000000ffff	; 32: 16-bit code, base 0
	dq 0x000093000000ffff	; 40: 16-bit data, base 0
	dq 0x00affb000000ffff	; 48: 64-bit code of ring 3
	dq 0x00cff3000000ffff	; 56: data of ring 3
	times 16 dq 0		; for tests: TSS and others
gdt_end:
global gdt_pointer
gdt_pointer:
	dw gdt_end - gdt - 1
	dq gdt

section .bss
alignb 4096
global pml4
pml4:	resb 4096
global pdpt
pdpt:	resb 4096
tables:	resb 4 * 4096
global stacks
stacks:	resb STACK * CPUS_MAX
start_magic: resd 1
start_info: resd 1
global start_index
start_index: resd 1
