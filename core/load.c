/* SPDX-License-Identifier: MIT */
/* What kind of file the kernel is, and who loads that. */
#include "core/load.h"

#include "core/load_job.h"
#include "lib/format.h"

/*
 * In this order: a file may be several of these. multiboot2 and PVH tell a kernel more than
 * multiboot does: the RSDP's place.
 */
static const struct kind {
	const char *name;
	bool (*is)(const struct load_file *file);
	int (*load)(struct load_job *job);
} kinds[] = {
	{"bzImage",    linux_is,      linux_load	},
	{"multiboot2", multiboot2_is, multiboot2_load},
	{"PVH",	pvh_is,	pvh_load	},
	{"multiboot",  multiboot_is,  multiboot_load },
};

static void
set_error(struct load_job *job, const char *what, const struct load_file *file, const char *fmt,
	  va_list args)
{
	struct load_error *e = job->error;
	size_t n = format(e->text, sizeof(e->text), "%s %.60s: ", what, file->name);

	vformat(e->text + n, sizeof(e->text) - n, fmt, args);
}

int
load_fail(struct load_job *job, int err, const char *fmt, ...)
{
	bool firmware = job->request->firmware.len > 0;
	va_list args;

	va_start(args, fmt);
	set_error(job, firmware ? "firmware" : "kernel",
		  firmware ? &job->request->firmware : &job->request->kernel, fmt, args);
	va_end(args);
	return fail(err);
}

int
load_fail_file(struct load_job *job, int err, const char *what, const struct load_file *file,
	       const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	set_error(job, what, file, fmt, args);
	va_end(args);
	return fail(err);
}

static int
load_kernel(struct load_job *job)
{
	const struct load_file *file = &job->request->kernel;

	if (file->len == 0)
		return load_fail(job, -ERR_FORMAT, "the file is empty");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!kinds[i].is(file))
			continue;
		job->entry->kind = kinds[i].name;
		return kinds[i].load(job);
	}
	return load_fail(job, -ERR_FORMAT,
			 "is no kernel that Ashlar knows: no bzImage, no ELF file with a PVH note, "
			 "no multiboot or multiboot2 header");
}

int
load_guest(const struct load_request *request, struct load_entry *entry, struct load_error *error)
{
	struct load_job job = {.request = request, .entry = entry, .error = error};
	int err;

	*entry = (struct load_entry){0};
	error->text[0] = '\0';
	err = load_map_build(&job);
	if (err != 0)
		return load_fail(&job, err, "the VM's memory map has too many pieces");
	if (request->module_count > LOAD_MODULES_MAX)
		return load_fail(&job, -ERR_FULL, "%u modules; at most %u can be given",
				 request->module_count, (unsigned)LOAD_MODULES_MAX);
	err = request->firmware.len > 0 ? firmware_load(&job) : load_kernel(&job);
	/* What is not said by then is that guest memory refused a write. */
	if (err != 0 && error->text[0] == '\0')
		return load_fail(&job, err, "does not fit into the VM's memory");
	return err;
}
