# SPDX-License-Identifier: MIT
# From `nm -n`: the table of function addresses and names that a backtrace is printed with.
# symbols_addresses is u32 offsets from KERNEL_BASE in rising order; symbols_names the same number
# of names, each closed by NUL, in the same order (see arch/x86_64/symbols.c).
BEGIN { count = 0 }
$2 ~ /^[tT]$/ && $3 !~ /^\./ {
	# The last 32 bits of the address: KERNEL_BASE is 4 GiB - 2 GiB below the top.
	addresses[count] = substr($1, 9)
	names[count] = $3
	count++
}
END {
	print "section .symbols.rodata align=4"
	print "global symbols_count, symbols_addresses, symbols_names"
	print "symbols_count: dd " count
	print "symbols_addresses:"
	for (i = 0; i < count; i++) print "dd 0x" addresses[i]
	print "symbols_names:"
	for (i = 0; i < count; i++) print "db \"" names[i] "\", 0"
	print "db 0"
}
