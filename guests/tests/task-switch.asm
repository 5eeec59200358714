; SPDX-License-Identifier: MIT
; Tasks that the CPU switches to by itself (SDM vol. 3, 8.3). gdt is start.asm's, whose entries from
; 64 on are ours: the task that we are, and the one that is called.

global call_task, other_task
section .text
bits 32
call_task:
	mov	eax, 64
	ltr	ax
	call	72:0
	mov	eax, 2			; IRET came back, with the result in EBX's old place
	cmp	dword [came_there], 0x600d
	jne	.end
	xor	eax, eax
.end:	mov	edx, 0xf4
	out	dx, eax
	hlt

other_task:
	mov	dword [came_there], 0x600d
	iret				; NT is set: back to the caller's task
	hlt

section .data
align 4
came_there: dd 0
