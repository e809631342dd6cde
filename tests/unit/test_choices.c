/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "bpf/state.h"
#include "kernel/choices.h"

/* The names of those that are off, after this list; NULL: the default. */
static void check_off(const char *list, const char *expected)
{
	struct choices choices = CHOICES_DEFAULT;
	const char *off[CHOICES], *word;
	char names[128] = "";
	size_t size, count;

	if (list)
		assert_int_equal(choices_parse(&choices, list, &word, &size), 0);
	count = choices_off(&choices, off);
	for (size_t i = 0; i < count; i++) {
		strcat(names, off[i]);
		strcat(names, " ");
	}
	assert_string_equal(names, expected);
}

static void a_list_turns_kinds_on_and_off(void **state)
{
	(void)state;
	check_off(NULL, "file ");
	check_off("file", "");
	check_off("+file", "");
	check_off("-ptrace,file", "ptrace ");
	check_off("-all", "privilege ptrace kernel file ");
	check_off("-all,kernel", "privilege ptrace file ");
	check_off("all,-kernel,-kernel", "kernel ");
}

static void check_refused(const char *list, const char *expected)
{
	struct choices choices = CHOICES_DEFAULT;
	const char *word = NULL;
	size_t size = 0;

	assert_int_equal(choices_parse(&choices, list, &word, &size), -EINVAL);
	assert_int_equal(size, strlen(expected));
	assert_memory_equal(word, expected, size);
	assert_memory_equal(&choices, &CHOICES_DEFAULT, sizeof(choices));
}

static void what_is_no_kind_is_named_and_nothing_changes(void **state)
{
	(void)state;
	check_refused("", "");
	check_refused("file,", "");
	check_refused("file,disk,kernel", "disk");
	check_refused("-", "-");
	check_refused("fil", "fil");
	check_refused("files", "files");
	check_refused("--file", "--file");
}

static void the_probes_get_a_bit_for_each(void **state)
{
	struct choices choices = { .on = { [CHOICE_KERNEL] = true } };

	(void)state;
	assert_int_equal(choices_slots_off(&choices),
			 1U << SLOT_PRIVILEGE | 1U << SLOT_PTRACE | 1U << SLOT_FILE);
	assert_int_equal(choices_slots_off(&CHOICES_DEFAULT), 1U << SLOT_FILE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_list_turns_kinds_on_and_off),
		TEST(what_is_no_kind_is_named_and_nothing_changes),
		TEST(the_probes_get_a_bit_for_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
