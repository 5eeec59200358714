; SPDX-License-Identifier: MIT
; Multiboot 0.6.96, 3.1: wants modules on page boundaries (bit 0) and the memory map (bit 1).
MAGIC equ 0x1badb002
FLAGS equ 3

section .header progbits alloc noexec nowrite align=4
	dd MAGIC, FLAGS, -(MAGIC + FLAGS) & 0xffffffff
