/* SPDX-License-Identifier: MIT */
/* Whole files and a folder's paths. What fails has complained. */
#pragma once

#include "include/types.h"

struct bytes {
	char *at; /* the owner frees it */
	size_t len;
};

/* At most max bytes, and one more where there are more. */
bool read_file(const char *path, size_t max, struct bytes *out);
bool write_file(const char *path, struct bytes bytes);
/* To a file that is not there yet; each piece is told to go_on(), which may end it without a word.
 */
bool copy_file(const char *from, const char *to, bool (*go_on)(u64 bytes));
bool make_folder(const char *path);
/* folder/name, for the caller to free. Ends the program when there is no memory. */
char *join_path(const char *folder, const char *name);
/* The folder that a path is in, for the caller to free: "." where it names none. */
char *folder_of(const char *path);
