/* SPDX-License-Identifier: MIT */
/* The pair of 8259s: cascade, output, ports. One chip alone is in dev/i8259.c. */
#include "dev/pic.h"

#include "include/bits.h"
#include "include/panic.h"
#include "lib/string.h"

enum { FIRST, SECOND, CASCADE = 2, SPURIOUS = 7 };

enum { PORT_FIRST = 0x20, PORT_SECOND = 0xa0, PORT_ELCR = 0x4d0 };

/* The timer, the keyboard, the cascade, the clock and the coprocessor stay edge-triggered. */
static const u8 elcr_bits[2] = {0xf8, 0xde};

/* The second chip's output is an input of the first; the first's is INTR. */
static void
update(struct pic *pic)
{
	bool level;

	i8259_set(&pic->chips[FIRST], CASCADE, i8259_pending(&pic->chips[SECOND]) >= 0);
	level = i8259_pending(&pic->chips[FIRST]) >= 0;
	if (level == pic->output_level)
		return;
	pic->output_level = level;
	irq_set(pic->output, level);
}

void
pic_set(struct pic *pic, unsigned input, bool level)
{
	u64 flags = spin_lock(&pic->lock);

	ASSERT(input < PIC_INPUTS);
	if (input != CASCADE) {
		i8259_set(&pic->chips[input / 8], input % 8, level);
		update(pic);
	}
	spin_unlock(&pic->lock, flags);
}

/* INTA at one chip. With nothing there any more it answers as input 7, without ISR. */
static unsigned
acknowledge_chip(struct i8259 *chip)
{
	int input = i8259_pending(chip);

	if (input < 0)
		return SPURIOUS;
	i8259_acknowledge(chip, (unsigned)input);
	return (unsigned)input;
}

u8
pic_acknowledge(struct pic *pic)
{
	u64 flags = spin_lock(&pic->lock);
	struct i8259 *chip = &pic->chips[FIRST];
	unsigned input = acknowledge_chip(chip);

	if (input == CASCADE) {
		chip = &pic->chips[SECOND];
		input = acknowledge_chip(chip);
	}
	update(pic);
	spin_unlock(&pic->lock, flags);
	return (u8)(chip->base + input);
}

static unsigned
peek(const struct i8259 *chip)
{
	int input = i8259_pending(chip);

	return input < 0 ? SPURIOUS : (unsigned)input;
}

u8
pic_vector(struct pic *pic)
{
	u64 flags = spin_lock(&pic->lock);
	const struct i8259 *chip = &pic->chips[FIRST];
	u8 vector;

	if (peek(chip) == CASCADE)
		chip = &pic->chips[SECOND];
	vector = (u8)(chip->base + peek(chip));
	spin_unlock(&pic->lock, flags);
	return vector;
}

/* The two ports of a chip; an access of 16 bits is one to each. */
static void
chip_access(struct pic *pic, unsigned which, struct io *io)
{
	u64 flags = spin_lock(&pic->lock), value = 0;

	for (unsigned i = 0; i < io->size; i++) {
		bool odd = ((io->offset + i) & 1) != 0;

		if (io->write)
			i8259_write(&pic->chips[which], odd, (u8)(io->value >> 8 * i));
		else
			value |= (u64)i8259_read(&pic->chips[which], odd) << 8 * i;
	}
	if (!io->write)
		io->value = value;
	update(pic);
	spin_unlock(&pic->lock, flags);
}

static void
first_access(struct device *dev, struct io *io)
{
	chip_access(container_of(dev, struct pic, dev), FIRST, io);
}

static void
second_access(struct device *dev, struct io *io)
{
	chip_access(container_of(dev, struct pic, dev), SECOND, io);
}

static void
elcr_access(struct device *dev, struct io *io)
{
	struct pic *pic = container_of(dev, struct pic, dev);
	u64 flags = spin_lock(&pic->lock), value = 0;

	for (unsigned i = 0; i < io->size; i++) {
		unsigned which = (io->offset + i) & 1;

		if (io->write)
			i8259_set_elcr(&pic->chips[which],
				       (u8)(io->value >> 8 * i) & elcr_bits[which]);
		else
			value |= (u64)pic->chips[which].level_inputs << 8 * i;
	}
	if (!io->write)
		io->value = value;
	update(pic);
	spin_unlock(&pic->lock, flags);
}

static void
pic_reset(struct device *dev)
{
	struct pic *pic = container_of(dev, struct pic, dev);
	u64 flags = spin_lock(&pic->lock);

	for (unsigned which = 0; which < 2; which++)
		i8259_reset(&pic->chips[which]);
	update(pic);
	spin_unlock(&pic->lock, flags);
}

void
pic_setup(struct pic *pic, struct irq_line *output)
{
	memset(pic, 0, sizeof(*pic));
	pic->dev = (struct device){.name = "pic", .reset = pic_reset};
	spin_init(&pic->lock, RANK_VIRQ, "pic");
	pic->output = output;
	pic->chips[FIRST].cascade = BIT32(CASCADE);
	pic_reset(&pic->dev);
}

int
pic_attach(struct pic *pic, struct bus *bus)
{
	const struct region regions[] = {
		{SPACE_IO, PORT_FIRST,  2, &pic->dev, first_access },
		{SPACE_IO, PORT_SECOND, 2, &pic->dev, second_access},
		{SPACE_IO, PORT_ELCR,   2, &pic->dev, elcr_access  },
	};

	bus_add_device(bus, &pic->dev);
	for (unsigned i = 0; i < ARRAY_SIZE(regions); i++) {
		int err = bus_add_region(bus, &regions[i]);

		if (err != 0)
			return err;
	}
	return 0;
}
