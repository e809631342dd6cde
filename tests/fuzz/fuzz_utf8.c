/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings on their way to JSON: valid ones come back exactly, others are kept in "raw", and nothing
 * unsafe gets through.
 */
#include <string.h>

#include <json-c/json.h>

#include "base/utf8.h"
#include "base/base64.h"
#include "encode/json.h"
#include "fuzz.h"

enum {
	LIMIT = 67108864,
};

static void check_safe(const char *text, size_t size)
{
	while (size > 0) {
		uint32_t point = 0;
		size_t length = utf8_decode(text, size, &point);

		FUZZ_CHECK(length > 0 && !utf8_unsafe(point));
		text += length;
		size -= length;
	}
}

static void check_raw(struct json_object *object, struct bytes value)
{
	struct json_object *raw = NULL, *kept = NULL;
	char *encoded = malloc(base64_size(value.size) + 1);

	FUZZ_CHECK(encoded);
	*base64_encode(encoded, value) = '\0';
	FUZZ_CHECK(json_object_object_get_ex(object, "raw", &raw));
	FUZZ_CHECK(json_object_object_get_ex(raw, "/list/1", &kept));
	FUZZ_CHECK(strcmp(json_object_get_string(kept), encoded) == 0);
	free(encoded);
}

static void check_object(struct json_object *object, struct bytes value)
{
	struct json_object *list = NULL, *string;

	FUZZ_CHECK(json_object_object_get_ex(object, "list", &list));
	string = json_object_array_get_idx(list, 1);
	if (utf8_valid(value.data, value.size)) {
		struct bytes back = { .data = json_object_get_string(string),
				      .size = (size_t)json_object_get_string_len(string) };

		FUZZ_CHECK(bytes_equal(back, value));
		FUZZ_CHECK(!json_object_object_get_ex(object, "raw", NULL));
	} else {
		check_raw(object, value);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes value = { .data = (const char *)data, .size = size };
	struct buffer out = BUFFER_INIT(LIMIT);
	struct json_tokener *tokener = json_tokener_new_ex(8);
	struct json_object *object;
	struct json json;

	FUZZ_CHECK(tokener);
	json_init(&json, LIMIT);
	json_begin(&json, &out);
	json_array_begin(&json, "list");
	json_uint(&json, NULL, 0);
	json_string(&json, NULL, value);
	json_array_end(&json);
	FUZZ_CHECK(json_end(&json) == 0);
	check_safe(out.data, out.size);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, out.data, (int)out.size);
	FUZZ_CHECK(json_tokener_get_error(tokener) == json_tokener_success);
	check_object(object, value);
	json_object_put(object);
	json_tokener_free(tokener);
	json_free(&json);
	buffer_free(&out);
	return 0;
}
