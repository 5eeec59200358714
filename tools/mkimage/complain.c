/* SPDX-License-Identifier: MIT */
/* What mkimage says on stderr. */
#include "tools/mkimage/complain.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tools/mkimage/progress.h"

bool
complain(const char *fmt, ...)
{
	va_list args;

	progress_end();
	fputs("mkimage: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return false;
}

bool
complain_file(const char *verb, const char *path)
{
	return complain("cannot %s %s: %s", verb, path, strerror(errno));
}
