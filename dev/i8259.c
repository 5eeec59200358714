/* SPDX-License-Identifier: MIT */
/* One 8259A's priorities and command words (Intel datasheet 231468). */
#include "dev/i8259.h"

#include "include/bits.h"

enum { INPUTS = 8 };

/* Initialisation, even port with bit 4: ICW1. Its LTIM bit means nothing on a PC: ELCR decides. */
#define ICW1	     BIT32(4)
#define ICW1_SINGLE  BIT32(1)
#define ICW1_ICW4    BIT32(0)
#define ICW2_BASE    0xf8u
#define ICW4_NESTED  BIT32(4)
#define ICW4_AUTO    BIT32(1)

/* Operation: bit 3 tells OCW3 from OCW2. */
#define OCW3	     BIT32(3)
#define OCW3_ESMM    BIT32(6)
#define OCW3_SMM     BIT32(5)
#define OCW3_POLL    BIT32(2)
#define OCW3_RR	     BIT32(1)
#define OCW3_RIS     BIT32(0)
#define OCW2_COMMAND 0xe0u
#define OCW2_INPUT   7u
#define POLL_REQUEST BIT32(7)

enum ocw2 {
	ROTATE_AUTO_CLEAR = 0x00,
	EOI = 0x20,
	EOI_SPECIFIC = 0x60,
	ROTATE_AUTO_SET = 0x80,
	EOI_ROTATE = 0xa0,
	SET_PRIORITY = 0xc0,
	EOI_ROTATE_SPECIFIC = 0xe0,
};

static u8
bit(unsigned input)
{
	return (u8)(1u << input);
}

/* What a level-triggered input asks for is its level; an edge is kept in irr. */
static u8
requests(const struct i8259 *chip)
{
	return chip->irr | (chip->lines & (chip->level_inputs | chip->cascade));
}

void
i8259_set(struct i8259 *chip, unsigned input, bool level)
{
	u8 b = bit(input);

	if (!level) {
		chip->lines &= (u8)~b;
	} else if ((chip->lines & b) == 0) {
		chip->lines |= b;
		chip->irr |= b & (u8) ~(chip->level_inputs | chip->cascade);
	}
}

void
i8259_set_elcr(struct i8259 *chip, u8 level_inputs)
{
	chip->level_inputs = level_inputs;
	chip->irr &= (u8)~level_inputs;
}

/* The input of the highest priority among these, -1 for none. */
static int
first_of(const struct i8259 *chip, u8 inputs)
{
	for (unsigned i = 1; i <= INPUTS; i++) {
		unsigned input = (chip->lowest + i) % INPUTS;

		if ((inputs & bit(input)) != 0)
			return (int)input;
	}
	return -1;
}

/* In service, and in the way of what is not above them. */
static u8
blocking(const struct i8259 *chip)
{
	u8 inputs = chip->isr;

	if (chip->special_mask)
		inputs &= (u8)~chip->imr;
	return inputs;
}

/* In special fully nested mode the other chip's input does not hold back itself, for what is higher
 * there; it does hold back those below it. */
int
i8259_pending(const struct i8259 *chip)
{
	u8 wanted = requests(chip) & (u8)~chip->imr, blockers = blocking(chip);
	u8 passing = chip->nested_all ? wanted & chip->cascade : 0;
	int input = first_of(chip, wanted | blockers);

	if (chip->expect != EXPECT_NOTHING || input < 0 ||
	    (blockers & (u8)~passing & bit((unsigned)input)) != 0)
		return -1;
	return input;
}

void
i8259_acknowledge(struct i8259 *chip, unsigned input)
{
	chip->irr &= (u8)~bit(input);
	if (!chip->auto_eoi)
		chip->isr |= bit(input);
	else if (chip->rotate_auto)
		chip->lowest = (u8)input;
}

static void
end(struct i8259 *chip, unsigned input, bool rotate)
{
	chip->isr &= (u8)~bit(input);
	if (rotate)
		chip->lowest = (u8)input;
}

