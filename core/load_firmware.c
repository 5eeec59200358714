/* SPDX-License-Identifier: MIT */
/*
 * Firmware: a raw image that ends at 4 GiB and is entered at the reset vector in real mode (SDM
 * vol. 3, 10.1.4). As on a PC its last 128 KiB also lie below 1 MiB, where real-mode code goes on
 * after its first far jump.
 */
#include "core/load_bytes.h"
#include "core/load_job.h"

enum { SHADOW = 128 * 1024, RESET_VECTOR = 16 };

#define FIRMWARE_MAX (16 * MiB) /* above it are the APICs */

/* The first page may begin with bytes that are not the image's: these stay 0. */
static int
put_image(struct load_job *job)
{
	const struct load_file *file = &job->request->firmware;
	u64 size = ALIGN_UP(file->len, PAGE_SIZE);
	int err = guest_memory_add(job->request->memory, GPA(LOAD_4G - size), size);

	if (err != 0)
		return load_fail(job, err, "no memory for its %lu KiB below 4 GiB: %s", size / KiB,
				 error_text(err));
	return guest_write(job->request->memory, GPA(LOAD_4G - file->len), file->bytes, file->len);
}

static int
put_shadow(struct load_job *job)
{
	const struct load_file *file = &job->request->firmware;
	u64 len = MIN(file->len, (u64)SHADOW);
	int err = guest_write(job->request->memory, GPA(LOAD_ROM_END - len),
			      file_at(file, file->len - len), len);

	if (err != 0)
		return load_fail(job, err, "needs a VM with more than 1 MiB of memory");
	return 0;
}

int
firmware_load(struct load_job *job)
{
	u64 len = job->request->firmware.len;
	int err;

	if (len < RESET_VECTOR || len > FIRMWARE_MAX)
		return load_fail(job, -ERR_FORMAT,
				 "has %lu bytes; expected %u bytes to 16 MiB, the last 16 being "
				 "those at the reset vector",
				 len, (unsigned)RESET_VECTOR);
	job->entry->mode = LOAD_REAL;
	job->entry->kind = "firmware";
	err = put_image(job);
	return err != 0 ? err : put_shadow(job);
}
