/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of the control protocol. */
#include "check.h"

#include "base/cleanup.h"
#include "control/message.h"
#include "control/protocol.h"

/* ---- messages ------------------------------------------------------------------------------------ */

static int parse(const char *text, struct json_object **ret)
{
	return control_message_parse(text, strlen(text), ret);
}

static void one_object_is_a_message(void **state)
{
	_cleanup_(control_message_freep) struct json_object *message = NULL;

	(void)state;
	assert_int_equal(parse("{\"op\":\"status\",\"n\":[1,{\"a\":null}]}", &message), 0);
	check_string(message, "op", "status");
	check_keys(message, "op n");
}

static void anything_else_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		" ",
		"1",
		"null",
		"\"text\"",
		"[]",
		"{",
		"{}{}",
		"{} x",
		"{}]",
		"{\"a\":1,}",
		"{a:1}",
		"{'a':1}",
		"{\"a\":NaN}",
		"{\"a\":01x}",
		"{\"a\":\"\xff\"}",
		"{\"a\":\"\xc0\x80\"}",
		"{\"a\":\"\xed\xa0\x80\"}",
		"{\"a\":\"\x01\"}",
		"{\"a\":\"\\u12\"}",
		"{/* */}",
		"{}//",
		"{\"a\":\"\n\"}",
		"{\"a\":\"\\\\\",'b':1}",
		"{\"a\":+1}",
		"{\"a\":-}",
		"{\"a\":1e}",
		"{\"a\":Infinity}",
		"{\"a\":-Infinity}",
		"{\"a\":nan}",
		"{\"a\":TRUE}",
	};
	struct json_object *message = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		if (parse(wrong[i], &message) != -EBADMSG)
			fail_msg("taken for a message: %s", wrong[i]);
		assert_null(message);
	}
	assert_int_equal(control_message_parse("{}\0{}", 5, &message), -EBADMSG);
	assert_int_equal(control_message_parse("{}\0", 3, &message), -EBADMSG);
}

static void messages_are_bounded_in_depth(void **state)
{
	struct json_object *message = NULL;
	char text[256];

	(void)state;
	for (int depth = 1; depth <= CONTROL_DEPTH_MAX + 1; depth++) {
		size_t used = 0;

		for (int i = 1; i < depth; i++)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "{\"a\":");
		used += (size_t)snprintf(text + used, sizeof(text) - used, "{\"a\":1}");
		for (int i = 1; i < depth; i++)
			text[used++] = '}';
		if (depth > CONTROL_DEPTH_MAX) {
			assert_int_equal(control_message_parse(text, used, &message), -EBADMSG);
			continue;
		}
		assert_int_equal(control_message_parse(text, used, &message), 0);
		json_object_put(message);
	}
}

/* {"a":"xxx"} of that many bytes. */
static char *message_of(size_t size)
{
	char *text = malloc(size + 1);

	assert_non_null(text);
	memset(text, 'x', size);
	memcpy(text, "{\"a\":\"", 6);
	memcpy(text + size - 2, "\"}", 3);
	return text;
}

static void messages_are_bounded_in_size(void **state)
{
	_cleanup_free_ char *fits = message_of(CONTROL_MESSAGE_MAX);
	_cleanup_free_ char *too_long = message_of(CONTROL_MESSAGE_MAX + 1);
	_cleanup_(control_message_freep) struct json_object *message = NULL, *other = NULL;
	const char *text;
	size_t size;

	(void)state;
	assert_int_equal(control_message_parse(fits, CONTROL_MESSAGE_MAX, &message), 0);
	assert_int_equal(control_message_text(message, &text, &size), 0);
	assert_int_equal(size, CONTROL_MESSAGE_MAX);
	assert_int_equal(control_message_parse(too_long, CONTROL_MESSAGE_MAX + 1, &other),
			 -EMSGSIZE);
	assert_int_equal(control_add_string(message, "b", "c"), 0);
	assert_int_equal(control_message_text(message, &text, &size), -EMSGSIZE);
}

/* ---- bytes --------------------------------------------------------------------------------------- */

static void check_there_and_back(const char *data, size_t size, const char *expected)
{
	_cleanup_(control_message_freep) struct json_object *value = NULL;
	_cleanup_free_ char *back = NULL;
	size_t back_size = 0;

	assert_int_equal(control_bytes_new(data, size, &value), 0);
	assert_string_equal(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN),
			    expected);
	assert_int_equal(control_bytes_get(value, size, &back, &back_size), 0);
	assert_int_equal(back_size, size);
	assert_memory_equal(back, data, size);
	assert_int_equal(back[size], '\0');
	if (size > 0)
		assert_int_equal(control_bytes_get(value, size - 1, &back, &back_size), -E2BIG);
}

static void bytes_go_exactly(void **state)
{
	(void)state;
	check_there_and_back("", 0, "\"\"");
	check_there_and_back("alice", 5, "\"alice\"");
	check_there_and_back("\xc3\xa9\n", 3, "\"\xc3\xa9\\n\"");
	check_there_and_back("\xff", 1, "{\"base64\":\"\\/w==\"}");
	check_there_and_back("a\0b", 3, "{\"base64\":\"YQBi\"}");
	check_there_and_back("\x01\x02\x1b", 3, "{\"base64\":\"AQIb\"}");
}

static void the_longest_login_fits_a_message(void **state)
{
	static const char *const keys[] = { "service", "user",		 "ruser",	  "rhost",
					    "tty",     "logind_session", "ssh_connection" };
	static const char worst[] = { '"', '\\', '\x01', '\xff', '\n', 'x' };
	char info[CONTROL_AUTH_INFO_MAX + 2], string[CONTROL_STRING_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(worst); i++) {
		_cleanup_(control_message_freep) struct json_object *message =
			json_object_new_object();
		const char *text;
		size_t size;

		memset(info, worst[i], sizeof(info) - 1);
		memset(string, worst[i], sizeof(string) - 1);
		info[sizeof(info) - 1] = string[sizeof(string) - 1] = '\0';
		assert_int_equal(control_add_string(message, "op", "session.open"), 0);
		for (size_t k = 0; k < ARRAY_SIZE(keys); k++)
			assert_int_equal(control_add_string(message, keys[k], string), 0);
		assert_int_equal(control_add_string(message, "ssh_auth_info", info), 0);
		assert_int_equal(control_message_text(message, &text, &size), 0);
	}
}

static void what_is_no_bytes_is_refused(void **state)
{
	static const char *const wrong[] = {
		"{\"v\":1}",
		"{\"v\":[]}",
		"{\"v\":{}}",
		"{\"v\":{\"base64\":1}}",
		"{\"v\":{\"base64\":\"x\"}}",
		"{\"v\":{\"base64\":\"\",\"more\":1}}",
		"{\"v\":{\"base65\":\"\"}}",
		"{\"v\":\"a\\u0000b\"}",
		"{\"v\":{\"base64\":\"YQBi\"}}",
	};
	char *string = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		_cleanup_(control_message_freep) struct json_object *message = NULL;

		assert_int_equal(parse(wrong[i], &message), 0);
		if (control_get_string(message, "v", 100, &string) != -EINVAL)
			fail_msg("taken for a string: %s", wrong[i]);
		assert_null(string);
	}
}

static void members_may_be_missing(void **state)
{
	_cleanup_(control_message_freep) struct json_object *message = NULL;
	_cleanup_free_ char *string = NULL;
	int64_t number = 7;

	(void)state;
	assert_int_equal(
		parse("{\"a\":\"x\",\"b\":null,\"n\":5,\"d\":5.0,\"big\":18446744073709551615}",
		      &message),
		0);
	assert_int_equal(control_get_string(message, "b", 9, &string), 0);
	assert_null(string);
	assert_int_equal(control_get_string(message, "c", 9, &string), 0);
	assert_null(string);
	assert_int_equal(control_get_int(message, "c", 0, 9, &number), 0);
	assert_int_equal(control_get_int(message, "a", 0, 9, &number), -EINVAL);
	assert_int_equal(control_get_int(message, "d", 0, 9, &number), -EINVAL);
	assert_int_equal(control_get_int(message, "n", 6, 9, &number), -EINVAL);
	assert_int_equal(control_get_int(message, "n", 0, 4, &number), -EINVAL);
	assert_int_equal(control_get_int(message, "big", 0, INT64_MAX, &number), -EINVAL);
	assert_int_equal(number, 7);
	assert_int_equal(control_get_int(message, "n", 5, 5, &number), 1);
	assert_int_equal(number, 5);
	assert_int_equal(control_add_string(message, "absent", NULL), 0);
	assert_false(check_has(message, "absent"));
	assert_int_equal(control_add(message, "absent", NULL), -ENOMEM);
}

static void replies_tell_whether_it_was_done(void **state)
{
	static const struct {
		const char *reply, *text;
		int expected;
	} cases[] = {
		{ "{\"ok\":true}", NULL, 0 },
		{ "{\"ok\":false,\"error\":\"no\",\"errno\":\"EPERM\"}", "no", -EPERM },
		{ "{\"ok\":false,\"errno\":\"EAGAIN\"}", "Resource temporarily unavailable",
		  -EAGAIN },
		{ "{\"ok\":false,\"error\":\"no\",\"errno\":\"EWHAT\"}", "no", -EPROTO },
		{ "{\"ok\":1}", "Protocol error", -EPROTO },
		{ "{}", "Protocol error", -EPROTO },
		{ "{\"ok\":false,\"error\":5,\"errno\":5}", "Protocol error", -EPROTO },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(control_message_freep) struct json_object *reply = NULL;
		const char *text = NULL;

		assert_int_equal(parse(cases[i].reply, &reply), 0);
		assert_int_equal(control_reply_error(reply, &text), cases[i].expected);
		assert_int_equal(control_reply_error(reply, NULL), cases[i].expected);
		if (cases[i].text)
			assert_string_equal(text, cases[i].text);
	}
	assert_int_equal(control_errno_from_name("ENOENT"), ENOENT);
	assert_int_equal(control_errno_from_name("0"), 0);
	assert_int_equal(control_errno_from_name(""), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_object_is_a_message),
		TEST(anything_else_is_refused),
		TEST(messages_are_bounded_in_depth),
		TEST(messages_are_bounded_in_size),
		TEST(bytes_go_exactly),
		TEST(the_longest_login_fits_a_message),
		TEST(what_is_no_bytes_is_refused),
		TEST(members_may_be_missing),
		TEST(replies_tell_whether_it_was_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
