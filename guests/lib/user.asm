; SPDX-License-Identifier: MIT
; To ring 3 and back: user_call(fn, stack) calls fn there, and returns when user_return has got the
; CPU into ring 0 again.
USER_CODE equ 48 | 3
USER_DATA equ 56 | 3
CALL_BACK equ 0x80		; guests/lib/user.c

bits 64
section .text
global user_call
user_call:
	push	rbx
	push	rbp
	push	r12
	push	r13
	push	r14
	push	r15
	mov	[user_kernel_rsp], rsp
	push	USER_DATA
	push	rsi
	push	2
	push	USER_CODE
	lea	rax, [rel .user]
	push	rax
	iretq
.user:	call	rdi
	int	CALL_BACK

; In ring 0 again, RSP from user_kernel_rsp.
global user_return
user_return:
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	rbp
	pop	rbx
	ret

section .bss
alignb 8
global user_kernel_rsp
user_kernel_rsp: resq 1
