; SPDX-License-Identifier: MIT
; The switch itself: bool vmx_enter(struct vcpu_hw *hw, bool launched, u64 *host_rsp), vmx_vcpu.h.
; struct vcpu_hw begins with the general registers, as instructions number them; RSP is the VMCS's.

bits 64
global vmx_enter, vmx_exit_point

%define VMCS_HOST_RSP 0x6c14
%define GPR(n) [rdi + 8 * (n)]

section .text

vmx_enter:
	push	rbp
	push	rbx
	push	r12
	push	r13
	push	r14
	push	r15
	push	rdi
	cmp	[rdx], rsp		; mostly the same stack at the same depth
	je	.stack_known
	mov	[rdx], rsp
	mov	eax, VMCS_HOST_RSP
	vmwrite	rax, rsp
.stack_known:
	test	sil, sil		; MOV leaves the flags
	mov	rax, GPR(0)
	mov	rcx, GPR(1)
	mov	rdx, GPR(2)
	mov	rbx, GPR(3)
	mov	rbp, GPR(5)
	mov	rsi, GPR(6)
	mov	r8, GPR(8)
	mov	r9, GPR(9)
	mov	r10, GPR(10)
	mov	r11, GPR(11)
	mov	r12, GPR(12)
	mov	r13, GPR(13)
	mov	r14, GPR(14)
	mov	r15, GPR(15)
	mov	rdi, GPR(7)
	jnz	.resume
	vmlaunch
	jmp	.refused
.resume:
	vmresume
.refused:
	add	rsp, 8
	xor	eax, eax
	jmp	leave_switch

; An exit comes here with the stack as at the entry, and flags cleared (SDM vol. 3, 28.5.3).
vmx_exit_point:
	push	rdi
	mov	rdi, [rsp + 8]
	mov	GPR(0), rax
	mov	GPR(1), rcx
	mov	GPR(2), rdx
	mov	GPR(3), rbx
	mov	GPR(5), rbp
	mov	GPR(6), rsi
	mov	GPR(8), r8
	mov	GPR(9), r9
	mov	GPR(10), r10
	mov	GPR(11), r11
	mov	GPR(12), r12
	mov	GPR(13), r13
	mov	GPR(14), r14
	mov	GPR(15), r15
	pop	qword GPR(7)
	add	rsp, 8
	mov	eax, 1

; Nothing of the guest's stays in a register for the hypervisor to speculate with.
leave_switch:
	xor	ecx, ecx
	xor	edx, edx
	xor	esi, esi
	xor	edi, edi
	xor	r8d, r8d
	xor	r9d, r9d
	xor	r10d, r10d
	xor	r11d, r11d
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	rbx
	pop	rbp
	ret
