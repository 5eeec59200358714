/* SPDX-License-Identifier: MIT */
/*
 * mkimage: checks a configuration with the hypervisor's own parser, and packs it with the
 * hypervisor into an image that boots. Exit status: 0, 1 after errors (no image then), 2 for usage.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config.h"
#include "tools/mkimage/complain.h"
#include "tools/mkimage/file.h"
#include "tools/mkimage/grub.h"
#include "tools/mkimage/output.h"
#include "tools/mkimage/pack.h"
#include "tools/mkimage/run.h"

enum { EXIT_GOOD, EXIT_ERRORS, EXIT_USAGE };

#define HYPERVISOR_SIZE_MAX (64 * MiB)

static const char usage_text[] =
	"Usage: mkimage CONFIG -o OUT     make a bootable image of the configuration\n"
	"       mkimage CONFIG --check    only check the configuration\n";

struct arguments {
	const char *config;
	const char *out; /* NULL: only check */
};

/* The errors of one file. */
struct errors {
	struct config_report report;
	const char *path;
	struct pack *pack;
};

static void
print_error(struct config_report *report, u32 line, const char *text)
{
	struct errors *errors = container_of(report, struct errors, report);

	fprintf(stderr, "%s:%u: %s\n", errors->path, line, text);
}

static const char *
check_file(struct config_report *report, struct slice name)
{
	return pack_add(container_of(report, struct errors, report)->pack, name);
}

/* Also which files it names. */
static bool
read_config(const char *path, struct bytes *out, struct pack *pack)
{
	static struct vm_config vms[CONFIG_VMS_MAX];
	static struct net_config nets[CONFIG_NETS_MAX];
	struct config config;
	struct errors errors = {
		.report = {print_error, check_file},
		     .path = path, .pack = pack
	       };

	if (!read_file(path, CONFIG_SIZE_MAX, out))
		return false;
	pack_begin(pack, path);
	config_defaults(&config);
	config.vms = vms;
	config.vm_room = ARRAY_SIZE(vms);
	config.nets = nets;
	config.net_room = ARRAY_SIZE(nets);
	return config_parse(out->at, out->len, &config, &errors.report) == 0;
}

/* The ashlar.elf beside this program. */
static char *
hypervisor_path(void)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *folder, *path;

	if (n < 0) {
		complain_file("find", "/proc/self/exe");
		return NULL;
	}
	self[n] = '\0';
	folder = folder_of(self);
	path = join_path(folder, "ashlar.elf");
	free(folder);
	return path;
}

static bool
same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool
make_image(const char *path, struct bytes hypervisor, struct bytes config, const struct pack *pack)
{
	static const char name[] = "image.iso";
	struct output out;
	bool ok;

	hold_signals();
	ok = output_begin(&out, path) &&
	     grub_make_image(out.work, name, hypervisor, config, pack) && !signal_came() &&
	     output_commit(&out, name);
	output_end(&out);
	if (!ok)
		die_of_signal();
	return ok;
}

/* The image would be written over what it is made from. */
static bool
may_pack(const struct arguments *args, const char *hypervisor, const struct pack *pack)
{
	if (same_file(args->out, args->config) || same_file(args->out, hypervisor) ||
	    pack_has(pack, args->out))
		return complain("cannot write %s: the image is made from it", args->out);
	return true;
}

static bool
make(const struct arguments *args, struct bytes config, const struct pack *pack)
{
	char *path = hypervisor_path();
	struct bytes hypervisor = {NULL, 0};
	bool ok;

	if (path == NULL)
		return false;
	ok = may_pack(args, path, pack) && read_file(path, HYPERVISOR_SIZE_MAX, &hypervisor) &&
	     grub_ready() && make_image(args->out, hypervisor, config, pack);
	free(hypervisor.at);
	free(path);
	return ok;
}

/* False when they are not as the usage says. */
static bool
read_arguments(int argc, char **argv, struct arguments *args)
{
	static const struct option options[] = {
		{"check", no_argument, NULL, 'c'},
		   {NULL,	  0,	     NULL, 0  }
	     };
	bool check = false;
	int option;

	while ((option = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		if (option == 'c')
			check = true;
		else if (option == 'o' && args->out == NULL && optarg[0] != '\0')
			args->out = optarg;
		else
			return false;
	}
	args->config = argv[optind];
	return optind + 1 == argc && check == (args->out == NULL);
}

int
main(int argc, char **argv)
{
	struct arguments args = {NULL, NULL};
	struct pack pack = {.count = 0};
	struct bytes config;
	bool ok;

	if (!read_arguments(argc, argv, &args)) {
		fputs(usage_text, stderr);
		return EXIT_USAGE;
	}
	ok = read_config(args.config, &config, &pack) &&
	     (args.out == NULL || make(&args, config, &pack));
	pack_end(&pack);
	free(config.at);
	return ok ? EXIT_GOOD : EXIT_ERRORS;
}
