/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/keys.h"
#include "config/reader.h"

static void cleanup_fclose(FILE **file)
{
	if (*file)
		(void)fclose(*file); /* read only */
}

int config_default(struct config *ret)
{
	_cleanup_(config_free) struct config config = { 0 };

	for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
		int r = config_key_set(&CONFIG_KEYS[i], &config, CONFIG_KEYS[i].preset);

		if (r < 0)
			return r;
	}
	*ret = config;
	config = (struct config){ 0 };
	return 0;
}

int config_read(struct config *ret, FILE *file, const char *path, config_report report,
		void *userdata)
{
	_cleanup_(config_free) struct config config = { 0 };
	int r = config_default(&config);

	if (r == 0)
		r = config_reader_run(&config, file, path, report, userdata);
	if (r < 0)
		return r;
	*ret = config;
	config = (struct config){ 0 };
	return 0;
}

int config_load(struct config *ret, const char *path, config_report report, void *userdata)
{
	_cleanup_(cleanup_fclose) FILE *file = fopen(path, "re");

	if (!file)
		return errno ? -errno : -EIO;
	return config_read(ret, file, path, report, userdata);
}

void config_free(struct config *config)
{
	for (size_t i = 0; i < CONFIG_KEY_COUNT; i++)
		config_key_free(&CONFIG_KEYS[i], config);
	*config = (struct config){ 0 };
}

int config_diff(const struct config *from, const struct config *to, config_difference difference,
		void *userdata)
{
	char name[CONFIG_NAME_SIZE], old[CONFIG_VALUE_MAX], new[CONFIG_VALUE_MAX];

	for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
		const struct config_key *key = &CONFIG_KEYS[i];

		if (config_key_equal(key, from, to))
			continue;
		config_key_name(key, name);
		config_key_get(key, from, old);
		config_key_get(key, to, new);
		difference(userdata, name, old, new, key->live);
	}
	return 0;
}

int config_write(const struct config *config, FILE *file)
{
	const char *section = "";
	char value[CONFIG_VALUE_MAX];

	for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
		const struct config_key *key = &CONFIG_KEYS[i];

		if (strcmp(section, key->section) != 0)
			(void)fprintf(file, "%s[%s]\n", i > 0 ? "\n" : "", key->section);
		section = key->section;
		config_key_get(key, config, value);
		(void)fprintf(file, "%s = %s\n", key->name, value);
	}
	return ferror(file) ? -EIO : 0;
}
