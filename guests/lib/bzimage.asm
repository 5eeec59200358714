; SPDX-License-Identifier: MIT
; A Linux bzImage around a test guest (Linux, Documentation/arch/x86/boot.rst): the setup header, and
; PAYLOAD behind it. LONG: with the 64-bit entry. The 16-bit setup code is not there: no loader that
; knows the 32-bit or the 64-bit entry runs it.
%ifndef LONG
%define LONG 0
%endif
SECTORS equ 4			; of setup, without the first

bits 16
org 0
	times 0x1f1 - ($ - $$) db 0
	db SECTORS
	dw 0
	dd (payload_end - payload + 15) / 16
	dw 0, 0xffff, 0, 0xaa55
	jmp	short header_end	; its offset is the header's length
	db "HdrS"
	dw 0x020f
	dd 0
	dw 0, 0
	db 0			; type_of_loader
	db 1			; loadflags: LOADED_HIGH
	dw 0
	dd 0x100000		; code32_start
	dd 0, 0			; ramdisk
	dd 0
	dw 0
	db 0, 0
	dd 0			; cmd_line_ptr
	dd 0x7fffffff		; initrd_addr_max
	dd 0x200000		; kernel_alignment
	db 1			; relocatable_kernel: else it would have to be at 1 MiB
	db 21			; min_alignment
	dw LONG			; xloadflags: XLF_KERNEL_64
	dd 255			; cmdline_size
	dd 0
	dq 0
	dd 0, 0			; payload_offset, payload_length
	dq 0			; setup_data
	dq 0x200000		; pref_address
	dd 0x200000		; init_size
	dd 0			; handover_offset
header_end:
	times (SECTORS + 1) * 512 - ($ - $$) db 0
payload:
	incbin PAYLOAD
payload_end:
