; SPDX-License-Identifier: MIT
; The ELF note by which a loader finds a PVH kernel's 32-bit entry (Xen's public/elfnote.h:
; XEN_ELFNOTE_PHYS32_ENTRY).
extern guest_entry

section .note.boot note alloc noexec nowrite align=4
	dd 4, 4, 18
	db "Xen", 0
	dd guest_entry
