/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

/* Runs between redirect and collect write to standard error into a pipe. */
static int redirect(int ends[2])
{
	int saved = dup(STDERR_FILENO);

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	fd_close(ends[1]);
	return saved;
}

static void collect(int saved, int ends[2], const char *expected)
{
	char text[8192] = { 0 };

	dup2(saved, STDERR_FILENO);
	fd_close(saved);
	assert_true(fd_read_all(ends[0], text, sizeof(text) - 1) >= 0);
	fd_close(ends[0]);
	assert_string_equal(text, expected);
}

static void messages_have_the_name_and_the_level(void **state)
{
	int ends[2], saved;

	(void)state;
	log_set_program("seshat");
	saved = redirect(ends);
	log_error("cannot write %s: %d", "FILE", 7);
	log_warning("odd");
	collect(saved, ends, "seshat: cannot write FILE: 7\nseshat: warning: odd\n");
}

static void nothing_can_play_with_the_terminal(void **state)
{
	int ends[2], saved;

	(void)state;
	log_set_program("seshat");
	saved = redirect(ends);
	log_error("a\x1b[2J\nb\xff\xe2\x80\xae\xc3\xa4");
	collect(saved, ends, "seshat: a\\x1b[2J\\x0ab\\xff\\xe2\\x80\\xae\xc3\xa4\n");
}

static void errno_is_told_and_kept(void **state)
{
	int ends[2], saved;

	(void)state;
	log_set_program("seshat");
	saved = redirect(ends);
	errno = ENOENT;
	log_error("%m");
	assert_int_equal(errno, ENOENT);
	collect(saved, ends, "seshat: No such file or directory\n");
}

static void long_messages_are_cut(void **state)
{
	char text[4000], expected[1600];
	int ends[2], saved;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memset(expected, 'x', sizeof(expected));
	memcpy(expected, "seshat: ", 8);
	strcpy(expected + 1500, "\n");
	log_set_program("seshat");
	saved = redirect(ends);
	log_error("%s", text);
	collect(saved, ends, expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(messages_have_the_name_and_the_level),
		TEST(nothing_can_play_with_the_terminal),
		TEST(errno_is_told_and_kept),
		TEST(long_messages_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
