/* SPDX-License-Identifier: MIT */
/*
 * The files that a configuration names: each is packed once, however many VMs name it, and given to
 * the hypervisor under each of its names.
 */
#pragma once

#include "lib/text.h"
#include "tools/mkimage/file.h"

struct pack_file {
	char *name, *path;
	u64 device, inode, size;
	size_t same_as; /* the index of the first of these bytes: its own, when it is that */
};

struct pack {
	char *folder; /* that the names are relative to */
	u64 config_device, config_inode;
	struct pack_file *files;
	size_t count;
};

void pack_begin(struct pack *pack, const char *config);
/* NULL, or what it should be: "a file that can be read". A name that is there already is nothing
 * new. */
const char *pack_add(struct pack *pack, struct slice name);
/* Is this one of them? */
bool pack_has(const struct pack *pack, const char *path);
/* How many bytes will be copied. */
u64 pack_size(const struct pack *pack);
/* Copies them to `folder`, each to a file named by its number. What fails has complained. */
bool pack_copy(const struct pack *pack, const char *folder);
void pack_end(struct pack *pack);
