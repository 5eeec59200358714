; SPDX-License-Identifier: MIT
; Firmware that has #AC delivered in ring 3 to a stack that is itself not aligned, so that the
; delivery raises #AC again: a CPU that does it by itself never ends (CVE-2015-5307).
bits 16
org 0xffff0000

CR0_PE	  equ 1 << 0
CR0_AM	  equ 1 << 18
FLAG_AC	  equ 1 << 18
CODE	  equ 8
CODE_3	  equ 16 | 3
DATA_3	  equ 24 | 3
DATA	  equ 32
STACK	  equ 0x8001		; ring 3's, by one byte off

begin:
real:
	cli
	o32 lgdt [cs:gdt_pointer - begin]
	o32 lidt [cs:idt_pointer - begin]
	mov	eax, CR0_PE | CR0_AM
	mov	cr0, eax
	jmp	dword CODE:protected
bits 32
protected:
	mov	ax, DATA
	mov	ds, ax
	mov	ss, ax
	mov	esp, 0x7000
	push	dword DATA_3
	push	dword STACK
	push	dword 2 | FLAG_AC
	push	dword CODE_3
	push	dword user
	iret
user:	mov	ax, DATA_3
	mov	ds, ax
	mov	esp, STACK
.again:	mov	eax, [0x6001]		; #AC, and where there is no such check, round and round
	jmp	.again

align 8
gdt:	dq 0
	dq 0x00cf9b000000ffff	; 8: code
	dq 0x00cffb000000ffff	; 16: code of ring 3
	dq 0x00cff3000000ffff	; 24: data of ring 3
	dq 0x00cf93000000ffff	; 32: data
gdt_pointer:
	dw 39
	dd gdt
idt:	times 17 dq 0
	dw (user - begin) & 0xffff, CODE_3	; #AC: to ring 3, by an interrupt gate
	dw 0xee00, 0xffff
idt_pointer:
	dw 18 * 8 - 1
	dd idt

	times 0xfff0 - ($ - begin) db 0xcc
bits 16
	jmp	real
	times 0x10000 - ($ - begin) db 0
