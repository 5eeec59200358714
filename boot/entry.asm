; SPDX-License-Identifier: MIT
; The first instructions: the multiboot2 header, and from 32-bit protected mode to C in long mode.
;
; GRUB enters at _start wherever it has loaded the image (Multiboot2 specification, 3.3): paging and
; interrupts off, flat segments, EAX the magic number, EBX the multiboot information. There is no
; stack yet and no table that we may rely on. Everything up to long mode is position independent:
; EBP holds the physical address of KERNEL_BASE throughout.

bits 32

KERNEL_BASE equ 0xffffffff80000000
DIRECT_SLOT equ 256		; of the PML4, for DIRECT_BASE 0xffff800000000000

MB2_MAGIC equ 0xe85250d6
PTE_P	  equ 1 << 0
PTE_RW	  equ 1 << 1
PTE_PS	  equ 1 << 7
CR0_PE	  equ 1 << 0
CR0_MP	  equ 1 << 1
CR0_ET	  equ 1 << 4
CR0_NE	  equ 1 << 5
CR0_WP	  equ 1 << 16
CR0_PG	  equ 1 << 31
CR4_PAE	  equ 1 << 5
CR4_PGE	  equ 1 << 7
MSR_EFER  equ 0xc0000080
EFER_LME  equ 1 << 8
EFER_NXE  equ 1 << 11
MSR_GS_BASE equ 0xc0000101
COM1	  equ 0x3f8
LSR	  equ 5			; drivers/uart_regs.h
LSR_THRE  equ 1 << 5

; The physical address of a symbol of the image, from the load base in EBP.
%define phys(symbol) ebp + (symbol - KERNEL_BASE)

; No framebuffer tag: with it GRUB changes to a VESA mode on a BIOS (Bochs' video BIOS crashes in
; that), without it there is VGA text on a BIOS, and a framebuffer on UEFI if GRUB has its video
; modules loaded.
section .multiboot progbits alloc exec nowrite align=8
header:
	dd MB2_MAGIC, 0, header_end - header
	dd -(MB2_MAGIC + 0 + (header_end - header)) & 0xffffffff
align 8
	dw 10, 0		; relocatable: anywhere below 4 GiB, preferably low
	dd 24, 0x100000, 0xffffffff, 0x200000, 1
align 8
	dw 6, 0			; modules on page boundaries
	dd 8
align 8
	dw 0, 0
	dd 8
header_end:

extern boot_main, boot_cpu, __stack_chk_guard

section .text
global _start
_start:
	cld
	; Where are we? The word at EBX + 4 is reserved (always 0), and is our stack for this one call.
	lea	esp, [ebx + 8]
	call	.here
.here:	pop	ebp
	sub	ebp, .here - KERNEL_BASE
	mov	dword [ebx + 4], 0
	lea	esp, [phys(boot_stack_top)]

	mov	[phys(boot_magic)], eax
	rdtsc
	mov	[phys(boot_tsc)], eax
	mov	[phys(boot_tsc + 4)], edx

	call	require_long_mode
	call	make_tables
	call	enter_long_mode

	lgdt	[phys(boot_gdt_pointer32)]
	lea	eax, [phys(.long)]
	push	dword 8
	push	eax
	retf
bits 64
.long:
	; RBP, RBX and RSP had their upper halves cleared or undefined by the change of mode.
	mov	ebp, ebp
	mov	ebx, ebx
	mov	rax, high
	jmp	rax

; Here at our own address. The low half goes away when mm/kmap.c loads the final tables.
high:
	lgdt	[rel boot_gdt_pointer64]
	xor	eax, eax
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	mov	fs, eax
	mov	gs, eax
	mov	rsp, boot_stack_top

	; GS is this CPU's struct cpu: locks need it, and so does nearly all C.
	mov	rax, boot_cpu
	mov	rdx, rax
	shr	rdx, 32
	mov	ecx, MSR_GS_BASE
	wrmsr

	call	make_canary
	mov	[rel __stack_chk_guard], rax

	; boot_main(magic, multiboot information, load base, TSC at the first instruction)
	mov	edi, [rel boot_magic]
	mov	esi, ebx
	mov	edx, ebp
	mov	rcx, [rel boot_tsc]
	xor	ebp, ebp		; the end of every backtrace
	call	boot_main
.stop:	cli
	hlt
	jmp	.stop

; void run_on_stack(void *top, void (*fn)(void)): goes on there for good.
global run_on_stack
run_on_stack:
	mov	rsp, rdi
	xor	ebp, ebp
	call	rsi
	ud2

; A random canary for the stack protector, in RAX: RDRAND where there, mixed with the TSC.
make_canary:
	mov	eax, 1
	push	rbx
	cpuid
	pop	rbx
	xor	r8d, r8d
	test	ecx, 1 << 30
	jz	.tsc
	mov	ecx, 10			; SDM vol. 1, 7.3.17.1: ten tries
