/* SPDX-License-Identifier: MIT */
/* A line on the terminal that says how far the work is. */
#include "tools/mkimage/progress.h"

#include <stdio.h>
#include <unistd.h>

#define WORTH_SHOWING (32 * MiB)

static const char *doing; /* NULL: nothing that is shown */
static u64 all;
static unsigned shown; /* per cent */
static int width;      /* of what stands there */

void
progress_begin(const char *what, u64 total)
{
	doing = total >= WORTH_SHOWING && isatty(STDERR_FILENO) ? what : NULL;
	all = total;
	shown = ~0u;
	progress_at(0);
}

void
progress_at(u64 done)
{
	unsigned percent;

	if (doing == NULL)
		return;
	percent = done < all ? (unsigned)(done * 100 / all) : 100;
	if (percent == shown)
		return;
	shown = percent;
	width = fprintf(stderr, "\r%s: %u %% of %lu MiB", doing, percent, all / MiB);
}

void
progress_end(void)
{
	if (doing != NULL)
		fprintf(stderr, "\r%*s\r", width, "");
	doing = NULL;
}
