/* SPDX-License-Identifier: MIT */
/* The host's stand-in for drivers/e1000/nic_io.h: the test has the registers. */
#pragma once

#include "include/types.h"

u32 nic_io_read(const volatile u8 *regs, u32 reg);
void nic_io_write(volatile u8 *regs, u32 reg, u32 value);
u32 nic_port_read(u16 port);
void nic_port_write(u16 port, u32 value);
