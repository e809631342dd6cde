/* SPDX-License-Identifier: Apache-2.0 */
#include "control/message.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include <json-c/json.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/utf8.h"
#include "control/protocol.h"

enum {
	ERRNO_LAST = 255, /* Linux's end at 133 */
};

static_assert(CONTROL_MESSAGE_MAX < INT_MAX, "json-c counts in int");

void control_message_freep(struct json_object **message)
{
	json_object_put(*message);
}

static void tokener_freep(struct json_tokener **tokener)
{
	if (*tokener)
		json_tokener_free(*tokener);
}

/*
 * What json-c would let pass: strings in single quotes, comments, control characters, NaN and Infinity; and a
 * NUL, which hides the rest of a packet from it.
 */
static bool is_strict(const char *data, size_t size)
{
	bool in_string = false, escaped = false;

	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)data[i];

		if (byte < 0x20 && (in_string || (byte != '\t' && byte != '\n' && byte != '\r')))
			return false;
		if (!in_string && (byte == '\'' || byte == '/' || byte == 'N' || byte == 'I'))
			return false;
		if (byte == '"' && !escaped)
			in_string = !in_string;
		escaped = in_string && byte == '\\' && !escaped;
	}
	return utf8_valid(data, size);
}

int control_message_parse(const char *data, size_t size, struct json_object **ret)
{
	_cleanup_(tokener_freep) struct json_tokener *tokener = NULL;
	_cleanup_(control_message_freep) struct json_object *message = NULL;

	if (size > CONTROL_MESSAGE_MAX)
		return -EMSGSIZE;
	if (!is_strict(data, size))
		return -EBADMSG;
	tokener = json_tokener_new_ex(CONTROL_DEPTH_MAX +
				      1); /* a value in the innermost counts too */
	if (!tokener)
		return -ENOMEM;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	message = json_tokener_parse_ex(tokener, data, (int)size);
	if (json_tokener_get_error(tokener) != json_tokener_success ||
	    json_tokener_get_parse_end(tokener) != size)
		return -EBADMSG;
	if (!json_object_is_type(message, json_type_object))
		return -EBADMSG;
	*ret = TAKE_PTR(message);
	return 0;
}

int control_message_text(struct json_object *message, const char **ret, size_t *ret_size)
{
	size_t size = 0;
	const char *text = json_object_to_json_string_length(
		message, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &size);

	if (!text)
		return -ENOMEM;
	if (size > CONTROL_MESSAGE_MAX)
		return -EMSGSIZE;
	*ret = text;
	*ret_size = size;
	return 0;
}

int control_add(struct json_object *object, const char *key, struct json_object *value)
{
	if (!value)
		return -ENOMEM;
	if (json_object_object_add(object, key, value) < 0) {
		json_object_put(value);
		return -ENOMEM;
	}
	return 0;
}

/* A string of ASCII or UTF-8 that json-c counts in int. */
static struct json_object *string_new(const char *data, size_t size)
{
	return size < INT_MAX ? json_object_new_string_len(data, (int)size) : NULL;
}

static int base64_new(const char *data, size_t size, struct json_object **ret)
{
	_cleanup_(control_message_freep) struct json_object *object = json_object_new_object();
	_cleanup_free_ char *text = malloc(base64_size(size) + 1);
	const char *end;
	int r;

	if (!object || !text)
		return -ENOMEM;
	end = base64_encode(text, (struct bytes){ .data = data, .size = size });
	r = control_add(object, "base64", string_new(text, (size_t)(end - text)));
	if (r < 0)
		return r;
	*ret = TAKE_PTR(object);
	return 0;
}

/*
 * Control characters are valid UTF-8, but JSON makes six bytes of each, which could take a message beyond its
 * limit; line feeds become two.
 */
static bool is_thrifty(const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)data[i] < 0x20 && data[i] != '\n')
			return false;
	return true;
}

