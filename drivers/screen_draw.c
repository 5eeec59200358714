/* SPDX-License-Identifier: MIT */
#include "drivers/screen_draw.h"

#include "arch/x86_64/io.h"
#include "drivers/font.h"

enum {
	TEXT_BLANK = 0x0720,
	TEXT_UNKNOWN = 0xfe, /* a block, in the VGA's code page 437 */
	PIXEL_BYTES_MAX = 4,
	SCALE_MAX = 2,
};

/* VGA attributes, and 0xRRGGBB: red, yellow, grey, cyan. */
static const u8 attributes[LOG_LEVELS] = {0x0c, 0x0e, 0x07, 0x03};
static const u32 rgb[LOG_LEVELS] = {0xff6060, 0xffff60, 0xd0d0d0, 0x40b0b0};

static u64
channel(struct screen_channel c, u32 value)
{
	u64 bits = c.size >= 8 ? (u64)value << (c.size - 8) : value >> (8 - c.size);

	return bits << c.position;
}

void
screen_set_colors(struct screen *screen)
{
	const struct screen_config *c = &screen->config;

	for (unsigned i = 0; i < LOG_LEVELS; i++) {
		if (c->kind == SCREEN_TEXT)
			screen->colors[i] = attributes[i];
		else
			screen->colors[i] = (u32)(channel(c->red, rgb[i] >> 16 & 0xff) |
						  channel(c->green, rgb[i] >> 8 & 0xff) |
						  channel(c->blue, rgb[i] & 0xff));
	}
}

/*
 * Device memory is slow by the access, not by the byte: eight bytes at a time wherever the address
 * is aligned. (The builtin is one instruction; memcpy() would be a call.)
 */
static void
store(u8 *dst, const u8 *src, size_t len)
{
	size_t step;
	u64 word;

	for (; len > 0; dst += step, src += step, len -= step) {
		step = len >= 8 && IS_ALIGNED((uintptr_t)dst, 8) ? 8 : 1;
		if (step == 8) {
			__builtin_memcpy(&word, src, 8);
			mmio_write64(dst, word);
		} else {
			mmio_write8(dst, *src);
		}
	}
}

/* Every pixel is written as four bytes; the next one covers what is too much. */
static void
put_pixels(u8 *out, u8 bits, u32 color, u32 bytes, u32 scale)
{
	for (u32 mask = 0x80; mask != 0; mask >>= 1) {
		u32 pixel = bits & mask ? color : 0;

		for (u32 i = 0; i < scale; i++, out += bytes)
			__builtin_memcpy(out, &pixel, sizeof(pixel));
	}
}

static void
draw_pixels(const struct screen *screen, u32 row, u32 column, u8 character, u32 color)
{
	u32 bytes = (screen->config.bpp + 7u) / 8, scale = screen->scale;
	u32 width = FONT_WIDTH * scale * bytes, height = FONT_HEIGHT * scale;
	u8 pixels[FONT_WIDTH * SCALE_MAX * PIXEL_BYTES_MAX];
	u8 *at = (u8 *)screen->config.base + (size_t)row * height * screen->config.pitch +
		 (size_t)column * width;

	for (u32 y = 0; y < height; y++, at += screen->config.pitch) {
		put_pixels(pixels, font_row(character, y / scale), color, bytes, scale);
		store(at, pixels, width);
	}
}

static void
draw_text(const struct screen *screen, u32 row, u32 column, u8 character, u32 color)
{
	u8 *at =
		(u8 *)screen->config.base + (size_t)row * screen->config.pitch + (size_t)column * 2;

	if (character < 0x20 || character > 0x7e)
		character = TEXT_UNKNOWN;
	mmio_write16(at, (u16)(color << 8 | character));
}

void
screen_draw(const struct screen *screen, u32 row, u32 column)
{
	u8 character = screen->cells[row * screen->columns + column];
	u32 color = screen->colors[screen->levels[row]];

	if (screen->config.kind == SCREEN_TEXT)
		draw_text(screen, row, column, character, color);
	else
		draw_pixels(screen, row, column, character, color);
}

void
screen_clear(const struct screen *screen)
{
	const struct screen_config *c = &screen->config;
	static const u8 black[64];
	u8 *at = c->base;

	for (u32 y = 0; y < c->height; y++, at += c->pitch) {
		if (c->kind == SCREEN_TEXT) {
			for (u32 x = 0; x < c->width; x++)
				mmio_write16(at + (size_t)x * 2, TEXT_BLANK);
			continue;
		}
		for (u32 x = 0, len = c->width * ((c->bpp + 7u) / 8); x < len; x += sizeof(black))
			store(at + x, black, MIN(len - x, sizeof(black)));
	}
}
