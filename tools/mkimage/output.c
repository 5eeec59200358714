/* SPDX-License-Identifier: MIT */
/* The image's file, which is there whole or not at all. */
#define _GNU_SOURCE
#include "tools/mkimage/output.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/mkimage/complain.h"
#include "tools/mkimage/file.h"

enum { OPEN_FOLDERS_MAX = 16 };

/* A device, a folder or a pipe can't be replaced by a file; a device's node must not be. */
static bool
may_replace(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0 || S_ISREG(st.st_mode))
		return true;
	if (S_ISBLK(st.st_mode))
		return complain("cannot write %s: it is a device. Write the image to a file, then "
				"copy that to the device with dd",
				path);
	return complain("cannot write %s: it is not a regular file", path);
}

/* A link would be replaced itself, and the old image stay where it points to. */
static char *
target_of(const char *path)
{
	char *real = realpath(path, NULL);

	return real != NULL ? real : strdup(path);
}

bool
output_begin(struct output *out, const char *path)
{
	*out = (struct output){.path = path, .target = target_of(path)};
	if (out->target == NULL)
		return complain("out of memory");
	out->folder = folder_of(out->target);
	if (!may_replace(path))
		return false;
	out->work = join_path(out->folder, ".mkimage-XXXXXX");
	if (mkdtemp(out->work) != NULL)
		return true;
	free(out->work);
	out->work = NULL;
	return complain_file("write", path);
}

static bool
sync_path(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

bool
output_commit(struct output *out, const char *name)
{
	char *image = join_path(out->work, name);
	bool ok = sync_path(image) && rename(image, out->target) == 0;

	if (!ok)
		complain_file("write", out->path);
	free(image);
	/* Not every file system can sync a folder; the image is whole in any case. */
	if (ok)
		(void)sync_path(out->folder);
	return ok;
}

static int
remove_one(const char *path, const struct stat *st __unused, int type __unused,
	   struct FTW *place __unused)
{
	return remove(path);
}

void
output_end(struct output *out)
{
	if (out->work != NULL &&
	    nftw(out->work, remove_one, OPEN_FOLDERS_MAX, FTW_DEPTH | FTW_PHYS) != 0)
		complain_file("remove", out->work);
	free(out->work);
	free(out->folder);
	free(out->target);
}
