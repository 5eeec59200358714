/* SPDX-License-Identifier: MIT */
/* The lines on the screen: wrapping, scrolling, and which cells have to be drawn. */
#include "drivers/screen.h"

#include "drivers/font.h"
#include "drivers/screen_draw.h"
#include "lib/string.h"

enum {
	SIDE_MAX = 16384,    /* pixels */
	PITCH_MAX = 1 << 20, /* bytes */
	LARGE_WIDTH = 2560,  /* from here a pixel of the font is two by two */
	COLUMNS_MIN = 20,
	ROWS_MIN = 5,
	PREFIX_MAX = 40, /* "[time] error: " */
	BLANK = 0x20,
};

static bool
channel_ok(struct screen_channel c, unsigned bits)
{
	return c.size > 0 && c.size <= 16 && c.position + c.size <= (int)bits;
}

/* Bytes of a character or pixel; 0 for a format that can't be. */
static u32
unit_bytes(const struct screen_config *c)
{
	unsigned bytes = (c->bpp + 7u) / 8;

	if (c->kind == SCREEN_TEXT)
		return 2;
	if (c->kind != SCREEN_RGB || (c->bpp != 15 && c->bpp != 16 && c->bpp != 24 && c->bpp != 32))
		return 0;
	if (!channel_ok(c->red, bytes * 8) || !channel_ok(c->green, bytes * 8) ||
	    !channel_ok(c->blue, bytes * 8))
		return 0;
	return bytes;
}

/* Sizes are bounded before they are multiplied: none of these can wrap. */
static bool
geometry_ok(const struct screen_config *c)
{
	u32 unit = unit_bytes(c);

	if (unit == 0 || c->width > SIDE_MAX || c->height > SIDE_MAX || c->pitch > PITCH_MAX)
		return false;
	if (c->width * unit > c->pitch)
		return false;
	return c->kind != SCREEN_TEXT || c->pitch % 2 == 0;
}

static void
set_grid(struct screen *s)
{
	const struct screen_config *c = &s->config;
	u32 width = 1, height = 1; /* of a character */

	s->scale = c->width >= LARGE_WIDTH ? 2 : 1;
	if (c->kind == SCREEN_RGB) {
		width = FONT_WIDTH * s->scale;
		height = FONT_HEIGHT * s->scale;
	}
	s->columns = MIN(c->width / width, (u32)SCREEN_COLUMNS_MAX);
	s->rows = MIN(c->height / height, (u32)SCREEN_ROWS_MAX);
}

u64
screen_bytes(const struct screen_config *config)
{
	return geometry_ok(config) ? (u64)config->pitch * config->height : 0;
}

size_t
screen_cells(const struct screen_config *config)
{
	struct screen grid = {.config = *config};

	if (!geometry_ok(config))
		return 0;
	set_grid(&grid);
	return (size_t)grid.columns * grid.rows;
}

/* Moves the lines up by `by`; draws only what looks different from what was in its place. */
static void
scroll(struct screen *s, u32 by)
{
	for (u32 row = 0; row < s->rows; row++) {
		bool blank = row + by >= s->rows;
		u8 level = blank ? LOG_INFO : s->levels[row + by];
		bool recolored = level != s->levels[row];

		s->levels[row] = level;
		for (u32 column = 0; column < s->columns; column++) {
			u8 *cell = &s->cells[row * s->columns + column];
			u8 now = blank ? BLANK : cell[by * s->columns];
			bool same = now == *cell && (!recolored || now == BLANK);

			*cell = now;
			if (!same)
				screen_draw(s, row, column);
		}
	}
	s->row -= by;
}

/* Pixels take long to move, so they move rarely, and farther: an eighth of the screen. */
static void
make_room(struct screen *s)
{
	if (s->row >= s->rows)
		scroll(s, s->config.kind == SCREEN_TEXT ? 1 : MAX(s->rows / 8, 1u));
}

static void
put_row(struct screen *s, enum log_level level, const char *text, size_t len)
{
	make_room(s);
	s->levels[s->row] = (u8)level;
	for (u32 column = 0; column < len; column++) {
		s->cells[s->row * s->columns + column] = (u8)text[column];
		if (text[column] != BLANK)
			screen_draw(s, s->row, column);
	}
	s->row++;
}

void
screen_print(struct screen *screen, enum log_level level, const char *line)
{
	u64 flags = spin_lock(&screen->lock);
	size_t len = strlen(line), part;

	do {
		part = MIN(len, screen->columns);
		put_row(screen, level, line, part);
		line += part;
		len -= part;
	} while (len > 0);
	spin_unlock(&screen->lock, flags);
}

static void
log_write(struct log_output *out, const struct log_line *line)
{
	struct screen *screen = container_of(out, struct screen, log);
	char text[LOG_LINE_MAX + PREFIX_MAX];

	log_format_line(text, sizeof(text), line);
	screen_print(screen, (enum log_level)line->level, text);
}

int
screen_init(struct screen *screen, const struct screen_config *config, u8 *cells, size_t count)
{
	if (!geometry_ok(config))
		return fail(-ERR_INVAL);
	screen->config = *config;
	set_grid(screen);
	if (screen->columns > 0)
		screen->rows = MIN(screen->rows, (u32)count / screen->columns);
	if (screen->columns < COLUMNS_MIN || screen->rows < ROWS_MIN)
		return fail(-ERR_INVAL);
	spin_init(&screen->lock, RANK_CONSOLE, "screen");
	screen->row = 0;
	screen->cells = cells;
	memset(cells, BLANK, (size_t)screen->columns * screen->rows);
	memset(screen->levels, LOG_INFO, sizeof(screen->levels));
	screen->log = (struct log_output){.write = log_write};
	screen_set_colors(screen);
	screen_clear(screen);
	return 0;
}
