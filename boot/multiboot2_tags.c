/* SPDX-License-Identifier: MIT */
/* Reads one tag each of multiboot2's information into struct boot_info. */
#include "boot/multiboot2_tags.h"

#include "lib/format.h"
#include "lib/log.h"
#include "lib/text.h"

/* Offsets in tags, beyond type and size. */
enum {
	STRING_TEXT = 8,
	MODULE_START = 8,
	MODULE_END = 12,
	MODULE_NAME = 16,
	MAP_ENTRY_SIZE = 8,
	MAP_ENTRIES = 16,
	ENTRY_BASE = 0,
	ENTRY_LENGTH = 8,
	ENTRY_TYPE = 16,
	ENTRY_SIZE = 24,
	SCREEN_ADDRESS = 8,
	SCREEN_PITCH = 16,
	SCREEN_WIDTH = 20,
	SCREEN_HEIGHT = 24,
	SCREEN_BPP = 28,
	SCREEN_TYPE = 29,
	SCREEN_COLORS = 32, /* position and size for each of red, green and blue */
	SCREEN_RGB_SIZE = 38,
	RSDP_BYTES = 8,
	LOAD_BASE = 8,
};

enum { SCREEN_TYPE_RGB = 1, SCREEN_TYPE_TEXT = 2, SCREEN_SIDE_MAX = 32768 };

void
boot_refuse(struct boot_info *out, const char *fmt, ...)
{
	va_list args;

	if (out->error[0] != '\0')
		return;
	va_start(args, fmt);
	vformat(out->error, sizeof(out->error), fmt, args);
	va_end(args);
}

/* The text from an offset to its NUL within the tag; NULL when there is no NUL. */
static const char *
tag_text(struct tag tag, u32 offset)
{
	const char *text = (const char *)tag.at + offset;
	size_t room = tag.size - offset;

	return strnlen(text, room) < room ? text : NULL;
}

void
read_command_line(struct tag tag, struct boot_info *out)
{
	const char *text = tag_text(tag, STRING_TEXT);

	if (text == NULL)
		log_warn("boot: the command line has no end; it is not used");
	else
		out->command_line = text;
}

void
read_loader_name(struct tag tag, struct boot_info *out)
{
	const char *text = tag_text(tag, STRING_TEXT);

	if (text != NULL)
		out->loader = text;
}

/* Another module that has bytes of this one, or NULL. */
static const struct boot_module *
overlapping(const struct boot_info *info, const struct boot_module *module)
{
	for (unsigned i = 0; i < info->module_count; i++) {
		const struct boot_module *other = &info->modules[i];

		if (module->length > 0 && other->length > 0 &&
		    module->base.v < other->base.v + other->length &&
		    other->base.v < module->base.v + module->length)
			return other;
	}
	return NULL;
}

static void
add_module(struct boot_info *out, const struct boot_module *module)
{
	const struct boot_module *other = overlapping(out, module);

	if (other != NULL)
		log_warn("boot: module \"%s\" overlaps module \"%s\"; it is not used", module->name,
			 other->name);
	else if (out->module_count == BOOT_MODULES_MAX)
		log_warn("boot: module \"%s\" is not used: only %d can be", module->name,
			 BOOT_MODULES_MAX);
	else
		out->modules[out->module_count++] = *module;
}

void
read_module(struct tag tag, struct boot_info *out)
{
	u32 start = load32(tag.at + MODULE_START), end = load32(tag.at + MODULE_END);
	struct boot_module module = {
		.base = HPA(start),
		.length = (u64)end - start,
		.name = tag_text(tag, MODULE_NAME),
	};

	if (module.name == NULL) {
		log_warn("boot: the name of the module at %#x has no end; it is not used", start);
		return;
	}
	if (end < start)
		log_warn("boot: module \"%s\" ends (%#x) before it starts (%#x); it is not used",
			 module.name, end, start);
	else
		add_module(out, &module);
}

/* Types as in ACPI 15.1 but 5; what is not known is nothing to use. */
static enum mem_type
memory_type(u32 type)
{
	switch (type) {
	case 1: return MEM_USABLE;
	case 3: return MEM_ACPI;
	case 4: return MEM_NVS;
	case 5: return MEM_BAD;
	default: return MEM_RESERVED;
	}
}

