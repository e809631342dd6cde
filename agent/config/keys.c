/* SPDX-License-Identifier: Apache-2.0 */
#include "config/keys.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/size.h"

bool config_section_known(const char *section)
{
	for (size_t i = 0; i < CONFIG_KEY_COUNT; i++)
		if (strcmp(CONFIG_KEYS[i].section, section) == 0)
			return true;
	return false;
}

const struct config_key *config_key_find(const char *section, const char *name)
{
	for (size_t i = 0; i < CONFIG_KEY_COUNT; i++)
		if (strcmp(CONFIG_KEYS[i].section, section) == 0 &&
		    strcmp(CONFIG_KEYS[i].name, name) == 0)
			return &CONFIG_KEYS[i];
	return NULL;
}

void config_key_name(const struct config_key *key, char ret[CONFIG_NAME_SIZE])
{
	(void)snprintf(ret, CONFIG_NAME_SIZE, "%s.%s", key->section, key->name);
}

static bool key_is_text(const struct config_key *key)
{
	return key->kind == CONFIG_KIND_PATH || key->kind == CONFIG_KIND_NAME;
}

static char **member_text(const struct config_key *key, struct config *config)
{
	return (char **)(void *)((char *)config + key->offset);
}

static const char *text_of(const struct config_key *key, const struct config *config)
{
	const char *text;

	memcpy(&text, (const char *)config + key->offset, sizeof(text));
	return text ? text : "";
}

static uint64_t number_of(const struct config_key *key, const struct config *config)
{
	const char *member = (const char *)config + key->offset;
	uint64_t wide;
	uint32_t narrow;
	uint8_t byte;

	switch (key->width) {
	case sizeof(byte):
		memcpy(&byte, member, sizeof(byte));
		return byte;
	case sizeof(narrow):
		memcpy(&narrow, member, sizeof(narrow));
		return narrow;
	default:
		memcpy(&wide, member, sizeof(wide));
		return wide;
	}
}

static void number_set(const struct config_key *key, struct config *config, uint64_t number)
{
	char *member = (char *)config + key->offset;
	uint32_t narrow = (uint32_t)number;
	uint8_t byte = (uint8_t)number;

	switch (key->width) {
	case sizeof(byte):
		memcpy(member, &byte, sizeof(byte));
		break;
	case sizeof(narrow):
		memcpy(member, &narrow, sizeof(narrow));
		break;
	default:
		memcpy(member, &number, sizeof(number));
	}
}

static int parse_bool(const struct config_key *key, const char *text, uint64_t *ret)
{
	static const char *const WORDS[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };

	(void)key;
	for (size_t i = 0; i < ARRAY_SIZE(WORDS); i++) {
		if (strcmp(text, WORDS[i]) == 0) {
			*ret = i % 2;
			return 0;
		}
	}
	return -EINVAL;
}

static int parse_choice(const struct config_key *key, const char *text, uint64_t *ret)
{
	for (size_t i = 0; key->choices[i]; i++) {
		if (strcmp(text, key->choices[i]) == 0) {
			*ret = i;
			return 0;
		}
	}
	return -EINVAL;
}

static uint64_t least(const struct config_key *key)
{
	return key->optional ? 0 : key->min;
}

static int parse_size(const struct config_key *key, const char *text, uint64_t *ret)
{
	return size_parse(text, least(key), key->max, ret);
}

static int parse_power(const struct config_key *key, const char *text, uint64_t *ret)
{
	size_t size;
	int r = size_parse_power(text, key->min, key->max, &size);

	if (r == 0)
		*ret = size;
	return r;
}

static int parse_duration(const struct config_key *key, const char *text, uint64_t *ret)
{
	return duration_parse(text, least(key), key->max, ret);
}

static int parse_number(const struct config_key *key, const char *text, uint64_t *ret)
{
	if (!text[0] || !isdigit((unsigned char)text[strlen(text) - 1]))
		return -EINVAL; /* a unit means nothing here */
	return size_parse(text, least(key), key->max, ret);
}

static int (*const PARSE[CONFIG_KIND_COUNT])(const struct config_key *, const char *,
					     uint64_t *) = {
	[CONFIG_KIND_BOOL] = parse_bool,	 [CONFIG_KIND_NUMBER] = parse_number,
	[CONFIG_KIND_SIZE] = parse_size,	 [CONFIG_KIND_POWER] = parse_power,
	[CONFIG_KIND_DURATION] = parse_duration, [CONFIG_KIND_CHOICE] = parse_choice,
};

static int key_set_number(const struct config_key *key, struct config *config, const char *text)
{
	uint64_t number;
	int r = PARSE[key->kind](key, text, &number);

	if (r < 0)
		return -EINVAL;
	if (key->optional && number > 0 && number < key->min)
		return -EINVAL;
	number_set(key, config, key->scale > 1 ? number / key->scale : number);
	return 0;
}

static bool path_right(const char *text)
{
	size_t size = strlen(text);

	for (size_t i = 0; i < size; i++)
		if (iscntrl((unsigned char)text[i]))
			return false;
	return text[0] == '/' && size > 1 && text[size - 1] != '/';
}

static bool name_right(const char *text)
{
	for (const char *at = text; *at; at++)
		if (!isalnum((unsigned char)*at) && *at != '-' && *at != '_')
			return false;
	return text[0] && text[0] != '-';
}

static int key_set_text(const struct config_key *key, struct config *config, const char *text)
{
	bool right = key->kind == CONFIG_KIND_PATH ? path_right(text) : name_right(text);
	char *copy;

	if (!(right || (key->optional && !text[0])) || strlen(text) > key->max)
		return -EINVAL;
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	free(*member_text(key, config));
	*member_text(key, config) = copy;
	return 0;
}

int config_key_set(const struct config_key *key, struct config *config, const char *text)
{
	return key_is_text(key) ? key_set_text(key, config, text) :
				  key_set_number(key, config, text);
}

void config_key_get(const struct config_key *key, const struct config *config,
		    char ret[CONFIG_VALUE_MAX])
{
	uint64_t number = key_is_text(key) ? 0 : number_of(key, config);

	switch (key->kind) {
	case CONFIG_KIND_BOOL:
		(void)snprintf(ret, CONFIG_VALUE_MAX, "%s", number ? "yes" : "no");
		break;
	case CONFIG_KIND_NUMBER:
		(void)snprintf(ret, CONFIG_VALUE_MAX, "%" PRIu64, number);
		break;
	case CONFIG_KIND_SIZE:
	case CONFIG_KIND_POWER:
		size_format(ret, number);
		break;
	case CONFIG_KIND_DURATION:
		duration_format(ret, number * key->scale);
		break;
	case CONFIG_KIND_CHOICE:
		(void)snprintf(ret, CONFIG_VALUE_MAX, "%s", key->choices[number]);
		break;
	default:
		(void)snprintf(ret, CONFIG_VALUE_MAX, "%s", text_of(key, config));
	}
}

bool config_key_equal(const struct config_key *key, const struct config *a, const struct config *b)
{
	if (key_is_text(key))
		return strcmp(text_of(key, a), text_of(key, b)) == 0;
	return number_of(key, a) == number_of(key, b);
}

void config_key_free(const struct config_key *key, struct config *config)
{
	if (!key_is_text(key))
		return;
	free(*member_text(key, config));
	*member_text(key, config) = NULL;
}
