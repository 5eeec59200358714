/* SPDX-License-Identifier: MIT */
// SOURCES: tools/mkimage/file.c tools/mkimage/output.c tools/mkimage/complain.c
// SOURCES: tools/mkimage/progress.c tools/mkimage/pack.c tools/mkimage/run.c lib/text.c
#include "tests/unit/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/mkimage/file.h"
#include "tools/mkimage/output.h"
#include "tools/mkimage/pack.h"

static char folder[] = "/tmp/test_mkimage.XXXXXX";
static char *target; /* folder/x.iso */

static int
make_temporary(void **state)
{
	if (mkdtemp(folder) == NULL)
		return -1;
	target = join_path(folder, "x.iso");
	return 0;
}

static int
remove_temporary(void **state)
{
	unlink(target);
	free(target);
	return rmdir(folder); /* fails when something else is left */
}

static void
assert_folder(const char *path, const char *want)
{
	char *got = folder_of(path);

	assert_string_equal(got, want);
	free(got);
}

static void
folders(void **state)
{
	assert_folder("a", ".");
	assert_folder("/a", "/");
	assert_folder("a/b", "a");
	assert_folder("../a b/c", "../a b");
	assert_folder("/a/b/", "/a/b");
}

/* One byte more than asked for tells that there is more. */
static void
bounded_reading(void **state)
{
	char *path = join_path(folder, "data");
	struct bytes got, data = {calloc(1, 200000), 200000};

	data.at[data.len - 1] = 'z';
	assert_true(write_file(path, data));
	assert_true(read_file(path, data.len, &got));
	assert_int_equal(got.len, data.len);
	assert_memory_equal(got.at, data.at, data.len);
	free(got.at);
	assert_true(read_file(path, 1000, &got));
	assert_int_equal(got.len, 1001);
	free(got.at);
	assert_false(write_file(path, data)); /* is there already */
	assert_int_equal(errno, EEXIST);
	unlink(path);
	assert_false(read_file(path, 1000, &got));
	free(data.at);
	free(path);
}

static void
put(struct output *out, const char *text)
{
	char *path = join_path(out->work, "image");

	assert_true(write_file(path, (struct bytes){(char *)(uintptr_t)text, strlen(text)}));
	free(path);
}

static void
assert_target(const char *want)
{
	struct bytes got;

	assert_true(read_file(target, 100, &got));
	assert_int_equal(got.len, strlen(want));
	assert_memory_equal(got.at, want, got.len);
	free(got.at);
}

static void
whole_or_not_at_all(void **state)
{
	struct output out;

	assert_true(output_begin(&out, target));
	put(&out, "first");
	assert_int_equal(access(target, F_OK), -1);
	assert_true(output_commit(&out, "image"));
	output_end(&out);
	assert_target("first");

	assert_true(output_begin(&out, target));
	put(&out, "second");
	output_end(&out);
	assert_target("first");

	assert_true(output_begin(&out, target));
	assert_false(output_commit(&out, "image")); /* nobody has made it */
	output_end(&out);
	assert_target("first");
}

/* What it points to is written, not the link. */
static void
a_link(void **state)
{
	char *link = join_path(folder, "link"), *other = join_path(folder, "other");
	struct output out;
	struct stat st;

	assert_int_equal(mkdir(other, 0755), 0);
	free(target);
	target = join_path(other, "x.iso");
	assert_true(write_file(target, (struct bytes){
					       (char[]){'o', 'l', 'd'},
						3
	 }));
	assert_int_equal(symlink("other/x.iso", link), 0);
	assert_true(output_begin(&out, link));
	put(&out, "new");
	assert_true(output_commit(&out, "image"));
	output_end(&out);
	assert_target("new");
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	unlink(target);
	rmdir(other);

	free(target); /* it points nowhere now */
	target = join_path(folder, "x.iso");
	assert_true(output_begin(&out, link));
	put(&out, "new");
	assert_true(output_commit(&out, "image"));
	output_end(&out);
	assert_int_equal(rename(link, target), 0);
	assert_target("new");
	free(link);
	free(other);
}

static void
not_a_file(void **state)
{
	struct output out;

	assert_false(output_begin(&out, folder));
	output_end(&out);
	assert_false(output_begin(&out, "/dev/null"));
	output_end(&out);
	assert_false(output_begin(&out, "/none/x"));
	output_end(&out);
}

/* The name is the configuration's in the image: a VM would get that instead. */
static void
the_configurations_name(void **state)
{
	char *config = join_path(folder, "my.conf"), *other = join_path(folder, "ashlar.conf");
	struct bytes text = {(char[]){"x"}, 1};
	struct pack pack;

	assert_true(write_file(config, text));
	assert_true(write_file(other, text));
	pack_begin(&pack, config);
	assert_non_null(pack_add(&pack, SLICE("ashlar.conf")));
	assert_int_equal(pack.count, 0);
	assert_null(pack_add(&pack, SLICE("./ashlar.conf")));
	assert_null(pack_add(&pack, SLICE("my.conf")));
	pack_end(&pack);

	pack_begin(&pack, other); /* there it is the same file */
	assert_null(pack_add(&pack, SLICE("ashlar.conf")));
	pack_end(&pack);
	unlink(config);
	unlink(other);
	free(config);
	free(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folders),
		cmocka_unit_test(bounded_reading),
		cmocka_unit_test(whole_or_not_at_all),
		cmocka_unit_test(a_link),
		cmocka_unit_test(not_a_file),
		cmocka_unit_test(the_configurations_name),
	};
	return cmocka_run_group_tests(tests, make_temporary, remove_temporary);
}
