/* SPDX-License-Identifier: MIT */
/* A bootable image by GRUB's tools. */
#include "tools/mkimage/grub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/format.h"
#include "tools/mkimage/complain.h"
#include "tools/mkimage/progress.h"
#include "tools/mkimage/run.h"

enum { LOG_MAX = 64 * 1024, LOG_LINES_SHOWN = 10 };

/* ECMA-119 8.4: the primary volume descriptor, and in it the volume's number of sectors. */
enum { SECTOR_SIZE = 2048, VOLUME_AT = 16 * SECTOR_SIZE, VOLUME_SECTORS_AT = 80 };

/* With a slash in it: a file. Without: a program. */
static const struct need {
	const char *name, *package;
} needs[] = {
	{"grub-mkrescue",			   "grub-common"       },
	{"/usr/lib/grub/i386-pc/multiboot2.mod",	 "grub-pc-bin"	      },
	{"/usr/lib/grub/x86_64-efi/multiboot2.mod", "grub-efi-amd64-bin"},
	{"xorriso",				 "xorriso"	     },
	{"mformat",				 "mtools"	    },
};

/*
 * all_video gives the hypervisor a framebuffer under UEFI; under BIOS its header decides between
 * that and VGA text.
 */
static const char menu_head[] = "insmod all_video\n"
				"multiboot2 /boot/ashlar.elf\n"
				"module2 /boot/ashlar.conf ashlar.conf\n";
static const char menu_end[] = "boot\n";

/*
 * Only the modules that this needs; the names of partition tables are those that GRUB loads at its
 * start on UEFI, with a message for each that is not there.
 */
static const char *const mkrescue[] = {
	"grub-mkrescue",
	"--install-modules=normal multiboot2 all_video part_acorn part_amiga part_apple part_bsd "
	"part_dfly part_dvh part_gpt part_msdos part_plan part_sun part_sunpc",
	"--fonts=",
	"--locales=",
	"--themes=",
	"-o",
};

static bool
is_there(const struct need *need)
{
	return strchr(need->name, '/') != NULL ? access(need->name, R_OK) == 0
					       : program_exists(need->name);
}

bool
grub_ready(void)
{
	char names[256], packages[256];
	size_t n = 0, p = 0;

	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		if (is_there(&needs[i]))
			continue;
		n += format(names + n, sizeof(names) - n, " %s", needs[i].name);
		p += format(packages + p, sizeof(packages) - p, " %s", needs[i].package);
	}
	return n == 0 || complain("missing:%s. Type:  sudo apt-get install%s", names, packages);
}

/* The files' names have neither quotes nor backslashes in them (core/config_values.c). */
static struct bytes
make_menu(const struct pack *pack)
{
	struct bytes menu = {NULL, 0};
	FILE *out = open_memstream(&menu.at, &menu.len);

	if (out == NULL)
		return menu;
	fputs(menu_head, out);
	for (size_t i = 0; i < pack->count; i++)
		fprintf(out, "module2 /boot/files/%zu '%s'\n", pack->files[i].same_as,
			pack->files[i].name);
	fputs(menu_end, out);
	fclose(out);
	return menu;
}

static bool
copy_files(const char *work, const struct pack *pack)
{
	char *folder = join_path(work, "tree/boot/files");
	bool ok = pack_copy(pack, folder);

	free(folder);
	return ok;
}

/* What GRUB's tools shall find in the image, under work/tree. */
static bool
make_tree(const char *work, struct bytes hypervisor, struct bytes config, struct bytes menu)
{
	static const char *const folders[] = {"tree", "tree/boot", "tree/boot/grub",
					      "tree/boot/files"};
	const struct {
		const char *name;
		struct bytes bytes;
	} files[] = {
		{"tree/boot/ashlar.elf",	 hypervisor},
		{"tree/boot/ashlar.conf",	  config	},
		{"tree/boot/grub/grub.cfg", menu	},
	};
	bool ok = true;

	for (size_t i = 0; ok && i < ARRAY_SIZE(folders); i++) {
		char *path = join_path(work, folders[i]);

		ok = make_folder(path);
		free(path);
	}
	for (size_t i = 0; ok && i < ARRAY_SIZE(files); i++) {
		char *path = join_path(work, files[i].name);

		ok = write_file(path, files[i].bytes);
		free(path);
	}
	return ok;
}

/* The end of what a tool has said, where the reason is. */
static void
show_log(const char *path)
{
	struct bytes log;
	size_t from, lines = 0;

	if (!read_file(path, LOG_MAX, &log))
		return;
	for (from = log.len; from > 0; from--) {
		if (from < log.len && log.at[from - 1] == '\n' && ++lines == LOG_LINES_SHOWN)
			break;
	}
	fwrite(log.at + from, 1, log.len - from, stderr);
	free(log.at);
}

/* xorriso now and then overlooks that a write failed: is all there that the image's head promises?
 */
static bool
is_whole(const char *path)
{
	struct bytes head;
	struct stat st;
	bool whole = false;

	if (stat(path, &st) != 0 || !read_file(path, VOLUME_AT + VOLUME_SECTORS_AT + 4, &head))
		return false;
	if (head.len > VOLUME_AT + VOLUME_SECTORS_AT + 4) {
		u32 sectors;

		memcpy(&sectors, head.at + VOLUME_AT + VOLUME_SECTORS_AT, sizeof(sectors));
		whole = memcmp(head.at + VOLUME_AT + 1, "CD001", 5) == 0 &&
			(u64)st.st_size >= (u64)sectors * SECTOR_SIZE;
	}
	free(head.at);
	return whole;
}

/*
 * The tools get names relative to the work folder, their own temporary files included: xorriso
 * gives '=' and '\\' in a path a meaning.
 */
static bool
run_mkrescue(const char *work, const char *name, u64 size)
{
	const char *argv[ARRAY_SIZE(mkrescue) + 3];
	char *log = join_path(work, "log"), *image = join_path(work, name);
	bool ok;

	memcpy(argv, mkrescue, sizeof(mkrescue));
	argv[ARRAY_SIZE(mkrescue)] = name;
	argv[ARRAY_SIZE(mkrescue) + 1] = "tree";
	argv[ARRAY_SIZE(mkrescue) + 2] = NULL;
	setenv("TMPDIR", ".", 1);
	setenv("LC_ALL", "C", 1);
	progress_begin("writing the image", size);
	ok = run_program(argv, work, "log", image);
	progress_end();
	if (!ok && !signal_came()) {
		complain("%s failed:", argv[0]);
		show_log(log);
	}
	if (ok && !is_whole(image))
		ok = complain("the image was not written whole. Is the disk full, or is there a "
			      "limit on the size of files?");
	free(log);
	free(image);
	return ok;
}

bool
grub_make_image(const char *work, const char *name, struct bytes hypervisor, struct bytes config,
		const struct pack *pack)
{
	struct bytes menu = make_menu(pack);
	bool ok = menu.at != NULL || complain("out of memory");

	ok = ok && make_tree(work, hypervisor, config, menu) && copy_files(work, pack) &&
	     run_mkrescue(work, name, hypervisor.len + pack_size(pack));
	free(menu.at);
	return ok;
}
