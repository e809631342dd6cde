/* SPDX-License-Identifier: Apache-2.0 */
#include "child.h"

#include "cli/check_canary.h"
#include "cli/check_expect.h"
#include "cli/check_sink.h"
#include "folder.h"
#include "lines.h"

static const struct check_facts FACTS = {
	.exe = "/usr/bin/seshat",
	.absent = "/tmp/x/absent",
	.created = "/tmp/x/created",
	.socket = "/tmp/x/socket",
	.tcp_port = 4711,
	.udp_port = 4712,
};

static enum check_step match(const char *text)
{
	struct json_object *record = check_parse(text, strlen(text));
	enum check_step step = check_expect_match(&FACTS, record);

	json_object_put(record);
	return step;
}

static void each_step_is_known_by_its_record(void **state)
{
	static const struct {
		const char *text;
		enum check_step step;
	} CASES[] = {
		{ "{\"event\":\"session.start\",\"service\":\"seshat-check\"}", CHECK_START },
		{ "{\"event\":\"session.start\",\"service\":\"sshd\"}", CHECK_STEPS },
		{ "{\"event\":\"session.switch\",\"service\":\"seshat-check\"}", CHECK_SWITCH },
		{ "{\"event\":\"session.command\",\"path\":\"/usr/bin/seshat\",\"return_code\":0}",
		  CHECK_EXEC },
		{ "{\"event\":\"session.command\",\"path\":\"/usr/bin/seshat\",\"return_code\":-13}",
		  CHECK_STEPS },
		{ "{\"event\":\"session.command\",\"path\":\"/tmp/x/absent\",\"return_code\":-2}",
		  CHECK_EXEC_FAILED },
		{ "{\"event\":\"session.disk\",\"path\":\"/tmp/x/absent\",\"return_code\":-2}",
		  CHECK_OPEN_FAILED },
		{ "{\"event\":\"session.disk\",\"path\":\"/tmp/x/created\",\"return_code\":3,\"created\":true}",
		  CHECK_OPEN },
		{ "{\"event\":\"session.disk\",\"path\":\"/tmp/x/created\",\"return_code\":3}",
		  CHECK_STEPS },
		{ "{\"event\":\"session.network\",\"protocol\":\"tcp\",\"dst_port\":4711}",
		  CHECK_TCP },
		{ "{\"event\":\"session.network\",\"protocol\":\"tcp\",\"dst_port\":4712}",
		  CHECK_STEPS },
		{ "{\"event\":\"session.network\",\"protocol\":\"udp\",\"dst_port\":4712}",
		  CHECK_UDP },
		{ "{\"event\":\"session.network\",\"path\":\"/tmp/x/socket\",\"return_code\":0}",
		  CHECK_UNIX },
		{ "{\"event\":\"session.cgroup\",\"to\":\"/\"}", CHECK_CGROUP },
		{ "{\"event\":\"session.exit\",\"exit_code\":77}", CHECK_EXIT },
		{ "{\"event\":\"session.exit\",\"exit_code\":0}", CHECK_STEPS },
		{ "{\"event\":\"session.end\",\"lost\":0}", CHECK_END },
		{ "{\"event\":\"session.end\",\"lost\":1}", CHECK_STEPS },
		{ "{\"event\":\"session.tty\"}", CHECK_STEPS },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++)
		assert_int_equal(match(CASES[i].text), CASES[i].step);
	for (unsigned int step = 0; step < CHECK_STEPS; step++)
		assert_non_null(check_step_name((enum check_step)step));
}

static void a_sink_is_read_until_all_has_come(void **state)
{
	struct check_sink sink = { 0 };
	struct folder folder;
	uint32_t wanted = 1U << CHECK_EXIT | 1U << CHECK_END;

	(void)state;
	folder_make(&folder);
	folder_append(&folder, "log", LINE("session.end", "01", SID_A, "a", "a", ",\"lost\":0"));
	assert_int_equal(check_sink_open_file(&sink, folder_path(&folder, "log")), 0);
	folder_append(&folder, "log",
		      "nonsense\n" LINE("session.end", "02", SID_B, "a", "a", ",\"lost\":0")
			      LINE("session.exit", "02", SID_A, "a", "a", ",\"exit_code\":77"));
	assert_int_equal(check_sink_wait(&sink, &FACTS, SID_A, wanted, 1), 0);
	assert_int_equal(sink.seen, 1U << CHECK_EXIT);
	folder_append(&folder, "log", LINE("session.end", "03", SID_A, "a", "a", ",\"lost\":0"));
	assert_int_equal(check_sink_wait(&sink, &FACTS, SID_A, wanted, 60000), 0);
	assert_int_equal(sink.seen, wanted);
	check_sink_close(&sink);
	folder_remove(&folder);
	assert_int_equal(check_sink_open_journal(&sink, "/tmp/socket", ""), -ENXIO);
	assert_int_equal(check_sink_open_journal(&sink, "/run/systemd/journalx/socket", ""),
			 -ENXIO);
}

/* It is sent away again before it does anything, as after a refused session, or does all it can; nothing of it stays. */
static void the_canary_leaves_nothing(void **state)
{
	struct canary canary;
	char folder[PATH_MAX];
	size_t before = child_count_fds();
	uint32_t done = 0;

	(void)state;
	assert_int_equal(canary_start(&canary), 0);
	assert_true(canary.pid > 0);
	strcpy(folder, canary.folder);
	assert_int_equal(access(folder, F_OK), 0);
	canary_free(&canary);
	assert_int_equal(access(folder, F_OK), -1);

	assert_int_equal(canary_start(&canary), 0);
	strcpy(folder, canary.folder);
	assert_int_equal(canary_run(&canary, &done), 0);
	assert_int_equal(done | 1U << CHECK_CGROUP, (1U << CHECK_STEPS) - 1);
	assert_int_equal(access(canary.facts.created, F_OK), 0);
	assert_int_equal(kill(canary.pid, 0), 0);
	canary_finish(&canary);
	canary_free(&canary);
	assert_int_equal(access(folder, F_OK), -1);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(child_count_fds(), before);
}

static void a_canary_that_dies_is_noticed(void **state)
{
	struct canary canary;
	uint32_t done = 0;

	(void)state;
	assert_int_equal(canary_start(&canary), 0);
	assert_int_equal(kill(canary.pid, SIGKILL), 0);
	assert_int_equal(canary_run(&canary, &done), -EPROTO);
	canary_free(&canary);
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_step_is_known_by_its_record),
		TEST(a_sink_is_read_until_all_has_come),
		TEST(the_canary_leaves_nothing),
		TEST(a_canary_that_dies_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	/* The canary executes the program that it is part of: only once. */
	if (argc > 1)
		return strcmp(argv[1], "--version") != 0;
	return run();
}
