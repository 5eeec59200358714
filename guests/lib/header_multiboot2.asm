; SPDX-License-Identifier: MIT
; Multiboot2, 3.1: modules on page boundaries, nothing else.
MAGIC equ 0xe85250d6

section .header progbits alloc noexec nowrite align=8
header:
	dd MAGIC, 0, header_end - header
	dd -(MAGIC + 0 + (header_end - header)) & 0xffffffff
align 8
	dw 6, 0
	dd 8
align 8
	dw 0, 0
	dd 8
header_end:
