/* SPDX-License-Identifier: MIT */
/*
 * The EEPROM: 64 words of a 93C46 behind EECD's four pins (5.3, 13.4.3), or read by EERD. What
 * stands in it is chapter 5.6's. The guest may write it: it is its own.
 */
#include "drivers/e1000/model_private.h"

#include "lib/string.h"

/* Words (table 5-2). */
enum {
	WORD_CONTROL1 = 0x0a,
	WORD_SUBSYSTEM = 0x0b,
	WORD_SUBSYSTEM_VENDOR = 0x0c,
	WORD_DEVICE = 0x0d,
	WORD_VENDOR = 0x0e,
	WORD_CONTROL2 = 0x0f,
	WORD_CHECKSUM = 0x3f,
	CHECKSUM = 0xbaba, /* of all words */
};

/* A command: a start bit, two of operation, six of address; to some, 16 of data. */
enum {
	COMMAND_BITS = 9,
	WRITE_BITS = COMMAND_BITS + 16,
	OP_EXTENDED = 0,
	OP_WRITE = 1,
	OP_READ = 2,
	OP_ERASE = 3,
	EXTENDED_DISABLE = 0, /* the address' upper bits */
	EXTENDED_ENABLE = 3,
};

#define COMMAND_OP	BITS(7, 6)
#define COMMAND_ADDRESS BITS(5, 0)

#define PINS_WRITABLE                                                                              \
	(E1000_EECD_SK | E1000_EECD_CS | E1000_EECD_DI | E1000_EECD_FWE | E1000_EECD_REQ)

void
e1000_eeprom_init(struct e1000_eeprom *eeprom, const u8 *mac)
{
	u16 sum = 0;

	*eeprom = (struct e1000_eeprom){0};
	for (unsigned i = 0; i < E1000_EEPROM_WORDS; i++)
		eeprom->words[i] = 0xffff;
	for (unsigned i = 0; i < ETH_ADDRESS / 2; i++)
		eeprom->words[i] = (u16)(mac[2 * i] | mac[2 * i + 1] << 8);
	eeprom->words[3] = 0;
	eeprom->words[WORD_CONTROL1] = 0x4408; /* signature, subsystem from here, 66 MHz */
	eeprom->words[WORD_SUBSYSTEM] = 0x1000;
	eeprom->words[WORD_SUBSYSTEM_VENDOR] = 0x8086;
	eeprom->words[WORD_DEVICE] = 0x100f;
	eeprom->words[WORD_VENDOR] = 0x8086;
	eeprom->words[WORD_CONTROL2] = 0x3040; /* pause both ways */
	for (unsigned i = 0x10; i < 0x2f; i++)
		eeprom->words[i] = 0;
	for (unsigned i = 0; i < WORD_CHECKSUM; i++)
		sum = (u16)(sum + eeprom->words[i]);
	eeprom->words[WORD_CHECKSUM] = (u16)(CHECKSUM - sum);
}

u32
e1000_eeprom_pins(const struct e1000_eeprom *eeprom)
{
	u32 eecd = eeprom->pins | E1000_EECD_PRES;

	if (eecd & E1000_EECD_REQ)
		eecd |= E1000_EECD_GNT;
	/* Selected and idle, it says that it is ready. */
	if (eeprom->out_bits > 0 ? eeprom->out >> 15 : !eeprom->reading)
		eecd |= E1000_EECD_DO;
	return eecd;
}

static void
erase_or_write(struct e1000_eeprom *eeprom, u16 value)
{
	if (eeprom->writable)
		eeprom->words[eeprom->address] = value;
	eeprom->done = true;
}

/* The address has come in. */
static void
command(struct e1000_eeprom *eeprom)
{
	eeprom->address = (u8)FIELD_GET(COMMAND_ADDRESS, eeprom->shift);
	switch (FIELD_GET(COMMAND_OP, eeprom->shift)) {
	case OP_READ: eeprom->reading = true; break; /* a 0 goes out before the word */
	case OP_ERASE: erase_or_write(eeprom, 0xffff); break;
	case OP_EXTENDED:
		if (eeprom->address >> 4 == EXTENDED_ENABLE)
			eeprom->writable = true;
		else if (eeprom->address >> 4 == EXTENDED_DISABLE)
			eeprom->writable = false;
		eeprom->done = true;
		break;
	default: break;
	}
}

/* It goes on with the next word as long as it is clocked. */
static void
clock_out(struct e1000_eeprom *eeprom)
{
	if (eeprom->out_bits > 1) {
		eeprom->out = (u16)(eeprom->out << 1);
		eeprom->out_bits--;
		return;
	}
	eeprom->out = eeprom->words[eeprom->address];
	eeprom->out_bits = 16;
	eeprom->address = (u8)((eeprom->address + 1) % E1000_EEPROM_WORDS);
}

/* SK rises. */
static void
clock_in(struct e1000_eeprom *eeprom, bool in)
{
	if (eeprom->done || (eeprom->bits == 0 && !in))
		return;
	if (eeprom->reading) {
		clock_out(eeprom);
		return;
	}
	eeprom->shift = eeprom->shift << 1 | in;
	eeprom->bits++;
	if (eeprom->bits == COMMAND_BITS)
		command(eeprom);
	else if (eeprom->bits == WRITE_BITS)
		erase_or_write(eeprom, (u16)eeprom->shift);
}

void
e1000_eeprom_set_pins(struct e1000_eeprom *eeprom, u32 eecd)
{
	u32 rising = eecd & ~eeprom->pins;

	eeprom->pins = eecd & PINS_WRITABLE;
	if (!(eecd & E1000_EECD_CS)) {
		eeprom->bits = eeprom->out_bits = 0;
		eeprom->shift = 0;
		eeprom->reading = eeprom->done = false;
	} else if (rising & E1000_EECD_SK) {
		clock_in(eeprom, (eecd & E1000_EECD_DI) != 0);
	}
}

/* Words that there are not read as no chip would drive the pin. */
u32
e1000_eeprom_read(const struct e1000_eeprom *eeprom, u32 eerd)
{
	u64 address = FIELD_GET(E1000_EERD_ADDRESS, eerd);
	u16 word = 0xffff;

	if (!(eerd & E1000_EERD_START))
		return eerd & (u32)E1000_EERD_ADDRESS;
	if (address < E1000_EEPROM_WORDS)
		word = eeprom->words[address];
	return (u32)(FIELD_PREP(E1000_EERD_DATA, word) | (eerd & E1000_EERD_ADDRESS)) |
	       E1000_EERD_DONE;
}
