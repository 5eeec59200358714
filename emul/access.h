/* SPDX-License-Identifier: MIT */
/*
 * Memory operands: translated first, so that every fault comes before anything has changed, then
 * read or written, RAM through the door to guest memory and all else through the device callback.
 */
#pragma once

#include "emul/emulate.h"
#include "emul/emulation.h"

enum { OPERAND_MAX = 32 /* bytes */ };

/* A piece of an operand that lies in one page. */
struct piece {
	gpa_t gpa;
	u8 size;
	bool device; /* known not to be RAM */
};

struct operand {
	unsigned count;
	struct piece pieces[2];
};

/* The operations that emulate_init() got. */
extern const struct emulate_ops *emulate_ops;

/* Translates; the operand will be written, too, when write says so. */
enum verdict operand_begin(struct emulation *e, enum vseg seg, u64 offset, unsigned size,
			   bool write, struct operand *o);

/* Every access of a device counts: once each. Little-endian bytes, as many as it has. */
void operand_load(struct emulation *e, const struct operand *o, void *buf);
void operand_store(struct emulation *e, const struct operand *o, const void *buf);

/* The same, of up to 8 bytes. */
u64 operand_load_u64(struct emulation *e, const struct operand *o);
void operand_store_u64(struct emulation *e, const struct operand *o, u64 value);
