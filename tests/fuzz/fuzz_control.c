/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packet of the control protocol: whatever is taken for a message can be written and read again, and its members
 * are what they are said to be.
 */
#include <errno.h>
#include <string.h>

#include <json-c/json.h>

#include "base/utf8.h"
#include "control/message.h"
#include "control/protocol.h"
#include "fuzz.h"

enum {
	LIMIT = 100,
};

static void check_string(struct json_object *message, const char *key)
{
	char *string = NULL;
	int r = control_get_string(message, key, LIMIT, &string);

	FUZZ_CHECK(r == 0 || r == -EINVAL || r == -E2BIG);
	FUZZ_CHECK(r == 0 || !string);
	FUZZ_CHECK(!string || strlen(string) <= LIMIT);
	free(string);
}

static void check_bytes(struct json_object *value)
{
	struct json_object *again;
	char *bytes, *back;
	size_t size, back_size;

	if (control_bytes_get(value, LIMIT, &bytes, &size) < 0)
		return;
	FUZZ_CHECK(size <= LIMIT);
	FUZZ_CHECK(control_bytes_new(bytes, size, &again) == 0);
	FUZZ_CHECK(control_bytes_get(again, LIMIT, &back, &back_size) == 0);
	FUZZ_CHECK(back_size == size && memcmp(back, bytes, size) == 0);
	json_object_put(again);
	free(back);
	free(bytes);
}

static void check_members(struct json_object *message)
{
	json_object_object_foreach(message, key, value)
	{
		int64_t number = 5;

		check_string(message, key);
		check_bytes(value);
		FUZZ_CHECK(control_get_int(message, key, -3, 1000, &number) <= 1);
		FUZZ_CHECK(number >= -3 && number <= 1000);
	}
}

static void check_again(struct json_object *message)
{
	struct json_object *again;
	const char *text, *reason;
	size_t size;
	int r;

	r = control_message_text(message, &text, &size);
	FUZZ_CHECK(r == 0 ||
		   r == -EMSGSIZE); /* escapes may be longer than what they were read from */
	if (r < 0)
		return;
	FUZZ_CHECK(utf8_valid(text, size));
	FUZZ_CHECK(control_message_parse(text, size, &again) == 0);
	FUZZ_CHECK(json_object_equal(message, again));
	json_object_put(again);
	reason = "";
	FUZZ_CHECK(control_reply_error(message, &reason) <= 0 && reason);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct json_object *message = NULL;

	if (control_message_parse((const char *)data, size, &message) < 0) {
		FUZZ_CHECK(!message);
		return 0;
	}
	FUZZ_CHECK(size <= CONTROL_MESSAGE_MAX);
	check_members(message);
	check_again(message);
	json_object_put(message);
	return 0;
}
