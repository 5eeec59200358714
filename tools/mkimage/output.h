/* SPDX-License-Identifier: MIT */
/*
 * The image's file, which is there whole or not at all: everything is made in a folder beside it,
 * and renamed to its name at the end. What fails has complained.
 */
#pragma once

#include "include/types.h"

struct output {
	const char *path; /* as it was given */
	char *target;	  /* that the image gets: where links lead, when there is a file */
	char *folder;	  /* that it is in */
	char *work;	  /* ours, in that folder; gone after output_end() */
};

bool output_begin(struct output *out, const char *path);
/* The file `name` in the work folder becomes the image. */
bool output_commit(struct output *out, const char *name);
/* Removes what is left; after output_begin() whether or not it failed. */
void output_end(struct output *out);