/* In special mask mode a non-specific EOI does not see what is masked. */
static void
end_first(struct i8259 *chip, bool rotate)
{
	int input = first_of(chip, chip->special_mask ? chip->isr & (u8)~chip->imr : chip->isr);

	if (input >= 0)
		end(chip, (unsigned)input, rotate);
}

static void
write_ocw2(struct i8259 *chip, u8 value)
{
	unsigned input = value & OCW2_INPUT;

	switch (value & OCW2_COMMAND) {
	case ROTATE_AUTO_CLEAR: chip->rotate_auto = false; break;
	case ROTATE_AUTO_SET: chip->rotate_auto = true; break;
	case EOI: end_first(chip, false); break;
	case EOI_ROTATE: end_first(chip, true); break;
	case EOI_SPECIFIC: end(chip, input, false); break;
	case EOI_ROTATE_SPECIFIC: end(chip, input, true); break;
	case SET_PRIORITY: chip->lowest = (u8)input; break;
	default: break; /* no operation */
	}
}

static void
write_ocw3(struct i8259 *chip, u8 value)
{
	if ((value & OCW3_ESMM) != 0)
		chip->special_mask = (value & OCW3_SMM) != 0;
	if ((value & OCW3_RR) != 0)
		chip->read_isr = (value & OCW3_RIS) != 0;
	chip->poll = (value & OCW3_POLL) != 0;
}

/* Edges that have come are forgotten: an input has to rise again. */
static void
write_icw1(struct i8259 *chip, u8 value)
{
	struct i8259 fresh = {
		.lines = chip->lines,
		.level_inputs = chip->level_inputs,
		.cascade = chip->cascade,
		.base = chip->base,
		.lowest = INPUTS - 1,
		.expect = EXPECT_ICW2,
		.single = (value & ICW1_SINGLE) != 0,
		.wants_icw4 = (value & ICW1_ICW4) != 0,
	};

	*chip = fresh;
}

static u8
after_icw3(const struct i8259 *chip)
{
	return chip->wants_icw4 ? EXPECT_ICW4 : EXPECT_NOTHING;
}

/* The odd port: the next word of the initialisation, else the mask, OCW1. */
static void
write_odd(struct i8259 *chip, u8 value)
{
	switch (chip->expect) {
	case EXPECT_ICW2:
		chip->base = value & ICW2_BASE;
		chip->expect = chip->single ? after_icw3(chip) : EXPECT_ICW3;
		break;
	case EXPECT_ICW3: /* who is cascaded where is a matter of wires here */
		chip->expect = after_icw3(chip);
		break;
	case EXPECT_ICW4:
		chip->nested_all = (value & ICW4_NESTED) != 0;
		chip->auto_eoi = (value & ICW4_AUTO) != 0;
		chip->expect = EXPECT_NOTHING;
		break;
	default: chip->imr = value; break;
	}
}

void
i8259_write(struct i8259 *chip, bool odd, u8 value)
{
	if (odd)
		write_odd(chip, value);
	else if ((value & ICW1) != 0)
		write_icw1(chip, value);
	else if ((value & OCW3) != 0)
		write_ocw3(chip, value);
	else
		write_ocw2(chip, value);
}

/* A poll is an acknowledgement by a read of either port. */
static u8
read_poll(struct i8259 *chip)
{
	int input = i8259_pending(chip);

	chip->poll = false;
	if (input < 0)
		return 0;
	i8259_acknowledge(chip, (unsigned)input);
	return (u8)(POLL_REQUEST | (unsigned)input);
}

u8
i8259_read(struct i8259 *chip, bool odd)
{
	if (chip->poll)
		return read_poll(chip);
	if (odd)
		return chip->imr;
	return chip->read_isr ? chip->isr : requests(chip);
}

/* Undefined on hardware; all is masked, so that nothing comes before somebody asks for it. */
void
i8259_reset(struct i8259 *chip)
{
	*chip = (struct i8259){.lines = chip->lines,
			       .cascade = chip->cascade,
			       .imr = 0xff,
			       .lowest = INPUTS - 1};
}
