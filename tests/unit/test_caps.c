/* SPDX-License-Identifier: Apache-2.0 */
#include "child.h"

#include <sys/capability.h>

#include "base/caps.h"

static const struct {
	cap_value_t value;
	const char *name;
} NEEDED[] = {
	{ CAP_BPF, "cap_bpf" },
	{ CAP_PERFMON, "cap_perfmon" },
	{ CAP_NET_ADMIN, "cap_net_admin" },
	{ CAP_SYS_PTRACE, "cap_sys_ptrace" },
	{ CAP_DAC_READ_SEARCH, "cap_dac_read_search" },
};

static bool in_effect(cap_value_t value)
{
	cap_t caps = cap_get_proc();
	cap_flag_value_t set = CAP_CLEAR;

	child_check(caps && cap_get_flag(caps, value, CAP_EFFECTIVE, &set) == 0);
	cap_free(caps);
	return set == CAP_SET;
}

/* Out of effect, but still permitted: what a process could have does not count. */
static void drop(cap_value_t value)
{
	cap_t caps = cap_get_proc();

	child_check(caps && cap_set_flag(caps, CAP_EFFECTIVE, 1, &value, CAP_CLEAR) == 0);
	child_check(cap_set_proc(caps) == 0);
	cap_free(caps);
}

static void check_missing(const char *expected)
{
	const char *missing = "untouched";

	child_check(caps_missing(&missing) == 0);
	child_check(expected ? missing && strcmp(missing, expected) == 0 : !missing);
}

static void need_all(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(NEEDED); i++)
		if (!in_effect(NEEDED[i].value))
			child_unable("root with the capabilities of the agent");
}

static void with_all(void)
{
	need_all();
	check_missing(NULL);
}

static void from_the_last_to_the_first(void)
{
	need_all();
	for (size_t i = ARRAY_SIZE(NEEDED); i-- > 0;) {
		drop(NEEDED[i].value);
		check_missing(NEEDED[i].name);
	}
}

static void with_others_dropped(void)
{
	need_all();
	drop(CAP_SYS_ADMIN);
	drop(CAP_CHOWN);
	check_missing(NULL);
}

static void with_none(void)
{
	cap_t caps = cap_init();

	child_check(caps && cap_set_proc(caps) == 0);
	cap_free(caps);
	check_missing("cap_bpf");
}

static void whoever_has_all_misses_none(void **state)
{
	(void)state;
	child_run(with_all);
}

static void the_first_one_missing_is_named(void **state)
{
	(void)state;
	child_run(from_the_last_to_the_first);
}

static void others_are_not_needed(void **state)
{
	(void)state;
	child_run(with_others_dropped);
}

static void a_process_without_any_misses_the_first(void **state)
{
	(void)state;
	child_run(with_none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(whoever_has_all_misses_none),
		TEST(the_first_one_missing_is_named),
		TEST(others_are_not_needed),
		TEST(a_process_without_any_misses_the_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
