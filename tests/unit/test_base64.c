/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/base64.h"
#include "base/cleanup.h"

static const struct {
	const char *bytes, *text;
} PAIRS[] = {
	/* RFC 4648, section 10 */
	{ "", "" },
	{ "f", "Zg==" },
	{ "fo", "Zm8=" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy" },
	{ "\xfb\xff", "+/8=" },
};

static void bytes_and_text_stand_for_each_other(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(PAIRS); i++) {
		_cleanup_free_ char *bytes = NULL;
		char text[16];
		size_t size;

		*base64_encode(text, bytes_of(PAIRS[i].bytes)) = '\0';
		assert_string_equal(text, PAIRS[i].text);
		assert_int_equal(base64_size(strlen(PAIRS[i].bytes)), strlen(text));
		assert_int_equal(base64_decode(bytes_of(text), &bytes, &size), 0);
		assert_int_equal(size, strlen(PAIRS[i].bytes));
		assert_string_equal(bytes, PAIRS[i].bytes);
	}
}

static void every_byte_comes_back(void **state)
{
	_cleanup_free_ char *bytes = NULL;
	char all[256], text[512];
	const char *end;
	size_t size;

	(void)state;
	for (int i = 0; i < 256; i++)
		all[i] = (char)i;
	end = base64_encode(text, (struct bytes){ .data = all, .size = sizeof(all) });
	assert_int_equal(base64_decode((struct bytes){ .data = text, .size = (size_t)(end - text) },
				       &bytes, &size),
			 0);
	assert_int_equal(size, sizeof(all));
	assert_memory_equal(bytes, all, sizeof(all));
	assert_int_equal(bytes[size], '\0');
}

static void what_is_not_strictly_base64_is_refused(void **state)
{
	static const char *const wrong[] = {
		"Z",	"Zg",	     "Zg=",	 "=",	 "====", "Z===",    "Zg==Zg==", "Zm8=Zm9v",
		"Zh==", /* bits that mean nothing */
		"Zm9=", "Zm9v\nZm9", "Zm 9vZ==", "Zm9-", "Zm9_", "Zm\x80v", "Zg=a",	"=g==",
	};
	char *bytes = NULL;
	size_t size = 77;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(base64_decode(bytes_of(wrong[i]), &bytes, &size), -EINVAL);
		assert_null(bytes);
		assert_int_equal(size, 77);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bytes_and_text_stand_for_each_other),
		TEST(every_byte_comes_back),
		TEST(what_is_not_strictly_base64_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
