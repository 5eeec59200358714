; SPDX-License-Identifier: MIT
; The 256 entries of the IDT: each leaves a struct trap (guests/lib/trap.h).

bits 64
extern trap_dispatch

; Exceptions for which the CPU pushes an error code itself: SDM vol. 3, table 6-1.
%define ERROR_CODES (1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 17 | 1 << 21 | 1 << 29 | 1 << 30)

section .text

%assign v 0
%rep 256
vector_ %+ v:
%if v >= 32
	push	0
%elif (ERROR_CODES & (1 << v)) == 0
	push	0
%endif
	push	strict dword v
	jmp	save_all
%assign v v + 1
%endrep

save_all:	push	rax
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
	and	rsp, -16
	call	trap_dispatch
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

section .rodata
align 8
global trap_vectors
trap_vectors:
%assign v 0
%rep 256
	dq vector_ %+ v
%assign v v + 1
%endrep
