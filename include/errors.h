/* SPDX-License-Identifier: MIT */
/*
 * Errors: a function that can fail answers 0 or -ERR_x and is __must_check. `return fail(-ERR_x)`
 * records where an error was born, so that a log at level debug shows it; lower functions pass the
 * value on unchanged.
 */
#pragma once

#include "include/types.h"

enum {
	ERR_NOMEM = 1, /* no memory, or no such large contiguous piece of it */
	ERR_INVAL,     /* a value outside of what it may be */
	ERR_RANGE,     /* an address or length outside of its space */
	ERR_EXISTS,    /* something is there already */
	ERR_NOENT,     /* nothing is there */
	ERR_BUSY,      /* in use */
	ERR_TIMEOUT,   /* the hardware did not answer within its deadline */
	ERR_NODEV,     /* the machine has no such device or ability */
	ERR_FORMAT,    /* malformed: a table, a file, a packet */
	ERR_CHECKSUM,  /* well-formed, with the wrong checksum */
	ERR_FULL,      /* a table or a ring is full */
	ERR_IO,	       /* the device reported an error */
	ERR_DENIED,    /* not allowed */
	ERR_COUNT
};

/* A few words on an error, for a sentence; err may be given as 0, ERR_x or -ERR_x. */
const char *error_text(int err);

/* Records the birth of an error for the log. Use by the macro, which answers err. */
void error_born(int err, const char *file, int line);

#define fail(err)                                                                                  \
	({                                                                                         \
		const int err_ = (err);                                                            \
		error_born(err_, __FILE__, __LINE__);                                              \
		err_;                                                                              \
	})
