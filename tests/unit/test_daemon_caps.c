/* SPDX-License-Identifier: Apache-2.0 */
#include "child.h"

#include <sys/capability.h>
#include <sys/prctl.h>

#include "base/cleanup.h"
#include "daemon/caps.h"

/* A line of /proc/self/status, as a number. */
static uint64_t status_of(const char *name)
{
	static char text[8192];
	const char *line;
	char key[32];

	child_check(fd_read_text("/proc/self/status", text, sizeof(text)) > 0);
	snprintf(key, sizeof(key), "\n%s:\t", name);
	line = strstr(text, key);
	child_check(line != NULL);
	return strtoull(line + strlen(key), NULL, 16);
}

static uint64_t kept_bits(void)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < DAEMON_CAPS_KEPT; i++) {
		cap_value_t value;

		child_check(cap_from_name(daemon_caps_kept[i].name, &value) == 0);
		bits |= UINT64_C(1) << value;
	}
	return bits;
}

static void need_root(void)
{
	if (geteuid() != 0)
		child_unable("root");
}

static void drop_and_look(void)
{
	uint64_t before, kept = kept_bits();

	need_root();
	before = status_of("CapEff");
	child_check(daemon_caps_drop() == 0);
	child_check(status_of("CapEff") == (before & kept));
	child_check(status_of("CapPrm") == (before & kept));
	child_check(status_of("CapBnd") == (status_of("CapBnd") & kept));
	child_check(status_of("CapInh") == 0);
	child_check(status_of("CapAmb") == 0);
	child_check(status_of("NoNewPrivs") == 1);
	child_check(status_of("CapEff") != 0);
	/* Twice is as good as once. */
	child_check(daemon_caps_drop() == 0);
}

static void only_what_is_needed_is_kept(void **state)
{
	(void)state;
	child_run(drop_and_look);
}

/* What was inheritable and ambient would be handed on by an exec. */
static void make_ambient(void)
{
	cap_value_t values[] = { CAP_CHOWN, CAP_BPF };
	cap_t caps = cap_get_proc();

	child_check(caps && cap_set_flag(caps, CAP_INHERITABLE, 2, values, CAP_SET) == 0);
	if (cap_set_proc(caps) < 0)
		child_unable("root with CAP_CHOWN and CAP_BPF");
	cap_free(caps);
	child_check(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_BPF, 0, 0) == 0);
	child_check(status_of("CapAmb") != 0);
}

static void drop_ambient(void)
{
	need_root();
	make_ambient();
	child_check(daemon_caps_drop() == 0);
	child_check(status_of("CapInh") == 0);
	child_check(status_of("CapAmb") == 0);
}

static void nothing_is_handed_on(void **state)
{
	(void)state;
	child_run(drop_ambient);
}

static void run_in_shell(void)
{
	char script[256];

	need_root();
	child_check(daemon_caps_drop() == 0);
	/* Root's exec would regain all of the bounding set: there is no more in it than what was kept. */
	snprintf(script, sizeof(script),
		 "set -- $(grep ^CapEff /proc/self/status); [ $((0x$2 & ~0x%llx)) = 0 ]",
		 (unsigned long long)kept_bits());
	execl("/bin/sh", "sh", "-c", script, NULL);
	child_check(false);
}

static void an_exec_brings_nothing_back(void **state)
{
	(void)state;
	child_run(run_in_shell);
}

/* Where the bounding set may not be reduced, it must be told. */
static void drop_without_setpcap(void)
{
	cap_value_t value = CAP_SETPCAP;
	cap_t caps = cap_get_proc();

	need_root();
	child_check(caps && cap_set_flag(caps, CAP_EFFECTIVE, 1, &value, CAP_CLEAR) == 0);
	child_check(cap_set_flag(caps, CAP_PERMITTED, 1, &value, CAP_CLEAR) == 0);
	child_check(cap_set_proc(caps) == 0);
	cap_free(caps);
	child_check(daemon_caps_drop() == -EPERM);
}

static void what_cannot_be_given_up_is_an_error(void **state)
{
	(void)state;
	child_run(drop_without_setpcap);
}

static void list_and_look(void)
{
	char *names[DAEMON_CAPS_MAX];
	int count;

	need_root();
	child_check(daemon_caps_drop() == 0);
	count = daemon_caps_list(names);
	child_check(count > 0 && count <= DAEMON_CAPS_KEPT);
	for (int i = 0; i < count; i++) {
		bool known = false;

		for (size_t k = 0; k < DAEMON_CAPS_KEPT; k++)
			known = known || strcmp(names[i], daemon_caps_kept[k].name) == 0;
		child_check(known);
		free(names[i]);
	}
	child_check(count == __builtin_popcountll(status_of("CapEff")));
}

static void those_in_effect_are_named(void **state)
{
	(void)state;
	child_run(list_and_look);
}

static void each_has_a_name_and_a_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < DAEMON_CAPS_KEPT; i++) {
		cap_value_t value;

		assert_int_equal(cap_from_name(daemon_caps_kept[i].name, &value), 0);
		assert_true(strlen(daemon_caps_kept[i].reason) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_what_is_needed_is_kept), TEST(nothing_is_handed_on),
		TEST(an_exec_brings_nothing_back), TEST(what_cannot_be_given_up_is_an_error),
		TEST(those_in_effect_are_named),   TEST(each_has_a_name_and_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
