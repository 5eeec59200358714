/* SPDX-License-Identifier: MIT */
/*
 * The log on the machine's screen: VGA text, or a linear framebuffer with our own font. The screen
 * only ever shows whole lines, the newest at the bottom; it is written, and never read: what it
 * shows is kept in the struct's cells.
 *
 * The cells are the caller's memory: when there are fewer than the screen could show, only its
 * upper part is used.
 *
 * Any CPU may call; screen->lock (RANK_CONSOLE) guards everything. In a panic locks are off, and
 * screen_print() works from wherever the screen was interrupted.
 */
#pragma once

#include "include/errors.h"
#include "include/types.h"
#include "lib/lock.h"
#include "lib/log.h"

/* What the boot loader says that the screen is; nothing here is trusted. */
enum screen_kind { SCREEN_TEXT, SCREEN_RGB };

struct screen_channel {
	u8 position, size; /* bits of a pixel */
};

struct screen_config {
	enum screen_kind kind;
	void *base;	   /* where its memory is mapped, screen_bytes() of it */
	u32 width, height; /* characters, or pixels */
	u32 pitch;	   /* bytes from one row to the next */
	u8 bpp;		   /* RGB: 15, 16, 24 or 32 */
	struct screen_channel red, green, blue;
};

enum {
	SCREEN_COLUMNS_MAX = 240,
	SCREEN_ROWS_MAX = 90,
};

struct screen {
	struct screen_config config;
	struct spinlock lock;	/* guards all */
	u32 columns, rows;	/* of characters */
	u32 scale;		/* pixels a pixel of the font */
	u32 row;		/* where the next line goes; == rows: scroll first */
	u32 colors[LOG_LEVELS]; /* of text by level: an attribute, or a pixel */
	u8 levels[SCREEN_ROWS_MAX];
	u8 *cells; /* what is shown, row by row; 0x20 is blank */

	struct log_output log;
};

/*
 * Bytes of the screen's memory from its base, for mapping it; 0 for a geometry that cannot be,
 * which screen_init() refuses too. base is not looked at.
 */
u64 screen_bytes(const struct screen_config *config);

/* How many cells show all of the screen: columns times rows; 0 like screen_bytes(). */
size_t screen_cells(const struct screen_config *config);

/*
 * Clears the screen; afterwards &screen->log may be given to log_add_output(). The cells are the
 * screen's until it is initialised anew. -ERR_INVAL for a geometry that can't be, or too small to
 * read.
 */
__must_check int screen_init(struct screen *screen, const struct screen_config *config, u8 *cells,
			     size_t count);

/* One line; a long one is wrapped, what is not printable ASCII is shown as a box. */
void screen_print(struct screen *screen, enum log_level level, const char *line);
