/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the unit tests share: cmocka, and json-c as the judge of what the encoder wrote.
 */
#ifndef SESHAT_TESTS_CHECK_H
#define SESHAT_TESTS_CHECK_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <json-c/json.h>

#include "base/bytes.h"

/* How a line begins that says why the next test was skipped; without one, the skip counts as a failure (tests/run.py). */
#define CHECK_NEEDS "# needs "

static inline void check_skip(const char *needs)
{
	print_message(CHECK_NEEDS "%s\n", needs);
	skip();
}

/* A test that needs neither setup nor teardown. */
#define TEST(function) cmocka_unit_test(function)

/*
 * Parses strictly: the text must be one JSON value and nothing else. To be put with
 * json_object_put.
 */
static inline struct json_object *check_parse(const char *text, size_t size)
{
	struct json_tokener *tokener = json_tokener_new_ex(8);
	struct json_object *value;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	value = json_tokener_parse_ex(tokener, text, (int)size);
	if (json_tokener_get_error(tokener) != json_tokener_success)
		fail_msg("no JSON: %s: %.*s",
			 json_tokener_error_desc(json_tokener_get_error(tokener)),
			 (int)(size < 400 ? size : 400), text);
	assert_int_equal(json_tokener_get_parse_end(tokener), size);
	json_tokener_free(tokener);
	return value;
}

/* The object's keys, in order, separated by blanks. */
static inline void check_keys(struct json_object *object, const char *expected)
{
	char keys[2048] = "";
	size_t used = 0;

	json_object_object_foreach(object, key, value)
	{
		(void)value;
		used += (size_t)snprintf(keys + used, sizeof(keys) - used, "%s%s", used ? " " : "",
					 key);
		assert_true(used < sizeof(keys));
	}
	assert_string_equal(keys, expected);
}

/* The member, which must be there. Borrowed. */
static inline struct json_object *check_member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(object, key, &value))
		fail_msg("no member %s in %s", key, json_object_to_json_string(object));
	return value;
}

static inline bool check_has(struct json_object *object, const char *key)
{
	return json_object_object_get_ex(object, key, NULL);
}

static inline void check_bytes(struct json_object *value, const char *expected, size_t size)
{
	assert_true(json_object_is_type(value, json_type_string));
	assert_int_equal(json_object_get_string_len(value), size);
	assert_memory_equal(json_object_get_string(value), expected, size);
}

static inline void check_string(struct json_object *object, const char *key, const char *expected)
{
	struct json_object *value = check_member(object, key);

	assert_true(json_object_is_type(value, json_type_string));
	assert_string_equal(json_object_get_string(value), expected);
	assert_int_equal(json_object_get_string_len(value), strlen(expected));
}

static inline void check_int(struct json_object *object, const char *key, int64_t expected)
{
	struct json_object *value = check_member(object, key);

	assert_true(json_object_is_type(value, json_type_int));
	assert_true(json_object_get_int64(value) == expected);
}

static inline void check_true(struct json_object *object, const char *key)
{
	struct json_object *value = check_member(object, key);

	assert_true(json_object_is_type(value, json_type_boolean));
	assert_true(json_object_get_boolean(value));
}

/* An array or object, as compact JSON. */
static inline void check_value(struct json_object *object, const char *key, const char *expected)
{
	const char *text = json_object_to_json_string_ext(
		check_member(object, key), JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	assert_string_equal(text, expected);
}

#endif
