/* SPDX-License-Identifier: Apache-2.0 */
#include "child.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/log.h"
#include "cli/command.h"
#include "cli/status.h"

static char home[64]; /* the working directory, empty, removed afterwards */
static char *search_path;

static int setup(void **state)
{
	(void)state;
	log_set_program("seshat");
	strcpy(home, "/tmp/seshat-test-XXXXXX");
	search_path = strdup(getenv("PATH") ? getenv("PATH") : "/bin:/usr/bin");
	return mkdtemp(home) && search_path ? chdir(home) : -1;
}

static int teardown(void **state)
{
	static const char *const NAMES[] = { "tool", "bin/tool", "other/tool",
					     "text", "bin",	 "other" };
	int r;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(NAMES); i++)
		(void)remove(NAMES[i]);
	r = chdir("/");
	assert_int_equal(setenv("PATH", search_path, 1), 0);
	free(search_path);
	return r < 0 ? r : rmdir(home);
}

static void put(const char *name, const char *text, mode_t mode)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	assert_int_equal(fchmod(fd, mode), 0);
	fd_close(fd);
}

/* Finds it, and checks where. */
static void check_found(const char *search, const char *name, const char *expected)
{
	char word[64], *argv[] = { word, NULL };
	struct command command;

	snprintf(word, sizeof(word), "%s", name);
	assert_int_equal(search ? setenv("PATH", search, 1) : unsetenv("PATH"), 0);
	assert_int_equal(command_find(&command, argv), 0);
	assert_string_equal(command.path, expected);
	assert_ptr_equal(command.argv, argv);
	assert_int_equal(command.pid, 0);
	command_discard(&command);
	assert_null(command.path);
}

static void find_in_child(void *name)
{
	char *argv[] = { name, NULL };
	struct command command;

	_exit(command_find(&command, argv));
}

static void check_not_found(const char *search, const char *name, int status, const char *reason)
{
	char text[512], expected[512], word[300];

	snprintf(word, sizeof(word), "%s", name);
	snprintf(expected, sizeof(expected), "seshat: cannot execute %s: %s\n", name, reason);
	assert_int_equal(setenv("PATH", search, 1), 0);
	assert_int_equal(child_output(find_in_child, word, text, sizeof(text)), status);
	assert_string_equal(text, expected);
}

static void the_first_that_can_be_executed_is_taken(void **state)
{
	(void)state;
	assert_int_equal(mkdir("bin", 0755), 0);
	assert_int_equal(mkdir("other", 0755), 0);
	put("other/tool", "", 0755);
	check_found("nowhere:bin:other", "tool", "other/tool");
	put("bin/tool", "", 0644);
	check_found("bin:other", "tool", "other/tool");
	assert_int_equal(chmod("bin/tool", 0755), 0);
	check_found("bin:other", "tool", "bin/tool");
	assert_int_equal(unlink("bin/tool"), 0);
	assert_int_equal(mkdir("bin/tool", 0755), 0);
	check_found("bin:other", "tool", "other/tool");
}

static void an_empty_entry_is_the_working_directory(void **state)
{
	(void)state;
	put("tool", "", 0755);
	check_found("", "tool", "tool");
	check_found(":nowhere", "tool", "tool");
	check_found("nowhere::elsewhere", "tool", "tool");
	check_found("nowhere:", "tool", "tool");
}

static void a_name_with_a_slash_is_not_searched_for(void **state)
{
	(void)state;
	assert_int_equal(mkdir("bin", 0755), 0);
	put("bin/tool", "", 0755);
	put("tool", "", 0755);
	check_found("bin", "./tool", "./tool");
	check_found("bin", "bin/tool", "bin/tool");
	check_not_found("bin", "./other", STATUS_NOT_FOUND, "command not found");
}

static void without_path_there_is_a_usual_one(void **state)
{
	(void)state;
	check_found(NULL, "sh", access("/usr/bin/sh", X_OK) == 0 ? "/usr/bin/sh" : "/bin/sh");
}

static void what_is_nowhere_is_not_found(void **state)
{
	char name[300];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	put("text", "", 0644);
	check_not_found("nowhere", "tool", STATUS_NOT_FOUND, "command not found");
	check_not_found("/bin", "", STATUS_NOT_FOUND, "command not found");
	check_not_found("/bin", "./text/tool", STATUS_NOT_FOUND, "Not a directory");
	check_not_found("/bin:.", name, STATUS_NOT_FOUND, "command not found");
}

static void what_is_there_but_no_program_cannot_be_executed(void **state)
{
	(void)state;
	put("text", "", 0644);
	check_not_found(".", "text", STATUS_NOT_EXECUTABLE, "Permission denied");
	check_not_found(".", "./text", STATUS_NOT_EXECUTABLE, "Permission denied");
	check_not_found(".", "./", STATUS_NOT_EXECUTABLE, "Permission denied");
	check_not_found(".", "/dev/null", STATUS_NOT_EXECUTABLE, "Permission denied");
}

