/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file: whatever it says, it is refused with a reason, or what was read is in its ranges and comes back
 * from what is written of it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "fuzz.h"

static void count(void *userdata, const char *path, unsigned int line, const char *key,
		  const char *message)
{
	(void)line;
	FUZZ_CHECK(path && key && message[0]);
	++*(size_t *)userdata;
}

static void differ(void *userdata, const char *key, const char *from, const char *to, bool live)
{
	(void)userdata, (void)live;
	FUZZ_CHECK(key[0] && strcmp(from, to) != 0);
}

static int read_text(struct config *config, const char *text, size_t size, size_t *reports)
{
	FILE *file = fmemopen(NULL, size + 1, "w+e");
	int r;

	FUZZ_CHECK(file);
	FUZZ_CHECK(fwrite(text, 1, size, file) == size);
	rewind(file);
	/* The stream is a byte longer than the text, and ends where it was written to. */
	r = config_read(config, file, "fuzz", count, reports);
	(void)fclose(file);
	return r;
}

static void check_again(const struct config *config)
{
	struct config again;
	char *text = NULL;
	size_t size = 0, reports = 0;
	FILE *file = open_memstream(&text, &size);

	FUZZ_CHECK(file);
	FUZZ_CHECK(config_write(config, file) == 0);
	FUZZ_CHECK(fclose(file) == 0);
	FUZZ_CHECK(read_text(&again, text, size, &reports) == 0);
	FUZZ_CHECK(reports == 0);
	config_free(&again);
	free(text);
}

static void check_ranges(const struct config *config)
{
	struct config preset;

	FUZZ_CHECK(config->file.enabled || config->journal.enabled);
	FUZZ_CHECK(config->agent.socket[0] == '/' && strlen(config->agent.socket) <= 107);
	FUZZ_CHECK(config->file.path[0] == '/');
	FUZZ_CHECK((config->agent.ring_size & (config->agent.ring_size - 1)) == 0);
	FUZZ_CHECK(config->file.keep <= 10000);
	FUZZ_CHECK(config_default(&preset) == 0);
	FUZZ_CHECK(config_diff(&preset, config, differ, NULL) == 0);
	config_free(&preset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config config;
	size_t reports = 0;
	int r = read_text(&config, (const char *)data, size, &reports);

	FUZZ_CHECK(r == 0 || r == -EINVAL);
	FUZZ_CHECK((r == 0) == (reports == 0));
	if (r == 0) {
		check_ranges(&config);
		check_again(&config);
		config_free(&config);
	}
	return 0;
}