.again:	rdrand	r8
	jc	.tsc
	loop	.again
.tsc:	rdtsc
	shl	rdx, 32
	or	rax, rdx
	mov	rdx, 0x9e3779b97f4a7c15
	mul	rdx
	xor	rax, rdx
	xor	rax, r8
	ret

bits 32
; Ends with a sentence on the screen and COM1 where the CPU is none of ours.
require_long_mode:
	mov	eax, 0x80000000
	push	ebx
	cpuid
	cmp	eax, 0x80000001
	jb	.none
	mov	eax, 0x80000001
	cpuid
	pop	ebx
	test	edx, 1 << 29
	jz	.none
	mov	[phys(boot_cpuid_edx)], edx
	ret
.none:	lea	esi, [phys(no_long_mode)]
	mov	ecx, 0xb8000
.next:	lodsb
	test	al, al
	jz	.stop
	mov	ah, 0x0f
	mov	[ecx], ax
	add	ecx, 2
	mov	ah, al
	mov	dx, COM1 + LSR
	mov	edi, 0x10000		; some 50 ms: a byte at 1200 baud takes 8
.full:	in	al, dx
	test	al, LSR_THRE
	jnz	.ready
	dec	edi
	jnz	.full
.ready:	mov	al, ah
	mov	dx, COM1
	out	dx, al
	jmp	.next
.stop:	cli
	hlt
	jmp	.stop

; Tables for the start: the first 4 GiB twice, at 0 and at DIRECT_BASE, and the image's 2 MiB at
; KERNEL_BASE, all writable and executable. mm/kmap.c replaces them.
make_tables:
	lea	edi, [phys(boot_pds)]
	mov	eax, PTE_P | PTE_RW | PTE_PS
	mov	ecx, 2048
.large:	mov	[edi], eax
	mov	dword [edi + 4], 0
	add	eax, 0x200000
	add	edi, 8
	loop	.large

	lea	eax, [phys(boot_pds) + (PTE_P | PTE_RW)]
	lea	edi, [phys(boot_pdpt_low)]
	mov	ecx, 4
.pd:	mov	[edi], eax
	add	eax, 4096
	add	edi, 8
	loop	.pd

	lea	eax, [ebp + (PTE_P | PTE_RW | PTE_PS)]
	mov	[phys(boot_pd_image)], eax
	lea	eax, [phys(boot_pd_image) + (PTE_P | PTE_RW)]
	mov	[phys(boot_pdpt_image + 510 * 8)], eax

	lea	eax, [phys(boot_pdpt_low) + (PTE_P | PTE_RW)]
	mov	[phys(boot_pml4)], eax
	mov	[phys(boot_pml4 + DIRECT_SLOT * 8)], eax
	lea	eax, [phys(boot_pdpt_image) + (PTE_P | PTE_RW)]
	mov	[phys(boot_pml4 + 511 * 8)], eax
	ret

enter_long_mode:
	mov	eax, CR4_PAE | CR4_PGE
	mov	cr4, eax
	lea	eax, [phys(boot_pml4)]
	mov	cr3, eax
	mov	ecx, MSR_EFER
	rdmsr
	or	eax, EFER_LME
	test	dword [phys(boot_cpuid_edx)], 1 << 20
	jz	.nonx
	or	eax, EFER_NXE
.nonx:	wrmsr
	mov	eax, CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG
	mov	cr0, eax
	; The pointer of LGDT, which is at no fixed address.
	lea	eax, [phys(boot_gdt)]
	mov	[phys(boot_gdt_pointer32 + 2)], eax
	ret

section .rodata
no_long_mode: db "Ashlar needs a 64-bit CPU (x86-64), and this one is not: it can't run here.", 0

section .data
align 8
boot_gdt:
	dq 0
	dq 0x00af9b000000ffff	; 64-bit code
	dq 0x00cf93000000ffff	; data
boot_gdt_end:
boot_gdt_pointer32:
	dw boot_gdt_end - boot_gdt - 1
	dd 0
boot_gdt_pointer64:
	dw boot_gdt_end - boot_gdt - 1
	dq boot_gdt
boot_cpuid_edx: dd 0
boot_magic: dd 0
align 8
boot_tsc: dq 0

section .bss_pages nobits alloc noexec write align=4096
boot_pml4:	 resb 4096
boot_pdpt_low:	 resb 4096
boot_pds:	 resb 4 * 4096
boot_pdpt_image: resb 4096
boot_pd_image:	 resb 4096
boot_stack:	 resb 4 * 4096	; until boot/main.c has memory for one with a guard page
boot_stack_top:
