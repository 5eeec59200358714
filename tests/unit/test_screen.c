/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/screen.c drivers/screen_draw.c drivers/font.c
// SOURCES: lib/log.c lib/lock.c lib/format.c lib/error.c
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/font.h"
#include "drivers/screen.h"

/*
 * The fake framebuffer ends at the end of its allocation, so that ASan sees a byte too many; the
 * bytes of a row beyond its width keep their value.
 */
enum { UNTOUCHED = 0xa5 };

static u8 cells[SCREEN_COLUMNS_MAX * SCREEN_ROWS_MAX];
static struct screen screen;
static u8 *memory;

static struct screen_config
rgb(u32 width, u32 height, u32 bpp)
{
	struct screen_config c = {
		.kind = SCREEN_RGB,
		.width = width,
		.height = height,
		.pitch = width * ((bpp + 7) / 8),
		.bpp = (u8)bpp,
		.red = {16, 8},
		.green = {8,  8},
		.blue = {0,  8},
	};

	if (bpp <= 16) {
		c.red = (struct screen_channel){(u8)(bpp - 5), 5};
		c.green = (struct screen_channel){5, (u8)(bpp - 10)};
		c.blue = (struct screen_channel){0, 5};
	}
	return c;
}

static struct screen_config
text(u32 width, u32 height)
{
	return (struct screen_config){.kind = SCREEN_TEXT,
				      .width = width,
				      .height = height,
				      .pitch = width * 2};
}

static void
open_screen(struct screen_config c)
{
	free(memory);
	memory = malloc(c.pitch * c.height);
	memset(memory, UNTOUCHED, c.pitch * c.height);
	c.base = memory;
	assert_int_equal(screen_bytes(&c), c.pitch * c.height);
	assert_int_equal(screen_init(&screen, &c, cells, sizeof(cells)), 0);
}

static u32
pixel(u32 x, u32 y)
{
	u32 bytes = (screen.config.bpp + 7u) / 8, value = 0;

	memcpy(&value, memory + y * screen.config.pitch + x * bytes, bytes);
	return value;
}

/* The cell shows this character, in this color on black, pixel for pixel. */
static void
assert_cell(u32 row, u32 column, u8 character, u32 color)
{
	u32 scale = screen.scale;

	for (u32 y = 0; y < FONT_HEIGHT * scale; y++) {
		for (u32 x = 0; x < FONT_WIDTH * scale; x++) {
			bool on = font_row(character, y / scale) << (x / scale) & 0x80;
			u32 at = pixel(column * FONT_WIDTH * scale + x,
				       row * FONT_HEIGHT * scale + y);

			assert_int_equal(at, on ? color : 0);
		}
	}
}

/* All cells are what a printing of these rows from the top gives. */
static void
assert_rows(const char *const *rows, u32 count, u32 color)
{
	for (u32 row = 0; row < screen.rows; row++) {
		const char *line = row < count ? rows[row] : "";
		size_t len = strlen(line);

		for (u32 column = 0; column < screen.columns; column++)
			assert_cell(row, column, column < len ? (u8)line[column] : ' ', color);
	}
}

static void
all_formats(void **state)
{
	static const struct {
		u32 bpp, info, error;
	} formats[] = {
		{15, 26 << 10 | 26 << 5 | 26, 31 << 10 | 12 << 5 | 12},
		{16, 26 << 11 | 52 << 5 | 26, 31 << 11 | 24 << 5 | 12},
		{24, 0xd0d0d0,		       0xff6060	       },
		{32, 0xd0d0d0,		       0xff6060	       },
	};
	const char *const rows[] = {"Ashlar {~}", "|", ""};

	for (unsigned i = 0; i < ARRAY_SIZE(formats); i++) {
		open_screen(rgb(200, 100, formats[i].bpp));
		assert_int_equal(screen.columns, 25);
		assert_int_equal(screen.rows, 6);
		screen_print(&screen, LOG_INFO, rows[0]);
		screen_print(&screen, LOG_INFO, rows[1]);
		assert_rows(rows, 2, formats[i].info);
		screen_print(&screen, LOG_ERROR, "E");
		assert_cell(2, 0, 'E', formats[i].error);
	}
}

/* Channels of 10 bits, and in the other order. */
static void
odd_channels(void **state)
{
	struct screen_config c = rgb(200, 100, 32);

	c.red = (struct screen_channel){0, 10};
	c.green = (struct screen_channel){10, 10};
	c.blue = (struct screen_channel){20, 10};
	open_screen(c);
	screen_print(&screen, LOG_ERROR, "E");
	assert_cell(0, 0, 'E', 0xffu << 2 | 0x60u << 12 | 0x60u << 22);
}

/* Rows that start at odd addresses, with a gap between them that is not ours. */
static void
odd_pitch(void **state)
{
	const char *const rows[] = {"ab", "", "wxyz"};

	for (u32 bpp = 16; bpp <= 32; bpp += 8) {
		struct screen_config c = rgb(203, 101, bpp);
		u32 used = c.pitch;

		c.pitch += 5;
		open_screen(c);
		for (unsigned i = 0; i < ARRAY_SIZE(rows); i++)
			screen_print(&screen, LOG_INFO, rows[i]);
		assert_rows(rows, ARRAY_SIZE(rows), screen.colors[LOG_INFO]);
		for (u32 y = 0; y < c.height; y++) {
			assert_int_equal(memory[y * c.pitch + used - 1], 0); /* cleared */
			assert_int_equal(memory[y * c.pitch + used], UNTOUCHED);
			assert_int_equal(memory[(y + 1) * c.pitch - 1], UNTOUCHED);
		}
	}
}

/* On a large screen a pixel of the font is two by two; more than the cells hold stays black. */
static void
large(void **state)
{
	const char *const rows[] = {"large"};

	for (u32 bpp = 16; bpp <= 32; bpp += 8) {
		open_screen(rgb(3840, 200, bpp));
		assert_int_equal(screen.scale, 2);
		assert_int_equal(screen.columns, 240);
		assert_int_equal(screen.rows, 6);
		screen_print(&screen, LOG_INFO, rows[0]);
		assert_rows(rows, 1, screen.colors[LOG_INFO]);
	}
	open_screen(rgb(2000, 1600, 16));
	assert_int_equal(screen.columns, SCREEN_COLUMNS_MAX);
	assert_int_equal(screen.rows, SCREEN_ROWS_MAX);
	assert_int_equal(pixel(1999, 1599), 0);
}

static void
assert_refused(struct screen_config c)
{
	assert_int_equal(screen_bytes(&c), 0);
	assert_int_equal(screen_init(&screen, &c, cells, sizeof(cells)), -ERR_INVAL);
}

/* Nothing is written: base is NULL. */
static void
hostile(void **state)
{
	static const u32 bpps[] = {0, 1, 8, 14, 17, 23, 31, 33, 64, 255};
	struct screen_config c;

	for (unsigned i = 0; i < ARRAY_SIZE(bpps); i++) {
		c = rgb(640, 480, 32);
		c.bpp = (u8)bpps[i];
		assert_refused(c);
	}
	c = rgb(640, 480, 32);
	c.pitch--;
	assert_refused(c);
	c = rgb(0x40000000, 480, 32); /* times 4 is 2^32 */
	c.pitch = 0;
	assert_refused(c);
	c = rgb(640, 0xffffffff, 32);
	assert_refused(c);
	c = rgb(640, 480, 32);
	c.pitch = 0xffffffff;
	assert_refused(c);
	c = rgb(640, 480, 32);
	c.red.position = 25;
	assert_refused(c);
	c.red = (struct screen_channel){255, 255};
	assert_refused(c);
	c = rgb(640, 480, 24);
	c.blue.position = 17;
	assert_refused(c);
	c = rgb(640, 480, 32);
	c.green.size = 0;
	assert_refused(c);
	c = rgb(640, 480, 32);
	c.green.size = 17;
	assert_refused(c);
	c = rgb(640, 480, 32);
	c.kind = (enum screen_kind)2;
	assert_refused(c);
	c = text(80, 25);
	c.pitch = 161;
	assert_refused(c);
	c = text(80, 25);
	c.pitch = 158;
	assert_refused(c);
}

static void
too_small(void **state)
{
	struct screen_config c[] = {rgb(159, 480, 32), rgb(640, 79, 32), rgb(0, 0, 32),
				    text(19, 25),      text(80, 4),	 text(0, 0)};

	for (unsigned i = 0; i < ARRAY_SIZE(c); i++)
		assert_int_equal(screen_init(&screen, &c[i], cells, sizeof(cells)), -ERR_INVAL);
}

static u16
cell(u32 row, u32 column)
{
	u16 value;

	memcpy(&value, memory + row * screen.config.pitch + column * 2, 2);
	return value;
}

static void
assert_text(u32 row, u8 attribute, const char *line)
{
	size_t len = strlen(line);

	for (u32 column = 0; column < screen.columns; column++) {
		if (column < len && line[column] != ' ')
			assert_int_equal(cell(row, column), attribute << 8 | (u8)line[column]);
		else
			assert_int_equal(cell(row, column) & 0xff, ' ');
	}
}

static void
vga_text(void **state)
{
	open_screen(text(80, 25));
	for (u32 row = 0; row < 25; row++)
		assert_text(row, 7, "");
	screen_print(&screen, LOG_INFO, "info");
	screen_print(&screen, LOG_WARN, "warn \t\xff");
	screen_print(&screen, LOG_ERROR, "error");
	screen_print(&screen, LOG_DEBUG, "debug");
	assert_text(0, 0x07, "info");
	assert_text(1, 0x0e, "warn \xfe\xfe");
	assert_text(2, 0x0c, "error");
	assert_text(3, 0x03, "debug");
	assert_text(4, 0x07, "");
}

/* Unknown characters are a box, not one of the letters. */
static void
unknown(void **state)
{
	open_screen(rgb(200, 100, 32));
	screen_print(&screen, LOG_INFO, "\x1f\x7f\x80\xff");
	for (u32 i = 0; i < 4; i++)
		assert_cell(0, i, 0, screen.colors[LOG_INFO]);
	assert_int_equal(font_row(0, 2), 0x7e);
	for (unsigned c = 0x20; c <= 0x7e; c++) {
		bool same = true, blank = true;

		for (unsigned row = 0; row < FONT_HEIGHT; row++) {
			same = same && font_row((u8)c, row) == font_row(0, row);
			blank = blank && font_row((u8)c, row) == 0;
		}
		assert_false(same);
		assert_int_equal(blank, c == ' ');
	}
}

static void
wraps(void **state)
{
	char line[1001];

	open_screen(text(80, 25));
	for (unsigned i = 0; i < 160; i++)
		line[i] = (char)('!' + i % 90);
	line[160] = '\0';
	screen_print(&screen, LOG_INFO, line); /* two rows, and no empty third one */
	screen_print(&screen, LOG_INFO, "");
	screen_print(&screen, LOG_INFO, "next");
	assert_text(1, 7, line + 80);
	line[80] = '\0';
	assert_text(0, 7, line);
	assert_text(2, 7, "");
	assert_text(3, 7, "next");

	memset(line, 'x', 1000); /* longer than half of the screen */
	line[1000] = '\0';
	for (unsigned i = 0; i < 3; i++)
		screen_print(&screen, LOG_INFO, line);
	line[40] = '\0';
	assert_text(24, 7, line);
}

/* After every line the memory is what a fresh drawing of the newest lines gives. */
static void
scrolls_text(void **state)
{
	char line[32];

	open_screen(text(80, 25));
	for (u32 n = 0; n < 100; n++) {
		snprintf(line, sizeof(line), n % 3 == 0 ? "%u" : "line %u of many", n);
		screen_print(&screen, (enum log_level)(n % LOG_LEVELS), line);
		for (u32 row = 0; row <= MIN(n, 24u); row++) {
			static const u8 attribute[] = {0x0c, 0x0e, 0x07, 0x03};
			u32 m = n < 25 ? row : n - 24 + row;

			snprintf(line, sizeof(line), m % 3 == 0 ? "%u" : "line %u of many", m);
			assert_text(row, attribute[m % LOG_LEVELS], line);
		}
	}
}

/* Pixels: by an eighth of the screen; the newest line is always there, in its color. */
static void
scrolls_pixels(void **state)
{
	char line[32];

	open_screen(rgb(200, 16 * 24, 16));
	for (u32 n = 0; n < 60; n++) {
		u32 first = n < 24 ? 0 : (n - 24) / 3 * 3 + 3;

		snprintf(line, sizeof(line), n % 5 == 0 ? "%u" : "line %u of many", n);
		screen_print(&screen, (enum log_level)(n % LOG_LEVELS), line);
		for (u32 row = 0; row < screen.rows; row++) {
			u32 m = first + row;
			size_t len;

			snprintf(line, sizeof(line), m % 5 == 0 ? "%u" : "line %u of many", m);
			len = m <= n ? strlen(line) : 0;
			for (u32 i = 0; i < screen.columns; i++)
				assert_cell(row, i, i < len ? (u8)line[i] : ' ',
					    screen.colors[m % LOG_LEVELS]);
		}
	}
}

/* A cell that stays as it is isn't written: here that shows, since someone else wrote there. */
static void
draws_only_changes(void **state)
{
	open_screen(text(80, 25));
	for (u32 n = 0; n < 25; n++)
		screen_print(&screen, LOG_INFO, "same");
	memset(memory, UNTOUCHED, 80 * 25 * 2);
	screen_print(&screen, LOG_INFO, "same");
	for (u32 column = 0; column < 80; column++) {
		for (u32 row = 0; row < 24; row++)
			assert_int_equal(cell(row, column), UNTOUCHED << 8 | UNTOUCHED);
	}
	assert_int_equal(cell(24, 0), 0x0700 | 's');
}

static void
log_output(void **state)
{
	struct log_line line = {.time_ns = 1234567000, .level = LOG_ERROR, .text = "cause"};

	open_screen(text(80, 25));
	screen.log.write(&screen.log, &line);
	assert_text(0, 0x0c, "[    1.234567] error: cause");
	line.time_ns = ~0ul;
	memset(line.text, 'x', LOG_LINE_MAX);
	screen.log.write(&screen.log, &line);
	assert_int_equal(cell(4, 0), 0x0c00 | 'x'); /* nothing of the longest line is cut */
	assert_int_equal(cell(4, (21 + 7 + LOG_LINE_MAX) % 80 - 1), 0x0c00 | 'x');
}

/* With fewer cells than the screen could show it uses the upper rows. */
static void
few_cells(void **state)
{
	struct screen_config c = text(80, 25);

	assert_int_equal(screen_cells(&c), 80 * 25);
	open_screen(c);
	c.base = memory;
	assert_int_equal(screen_init(&screen, &c, cells, 80 * 7 - 1), 0);
	assert_int_equal(screen.columns, 80);
	assert_int_equal(screen.rows, 6);
	memset(cells, UNTOUCHED, sizeof(cells));
	memset(cells, ' ', 80 * 6);
	for (unsigned i = 0; i < 8; i++)
		screen_print(&screen, LOG_INFO, i < 7 ? "old" : "new");
	assert_text(4, 7, "old");
	assert_text(5, 7, "new");
	assert_int_equal(cell(6, 0), cell(24, 79)); /* blank */
	assert_int_equal(cells[80 * 6], UNTOUCHED);
	assert_int_equal(screen_init(&screen, &c, cells, 80 * 5 - 1), -ERR_INVAL);
	c.pitch = 80;
	assert_int_equal(screen_cells(&c), 0);
}

static int
free_memory(void **state)
{
	free(memory);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_formats),	  cmocka_unit_test(odd_channels),
		cmocka_unit_test(odd_pitch),	  cmocka_unit_test(large),
		cmocka_unit_test(hostile),	  cmocka_unit_test(too_small),
		cmocka_unit_test(vga_text),	  cmocka_unit_test(unknown),
		cmocka_unit_test(wraps),	  cmocka_unit_test(scrolls_text),
		cmocka_unit_test(scrolls_pixels), cmocka_unit_test(draws_only_changes),
		cmocka_unit_test(log_output),	  cmocka_unit_test(few_cells),
	};
	return cmocka_run_group_tests(tests, NULL, free_memory);
}
