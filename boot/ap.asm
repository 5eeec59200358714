; SPDX-License-Identifier: MIT
; Where the start-up IPI makes a CPU begin: real mode, at a page below 1 MiB into which boot/cpus.c
; has copied this code. The last bytes of the page are a struct ap_start, which says the rest.

bits 16

MSR_EFER    equ 0xc0000080
MSR_GS_BASE equ 0xc0000101
CR0_LONG    equ 0x80010033	; PG WP NE ET MP PE
CR4_PAE	    equ 1 << 5
CR4_PGE	    equ 1 << 7

AP_START    equ 4096 - 40
AP_CR3	    equ AP_START
AP_EFER	    equ AP_START + 8
AP_STACK    equ AP_START + 16
AP_CPU	    equ AP_START + 24
AP_ENTRY    equ AP_START + 32

%define at(label) (label - ap_code)

section .rodata
global ap_code, ap_code_end
ap_code:
	cli
	cld
	mov	ax, cs
	mov	ds, ax
	movzx	ebx, ax
	shl	ebx, 4			; the page's address

	lea	eax, [ebx + at(gdt)]
	mov	[at(gdt_pointer) + 2], eax
	lea	eax, [ebx + at(long_mode)]
	mov	[at(far_pointer)], eax

	; Straight to long mode (SDM vol. 3, 10.8.5; protection and paging may be set together).
	o32 lgdt [at(gdt_pointer)]
	mov	eax, CR4_PAE | CR4_PGE
	mov	cr4, eax
	mov	eax, [AP_CR3]
	mov	cr3, eax
	mov	ecx, MSR_EFER
	xor	edx, edx
	mov	eax, [AP_EFER]
	wrmsr
	mov	eax, CR0_LONG
	mov	cr0, eax
	jmp	far dword [at(far_pointer)]

bits 64
long_mode:
	mov	ebx, ebx
	xor	eax, eax
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	mov	fs, eax
	mov	gs, eax
	mov	rsp, [rbx + AP_STACK]
	mov	rdi, [rbx + AP_CPU]
	mov	eax, edi
	mov	rdx, rdi
	shr	rdx, 32
	mov	ecx, MSR_GS_BASE
	wrmsr
	xor	ebp, ebp
	mov	rax, [rbx + AP_ENTRY]
	call	rax
	ud2

align 8
gdt:
	dq 0
	dq 0x00af9b000000ffff	; 64-bit code
gdt_end:
gdt_pointer:
	dw gdt_end - gdt - 1
	dd 0
far_pointer:
	dd 0
	dw 8
ap_code_end:
