/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/utf8.h"
#include "bpf/wire.h"
#include "encode/json.h"

static struct json json;
static struct buffer out;

static int setup(void **state)
{
	(void)state;
	out = BUFFER_INIT(64 << 20);
	json_init(&json, 100 << 20);
	json_begin(&json, &out);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	json_free(&json);
	buffer_free(&out);
	return 0;
}

static struct json_object *finish(void)
{
	assert_int_equal(json_end(&json), 0);
	return check_parse(out.data, out.size);
}

static void check_text(const char *expected)
{
	assert_int_equal(json_end(&json), 0);
	assert_int_equal(out.size, strlen(expected));
	assert_memory_equal(out.data, expected, out.size);
}

static void an_empty_object_is_json(void **state)
{
	(void)state;
	check_text("{}");
}

static void members_are_written_in_order(void **state)
{
	(void)state;
	json_plain(&json, "event", "session.disk");
	json_uint(&json, "zero", 0);
	json_uint(&json, "largest", UINT64_MAX);
	json_int(&json, "least", INT64_MIN);
	json_int(&json, "minus", -1);
	json_boolean(&json, "yes", true);
	json_boolean(&json, "no", false);
	json_string(&json, "empty", bytes_of(""));
	check_text("{\"event\":\"session.disk\",\"zero\":0,\"largest\":18446744073709551615,"
		   "\"least\":-9223372036854775808,\"minus\":-1,\"yes\":true,\"no\":false,"
		   "\"empty\":\"\"}");
}

static void modes_are_octal_strings(void **state)
{
	(void)state;
	json_octal(&json, "a", 0644);
	json_octal(&json, "b", 0);
	json_octal(&json, "c", 07);
	json_octal(&json, "d", 077);
	json_octal(&json, "e", 04755);
	json_octal(&json, "f", UINT32_MAX);
	check_text("{\"a\":\"0644\",\"b\":\"0000\",\"c\":\"0007\",\"d\":\"0077\",\"e\":\"04755\","
		   "\"f\":\"037777777777\"}");
}

static void arrays_and_objects_nest(void **state)
{
	(void)state;
	json_array_begin(&json, "none");
	json_array_end(&json);
	json_array_begin(&json, "list");
	json_uint(&json, NULL, 1);
	json_string(&json, NULL, bytes_of("two"));
	json_object_begin(&json, NULL);
	json_uint(&json, "three", 3);
	json_object_end(&json);
	json_array_end(&json);
	json_object_begin(&json, "object");
	json_object_end(&json);
	json_uint(&json, "last", 9);
	check_text("{\"none\":[],\"list\":[1,\"two\",{\"three\":3}],\"object\":{},\"last\":9}");
}

static void nesting_beyond_the_bound_is_an_error(void **state)
{
	(void)state;
	for (int i = 0; i < JSON_DEPTH; i++)
		json_object_begin(&json, "a");
	assert_int_equal(json_end(&json), -EMSGSIZE);
}

static void every_ascii_byte_comes_back(void **state)
{
	char text[128];
	struct json_object *object;

	(void)state;
	for (int i = 0; i < 128; i++)
		text[i] = (char)i;
	json_string(&json, "all", (struct bytes){ text, sizeof(text) });
	object = finish();
	check_bytes(check_member(object, "all"), text, sizeof(text));
	check_keys(object, "all");
	json_object_put(object);
}

static void what_plays_with_terminals_is_escaped(void **state)
{
	(void)state;
	json_string(&json, "a", bytes_of("\x1b[2J\x7f\n\t\"\\/"));
	json_string(&json, "b", bytes_of("\xc2\x9b\xe2\x80\xae\xe2\x80\xa8\xe2\x81\xa6\xd8\x9c"));
	json_string(&json, "c", bytes_of("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"));
	check_text("{\"a\":\"\\u001b[2J\\u007f\\u000a\\u0009\\\"\\\\/\","
		   "\"b\":\"\\u009b\\u202e\\u2028\\u2066\\u061c\","
		   "\"c\":\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"}");
}

/* Plain runs are copied eight bytes at a time: the byte that matters may be at any place. */
static void special_bytes_are_found_at_every_place(void **state)
{
	static const char *const specials[] = { "\"", "\\", "\n", "\x7f", "\xc3\xa4", "\x1f" };
	struct json_object *object;
	char text[40];

	(void)state;
	for (size_t s = 0; s < ARRAY_SIZE(specials); s++) {
		size_t length = strlen(specials[s]);

		for (size_t at = 0; at + length <= sizeof(text); at++) {
			memset(text, 'x', sizeof(text));
			memcpy(text + at, specials[s], length);
			out.size = 0;
			json_begin(&json, &out);
			json_string(&json, "k", (struct bytes){ text, sizeof(text) });
			object = finish();
			check_keys(object, "k");
			check_bytes(check_member(object, "k"), text, sizeof(text));
			json_object_put(object);
		}
	}
}

static void bad_bytes_are_shown_as_such_and_kept_raw(void **state)
{
	(void)state;
	json_string(&json, "good", bytes_of("fine"));
	json_string(&json, "path", bytes_of("/\xff\xe2\x82x"));
	json_array_begin(&json, "argv");
	json_string(&json, NULL, bytes_of("ok"));
	json_string(&json, NULL, bytes_of("\xc0\x80"));
	json_array_end(&json);
	json_uint(&json, "last", 1);
	check_text("{\"good\":\"fine\",\"path\":\"/\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx\","
		   "\"argv\":[\"ok\",\"\xef\xbf\xbd\xef\xbf\xbd\"],\"last\":1,"
		   "\"raw\":{\"/path\":\"L//igng=\",\"/argv/1\":\"wIA=\"}}");
}

static void pointers_lead_through_nested_values(void **state)
{
	struct json_object *object;

	(void)state;
	json_array_begin(&json, "list");
	json_uint(&json, NULL, 0);
	json_object_begin(&json, NULL);
	json_string(&json, "a/b~c", bytes_of("\xff"));
	json_object_end(&json);
	json_array_end(&json);
	object = finish();
	check_value(object, "raw", "{\"/list/1/a~1b~0c\":\"/w==\"}");
	json_object_put(object);
}

/* Decodes base64 by the letter of RFC 4648; what is not base64 fails. */
static size_t decode(const char *text, char *bytes)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t used = 0;
	uint32_t group = 0;
	unsigned int bits = 0;

	assert_int_equal(strlen(text) % 4, 0);
	for (; *text && *text != '='; text++) {
		const char *place = strchr(alphabet, *text);

		assert_non_null(place);
		group = group << 6 | (uint32_t)(place - alphabet);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			bytes[used++] = (char)(group >> bits);
		}
	}
	return used;
}

static void any_bytes_come_back_from_text_or_raw(void **state)
{
	uint32_t random = 12345;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		char bytes[64], copy[64];
		struct json_object *object, *raw;
		size_t size = (size_t)round % sizeof(bytes);

		for (size_t i = 0; i < size; i++) {
			random = random * 1103515245 + 12345;
			bytes[i] = (char)(random >> (16 + (random >> 31) * 4));
		}
		out.size = 0;
		json_begin(&json, &out);
		json_string(&json, "k", (struct bytes){ bytes, size });
		object = finish();
		assert_true(utf8_valid(out.data, out.size));
		assert_int_equal(check_has(object, "raw"), !utf8_valid(bytes, size));
		if (check_has(object, "raw")) {
			raw = check_member(check_member(object, "raw"), "/k");
			assert_int_equal(decode(json_object_get_string(raw), copy), size);
			assert_memory_equal(copy, bytes, size);
		} else {
			check_bytes(check_member(object, "k"), bytes, size);
		}
		json_object_put(object);
	}
}

static void sequences_over_the_end_of_a_chunk_are_whole(void **state)
{
	static char text[12292];
	struct json_object *object;

	(void)state;
	for (size_t shift = 0; shift < 4; shift++) {
		memset(text, 'x', sizeof(text));
		for (size_t i = shift; i + 4 <= sizeof(text); i += 4)
			memcpy(text + i, "\xf0\x9f\x98\x80", 4);
		out.size = 0;
		json_begin(&json, &out);
		json_string(&json, "k", (struct bytes){ text, 12288 + shift });
		object = finish();
		check_keys(object, "k");
		check_bytes(check_member(object, "k"), text, 12288 + shift);
		json_object_put(object);
	}
}

static void members_written_before_are_taken_over(void **state)
{
	(void)state;
	json_uint(&json, "a", 1);
	json_members(&json, bytes_of("\"b\":2,\"c\":\"\xef\xbf\xbd\""),
		     bytes_of("\"/c\":\"/w==\""));
	json_string(&json, "d", bytes_of("\xfe"));
	check_text("{\"a\":1,\"b\":2,\"c\":\"\xef\xbf\xbd\",\"d\":\"\xef\xbf\xbd\","
		   "\"raw\":{\"/c\":\"/w==\",\"/d\":\"/g==\"}}");
}

static void beyond_the_limit_the_error_sticks(void **state)
{
	struct buffer small = BUFFER_INIT(100);

	(void)state;
	json_begin(&json, &small);
	for (int i = 0; i < 100; i++)
		json_uint(&json, "number", 1000000);
	json_array_begin(&json, "list");
	json_array_end(&json);
	assert_int_equal(json_end(&json), -EMSGSIZE);
	small.size = 0;
	json_begin(&json, &small); /* and is gone with the next object */
	json_uint(&json, "number", 7);
	assert_int_equal(json_end(&json), 0);
	buffer_free(&small);
}

static void the_largest_arguments_fit(void **state)
{
	size_t count = WIRE_ARGS_SIZE / 2; /* one bad byte and a NUL each */

	(void)state;
	buffer_free(&out);
	out = BUFFER_INIT(100 * 1048576);
	json_begin(&json, &out);
	json_array_begin(&json, "argv");
	for (size_t i = 0; i < count; i++)
		json_string(&json, NULL, bytes_of("\xff"));
	json_array_end(&json);
	assert_int_equal(json_end(&json), 0);
	assert_true(out.size > 90000000);
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_empty_object_is_json),
		CASE(members_are_written_in_order),
		CASE(modes_are_octal_strings),
		CASE(arrays_and_objects_nest),
		CASE(nesting_beyond_the_bound_is_an_error),
		CASE(every_ascii_byte_comes_back),
		CASE(what_plays_with_terminals_is_escaped),
		CASE(special_bytes_are_found_at_every_place),
		CASE(bad_bytes_are_shown_as_such_and_kept_raw),
		CASE(pointers_lead_through_nested_values),
		CASE(any_bytes_come_back_from_text_or_raw),
		CASE(sequences_over_the_end_of_a_chunk_are_whole),
		CASE(members_written_before_are_taken_over),
		CASE(beyond_the_limit_the_error_sticks),
		CASE(the_largest_arguments_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
