/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

static struct wire_builder *const builder = &fixture.builder;

static struct json_object *ended(const struct wire_exit *exit_part)
{
	wb_begin(builder, WIRE_EXIT, 1, exit_part, sizeof(*exit_part));
	return fixture_encode();
}

static void an_exit_tells_its_code_and_times(void **state)
{
	struct wire_exit exit_part = { .status = 3 << 8,
				       .start_time = 4000001000,
				       .utime = 3000,
				       .stime = 1000,
				       .cpu_time = 8001 };
	struct json_object *record;

	(void)state;
	fixture_name_image();
	record = ended(&exit_part);
	check_keys(record, FIXTURE_TASK " exit_code runtime_ns utime_ns stime_ns");
	check_string(record, "event", "session.exit");
	check_int(record, "exit_code", 3);
	check_int(record, "runtime_ns", 1000000000);
	check_int(record, "stime_ns", 2000);
	check_int(record, "utime_ns", 6001);
}

static void all_codes_are_told(void **state)
{
	(void)state;
	for (uint32_t code = 0; code < 256; code++) {
		struct wire_exit exit_part = { .status = code << 8 };

		wb_begin(builder, WIRE_EXIT, code + 1, &exit_part, sizeof(exit_part));
		if (code > 50) /* the sink in memory keeps only the first lines */
			fixture_feed();
		else
			check_int(fixture_encode(), "exit_code", code);
	}
}

static void a_signal_is_told_with_its_name(void **state)
{
	struct wire_exit exit_part = { .status = 9 };
	struct json_object *record;

	(void)state;
	fixture_name_image();
	record = ended(&exit_part);
	check_keys(record,
		   FIXTURE_TASK " signal signal_name core_dumped runtime_ns utime_ns stime_ns");
	check_int(record, "signal", 9);
	check_string(record, "signal_name", "SIGKILL");
	assert_false(json_object_get_boolean(check_member(record, "core_dumped")));

	exit_part.status = 11 | 0x80;
	record = ended(&exit_part);
	check_string(record, "signal_name", "SIGSEGV");
	check_true(record, "core_dumped");
}

static void cpu_time_is_split_as_the_kernel_does(void **state)
{
	struct wire_exit exit_part = { .utime = 0, .stime = 0, .cpu_time = 77 };
	struct json_object *record;

	(void)state;
	record = ended(&exit_part);
	check_int(record, "utime_ns", 77);
	check_int(record, "stime_ns", 0);
	exit_part.stime = 4;
	record = ended(&exit_part);
	check_int(record, "utime_ns", 0);
	check_int(record, "stime_ns", 77);
	exit_part.utime = UINT64_MAX; /* no overflow */
	exit_part.stime = UINT64_MAX;
	record = ended(&exit_part);
	check_int(record, "stime_ns", 38);
	check_int(record, "utime_ns", 39);
}

static void a_start_after_the_end_took_no_time(void **state)
{
	struct wire_exit exit_part = { .start_time = UINT64_MAX };

	(void)state;
	check_int(ended(&exit_part), "runtime_ns", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(an_exit_tells_its_code_and_times),
		FIXTURE_TEST(all_codes_are_told),
		FIXTURE_TEST(a_signal_is_told_with_its_name),
		FIXTURE_TEST(cpu_time_is_split_as_the_kernel_does),
		FIXTURE_TEST(a_start_after_the_end_took_no_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
