/* SPDX-License-Identifier: MIT */
/* The host's memory as the heap. */
#pragma once

#include <stdlib.h>

#include "mm/heap.h"

void *
heap_alloc(size_t size)
{
	return calloc(1, size);
}

void
heap_free(void *object)
{
	free(object);
}
