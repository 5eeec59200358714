/* SPDX-License-Identifier: MIT */
/* The 8042 with nothing plugged in: see dev/i8042.h. */
#include "dev/i8042.h"

#include "dev/bytewise.h"

enum { PORT_DATA = 0x60, PORT_STATUS = 0x64 };

/* The status register. */
#define STATUS_OUTPUT	0x01u /* a byte waits at port 60h */
#define STATUS_SYSTEM	0x04u /* as the command byte's bit */
#define STATUS_UNLOCKED 0x10u
#define STATUS_AUX	0x20u /* the byte is the mouse's */
#define STATUS_TIMEOUT	0x40u /* the device did not answer */

/* The command byte. */
#define COMMAND_IRQ1	0x01u
#define COMMAND_SYSTEM	0x04u
#define COMMAND_NO_KBD	0x10u
#define COMMAND_NO_AUX	0x20u

/* The output port: bit 0 low resets the CPU, bit 1 is A20. */
#define OUTPUT_NO_RESET 0x01u
#define OUTPUT_A20	0x02u

enum {
	CMD_READ_COMMAND_BYTE = 0x20,
	CMD_WRITE_COMMAND_BYTE = 0x60,
	CMD_DISABLE_AUX = 0xa7,
	CMD_ENABLE_AUX = 0xa8,
	CMD_TEST_AUX = 0xa9,
	CMD_SELF_TEST = 0xaa,
	CMD_TEST_KBD = 0xab,
	CMD_DISABLE_KBD = 0xad,
	CMD_ENABLE_KBD = 0xae,
	CMD_READ_INPUT_PORT = 0xc0,
	CMD_READ_OUTPUT_PORT = 0xd0,
	CMD_WRITE_OUTPUT_PORT = 0xd1,
	CMD_ECHO_KBD = 0xd2,
	CMD_ECHO_AUX = 0xd3,
	CMD_WRITE_AUX = 0xd4,
	CMD_A20_OFF = 0xdd,
	CMD_A20_ON = 0xdf,
	CMD_PULSE = 0xf0, /* and up: bits 3:0 low for a moment, those that are 0 in the command */
};

enum {
	SELF_TEST_PASSED = 0x55,
	PORT_TEST_PASSED = 0x00,
	RESEND = 0xfe, /* what the controller answers for a device that did not */
};

static void
answer(struct i8042_state *s, u8 byte, unsigned source)
{
	s->output = byte;
	s->status = (u8)(STATUS_OUTPUT | source);
}

/* True when it resets the machine. */
static bool
set_output_port(struct i8042_state *s, u8 value)
{
	s->output_port = value | OUTPUT_NO_RESET;
	return !(value & OUTPUT_NO_RESET);
}

static bool
write_command(struct i8042_state *s, u8 command)
{
	s->last_command = 0;
	switch (command) {
	case CMD_READ_COMMAND_BYTE: answer(s, s->command_byte, 0); break;
	case CMD_DISABLE_AUX: s->command_byte |= COMMAND_NO_AUX; break;
	case CMD_ENABLE_AUX: s->command_byte &= (u8)~COMMAND_NO_AUX; break;
	case CMD_DISABLE_KBD: s->command_byte |= COMMAND_NO_KBD; break;
	case CMD_ENABLE_KBD: s->command_byte &= (u8)~COMMAND_NO_KBD; break;
	case CMD_TEST_AUX:
	case CMD_TEST_KBD: answer(s, PORT_TEST_PASSED, 0); break;
	case CMD_SELF_TEST:
		s->command_byte |= COMMAND_SYSTEM | COMMAND_NO_KBD | COMMAND_NO_AUX;
		answer(s, SELF_TEST_PASSED, 0);
		break;
	case CMD_READ_INPUT_PORT: answer(s, 0x80, 0); break; /* the keyboard is not locked */
	case CMD_READ_OUTPUT_PORT: answer(s, s->output_port, 0); break;
	case CMD_A20_OFF: s->output_port &= (u8)~OUTPUT_A20; break;
	case CMD_A20_ON: s->output_port |= OUTPUT_A20; break;
	case CMD_WRITE_COMMAND_BYTE:
	case CMD_WRITE_OUTPUT_PORT:
	case CMD_ECHO_KBD:
	case CMD_ECHO_AUX:
	case CMD_WRITE_AUX: s->last_command = command; break;
	default: return command >= CMD_PULSE && !(command & OUTPUT_NO_RESET);
	}
	return false;
}

