/* SPDX-License-Identifier: MIT */
/* A screen's memory: how a character gets there, as VGA text or as pixels. Under screen->lock. */
#pragma once

#include "drivers/screen.h"

/* Sets screen->colors for its kind. */
void screen_set_colors(struct screen *screen);

/* All of the memory black, also beyond the last whole character. */
void screen_clear(const struct screen *screen);

/* One cell as screen->cells and screen->levels have it. */
void screen_draw(const struct screen *screen, u32 row, u32 column);
