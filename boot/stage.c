/* SPDX-License-Identifier: MIT */
/* How the boot says where it is, and why it can't go on. */
#include "arch/x86_64/cpu.h"
#include "boot/boot.h"
#include "lib/log.h"

void
stage(enum post_stage code, const char *what)
{
	post_code(code);
	log_info("boot: %s", what);
}

void
refuse(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_vat(LOG_ERROR, fmt, args);
	va_end(args);
	log_error("Ashlar can't run on this machine as it is, and has stopped.");
	cpu_stop();
}
