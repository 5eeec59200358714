; SPDX-License-Identifier: MIT
; Another entry for a test image: a boot loader whose first tag says that it is shorter than any
; tag can be (Multiboot2 specification, 3.6.1).

bits 32
extern _start

FIRST_TAG_SIZE equ 8 + 4

section .text
global broken_tags_entry
broken_tags_entry:
	mov	dword [ebx + FIRST_TAG_SIZE], 4
	jmp	_start
