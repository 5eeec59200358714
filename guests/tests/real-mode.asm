; SPDX-License-Identifier: MIT
; A firmware image: 64 KiB that end at 4 GiB, entered at the reset vector in real mode (SDM vol. 3,
; 9.1.4). It looks at the state after reset, goes on in a copy of itself in RAM, because nothing can
; return to the segment of the reset, whose base is FFFF0000h, works in real mode, goes to protected
; mode and back, and prints its verdict.

bits 16
org 0

SIZE	   equ 0x10000
COM1	   equ 0x3f8
DEBUG_EXIT equ 0xf4
RAM	   equ 0x7000		; data and the stack
COPY	   equ 0x10000		; the image in RAM

; check CONDITION, "what": goes on when the jump's condition holds.
%macro check 2
	j%1	%%good
	mov	si, %%text
	jmp	failed
%%text:	db	%2, 0
%%good:
%endmacro

start:
	cli
	cld
	mov	bp, ax			; the registers of the reset, before they are used
	mov	sp, dx

; Reset state: SDM vol. 3, table 9-1.
	mov	ax, cs
	cmp	ax, 0xf000
	check	e, "CS is not F000h"
	test	bp, bp
	check	e, "AX is not 0"
	mov	eax, cr0
	test	eax, 0x80000001
	check	e, "CR0 has PE or PG"
	test	eax, 0x10
	check	ne, "CR0 has no ET"
	mov	eax, cr4
	test	eax, eax
	check	e, "CR4 is not 0"
	mov	ax, ds
	mov	bx, ss
	or	ax, bx
	check	e, "DS or SS is not 0"
	smsw	ax
	test	al, 1
	check	e, "SMSW shows PE"

	mov	ax, COPY >> 4
	mov	es, ax
	xor	si, si
	xor	di, di
	mov	cx, SIZE / 4
	cs	rep movsd
	jmp	COPY >> 4:in_ram
in_ram:

; RAM by segments, with a stack, an interrupt through the vector table, and a loop.
	mov	ax, RAM >> 4
	mov	ds, ax
	mov	ss, ax
	mov	sp, 0x1000
	mov	es, ax
	mov	di, 0x100
	mov	cx, 0x80
	mov	ax, 0x5aa5
	rep	stosw
	cmp	word [0x1fe], 0x5aa5
	check	e, "RAM does not keep what STOS writes"
	cmp	di, 0x200
	check	e, "DI is wrong after STOS"
	push	word 0x1234
	pop	bx
	cmp	bx, 0x1234
	check	e, "the stack does not keep a word"

	xor	ax, ax
	mov	es, ax
	mov	word [es:0x80 * 4], handler
	mov	word [es:0x80 * 4 + 2], COPY >> 4
	mov	dx, 0
	int	0x80
	cmp	dx, 0x77
	check	e, "INT 80h did not reach its handler"

; CPUID, and a port, exit from real mode.
	mov	eax, 0
	cpuid
	test	eax, eax
	check	ne, "CPUID has no leaves"
	mov	dx, COM1 + 7
	mov	al, 0x3c
	out	dx, al
	xor	al, al
	in	al, dx
	cmp	al, 0x3c
	check	e, "the UART's scratch register does not keep a byte"

; To protected mode and back.
	lgdt	[cs:gdt_pointer]
	call	visit_protected_mode
	cmp	ebx, 0x600dbeef
	check	e, "protected mode did not come back with its result"
	mov	eax, cr0
	test	al, 1
	check	e, "CR0.PE is still set"

; Big real mode: DS keeps the limit of 4 GiB from protected mode.
	mov	eax, 0x00200000
	mov	dword [eax], 0x13572468
	cmp	dword [eax], 0x13572468
	check	e, "a segment does not keep its 4 GiB limit in real mode"

	mov	si, passed
	call	print
	mov	eax, 0
	jmp	end

failed:	push	cs
	pop	ds
	push	si
	mov	si, fail
	call	print
	pop	si
	call	print
	mov	si, newline
	call	print
	mov	eax, 1
end:	mov	dx, DEBUG_EXIT
	out	dx, eax
.stop:	hlt
	jmp	.stop

; The text at CS:SI, ended by 0.
print:	cs	lodsb
	test	al, al
	jz	.end
	mov	ah, al
	mov	dx, COM1 + 5
	mov	cx, 0xffff
.wait:	in	al, dx
	test	al, 0x20
	loopz	.wait
	mov	dx, COM1
	mov	al, ah
	out	dx, al
	jmp	print
.end:	ret

handler:
	mov	dx, 0x77
	iret

; Leaves its result in EBX, and DS with a limit of 4 GiB.
visit_protected_mode:
	mov	eax, cr0
	or	al, 1
	mov	cr0, eax
	jmp	dword 8:COPY + .in32
bits 32
.in32:	mov	ax, 16
	mov	ds, ax
	mov	ebx, 0x600dbeef
	jmp	24:.in16
bits 16
.in16:	mov	eax, cr0
	and	al, 0xfe
	mov	cr0, eax
	jmp	COPY >> 4:.real
.real:	ret

align 8
gdt:	dq 0
	dq 0x00cf9b000000ffff	; 8: 32-bit code, base 0
	dq 0x00cf93000000ffff	; 16: data, 4 GiB
	dq 0x00009b01_0000ffff	; 24: 16-bit code at COPY
gdt_pointer:
	dw 31
	dd COPY + gdt

passed:	db "PASS real-mode", 13, 10, 0
fail:	db "FAIL real-mode: ", 0
newline: db 13, 10, 0

	times SIZE - 16 - ($ - $$) db 0xff
	jmp	start
	times SIZE - ($ - $$) db 0xff
