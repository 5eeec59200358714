/* SPDX-License-Identifier: MIT */
/* Each word of the boot loader's command line against its table in core/config_keys.c. */
#include "core/config.h"

#include "core/config_words.h"
#include "lib/string.h"

/* The word's error; empty when there is none. */
static struct message
take_word(struct slice word, struct config *config)
{
	struct message none = {.len = 0};
	struct slice value = word, name = slice_cut(&value, '=');
	const struct config_key *key = config_find_key(&config_cmdline_words, name);

	if (key == NULL)
		return unknown_key(name, &config_cmdline_words);
	if (!key->set((struct config_target){.config = config}, value))
		return wrong_value(key, value);
	return none;
}

static void
report_rest(u32 errors, struct config_report *report)
{
	struct message m = {.len = 0};

	add(&m, "found %u more such words; expected only keys of %s", errors - CONFIG_WORDS_SHOWN,
	    config_cmdline_words.title);
	report->error(report, 0, m.text);
}

void
config_parse_cmdline(const char *cmdline, struct config *config, struct config_report *report)
{
	struct slice rest = {cmdline, strlen(cmdline)}, word;
	u32 errors = 0;

	while ((word = slice_word(&rest)).len > 0) {
		struct message m = take_word(word, config);

		if (m.len > 0 && report != NULL && errors++ < CONFIG_WORDS_SHOWN)
			report->error(report, 0, m.text);
	}
	if (errors > CONFIG_WORDS_SHOWN)
		report_rest(errors, report);
}
