/* SPDX-License-Identifier: MIT */
/* SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
#include "guests/lib/random.h"

#include "guests/lib/guest.h"

enum { DELIVERY_MASK = 7, DELIVERY_INIT = 5, DELIVERY_INIT_BIT = 4 };

static u64 state;

void
random_seed(u64 seed)
{
	state = seed;
	print("%s: seed %lu\n", guest_name, seed);
}

u64
random_64(void)
{
	u64 z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

u64
random_below(u64 limit)
{
	return random_64() % limit;
}

u64
random_without_init(u64 value)
{
	for (unsigned shift = 0; shift < 64; shift += 8)
		if ((value >> shift & DELIVERY_MASK) == DELIVERY_INIT)
			value &= ~((u64)DELIVERY_INIT_BIT << shift);
	return value;
}
