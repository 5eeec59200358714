/* SPDX-License-Identifier: MIT */
/* A guest's SMBIOS tables: see dev/smbios.h. Sections are those of DSP0134 3.0. */
#include "dev/smbios.h"

#include "lib/string.h"

enum {
	ENTRY_SIZE = 24, /* 5.2.2 */
	ENTRY_CHECKSUM = 5,
	ENTRY_TABLE_SIZE = 12,
	STRINGS_MAX = 6, /* of one structure */
};

/* Handles: the type, then a number. */
enum {
	HANDLE_BOARD = 0x0200,
	HANDLE_CHASSIS = 0x0300,
	HANDLE_ARRAY = 0x1000,
	NO_CACHE = 0xffff,
	NO_ERROR_INFORMATION = 0xfffe,
};

/* A structure being written: its formatted part refers to strings that stand behind it (6.1.3). */
struct structure {
	struct blob *b;
	const char *strings[STRINGS_MAX];
	u8 count;
};

static struct structure
begin(struct blob *b, u8 type, u8 length, u16 handle)
{
	blob_put8(b, type);
	blob_put8(b, length);
	blob_put16(b, handle);
	return (struct structure){.b = b};
}

static void
put_text(struct structure *s, const char *text)
{
	s->strings[s->count++] = text;
	blob_put8(s->b, s->count);
}

static void
end(const struct structure *s)
{
	for (unsigned i = 0; i < s->count; i++)
		blob_put(s->b, s->strings[i], strlen(s->strings[i]) + 1);
	blob_fill(s->b, 0, s->count == 0 ? 2 : 1);
}

/*
 * Type 0 (7.1). The date is that of this platform: kernels take one before 2010 for a reason to
 * work around firmware.
 */
static void
put_bios(struct blob *b)
{
	struct structure s = begin(b, 0, 0x18, 0);

	put_text(&s, "Ashlar");
	put_text(&s, ASHLAR_VERSION);
	blob_put16(b, 0xe000); /* segment */
	put_text(&s, "01/01/2025");
	blob_put8(b, 0);
	blob_put64(b, 1 << 3);	   /* no characteristics are told */
	blob_put8(b, 1);	   /* there is ACPI */
	blob_put8(b, 1 << 4);	   /* this is a virtual machine */
	blob_put32(b, 0xffffffff); /* no releases */
	end(&s);
}

/* Type 1 (7.2); a UUID of zeros is none. */
static void
put_system(struct blob *b, const char *name)
{
	struct structure s = begin(b, 1, 0x1b, 0x0100);

	put_text(&s, "Ashlar");
	put_text(&s, "Ashlar Virtual Machine");
	put_text(&s, ASHLAR_VERSION);
	put_text(&s, name);
	blob_fill(b, 0, 16);
	blob_put8(b, 6);  /* by the power switch */
	blob_put16(b, 0); /* no SKU, no family */
	end(&s);
}

/* Type 2 (7.3). */
static void
put_board(struct blob *b)
{
	struct structure s = begin(b, 2, 0x0f, HANDLE_BOARD);

	put_text(&s, "Ashlar");
	put_text(&s, "Ashlar Virtual Machine");
	blob_fill(b, 0, 3); /* version, serial number, asset tag */
	blob_put8(b, 1);    /* the board that everything is on */
	blob_put8(b, 0);
	blob_put16(b, HANDLE_CHASSIS);
	blob_put8(b, 0x0a); /* motherboard */
	blob_put8(b, 0);
	end(&s);
}

/* Type 3 (7.4). */
static void
put_chassis(struct blob *b)
{
	struct structure s = begin(b, 3, 0x16, HANDLE_CHASSIS);

	put_text(&s, "Ashlar");
	blob_put8(b, 1);    /* type: other */
	blob_fill(b, 0, 3); /* version, serial number, asset tag */
	blob_fill(b, 3, 3); /* its states are safe */
	blob_put8(b, 3);    /* security: none */
	blob_put32(b, 0);
	blob_fill(b, 0, 5); /* height, power cords, elements, their size, SKU */
	end(&s);
}

/* Type 4 (7.5): one, with all vCPUs as its cores. What is 0 is unknown. */
static void
put_processor(struct blob *b, u32 vcpus)
{
	u8 few = vcpus > 255 ? 255 : (u8)vcpus;
	struct structure s = begin(b, 4, 0x30, 0x0400);

	put_text(&s, "CPU 0");
	blob_put8(b, 3); /* a central processor */
	blob_put8(b, 1); /* family: other */
	put_text(&s, "Ashlar");
	blob_put64(b, 0);
	blob_fill(b, 0, 8); /* version, voltage, clock and speeds */
	blob_put8(b, 0x41); /* populated, enabled */
	blob_put8(b, 1);    /* upgrade: other */
	for (unsigned cache = 0; cache < 3; cache++)
		blob_put16(b, NO_CACHE);
	blob_fill(b, 0, 3); /* serial number, asset tag, part number */
	blob_fill(b, few, 3);
	blob_put16(b, 1 << 2); /* 64 bits */
	blob_put16(b, 1);
	for (unsigned i = 0; i < 3; i++)
		blob_put16(b, (u16)vcpus);
	end(&s);
}

