/* SPDX-License-Identifier: MIT */
/*
 * Where UARTs are, and how their registers are reached: the PC's four ports, I/O ports, memory
 * described by ACPI. The only part of the driver that touches hardware.
 */
#include "arch/x86_64/io.h"
#include "drivers/uart.h"

static const struct {
	u16 port;
	s8 irq;
} com_ports[] = {
	{0x3f8, 4},
	    {0x2f8, 3},
	{0x3e8, 4},
	    {0x2e8, 3}
};

u16
uart_com_port(unsigned number)
{
	return number >= 1 && number <= ARRAY_SIZE(com_ports) ? com_ports[number - 1].port : 0;
}

static u8
port_read(const struct uart_config *config, unsigned reg)
{
	return in8((u16)(config->port + reg));
}

static void
port_write(const struct uart_config *config, unsigned reg, u8 value)
{
	out8((u16)(config->port + reg), value);
}

static void *
address(const struct uart_config *config, unsigned reg)
{
	return (u8 *)config->mmio + (size_t)reg * config->stride;
}

static u8
memory_read(const struct uart_config *config, unsigned reg)
{
	switch (config->width) {
	case 4: return (u8)mmio_read32(address(config, reg));
	case 2: return (u8)mmio_read16(address(config, reg));
	default: return mmio_read8(address(config, reg));
	}
}

static void
memory_write(const struct uart_config *config, unsigned reg, u8 value)
{
	switch (config->width) {
	case 4: mmio_write32(address(config, reg), value); break;
	case 2: mmio_write16(address(config, reg), value); break;
	default: mmio_write8(address(config, reg), value); break;
	}
}

void
uart_config_io(struct uart_config *config, const char *name, u16 port)
{
	*config = (struct uart_config){
		.name = name,
		.port = port,
		.isa_irq = -1,
		.clock_hz = UART_CLOCK_HZ,
		.baud = UART_BAUD,
		.read = port_read,
		.write = port_write,
	};
	for (unsigned i = 0; i < ARRAY_SIZE(com_ports); i++) {
		if (com_ports[i].port == port)
			config->isa_irq = com_ports[i].irq;
	}
}

/*
 * Firmware describes registers four bytes apart by a bit width of 32, or by 8 with an access size
 * of a dword: the wider of the two is the distance.
 */
int
uart_config_mmio(struct uart_config *config, const char *name, void *mmio, u8 bit_width,
		 u8 access_size)
{
	unsigned unit = bit_width != 0 ? bit_width / 8u : 1;
	unsigned width = access_size != 0 ? 1u << MIN(access_size - 1, 7) : unit;
	unsigned stride = MAX(unit, width);

	if (bit_width % 8 != 0 || stride == 3 || stride > 4)
		return fail(-ERR_INVAL);
	*config = (struct uart_config){
		.name = name,
		.mmio = mmio,
		.stride = (u8)stride,
		.width = (u8)width,
		.isa_irq = -1,
		.read = memory_read,
		.write = memory_write,
	};
	return 0;
}
