/* SPDX-License-Identifier: MIT */
/* It runs as another CPU: the driver holds locks of its own while it touches a register. */
#include "tests/unit/fake/e1000_card.h"

#include "include/intrin.h"
#include "tests/unit/fake/e1000.h"
#include "tests/unit/fake/memory.h"

enum { DRIVER_CPU = 0, CARD_CPU = 1 };

void
card_init(void)
{
	fake_memory_map(0, FAKE_RAM);
	fake_nic.memory.size = FAKE_RAM;
	fake_nic.memory.low = hpa_to_ptr(HPA(0));
	fake_nic.memory.high = hpa_to_ptr(HPA(FAKE_SEAM));
	fake_cpu = CARD_CPU;
	(void)fake_nic_init();
	fake_cpu = DRIVER_CPU;
}

u32
card_read(u32 offset)
{
	u32 value;

	fake_cpu = CARD_CPU;
	value = reg(offset);
	fake_cpu = DRIVER_CPU;
	return value;
}

void
card_write(u32 offset, u32 value)
{
	fake_cpu = CARD_CPU;
	set_reg(offset, value);
	fake_cpu = DRIVER_CPU;
}

static u64
port_access(u16 offset, bool write, u64 value)
{
	fake_cpu = CARD_CPU;
	if (!bus_access(&fake_nic.bus, SPACE_IO, FAKE_NIC_PORTS + offset, 4, write, &value))
		abort();
	fake_cpu = DRIVER_CPU;
	return value;
}

u32
card_port_read(u16 offset)
{
	return (u32)port_access(offset, false, 0);
}

void
card_port_write(u16 offset, u32 value)
{
	(void)port_access(offset, true, value);
}

void
card_command(u16 command)
{
	fake_cpu = CARD_CPU;
	set_config(PCI_COMMAND, 2, command);
	fake_cpu = DRIVER_CPU;
}

bool
card_pin(void)
{
	return pin();
}

void
card_pass(u64 ns)
{
	fake_cpu = CARD_CPU;
	fake_advance(&fake_nic.time, ns);
	fake_cpu = DRIVER_CPU;
}

void
card_set_link(bool up)
{
	fake_cpu = CARD_CPU;
	e1000_set_link(&fake_nic.e, up);
	fake_cpu = DRIVER_CPU;
}

void
card_give(const u8 *bytes, u32 len)
{
	fake_cpu = CARD_CPU;
	fake_send_bytes(0, bytes, len);
	fake_cpu = DRIVER_CPU;
}

u32
card_sent(void)
{
	return fake_ports[0].given;
}

u32
card_last(const u8 **bytes)
{
	*bytes = fake_ports[0].bytes;
	return fake_ports[0].len;
}