/* Type 16 (7.17). */
static void
put_memory_array(struct blob *b, u64 size)
{
	struct structure s = begin(b, 16, 0x17, HANDLE_ARRAY);

	blob_put8(b, 1);	   /* location: other */
	blob_put8(b, 3);	   /* system memory */
	blob_put8(b, 3);	   /* no error correction */
	blob_put32(b, 0x80000000); /* see the last field */
	blob_put16(b, NO_ERROR_INFORMATION);
	blob_put16(b, 1); /* device */
	blob_put64(b, size);
	end(&s);
}

/* Type 17 (7.18): one for all; 7FFFh: the extended size, in MiB. */
static void
put_memory_device(struct blob *b, u64 size)
{
	struct structure s = begin(b, 17, 0x28, 0x1100);

	blob_put16(b, HANDLE_ARRAY);
	blob_put16(b, NO_ERROR_INFORMATION);
	blob_put32(b, 0xffffffff); /* widths: unknown */
	blob_put16(b, 0x7fff);
	blob_put8(b, 1); /* form: other */
	blob_put8(b, 0);
	put_text(&s, "RAM 0");
	blob_put8(b, 0);
	blob_put8(b, 7);       /* RAM */
	blob_put16(b, 1 << 1); /* other */
	blob_put16(b, 0);
	put_text(&s, "Ashlar");
	blob_fill(b, 0, 4); /* serial number, asset tag, part number, rank */
	blob_put32(b, (u32)(size / MiB));
	blob_fill(b, 0, 8); /* speed, voltages */
	end(&s);
}

/* Type 19 (7.20), addresses in KiB; FFFFFFFFh: the extended fields, in bytes. */
static void
put_mapping(struct blob *b, u16 number, u64 base, u64 size)
{
	struct structure s = begin(b, 19, 0x1f, (u16)(0x1300 + number));
	u64 last = base + size - 1;
	bool fits = last / KiB < 0xffffffff;

	blob_put32(b, fits ? (u32)(base / KiB) : 0xffffffff);
	blob_put32(b, fits ? (u32)(last / KiB) : 0xffffffff);
	blob_put16(b, HANDLE_ARRAY);
	blob_put8(b, 1);
	blob_put64(b, fits ? 0 : base);
	blob_put64(b, fits ? 0 : last);
	end(&s);
}

/* Type 32 (7.33): no errors; and type 127 (7.45). */
static void
put_last(struct blob *b)
{
	struct structure boot = begin(b, 32, 0x0b, 0x2000), last;

	blob_fill(b, 0, 7);
	end(&boot);
	last = begin(b, 127, 4, 0x7f00);
	end(&last);
}

static void
put_structures(struct blob *b, const struct smbios_machine *machine)
{
	put_bios(b);
	put_system(b, machine->name);
	put_board(b);
	put_chassis(b);
	put_processor(b, machine->vcpu_count);
	put_memory_array(b, machine->memory_size);
	put_memory_device(b, machine->memory_size);
	put_mapping(b, 0, 0, machine->low_end);
	if (machine->high_size != 0)
		put_mapping(b, 1, 4 * GiB, machine->high_size);
	put_last(b);
}

static void
put_entry(struct blob *b, u64 table)
{
	blob_put(b, "_SM3_", 5);
	blob_put8(b, 0); /* checksum */
	blob_put8(b, ENTRY_SIZE);
	blob_put8(b, 3); /* version 3.0.0 */
	blob_put8(b, 0);
	blob_put8(b, 0);
	blob_put8(b, 1); /* revision of this */
	blob_put8(b, 0);
	blob_put32(b, 0);
	blob_put64(b, table);
}

int
smbios_build(struct blob *out, u64 base, const struct smbios_machine *machine)
{
	size_t entry = out->length, table = ALIGN_UP(entry + ENTRY_SIZE, 16);

	put_entry(out, base + table - entry);
	blob_align(out, 16);
	put_structures(out, machine);
	blob_poke32(out, entry + ENTRY_TABLE_SIZE, (u32)(out->length - table));
	blob_checksum(out, entry, ENTRY_SIZE, entry + ENTRY_CHECKSUM);
	return out->overflow ? fail(-ERR_FULL) : 0;
}

int
smbios_install(struct guest_memory *memory, void *buffer, const struct smbios_machine *machine)
{
	struct blob blob;
	int err;

	blob_init(&blob, buffer, SMBIOS_SIZE);
	err = smbios_build(&blob, SMBIOS_BASE, machine);
	if (err != 0)
		return err;
	return guest_write(memory, GPA(SMBIOS_BASE), blob.at, blob.length);
}
