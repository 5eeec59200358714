/* SPDX-License-Identifier: MIT */
/*
 * Reading a table's bytes: fields at any alignment (tables and their structures have none), runs
 * of structures that carry their own length, and generic addresses. Pure; used by the parsers.
 */
#pragma once

#include "include/types.h"
#include "lib/load.h"

/* Some bytes of a table: the whole, what is left of it, or one structure. */
struct acpi_bytes {
	const u8 *at;
	size_t length;
};

/* Address spaces of a generic address (ACPI 6.4, 5.2.3.2). */
enum { ACPI_SPACE_MEMORY = 0, ACPI_SPACE_IO = 1, ACPI_SPACE_PCI = 2 };

/* A register. Address 0: there is none. */
struct acpi_gas {
	u8 space;
	u8 bit_width;
	u8 bit_offset;
	u8 access_size; /* 0 not said; 1, 2, 3, 4: 8, 16, 32, 64 bits */
	u64 address;
};

enum { ACPI_GAS_SIZE = 12 };

/* Physical addresses have at most 52 bits (SDM vol. 3, 4.1.4; APM vol. 2, 5.1). */
#define ACPI_ADDRESS_END (1ul << 52)

/* Reads the ACPI_GAS_SIZE bytes of a generic address. */
static inline struct acpi_gas
acpi_get_gas(const u8 *at)
{
	return (struct acpi_gas){
		.space = at[0],
		.bit_width = at[1],
		.bit_offset = at[2],
		.access_size = at[3],
		.address = load64(at + 4),
	};
}

/* Cuts the first `length` bytes off rest; false when it has not so many, or length is 0. */
static inline bool
acpi_take(struct acpi_bytes *rest, size_t length, struct acpi_bytes *piece)
{
	if (length == 0 || length > rest->length)
		return false;
	*piece = (struct acpi_bytes){rest->at, length};
	rest->at += length;
	rest->length -= length;
	return true;
}

/* All bytes added up: 0 when a checksum among them is right. */
static inline u8
acpi_sum(struct acpi_bytes bytes)
{
	u8 sum = 0;

	for (size_t i = 0; i < bytes.length; i++)
		sum = (u8)(sum + bytes.at[i]);
	return sum;
}
