/* SPDX-License-Identifier: MIT */
/*
 * ISA devices are eight bits wide: the bus controller splits a wider access into one for each byte,
 * by rising address. Pure.
 */
#pragma once

#include "dev/device.h"

static inline void
io_bytewise(struct device *dev, struct io *io, u8 (*read)(struct device *dev, unsigned offset),
	    void (*write)(struct device *dev, unsigned offset, u8 value))
{
	u64 value = 0;

	for (unsigned i = 0; i < io->size; i++) {
		unsigned offset = (unsigned)io->offset + i;

		if (io->write)
			write(dev, offset, (u8)(io->value >> (8 * i)));
		else
			value |= (u64)read(dev, offset) << (8 * i);
	}
	if (!io->write)
		io->value = value;
}
