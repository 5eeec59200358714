/* SPDX-License-Identifier: MIT */
/*
 * Statistics registers (13.7). What they tell apart is counted once, upwards; a register shows how
 * much it has grown since the register was read, up to all ones. Collisions, errors of the line and
 * pause frames don't happen here.
 */
#include "drivers/e1000/model_private.h"

#define AT(offset) [((offset)-E1000_STATISTICS) / 4]

/* A pair shows its lower half at the first register, and the upper half at the next one. */
static const u8 shown[E1000_STATISTIC_WORDS] = {
	AT(E1000_MPC) = E1000_RX_MISSED,       AT(E1000_PRC64) = E1000_RX_SIZE,
	AT(E1000_PRC127) = E1000_RX_SIZE + 1,  AT(E1000_PRC255) = E1000_RX_SIZE + 2,
	AT(E1000_PRC511) = E1000_RX_SIZE + 3,  AT(E1000_PRC1023) = E1000_RX_SIZE + 4,
	AT(E1000_PRC1522) = E1000_RX_SIZE + 5, AT(E1000_GPRC) = E1000_RX_GOOD_FRAMES,
	AT(E1000_BPRC) = E1000_RX_BROADCAST,   AT(E1000_MPRC) = E1000_RX_MULTICAST,
	AT(E1000_GPTC) = E1000_TX_FRAMES,      AT(E1000_GORCL) = E1000_RX_GOOD_BYTES,
	AT(E1000_GORCH) = E1000_RX_GOOD_BYTES, AT(E1000_GOTCL) = E1000_TX_BYTES,
	AT(E1000_GOTCH) = E1000_TX_BYTES,      AT(E1000_RNBC) = E1000_RX_MISSED,
	AT(E1000_ROC) = E1000_RX_LONG,	       AT(E1000_TORL) = E1000_RX_BYTES,
	AT(E1000_TORH) = E1000_RX_BYTES,       AT(E1000_TOTL) = E1000_TX_BYTES,
	AT(E1000_TOTH) = E1000_TX_BYTES,       AT(E1000_TPR) = E1000_RX_FRAMES,
	AT(E1000_TPT) = E1000_TX_FRAMES,       AT(E1000_PTC64) = E1000_TX_SIZE,
	AT(E1000_PTC127) = E1000_TX_SIZE + 1,  AT(E1000_PTC255) = E1000_TX_SIZE + 2,
	AT(E1000_PTC511) = E1000_TX_SIZE + 3,  AT(E1000_PTC1023) = E1000_TX_SIZE + 4,
	AT(E1000_PTC1522) = E1000_TX_SIZE + 5, AT(E1000_MPTC) = E1000_TX_MULTICAST,
	AT(E1000_BPTC) = E1000_TX_BROADCAST,   AT(E1000_TSCTC) = E1000_TX_SEGMENTED,
	AT(E1000_TSCTFC) = E1000_TX_UNCUT,
};

static bool
is_low(u32 offset)
{
	return offset == E1000_GORCL || offset == E1000_GOTCL || offset == E1000_TORL ||
	       offset == E1000_TOTL;
}

static bool
is_high(u32 offset)
{
	return is_low(offset - 4);
}

/* Both halves of a pair go by the place of the lower one, and reading the upper one clears. */
u32
e1000_statistic_read(struct e1000 *e, u32 offset)
{
	unsigned at = (offset - E1000_STATISTICS) / 4, first = is_high(offset) ? at - 1 : at;
	u64 count = READ_ONCE(e->counts[shown[at]]), since = count - e->state.cleared[first];

	if (is_low(offset))
		return (u32)since;
	e->state.cleared[first] = count;
	return is_high(offset) ? (u32)(since >> 32) : (u32)MIN(since, (u64)~0u);
}

void
e1000_statistics_clear(struct e1000 *e)
{
	for (unsigned i = 0; i < E1000_STATISTIC_WORDS; i++)
		e->state.cleared[i] = READ_ONCE(e->counts[shown[i]]);
}

/* Up to 64 bytes, 127, 255, 511, 1023, and more (13.7.17 ff.). */
void
e1000_count_size(struct e1000 *e, enum e1000_count first, u32 bytes, u64 frames)
{
	unsigned size = bytes <= 64 ? 0 : MIN(high_bit(bytes), 10u) - 5;

	e->counts[first + size] += frames;
}
