/* SPDX-License-Identifier: MIT */
/* pci: the machine's PCI functions. */
#include "shell/cmd_pci.h"

#include "drivers/pci.h"
#include "lib/string.h"
#include "shell/listing.h"

static const struct column columns[] = {
	{"address",	    COLUMN_TEXT, 7,  0},
	      {"id",	     COLUMN_TEXT, 9,  0},
	{"class",	  COLUMN_TEXT, 19, 0},
	      {"bus_master",   COLUMN_BOOL, 10, 0},
	{"capabilities", COLUMN_TEXT, 28, 0},
	      {"bars",	       COLUMN_TEXT, 0,  0},
};

/* Sizes are powers of two. */
static size_t
put_size(char *text, size_t size, u64 bytes)
{
	if (bytes >= GiB)
		return format(text, size, "%luG", bytes / GiB);
	if (bytes >= MiB)
		return format(text, size, "%luM", bytes / MiB);
	if (bytes >= KiB)
		return format(text, size, "%luK", bytes / KiB);
	return format(text, size, "%lu", bytes);
}

/* As in "0:mem 0xfebc0000 128K" or "2:mem64p 0x800000000 8G", p for prefetchable. */
static size_t
put_bar(char *text, size_t size, const struct pci_bar *bar)
{
	static const char *const kinds[] = {"io", "mem", "mem64"};
	size_t len = format(text, size, "%u:%s%s", bar->index, kinds[bar->kind],
			    bar->prefetchable ? "p" : "");

	if (bar->base != 0)
		len += format(text + len, size - len, " %#lx", bar->base);
	else
		len += format(text + len, size - len, " unplaced");
	if (bar->size == 0)
		return len;
	len += format(text + len, size - len, " ");
	return len + put_size(text + len, size - len, bar->size);
}

static void
put_bars(struct listing *l, const struct pci_function *f)
{
	char text[256] = "";
	size_t len = 0;

	for (unsigned i = 0; i < f->bar_count; i++) {
		if (i > 0)
			len += format(text + len, sizeof(text) - len, ", ");
		len += put_bar(text + len, sizeof(text) - len, &f->bars[i]);
	}
	listing_text(l, len > 0 ? text : NULL);
}

static void
put_caps(struct listing *l, const struct pci_function *f)
{
	char text[512] = "";
	size_t len = 0;

	for (unsigned i = 0; i < f->cap_count; i++) {
		const char *name = pci_cap_name(&f->caps[i]);

		if (i > 0)
			len += format(text + len, sizeof(text) - len, " ");
		if (name != NULL)
			len += format(text + len, sizeof(text) - len, "%s", name);
		else
			len += format(text + len, sizeof(text) - len, "%#x", f->caps[i].id);
	}
	listing_text(l, len > 0 ? text : NULL);
}

static void
put_row(struct listing *l, const struct pci_function *f)
{
	char address[PCI_ADDR_TEXT], id[10];

	pci_addr_text(f->addr, address);
	format(id, sizeof(id), "%04x:%04x", f->vendor, f->device);
	listing_row(l);
	listing_text(l, address);
	listing_text(l, id);
	listing_text(l, pci_class_name(f->class_code));
	listing_bool(l, pci_is_bus_master(f));
	put_caps(l, f);
	put_bars(l, f);
}

static int
run(const struct command_call *call)
{
	const struct pci_function *f = NULL;
	struct listing l;
	int err = command_list_only(call);

	if (err != 0)
		return err;
	listing_begin(&l, call->out, call->json, columns, ARRAY_SIZE(columns));
	while ((f = pci_next(f)) != NULL)
		put_row(&l, f);
	listing_end(&l);
	return 0;
}

const struct command cmd_pci = {
	.name = "pci",
	.usage = "[list]",
	.summary = "the PCI devices of this machine",
	.details =
		"An address is bus:device.function, an id vendor:device. A bar shows its number,\n"
		"kind (io, mem, mem64; p: prefetchable), address and size.\n",
	.args_max = 1,
	.has_json = true,
	.run = run,
	.completion = command_list_completion,
};
