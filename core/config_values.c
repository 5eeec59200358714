/* SPDX-License-Identifier: MIT */
/* Values that several keys of ashlar.conf have. */
#include "core/config_values.h"

#include "lib/string.h"

int
value_word(const char *const *words, struct slice value)
{
	for (int i = 0; words[i] != NULL; i++) {
		if (slice_is(value, words[i]))
			return i;
	}
	return -1;
}

bool
value_bool(const char *const words[2], struct slice value, bool *out)
{
	if (!slice_is(value, words[0]) && !slice_is(value, words[1]))
		return false;
	*out = slice_is(value, words[0]);
	return true;
}

static u64
unit(char c)
{
	switch (c) {
	case 'K': return KiB;
	case 'M': return MiB;
	case 'G': return GiB;
	default: return 0;
	}
}

static bool
ends_in(struct slice s, const char *end)
{
	size_t len = strlen(end);

	return s.len >= len && memcmp(s.at + s.len - len, end, len) == 0;
}

bool
value_size(struct slice value, u64 *bytes)
{
	u64 factor = value.len > 0 ? unit(value.at[value.len - 1]) : 0, number;

	if (factor != 0)
		value.len--;
	else
		factor = 1;
	if (!parse_u64(value.at, value.len, &number) || number > ~0ul / factor)
		return false;
	*bytes = number * factor;
	return true;
}

bool
value_rate(struct slice value, u64 *bits)
{
	static const struct {
		const char *suffix;
		u64 bits;
	} units[] = {
		{"K", 1000		  },
		{"M", 1000 * 1000	 },
		{"G", 1000 * 1000 * 1000},
		{"",  1		      },
	};
	unsigned i = 0;
	u64 number;

	while (!ends_in(value, units[i].suffix)) /* the last one fits all */
		i++;
	value.len -= strlen(units[i].suffix);
	if (!parse_u64(value.at, value.len, &number) || number > ~0ul / units[i].bits)
		return false;
	*bits = number * units[i].bits;
	return true;
}

bool
value_time(struct slice value, u64 *ms)
{
	static const struct {
		const char *suffix;
		u64 ms;
	} units[] = {
		{"ms", 1	},
		   {"s",	 1000 },
		{"m",  60000},
		      {"",   1000 }
	};
	unsigned i = 0;
	u64 number;

	while (!ends_in(value, units[i].suffix)) /* the last one fits all */
		i++;
	value.len -= strlen(units[i].suffix);
	if (!parse_u64(value.at, value.len, &number) || number > ~0ul / units[i].ms)
		return false;
	*ms = number * units[i].ms;
	return true;
}

struct slice
value_part(struct slice *rest, char end, bool *more)
{
	struct slice part = slice_cut(rest, end);

	*more = part.at + part.len != rest->at;
	return slice_trim(part);
}

struct range {
	u64 from, to;
};

/* The first of a list: N or N-M, not below `least` and not above `most`. */
static bool
next_range(struct slice *list, char end, u64 least, u64 most, struct range *out, bool *more)
{
	struct slice range = value_part(list, end, more), first, last;
	bool is_range;

	first = value_part(&range, '-', &is_range);
	last = is_range ? slice_trim(range) : first;
	return parse_u64(first.at, first.len, &out->from) &&
	       parse_u64(last.at, last.len, &out->to) && out->from >= least &&
	       out->from <= out->to && out->to <= most;
}

bool
value_cpus(struct slice value, struct cpu_set *cpus)
{
	struct cpu_set set = {{0}};
	struct range range;
	bool more;

	do {
		if (!next_range(&value, ',', 0, MAX_CPUS - 1, &range, &more))
			return false;
		for (u64 cpu = range.from; cpu <= range.to; cpu++)
			cpu_set_add(&set, (u32)cpu);
	} while (more);
	*cpus = set;
	return true;
}

bool
value_vlans(struct slice value, u8 *bits)
{
	struct range range;
	bool more;

	do {
		if (!next_range(&value, '+', 1, CONFIG_VLANS - 2, &range, &more))
			return false;
		for (u64 vlan = range.from; bits != NULL && vlan <= range.to; vlan++)
			bits[vlan / 8] |= (u8)(1u << vlan % 8);
	} while (more);
	return true;
}

void
config_trunk(struct slice trunk, u8 bits[CONFIG_VLANS / 8])
{
	memset(bits, 0, CONFIG_VLANS / 8);
	if (trunk.len > 0)
		(void)value_vlans(trunk, bits); /* as it was when the file was read */
}

bool
value_number(struct slice value, u64 least, u64 most, u64 *number)
{
	u64 read;

	if (!parse_u64(value.at, value.len, &read) || read < least || read > most)
		return false;
	*number = read;
	return true;
}

/*
 * These would be quoted by the boot loader, or could not be told in a line of the log. Bytes beyond
 * ASCII are as good as any.
 */
static bool
is_file_byte(char c)
{
	return (u8)c >= ' ' && c != 0x7f && c != '"' && c != '\'' && c != '\\';
}

static bool
is_file(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!is_file_byte(s.at[i]))
			return false;
	}
	return s.len > 0 && s.len <= CONFIG_FILE_MAX;
}

bool
value_file(struct slice value, struct slice *file)
{
	if (value.len >= 2 && value.at[0] == '"' && value.at[value.len - 1] == '"')
		value = (struct slice){value.at + 1, value.len - 2};
	if (!is_file(value))
		return false;
	*file = value;
	return true;
}

bool
value_module(struct slice value, struct module_spec *module)
{
	struct slice rest = value, file;

	if (value.len > 0 && value.at[0] == '"') {
		rest = (struct slice){value.at + 1, value.len - 1};
		file = slice_cut(&rest, '"');
		if (file.len + 1 == value.len || (rest.len > 0 && !is_blank(rest.at[0])))
			return false;
	} else {
		file = slice_word(&rest);
	}
	if (!is_file(file))
		return false;
	rest = slice_trim(rest);
	if (rest.len > CONFIG_ARGS_MAX)
		return false;
	*module = (struct module_spec){file, rest};
	return true;
}

/* IEEE 802: a first byte with its lowest bit set is that of a group. */
bool
value_mac(struct slice value, u8 out[MAC_LEN])
{
	static const u8 zero[MAC_LEN];
	u8 mac[MAC_LEN];

	if (!parse_mac(value.at, value.len, mac) || (mac[0] & 1) != 0 ||
	    memcmp(mac, zero, MAC_LEN) == 0)
		return false;
	memcpy(out, mac, MAC_LEN);
	return true;
}

bool
value_is_name(struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
			return false;
	}
	return value.len > 0 && value.len <= CONFIG_NAME_MAX;
}

struct slice
config_file(const struct vm_config *vm, u32 n)
{
	const struct slice files[] = {vm->kernel, vm->firmware, vm->initrd};

	for (u32 i = 0; i < ARRAY_SIZE(files); i++) {
		if (files[i].len > 0 && n-- == 0)
			return files[i];
	}
	return n < vm->module_count ? vm->modules[n].file : SLICE("");
}

bool
config_file_is(struct slice file, const char *module)
{
	size_t len = strnlen(module, file.len + 3);

	if (len == file.len + 2 && module[0] == '"' && module[len - 1] == '"') {
		module++;
		len -= 2;
	}
	return len == file.len && memcmp(module, file.at, len) == 0;
}
