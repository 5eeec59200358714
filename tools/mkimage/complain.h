/* SPDX-License-Identifier: MIT */
/* What mkimage says on stderr when it can't do something. */
#pragma once

#include "include/types.h"

/* "mkimage: ", the sentence and a newline. Always false, for `return complain(...)`. */
bool complain(const char *fmt, ...) __printf_like(1, 2);
/* The same, of a system call that failed on a file: "cannot VERB PATH: " and errno's text. */
bool complain_file(const char *verb, const char *path);
