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
