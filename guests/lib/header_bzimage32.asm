; SPDX-License-Identifier: MIT
%include "guests/lib/header_bzimage64.asm"