/* What is not a command's is for the keyboard, which does not answer. */
static bool
write_data(struct i8042_state *s, u8 value)
{
	u8 command = s->last_command;

	s->last_command = 0;
	switch (command) {
	case CMD_WRITE_COMMAND_BYTE: s->command_byte = value; return false;
	case CMD_WRITE_OUTPUT_PORT: return set_output_port(s, value);
	case CMD_ECHO_KBD: answer(s, value, 0); return false;
	case CMD_ECHO_AUX: answer(s, value, STATUS_AUX); return false;
	case CMD_WRITE_AUX: answer(s, RESEND, STATUS_AUX | STATUS_TIMEOUT); return false;
	default: answer(s, RESEND, STATUS_TIMEOUT); return false;
	}
}

static u8
read_status(const struct i8042_state *s)
{
	return (u8)(s->status | STATUS_UNLOCKED |
		    (s->command_byte & COMMAND_SYSTEM ? STATUS_SYSTEM : 0));
}

static u8
read_data(struct i8042_state *s)
{
	s->status = 0;
	return s->output;
}

static void
update_irq(struct i8042_model *i8042)
{
	const struct i8042_state *s = &i8042->state;

	irq_set(i8042->config.irq,
		s->command_byte & COMMAND_IRQ1 &&
			(s->status & (STATUS_OUTPUT | STATUS_AUX)) == STATUS_OUTPUT);
}

/* One byte port each: a wider access, which covers the next port as well, is not of this device. */
static void
i8042_access(struct i8042_model *i8042, struct io *io, u16 port)
{
	struct i8042_state *s = &i8042->state;
	u64 flags = spin_lock(&i8042->lock);
	bool reset = false;

	if (io->write && port == PORT_STATUS)
		reset = write_command(s, (u8)io->value);
	else if (io->write)
		reset = write_data(s, (u8)io->value);
	else
		io->value = port == PORT_STATUS ? read_status(s) : read_data(s);
	update_irq(i8042);
	spin_unlock(&i8042->lock, flags);
	if (reset)
		i8042->config.reset(i8042->config.arg, "8042 keyboard controller");
}

static void
data_access(struct device *dev, struct io *io)
{
	i8042_access(container_of(dev, struct i8042_model, dev), io, PORT_DATA);
}

static void
status_access(struct device *dev, struct io *io)
{
	i8042_access(container_of(dev, struct i8042_model, dev), io, PORT_STATUS);
}

/* As firmware leaves it: tested, A20 on, the interrupts off. */
static void
i8042_reset(struct device *dev)
{
	struct i8042_model *i8042 = container_of(dev, struct i8042_model, dev);
	u64 flags = spin_lock(&i8042->lock);

	i8042->state = (struct i8042_state){
		.command_byte = COMMAND_SYSTEM | COMMAND_NO_KBD | COMMAND_NO_AUX,
		.output_port = OUTPUT_NO_RESET | OUTPUT_A20,
	};
	update_irq(i8042);
	spin_unlock(&i8042->lock, flags);
}

void
i8042_model_init(struct i8042_model *i8042, const struct i8042_config *config)
{
	*i8042 = (struct i8042_model){
		.dev = {.name = "8042", .reset = i8042_reset},
		.config = *config,
	};
	spin_init(&i8042->lock, RANK_VDEVICE, "8042");
	i8042_reset(&i8042->dev);
}

int
i8042_model_attach(struct i8042_model *i8042, struct bus *bus)
{
	struct region region = {
		.space = SPACE_IO,
		.base = PORT_DATA,
		.len = 1,
		.dev = &i8042->dev,
		.access = data_access,
	};
	int err;

	bus_add_device(bus, &i8042->dev);
	err = bus_add_region(bus, &region);
	if (err != 0)
		return err;
	region.base = PORT_STATUS;
	region.access = status_access;
	return bus_add_region(bus, &region);
}