int control_bytes_new(const char *data, size_t size, struct json_object **ret)
{
	struct json_object *string;

	if (!utf8_valid(data, size) || !is_thrifty(data, size))
		return base64_new(data, size, ret);
	string = string_new(data, size);
	if (!string)
		return -ENOMEM;
	*ret = string;
	return 0;
}

int control_add_string(struct json_object *object, const char *key, const char *string)
{
	struct json_object *value;
	int r;

	if (!string)
		return 0;
	r = control_bytes_new(string, strlen(string), &value);
	return r < 0 ? r : control_add(object, key, value);
}

/* The text of a string, and whether it is base64; borrowed. */
static int string_of(struct json_object *value, struct bytes *ret, bool *ret_encoded)
{
	bool encoded = json_object_is_type(value, json_type_object);
	struct json_object *string = value;

	if (encoded && (json_object_object_length(value) != 1 ||
			!json_object_object_get_ex(value, "base64", &string)))
		return -EINVAL;
	if (!json_object_is_type(string, json_type_string))
		return -EINVAL;
	*ret = (struct bytes){
		.data = json_object_get_string(string),
		.size = (size_t)json_object_get_string_len(string),
	};
	*ret_encoded = encoded;
	return 0;
}

static int copy_of(struct bytes text, char **ret, size_t *ret_size)
{
	char *copy = malloc(text.size + 1);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, text.data, text.size);
	copy[text.size] = '\0';
	*ret = copy;
	*ret_size = text.size;
	return 0;
}

int control_bytes_get(struct json_object *value, size_t limit, char **ret, size_t *ret_size)
{
	_cleanup_free_ char *bytes = NULL;
	struct bytes text;
	bool encoded;
	size_t size;
	int r;

	r = string_of(value, &text, &encoded);
	if (r < 0)
		return r;
	if (text.size > (encoded ? base64_size(limit) : limit))
		return -E2BIG;
	r = encoded ? base64_decode(text, &bytes, &size) : copy_of(text, &bytes, &size);
	if (r < 0)
		return r;
	if (size > limit)
		return -E2BIG;
	if (!ret_size && strlen(bytes) != size)
		return -EINVAL;
	*ret = TAKE_PTR(bytes);
	if (ret_size)
		*ret_size = size;
	return 0;
}

int control_get_string(struct json_object *object, const char *key, size_t limit, char **ret)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(object, key, &value) || !value) {
		*ret = NULL;
		return 0;
	}
	return control_bytes_get(value, limit, ret, NULL);
}

int control_get_int(struct json_object *object, const char *key, int64_t min, int64_t max,
		    int64_t *ret)
{
	struct json_object *value = NULL;
	int64_t number;

	if (!json_object_object_get_ex(object, key, &value) || !value)
		return 0;
	if (!json_object_is_type(value, json_type_int))
		return -EINVAL;
	number = json_object_get_int64(value);
	/* What is larger than INT64_MAX is shown as that. */
	if (number > 0 && json_object_get_uint64(value) != (uint64_t)number)
		return -EINVAL;
	if (number < min || number > max)
		return -EINVAL;
	*ret = number;
	return 1;
}

int control_errno_from_name(const char *name)
{
	for (int number = 1; number <= ERRNO_LAST; number++) {
		const char *known = strerrorname_np(number);

		if (known && strcmp(known, name) == 0)
			return number;
	}
	return 0;
}

static const char *text_of(struct json_object *reply, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(reply, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

int control_reply_error(struct json_object *reply, const char **ret_text)
{
	struct json_object *ok = NULL;
	const char *name = text_of(reply, "errno"), *text = text_of(reply, "error");
	int number = name ? control_errno_from_name(name) : 0;

	if (json_object_object_get_ex(reply, "ok", &ok) &&
	    json_object_is_type(ok, json_type_boolean) && json_object_get_boolean(ok))
		return 0;
	if (number == 0)
		number = EPROTO;
	if (ret_text)
		*ret_text = text ? text : strerrordesc_np(number);
	return -number;
}