/* An entry may have more at its end than we know: the next is entry_size bytes on. */
void
read_memory_map(struct tag tag, struct boot_info *out)
{
	u32 entry_size = load32(tag.at + MAP_ENTRY_SIZE), bytes = tag.size - MAP_ENTRIES;

	if (entry_size < ENTRY_SIZE || bytes % entry_size != 0) {
		boot_refuse(out,
			    "The boot loader's memory map is malformed: %u bytes in entries of "
			    "%u. " MULTIBOOT2_ADVICE,
			    bytes, entry_size);
		return;
	}
	for (u32 at = 0; at < bytes; at += entry_size) {
		const u8 *entry = tag.at + MAP_ENTRIES + at;

		memmap_add(&out->memmap, load64(entry + ENTRY_BASE), load64(entry + ENTRY_LENGTH),
			   memory_type(load32(entry + ENTRY_TYPE)));
	}
}

static struct boot_color
read_color(struct tag tag, size_t index)
{
	const u8 *at = tag.at + SCREEN_COLORS + 2 * index;

	return (struct boot_color){at[0], at[1]};
}

static bool
color_fits(struct boot_color color, u8 bits_per_pixel)
{
	return color.size > 0 && color.position + color.size <= bits_per_pixel;
}

/* Whether all of the screen is where an address, a pitch and a size can say; 64 bits are enough. */
static bool
screen_fits(const struct boot_framebuffer *screen)
{
	u64 bytes_per_line = (u64)screen->width * ((screen->bits_per_pixel + 7u) / 8);
	u64 bytes = (u64)screen->pitch * screen->height;

	return screen->width > 0 && screen->width <= SCREEN_SIDE_MAX && screen->height > 0 &&
	       screen->height <= SCREEN_SIDE_MAX && bytes_per_line <= screen->pitch &&
	       screen->base.v != 0 && screen->base.v <= ~0ul - bytes;
}

static bool
read_rgb(struct tag tag, struct boot_framebuffer *screen)
{
	u8 bpp = screen->bits_per_pixel;

	if (tag.size < SCREEN_RGB_SIZE || bpp < 15 || bpp > 32)
		return false;
	screen->kind = BOOT_SCREEN_RGB;
	screen->red = read_color(tag, 0);
	screen->green = read_color(tag, 1);
	screen->blue = read_color(tag, 2);
	return color_fits(screen->red, bpp) && color_fits(screen->green, bpp) &&
	       color_fits(screen->blue, bpp);
}

/* Two bytes a character, whatever the tag says of pixels. */
static bool
read_text_screen(struct boot_framebuffer *screen)
{
	screen->kind = BOOT_SCREEN_TEXT;
	screen->bits_per_pixel = 16;
	return true;
}

void
read_framebuffer(struct tag tag, struct boot_info *out)
{
	struct boot_framebuffer screen = {
		.bits_per_pixel = tag.at[SCREEN_BPP],
		.base = HPA(load64(tag.at + SCREEN_ADDRESS)),
		.pitch = load32(tag.at + SCREEN_PITCH),
		.width = load32(tag.at + SCREEN_WIDTH),
		.height = load32(tag.at + SCREEN_HEIGHT),
	};
	u8 type = tag.at[SCREEN_TYPE];
	bool usable = (type == SCREEN_TYPE_RGB && read_rgb(tag, &screen)) ||
		      (type == SCREEN_TYPE_TEXT && read_text_screen(&screen));

	if (usable && screen_fits(&screen))
		out->framebuffer = screen;
	else
		log_warn("boot: no screen: a framebuffer of type %u, %ux%u, %u bits, %u bytes a "
			 "line, can't be used",
			 type, screen.width, screen.height, tag.at[SCREEN_BPP], screen.pitch);
}

/* Of the two tags the new one counts, in whatever order they come. */
void
read_rsdp(struct tag tag, struct boot_info *out)
{
	u32 length = MIN(tag.size - RSDP_BYTES, (u32)ACPI_RSDP_SIZE);

	if (load32(tag.at) == TAG_RSDP_OLD) {
		if (out->rsdp.length > 0)
			return;
		length = ACPI_RSDP_SIZE_V1;
	}
	memset(out->rsdp.bytes, 0, sizeof(out->rsdp.bytes));
	memcpy(out->rsdp.bytes, tag.at + RSDP_BYTES, length);
	out->rsdp.length = length;
}

void
read_efi(struct tag tag, struct boot_info *out)
{
	(void)tag;
	out->efi = true;
}

void
read_boot_services(struct tag tag, struct boot_info *out)
{
	(void)tag;
	boot_refuse(out,
		    "The boot loader left the UEFI boot services running, which use memory and "
		    "devices behind our back. " MULTIBOOT2_ADVICE);
}

void
read_load_base(struct tag tag, struct boot_info *out)
{
	out->load_base = HPA(load32(tag.at + LOAD_BASE));
	out->has_load_base = true;
}
