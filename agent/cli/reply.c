/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/reply.h"

#include <json-c/json.h>

struct json_object *reply_member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_is_type(object, json_type_object) ||
	    !json_object_object_get_ex(object, key, &value))
		return NULL;
	return value;
}

int64_t reply_number(struct json_object *object, const char *key)
{
	struct json_object *value = reply_member(object, key);

	return json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : 0;
}

bool reply_true(struct json_object *object, const char *key)
{
	struct json_object *value = reply_member(object, key);

	return json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value);
}

struct bytes reply_bytes(struct json_object *value)
{
	if (!json_object_is_type(value, json_type_string))
		return (struct bytes){ 0 };
	return (struct bytes){ .data = json_object_get_string(value),
			       .size = (size_t)json_object_get_string_len(value) };
}

struct bytes reply_string(struct json_object *object, const char *key)
{
	return reply_bytes(reply_member(object, key));
}

size_t reply_count(struct json_object *object, const char *key)
{
	struct json_object *value = reply_member(object, key);

	return json_object_is_type(value, json_type_array) ? json_object_array_length(value) : 0;
}

struct json_object *reply_element(struct json_object *object, const char *key, size_t index)
{
	if (index >= reply_count(object, key))
		return NULL;
	return json_object_array_get_idx(reply_member(object, key), index);
}
