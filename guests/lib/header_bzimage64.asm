; SPDX-License-Identifier: MIT
; What a bzImage's code begins with: the 32-bit entry, and at 200h the 64-bit one. Both keep what the
; CPU was like, for guests/lib/linux_check.c, and go on at guest_entry. An image of kind bzimage32 says
; in its setup header (guests/lib/bzimage.asm) that it has the first alone.
extern guest_entry, linux_state, gdt_pointer, gdt

LINUX_MAGIC equ 0x4c6e7578	; guests/lib/boot_info.c
CODE_32	    equ 24		; guests/lib/start.asm

; struct linux_state
%define STATE(offset) [abs linux_state + offset]

%macro save_common 0		; EAX, ECX, EDX are free
	mov	STATE(8), ebx
	mov	STATE(12), esi
	mov	STATE(16), edi
	mov	STATE(20), ebp
	mov	eax, cs
	mov	STATE(24), ax
	mov	eax, ds
	mov	STATE(26), ax
	mov	eax, es
	mov	STATE(28), ax
	mov	eax, ss
	mov	STATE(30), ax
%endmacro

section .header progbits alloc exec nowrite align=16
bits 32
begin:	mov	dword STATE(0), 32
	save_common
	mov	eax, cr0
	mov	STATE(32), eax
	mov	eax, cr4
	mov	STATE(36), eax
	sgdt	STATE(48)
	mov	esp, linux_state + 0x200
	pushfd
	pop	dword STATE(40)
	jmp	enter

	times 0x200 - ($ - begin) db 0x90
bits 64
	mov	dword STATE(0), 64
	save_common
	mov	rax, cr0
	mov	STATE(32), eax
	mov	rax, cr4
	mov	STATE(36), eax
	mov	ecx, 0xc0000080
	rdmsr
	mov	STATE(44), eax
	sgdt	STATE(48)
	mov	esp, linux_state + 0x200
	pushfq
	pop	rax
	mov	STATE(40), eax
	lgdt	[abs gdt_pointer]
	push	CODE_32
	push	leave_long
	retfq
bits 32
leave_long:
	mov	eax, 16
	mov	ds, eax
	mov	es, eax
	mov	ss, eax
	mov	eax, 0x11	; CR0: PE, ET
	mov	cr0, eax
	mov	ecx, 0xc0000080
	xor	eax, eax
	xor	edx, edx
	wrmsr
enter:	mov	eax, LINUX_MAGIC
	mov	ebx, STATE(12)
	jmp	guest_entry
