/* SPDX-License-Identifier: MIT */
/* The files that a configuration names. */
#define _GNU_SOURCE
#include "tools/mkimage/pack.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config.h"
#include "tools/mkimage/complain.h"
#include "tools/mkimage/progress.h"
#include "tools/mkimage/run.h"

void
pack_begin(struct pack *pack, const char *config)
{
	struct stat st;

	*pack = (struct pack){.folder = folder_of(config)};
	if (stat(config, &st) != 0)
		return;
	pack->config_device = st.st_dev;
	pack->config_inode = st.st_ino;
}

static bool
is_known(const struct pack *pack, struct slice name)
{
	for (size_t i = 0; i < pack->count; i++) {
		if (slice_is(name, pack->files[i].name))
			return true;
	}
	return false;
}

static size_t
find_same(const struct pack *pack, const struct stat *st)
{
	size_t i = 0;

	while (i < pack->count &&
	       (pack->files[i].device != st->st_dev || pack->files[i].inode != st->st_ino))
		i++;
	return i;
}

/* A pipe is not opened: that would wait for somebody to write into it. */
static const char *
look_at(const char *path, struct stat *st)
{
	if (stat(path, st) != 0 || !S_ISREG(st->st_mode) || access(path, R_OK) != 0)
		return "a file that can be read";
	return st->st_size == 0 ? "a file that is not empty" : NULL;
}

static_assert(CONFIG_FILES_MAX == 127, "the sentence has the number");
static const char too_many[] = "at most 127 files in all VMs together";

/* The hypervisor finds the configuration by this name, and so would a VM. */
static bool
is_taken(const struct pack *pack, struct slice name, const struct stat *st)
{
	return slice_is(name, "ashlar.conf") &&
	       (st->st_dev != pack->config_device || st->st_ino != pack->config_inode);
}

static char *
path_of(const struct pack *pack, const char *name)
{
	return name[0] == '/' ? join_path("", name + 1) : join_path(pack->folder, name);
}

const char *
pack_add(struct pack *pack, struct slice name)
{
	struct pack_file file = {.name = strndup(name.at, name.len)};
	const char *expected;
	struct stat st;

	if (is_known(pack, name) || file.name == NULL) {
		free(file.name);
		return NULL;
	}
	file.path = path_of(pack, file.name);
	expected = pack->count < CONFIG_FILES_MAX ? look_at(file.path, &st) : too_many;
	if (expected == NULL && is_taken(pack, name, &st))
		expected = "another name: this one is the configuration's";
	if (expected == NULL) {
		file.same_as = find_same(pack, &st);
		file.device = st.st_dev;
		file.inode = st.st_ino;
		file.size = (u64)st.st_size;
		pack->files = reallocarray(pack->files, pack->count + 1, sizeof(file));
		pack->files[pack->count++] = file;
		return NULL;
	}
	free(file.name);
	free(file.path);
	return expected;
}

bool
pack_has(const struct pack *pack, const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && find_same(pack, &st) < pack->count;
}

u64
pack_size(const struct pack *pack)
{
	u64 size = 0;

	for (size_t i = 0; i < pack->count; i++)
		size += pack->files[i].same_as == i ? pack->files[i].size : 0;
	return size;
}

static u64 copied; /* bytes, of all files */

static bool
go_on(u64 bytes)
{
	copied += bytes;
	progress_at(copied);
	return !signal_came();
}

bool
pack_copy(const struct pack *pack, const char *folder)
{
	bool ok = true;

	progress_begin("copying files", pack_size(pack));
	for (size_t i = 0; ok && i < pack->count; i++) {
		char number[24], *to;

		if (pack->files[i].same_as != i)
			continue;
		snprintf(number, sizeof(number), "%zu", i);
		to = join_path(folder, number);
		ok = copy_file(pack->files[i].path, to, go_on);
		free(to);
	}
	progress_end();
	return ok;
}

void
pack_end(struct pack *pack)
{
	for (size_t i = 0; i < pack->count; i++) {
		free(pack->files[i].name);
		free(pack->files[i].path);
	}
	free(pack->files);
	free(pack->folder);
}
