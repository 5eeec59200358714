; SPDX-License-Identifier: MIT
; Another entry for a test image: a boot loader that has found no ACPI tables. The two RSDP tags
; become tags of a type that nobody knows (Multiboot2 specification, 3.6).

bits 32
extern _start

TAG_RSDP_OLD equ 14
TAG_RSDP_NEW equ 15
TAG_UNKNOWN  equ 0x7fff

section .text
global no_rsdp_entry
no_rsdp_entry:
	lea	esi, [ebx + 8]
.next:	mov	ecx, [esi]
	jecxz	.end		; the end tag
	cmp	ecx, TAG_RSDP_OLD
	jb	.skip
	cmp	ecx, TAG_RSDP_NEW
	ja	.skip
	mov	dword [esi], TAG_UNKNOWN
.skip:	mov	ecx, [esi + 4]
	lea	esi, [esi + ecx + 7]
	and	esi, ~7
	jmp	.next
.end:	jmp	_start
