; SPDX-License-Identifier: MIT
; The switch from one kernel thread to another, as a function call sees it.

bits 64
section .text

; void thread_swap(void **save_sp, void *load_sp): the registers that a call preserves go onto the
; old stack and come from the new one. The RET returns to where that thread called.
global thread_swap
thread_swap:
	push	rbp
	push	rbx
	push	r12
	push	r13
	push	r14
	push	r15
	mov	[rdi], rsp
	mov	rsp, rsi
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	rbx
	pop	rbp
	ret

; What a new thread returns to. RBP is 0: the end of its backtrace.
extern thread_begin
global thread_entry
thread_entry:
	call	thread_begin
	ud2
