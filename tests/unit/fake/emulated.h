/* SPDX-License-Identifier: MIT */
/*
 * A guest for the emulator: 64-bit code at EMULATED_CODE, page tables that a test fills by
 * emulated_map(), and a device of some pages at EMULATED_DEVICE that is plain memory and writes
 * down its accesses. For one translation unit.
 */
#pragma once

#include "emul/emulate.h"
#include "tests/unit/fake/vcpu.h"

enum {
	EMULATED_RAM = 1024 * 1024,
	EMULATED_ROOT = 0x1000,
	EMULATED_CODE = 0x80000, /* guest-physical and linear */
	EMULATED_DEVICE_SIZE = 16 * 1024,
	EMULATED_ACCESSES = 64,
};
#define EMULATED_DEVICE 0xfee00000ul

struct emulated_access {
	u64 gpa, value;
	u8 size;
	bool write;
};

static struct {
	u64 next_table;
	u8 device[EMULATED_DEVICE_SIZE];
	struct emulated_access accesses[EMULATED_ACCESSES]; /* the first ones */
	unsigned count;
	struct cpu_features features;
} emulated;

const struct cpu_features *
cpu_features(void)
{
	return &emulated.features;
}

static u64 *
emulated_entry(u64 table, u64 index)
{
	return (u64 *)(void *)(fake_vcpu.memory.ram + table + index * 8);
}

/* Maps a page of 4 KiB, by four levels. */
static __unused void
emulated_map(u64 linear, u64 gpa, u64 rights)
{
	u64 table = EMULATED_ROOT;

	for (unsigned shift = 39; shift > 12; shift -= 9) {
		u64 *entry = emulated_entry(table, linear >> shift & 511);

		if (*entry == 0) {
			*entry = emulated.next_table | 7;
			emulated.next_table += PAGE_SIZE;
		}
		table = *entry & BITS(51, 12);
	}
	*emulated_entry(table, linear >> 12 & 511) = gpa | rights;
}

static void
emulated_note(gpa_t gpa, u8 size, bool write, u64 value)
{
	if (emulated.count < EMULATED_ACCESSES)
		emulated.accesses[emulated.count] =
			(struct emulated_access){gpa.v, value, size, write};
	emulated.count++;
}

/* Addresses beyond the device read all ones. */
static void
emulated_mmio(struct vcpu *v, gpa_t gpa, u8 size, bool write, u64 *value)
{
	u64 offset = gpa.v - EMULATED_DEVICE;

	if (size == 0 || size > 8 || !is_power_of_two(size) ||
	    (gpa.v & (PAGE_SIZE - 1)) + size > PAGE_SIZE)
		abort();
	if (offset >= EMULATED_DEVICE_SIZE)
		*value = write ? *value : ~0ul;
	else if (write)
		memcpy(emulated.device + offset, value, size);
	else
		memcpy(value, emulated.device + offset, size);
	emulated_note(gpa, size, write, *value);
	if (!write && size < 8)
		*value |= ~0ul << (8 * size); /* as models may */
}

static u32 emulated_port_value;

static u32
emulated_io(struct vcpu *v, u16 port, u8 size, bool write, u32 value)
{
	if (size != 1 && size != 2 && size != 4)
		abort();
	if (!write)
		value = emulated_port_value++;
	emulated_note(GPA(port), size, write, value);
	return value;
}

static const struct emulate_ops emulated_ops = {emulated_mmio, emulated_io};

static __unused struct vcpu *
emulated_begin(void)
{
	struct vcpu *v = fake_vcpu_reset(EMULATED_RAM, EMULATED_ROOT);

	memset(&emulated, 0, sizeof(emulated));
	emulated.next_table = EMULATED_ROOT + PAGE_SIZE;
	emulated.features = (struct cpu_features){.phys_bits = 48, .huge_pages = true};
	emulate_init(&emulated_ops);
	emulated_map(EMULATED_CODE, EMULATED_CODE, 0x63);
	emulated_map(EMULATED_CODE + PAGE_SIZE, EMULATED_CODE + PAGE_SIZE, 0x63);
	vcpu_set(v, VREG_RIP, EMULATED_CODE);
	return v;
}

/* Puts an instruction at RIP. */
static __unused void
emulated_code(const void *bytes, size_t size)
{
	memcpy(fake_vcpu.memory.ram + EMULATED_CODE, bytes, size);
}
