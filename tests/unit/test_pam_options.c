/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "contrib/pam/options.h"
#include "control/protocol.h"

static struct options read_one(const char *argument)
{
	const char *arguments[] = { argument };
	struct options options;

	options_read(&options, "sshd", 1, arguments);
	return options;
}

static void without_any_the_defaults_hold(void **state)
{
	struct options options;

	(void)state;
	options_read(&options, "sshd", 0, NULL);
	assert_false(options.closed);
	assert_false(options.debug);
	assert_true(options.chosen);
	assert_int_equal(options.timeout_ms, 2000);
	assert_string_equal(options.socket, CONTROL_SOCKET);
	assert_null(options.bad);
}

static void each_is_understood(void **state)
{
	static const char *const arguments[] = { "debug", "fail=open", "fail=closed",
						 "socket=/run/x.sock", "timeout=1.5" };
	struct options options;

	(void)state;
	options_read(&options, "sshd", ARRAY_SIZE(arguments), arguments);
	assert_true(options.debug && options.closed && options.chosen);
	assert_int_equal(options.timeout_ms, 1500);
	assert_string_equal(options.socket, "/run/x.sock");
	assert_null(options.bad);
}

static void timeouts_are_seconds_or_ms(void **state)
{
	static const struct {
		const char *argument;
		unsigned int expected;
	} cases[] = {
		{ "timeout=1", 1000 },	  { "timeout=30", 30000 },	{ "timeout=30s", 30000 },
		{ "timeout=0.1", 100 },	  { "timeout=2.25s", 2250 },	{ "timeout=0.12345", 123 },
		{ "timeout=100ms", 100 }, { "timeout=30000ms", 30000 }, { "timeout=007", 7000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct options options = read_one(cases[i].argument);

		assert_int_equal(options.timeout_ms, cases[i].expected);
		assert_null(options.bad);
	}
}

static void what_is_wrong_is_left_out_and_told(void **state)
{
	static const char *const wrong[] = {
		"",
		"x",
		"debug=1",
		"Debug",
		"fail",
		"fail=",
		"fail=close",
		"timeout",
		"timeout=",
		"timeout=0",
		"timeout=0.09",
		"timeout=30.001",
		"timeout=31",
		"timeout=99ms",
		"timeout=30001ms",
		"timeout=-1",
		"timeout=1.",
		"timeout=.5",
		"timeout=1m",
		"timeout=1 s",
		"timeout=1e1",
		"timeout=9999999999999999999",
		"socket=",
		"socket=x",
		"socket=run/x",
		"service",
		"service=",
		"service=a,",
		"service=,a",
		"service=a,,b",
		"service=!",
		"service=!a,",
		"socket=/4567890123456789012345678901234567890123456789012345678901234567890123456789"
		"0123456789012345678901234567890",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct options options = read_one(wrong[i]);

		if (options.bad != wrong[i])
			fail_msg("taken for an option: %s", wrong[i]);
		assert_int_equal(options.timeout_ms, 2000);
		assert_string_equal(options.socket, CONTROL_SOCKET);
	}
}

static void the_others_hold_all_the_same(void **state)
{
	static const char *const arguments[] = { "what",	 "fail=closed", "why",
						 "fail=perhaps", "service=",	"timeout=3" };
	struct options options;

	(void)state;
	options_read(&options, "sshd", ARRAY_SIZE(arguments), arguments);
	assert_true(options.closed);
	assert_true(options.chosen);
	assert_int_equal(options.timeout_ms, 3000);
	assert_string_equal(options.bad, "what");
}

static void services_are_chosen_by_name(void **state)
{
	static const struct {
		const char *first, *second;
		bool chosen;
	} cases[] = {
		{ "service=sshd", "debug", true },	{ "service=su,sshd,login", "debug", true },
		{ "service=su", "service=sshd", true }, { "service=sshd", "service=su", true },
		{ "service=su", "debug", false },	{ "service=ssh", "service=sshdd", false },
		{ "service=su,login", "debug", false }, { "service=!su", "debug", true },
		{ "service=!su,sshd", "debug", false }, { "service=!su", "service=sshd", true },
		{ "service=!su", "service=at", false }, { "service=sshd", "service=!sshd", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *arguments[] = { cases[i].first, cases[i].second };
		struct options options;

		options_read(&options, "sshd", 2, arguments);
		assert_int_equal(options.chosen, cases[i].chosen);
		assert_null(options.bad);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_any_the_defaults_hold), TEST(each_is_understood),
		TEST(timeouts_are_seconds_or_ms),    TEST(what_is_wrong_is_left_out_and_told),
		TEST(the_others_hold_all_the_same),  TEST(services_are_chosen_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
