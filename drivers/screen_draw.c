/* SPDX-License-Identifier: MIT */
#include "drivers/screen_draw.h"

#include "arch/x86_64/io.h"
#include "drivers/font.h"
#include "lib/string.h"

enum {
	TEXT_BLANK = 0x0720,
	TEXT_UNKNOWN = 0xfe, /* a block, in the VGA's code page 437 */
	PIXEL_BYTES_MAX = 4,
	SCALE_MAX = 2,
};

/* VGA attributes, and 0xRRGGBB: red, yellow, grey, cyan. */
static const u8 attributes[LOG_LEVELS] = {0x0c, 0x0e, 0x07, 0x03};
static const u32 rgb[LOG_LEVELS] = {0xff6060, 0xffff60, 0xd0d0d0, 0x40b0b0};

static u64 channel(struct screen_channel c, u32 value)
{
	u64 bits = c.size >= 8 ? (u64)value << (c.size - 8) : value >> (8 - c.size);

	return bits << c.position;
}

void screen_set_colors(struct screen *screen)
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
 * Device memory is slow by the access, not by the byte: eight bytes at a time where the rows are
 * aligned, which they are unless the pitch is odd.
 */
static void store(u8 *dst, const u8 *src, size_t len)
{
	u64 word;

	for (; len >= 8 && IS_ALIGNED((uintptr_t)dst, 8); dst += 8, src += 8, len -= 8) {
		memcpy(&word, src, 8);
		mmio_write64(dst, word);
	}
	for (; len > 0; dst++, src++, len--)
		mmio_write8(dst, *src);
}

static void put_pixels(u8 *out, u8 bits, u32 color, u32 bytes, u32 scale)
{
	for (u32 x = 0; x < FONT_WIDTH * scale; x++) {
		u32 pixel = bits << (x / scale) & 0x80 ? color : 0;

		for (u32 i = 0; i < bytes; i++)
			*out++ = (u8)(pixel >> 8 * i);
	}
}

static void draw_pixels(const struct screen *screen, u32 row, u32 column, u8 character, u32 color)
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

static void draw_text(const struct screen *screen, u32 row, u32 column, u8 character, u32 color)
{
	u8 *at = (u8 *)screen->config.base + (size_t)row * screen->config.pitch + column * 2;

	if (character < 0x20 || character > 0x7e)
		character = TEXT_UNKNOWN;
	mmio_write16(at, (u16)(color << 8 | character));
}

void screen_draw(const struct screen *screen, u32 row, u32 column)
{
	u8 character = screen->cells[row][column];
	u32 color = screen->colors[screen->levels[row]];

	if (screen->config.kind == SCREEN_TEXT)
		draw_text(screen, row, column, character, color);
	else
		draw_pixels(screen, row, column, character, color);
}

void screen_clear(const struct screen *screen)
{
	const struct screen_config *c = &screen->config;
	static const u8 black[64];
	u8 *at = c->base;

	for (u32 y = 0; y < c->height; y++, at += c->pitch) {
		if (c->kind == SCREEN_TEXT) {
			for (u32 x = 0; x < c->width; x++)
				mmio_write16(at + x * 2, TEXT_BLANK);
			continue;
		}
		for (u32 x = 0, len = c->width * ((c->bpp + 7u) / 8); x < len; x += sizeof(black))
			store(at + x, black, MIN(len - x, sizeof(black)));
	}
}
