/* SPDX-License-Identifier: MIT */
/* The words of errors, and the record of where one was born. */
#include "include/errors.h"

#include "lib/log.h"

static const char *const texts[ERR_COUNT] = {
	[0] = "no error",
	[ERR_NOMEM] = "not enough memory",
	[ERR_INVAL] = "invalid value",
	[ERR_RANGE] = "out of range",
	[ERR_EXISTS] = "already there",
	[ERR_NOENT] = "not found",
	[ERR_BUSY] = "in use",
	[ERR_TIMEOUT] = "no answer in time",
	[ERR_NODEV] = "no such device",
	[ERR_FORMAT] = "malformed",
	[ERR_CHECKSUM] = "wrong checksum",
	[ERR_FULL] = "full",
	[ERR_IO] = "device error",
	[ERR_DENIED] = "not allowed",
};

const char *
error_text(int err)
{
	unsigned code = err < 0 ? 0u - (unsigned)err : (unsigned)err;

	return code < ERR_COUNT ? texts[code] : "unknown error";
}

void
error_born(int err, const char *file, int line)
{
	log_debug("error %d (%s) at %s:%d", err, error_text(err), file, line);
}
