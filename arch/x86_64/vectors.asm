; SPDX-License-Identifier: MIT
; The 256 entries of the IDT, VECTOR_SIZE bytes each: all lead to struct interrupt_frame (idt.h).

bits 64
extern interrupt_dispatch

section .text

; Exceptions for which the CPU pushes an error code itself: SDM vol. 3, table 6-1.
%define ERROR_CODES (1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 17 | 1 << 21 | 1 << 29 | 1 << 30)
%define VECTOR_SIZE 8

; The vector less 128, which makes it short.
global vectors_begin
align VECTOR_SIZE
vectors_begin:
%assign v 0
%rep 256
	align	VECTOR_SIZE
	push	byte v - 128
%if v < 32 && (ERROR_CODES & (1 << v)) != 0
	jmp	near with_error
%else
	jmp	near without_error
%endif
%assign v v + 1
%endrep

without_error:
	push	qword [rsp]
	mov	qword [rsp + 8], 0	; where the CPU would have pushed one
with_error:
	sub	qword [rsp], -128
interrupt_common:	; as backtraces name it
	push	rax
	push	rbx
	push	rcx
	push	rdx
	push	rsi
	push	rdi
	push	rbp
	push	r8
	push	r9
	push	r10
	push	r11
	push	r12
	push	r13
	push	r14
	push	r15
	cld
	mov	rdi, rsp
	mov	rbp, rsp
	and	rsp, -16	; the frame is 22 words: aligned already, but not by contract
	call	interrupt_dispatch
	mov	rsp, rbp
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	r11
	pop	r10
	pop	r9
	pop	r8
	pop	rbp
	pop	rdi
	pop	rsi
	pop	rdx
	pop	rcx
	pop	rbx
	pop	rax
	add	rsp, 16
	iretq
