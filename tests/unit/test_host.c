/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <unistd.h>

#include "base/host.h"
#include "base/uuid.h"

static void the_host_has_a_name_and_a_stable_id(void **state)
{
	struct host host, again;
	char name[256] = { 0 };

	(void)state;
	assert_int_equal(host_identify(&host), 0);
	assert_int_equal(host_identify(&again), 0);
	assert_int_equal(gethostname(name, sizeof(name) - 1), 0);
	assert_string_equal(host.name, name);
	assert_int_equal(strlen(host.id), 32);
	assert_int_equal(strspn(host.id, "0123456789abcdef"), 32);
	assert_string_equal(host.id, again.id);
}

static void uuids_are_random_and_of_version_four(void **state)
{
	char uuid[UUID_SIZE], other[UUID_SIZE];

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(uuid_generate(uuid), 0);
		assert_int_equal(strlen(uuid), 36);
		assert_int_equal(strspn(uuid, "0123456789abcdef-"), 36);
		assert_int_equal(uuid[14], '4');
		assert_non_null(strchr("89ab", uuid[19]));
		assert_true(uuid[8] == '-' && uuid[13] == '-' && uuid[18] == '-' &&
			    uuid[23] == '-');
		assert_int_equal(uuid_generate(other), 0);
		assert_string_not_equal(uuid, other);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_host_has_a_name_and_a_stable_id),
		TEST(uuids_are_random_and_of_version_four),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
