/* SPDX-License-Identifier: MIT */
/* Whole files and a folder's paths. */
#define _GNU_SOURCE
#include "tools/mkimage/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/mkimage/complain.h"

enum { FIRST_SIZE = 64 * 1024 };

static void
out_of_memory(void)
{
	complain("out of memory");
	exit(1);
}

/* Twice as much room as there was, at most `max`. */
static size_t
grow(struct bytes *b, size_t size, size_t max)
{
	size = size == 0 ? FIRST_SIZE : 2 * size;
	size = MIN(size, max);
	b->at = realloc(b->at, size);
	if (b->at == NULL)
		out_of_memory();
	return size;
}

static bool
read_all(int fd, size_t max, struct bytes *out)
{
	size_t size = 0;

	for (;;) {
		ssize_t n;

		if (out->len == size)
			size = grow(out, size, max);
		n = read(fd, out->at + out->len, size - out->len);
		if (n < 0)
			return false;
		out->len += (size_t)n;
		if (n == 0 || out->len == max)
			return true;
	}
}

bool
read_file(const char *path, size_t max, struct bytes *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ok;

	*out = (struct bytes){NULL, 0};
	if (fd < 0)
		return complain_file("read", path);
	ok = read_all(fd, max + 1, out) || complain_file("read", path);
	close(fd);
	return ok;
}

static bool
write_all(int fd, struct bytes bytes)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.at, bytes.len);

		if (n < 0)
			return false;
		bytes.at += n;
		bytes.len -= (size_t)n;
	}
	return true;
}

bool
write_file(const char *path, struct bytes bytes)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	bool ok;

	if (fd < 0)
		return complain_file("write", path);
	ok = write_all(fd, bytes);
	ok = close(fd) == 0 && ok;
	return ok || complain_file("write", path);
}

enum copied { COPIED_ALL, COPY_STOPPED, COPY_READ_FAILED, COPY_WRITE_FAILED };

/* The failures with errno. */
static enum copied
copy_all(int from, int to, bool (*go_on)(u64 bytes))
{
	static char buffer[FIRST_SIZE];

	for (;;) {
		ssize_t n = read(from, buffer, sizeof(buffer));

		if (n <= 0)
			return n == 0 ? COPIED_ALL : COPY_READ_FAILED;
		if (!write_all(to, (struct bytes){buffer, (size_t)n}))
			return COPY_WRITE_FAILED;
		if (!go_on((u64)n))
			return COPY_STOPPED;
	}
}

bool
copy_file(const char *from, const char *to, bool (*go_on)(u64 bytes))
{
	int in = open(from, O_RDONLY | O_CLOEXEC), out;
	enum copied copied = COPY_WRITE_FAILED;

	if (in < 0)
		return complain_file("read", from);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (out >= 0)
		copied = copy_all(in, out, go_on);
	if (out >= 0 && close(out) != 0)
		copied = COPY_WRITE_FAILED;
	if (copied == COPY_READ_FAILED)
		complain_file("read", from);
	else if (copied == COPY_WRITE_FAILED)
		complain_file("write", to);
	close(in);
	return copied == COPIED_ALL;
}

bool
make_folder(const char *path)
{
	return mkdir(path, 0755) == 0 || complain_file("make the folder", path);
}

char *
join_path(const char *folder, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		out_of_memory();
	return path;
}

char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder;

	if (slash == NULL)
		folder = strdup(".");
	else
		folder = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	if (folder == NULL)
		out_of_memory();
	return folder;
}