/* Found, started and let go; returns how its exec ended, and its exit status in *ret_status. */
static int run(char **argv, const char *gone, int *ret_status)
{
	struct command command;
	struct signals signals;
	size_t fds = child_count_fds();
	int r;

	assert_int_equal(command_find(&command, argv), 0);
	signals_take(&signals);
	assert_int_equal(command_spawn(&command, &signals), 0);
	signals_give(&signals);
	assert_true(command.pid > 0);
	assert_int_equal(waitpid(command.pid, NULL, WNOHANG), 0);
	if (gone)
		assert_int_equal(unlink(gone), 0);
	command_go(&command);
	*ret_status = child_status(command.pid);
	r = command_failure(&command);
	command_discard(&command);
	assert_int_equal(child_count_fds(), fds);
	return r;
}

static void check_run(char **argv, int expected, int expected_status)
{
	int status;

	assert_int_equal(run(argv, NULL, &status), expected);
	assert_int_equal(status, expected_status);
}

#define ARGV(...) ((char *[]){ __VA_ARGS__, NULL })

static char sh[] = "/bin/sh", dash_c[] = "-c", tool[] = "./tool";

static void it_runs_once_it_is_let_go(void **state)
{
	char end[] = "exit 7", mark[] = ": >text";
	struct stat st;

	(void)state;
	check_run(ARGV(sh, dash_c, end), 0, 7);
	assert_int_equal(stat("text", &st), -1);
	check_run(ARGV(sh, dash_c, mark), 0, 0);
	assert_int_equal(stat("text", &st), 0);
}

static void its_signals_are_those_of_before(void **state)
{
	char terminated[] = "kill -TERM $$; exit 1", pipe_closed[] = "kill -PIPE $$; exit 1";

	(void)state;
	check_run(ARGV(sh, dash_c, terminated), 0, CHILD_SIGNAL + SIGTERM);
	check_run(ARGV(sh, dash_c, pipe_closed), 0, CHILD_SIGNAL + SIGPIPE);
}

static void a_file_without_a_format_is_a_shell_script(void **state)
{
	char a[] = "a", b[] = "b c";

	(void)state;
	put("tool", "test $# -eq 2 && test \"$1$2\" = 'ab c' && exit 5\n", 0755);
	check_run(ARGV(tool, a, b), 0, 5);
	check_run(ARGV(tool, a), 0, 1);
	put("tool", "", 0755);
	check_run(ARGV(tool), 0, 0);
}

static void a_failed_exec_is_told_with_its_error(void **state)
{
	int status;

	(void)state;
	put("tool", "#!/bin/sh\n", 0755);
	assert_int_equal(run(ARGV(tool), "tool", &status), ENOENT);
	assert_int_equal(status, STATUS_NOT_FOUND);
	put("tool", "#!/nowhere/sh\n", 0755);
	check_run(ARGV(tool), ENOENT, STATUS_NOT_FOUND);
	put("tool", "#!/dev/null\n", 0755);
	check_run(ARGV(tool), EACCES, STATUS_NOT_EXECUTABLE);
}

static void what_was_never_let_go_ends_without_having_run(void **state)
{
	char mark[] = ": >text", **argv = ARGV(sh, dash_c, mark);
	size_t fds = child_count_fds();
	struct command command;
	struct signals signals;
	struct stat st;

	(void)state;
	assert_int_equal(command_find(&command, argv), 0);
	signals_take(&signals);
	assert_int_equal(command_spawn(&command, &signals), 0);
	signals_give(&signals);
	command_discard(&command);
	assert_int_equal(waitpid(command.pid, NULL, 0), -1);
	assert_int_equal(stat("text", &st), -1);
	assert_int_equal(child_count_fds(), fds);
}

#define COMMAND_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		COMMAND_TEST(the_first_that_can_be_executed_is_taken),
		COMMAND_TEST(an_empty_entry_is_the_working_directory),
		COMMAND_TEST(a_name_with_a_slash_is_not_searched_for),
		COMMAND_TEST(without_path_there_is_a_usual_one),
		COMMAND_TEST(what_is_nowhere_is_not_found),
		COMMAND_TEST(what_is_there_but_no_program_cannot_be_executed),
		COMMAND_TEST(it_runs_once_it_is_let_go),
		COMMAND_TEST(its_signals_are_those_of_before),
		COMMAND_TEST(a_file_without_a_format_is_a_shell_script),
		COMMAND_TEST(a_failed_exec_is_told_with_its_error),
		COMMAND_TEST(what_was_never_let_go_ends_without_having_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
