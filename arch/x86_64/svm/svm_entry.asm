; SPDX-License-Identifier: MIT
; The world switch of SVM (APM vol. 2, 15.5): VMRUN switches what the VMCB has; VMLOAD and VMSAVE
; the rest of the system state; the general registers are ours to switch.

bits 64
section .text

; VMLOAD, VMRUN and VMSAVE take the VMCB's address in RAX.
;
; void svm_enter(u64 *gpr, u64 vmcb_pa, u64 host_pa), with GIF 0. The guest's RAX and RSP are in the
; VMCB; the others in gpr, in the order of instructions' numbers. host_pa is as svm_save_host() has
; left it: what VMLOAD loads does not change on a CPU while the hypervisor runs.
global svm_enter
svm_enter:
	push	rbp
	push	rbx
	push	r12
	push	r13
	push	r14
	push	r15
	push	rdx			; the host's half of the state
	push	rdi
	mov	rax, rsi		; the VMCB

	mov	rcx, [rdi + 1 * 8]
	mov	rdx, [rdi + 2 * 8]
	mov	rbx, [rdi + 3 * 8]
	mov	rbp, [rdi + 5 * 8]
	mov	rsi, [rdi + 6 * 8]
	mov	r8, [rdi + 8 * 8]
	mov	r9, [rdi + 9 * 8]
	mov	r10, [rdi + 10 * 8]
	mov	r11, [rdi + 11 * 8]
	mov	r12, [rdi + 12 * 8]
	mov	r13, [rdi + 13 * 8]
	mov	r14, [rdi + 14 * 8]
	mov	r15, [rdi + 15 * 8]
	mov	rdi, [rdi + 7 * 8]

	vmload
	vmrun
	vmsave			; VMRUN leaves RAX and RSP as the host's

	push	rdi
	mov	rdi, [rsp + 8]
	mov	[rdi + 1 * 8], rcx
	mov	[rdi + 2 * 8], rdx
	mov	[rdi + 3 * 8], rbx
	mov	[rdi + 5 * 8], rbp
	mov	[rdi + 6 * 8], rsi
	mov	[rdi + 8 * 8], r8
	mov	[rdi + 9 * 8], r9
	mov	[rdi + 10 * 8], r10
	mov	[rdi + 11 * 8], r11
	mov	[rdi + 12 * 8], r12
	mov	[rdi + 13 * 8], r13
	mov	[rdi + 14 * 8], r14
	mov	[rdi + 15 * 8], r15
	pop	rcx
	mov	[rdi + 7 * 8], rcx

	; No register keeps a value of the guest's, which would be used under speculation; those
	; that are popped get the host's.
	xor	ecx, ecx
	xor	edx, edx
	xor	esi, esi
	xor	r8d, r8d
	xor	r9d, r9d
	xor	r10d, r10d
	xor	r11d, r11d
	pop	rdi
	pop	rax
	vmload
	pop	r15
	pop	r14
	pop	r13
	pop	r12
	pop	rbx
	pop	rbp
	ret

; void svm_save_host(u64 host_pa)
global svm_save_host
svm_save_host:
	mov	rax, rdi
	vmsave
	ret
