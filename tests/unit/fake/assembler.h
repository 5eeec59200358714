/* SPDX-License-Identifier: MIT */
/*
 * Cases from the assembler itself: a test collects lines of NASM, has them assembled, and gets the
 * bytes of each. Needs nasm.
 */
#pragma once

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "include/types.h"

enum { ASSEMBLER_LINES_MAX = 40000 };

struct assembler {
	FILE *source;
	char path[64];
	u32 count;
	u32 offsets[ASSEMBLER_LINES_MAX + 1]; /* of each line's bytes; the last is where they end */
	u8 *bytes;
};

/* bits: 16, 32 or 64 */
static inline void
assembler_begin(struct assembler *a, unsigned bits)
{
	snprintf(a->path, sizeof(a->path), "/tmp/ashlar-test-XXXXXX");
	int fd = mkstemp(a->path);

	a->source = fd < 0 ? NULL : fdopen(fd, "w");
	if (a->source == NULL)
		abort();
	a->count = 0;
	fprintf(a->source, "bits %u\n", bits);
}

/* One case, which may be several statements by \n; answers its number. */
static inline __printf_like(2, 3) u32 assembler_add(struct assembler *a, const char *fmt, ...)
{
	va_list args;

	if (a->count == ASSEMBLER_LINES_MAX)
		abort();
	fprintf(a->source, "L%u: ", a->count);
	va_start(args, fmt);
	vfprintf(a->source, fmt, args);
	va_end(args);
	fprintf(a->source, "\n");
	return a->count++;
}

static inline void
assembler_read(struct assembler *a, const char *path)
{
	FILE *f = fopen(path, "rb");
	long size;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0)
		abort();
	size = ftell(f);
	rewind(f);
	a->bytes = malloc((size_t)size);
	if (a->bytes == NULL || fread(a->bytes, 1, (size_t)size, f) != (size_t)size)
		abort();
	fclose(f);
	size -= (long)(4 * (a->count + 1));
	memcpy(a->offsets, a->bytes + size, 4 * (a->count + 1));
}

/* The bytes of case n are then those from a->offsets[n] to the next one's. */
static inline void
assembler_end(struct assembler *a)
{
	char command[256], out[80];

	fprintf(a->source, "L%u:\n", a->count);
	for (u32 i = 0; i <= a->count; i++)
		fprintf(a->source, "dd L%u\n", i);
	fclose(a->source);
	snprintf(out, sizeof(out), "%s.bin", a->path);
	snprintf(command, sizeof(command), "nasm -w-all -O1 -f bin -o %s %s", out, a->path);
	if (system(command) != 0) {
		fprintf(stderr, "nasm has refused %s\n", a->path);
		abort();
	}
	assembler_read(a, out);
	unlink(out);
	unlink(a->path);
}

static inline u32
assembler_length(const struct assembler *a, u32 n)
{
	return a->offsets[n + 1] - a->offsets[n];
}
