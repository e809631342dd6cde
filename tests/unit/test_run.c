/* SPDX-License-Identifier: Apache-2.0 */
/* What keeps a session from beginning: all of it is found before anything is loaded. */
#include "child.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/caps.h"
#include "base/log.h"
#include "cli/run.h"
#include "cli/status.h"

enum {
	WORDS_MAX = 8,
	NOBODY = 65534,
};

struct attempt {
	const char *words[WORDS_MAX]; /* behind "seshat" */
	int (*before)(void);	      /* of this process; negative: cannot be had here */
};

static void attempt_main(void *argument)
{
	const struct attempt *attempt = argument;
	char words[WORDS_MAX + 1][64], *argv[WORDS_MAX + 2];
	int argc = 0;

	log_set_program("seshat");
	/* Directories that this account may not search are another answer. */
	child_check(setenv("PATH", "/usr/bin:/bin", 1) == 0);
	if (attempt->before && attempt->before() < 0)
		child_unable("root with all capabilities");
	snprintf(words[0], sizeof(words[0]), "run");
	argv[argc++] = words[0];
	for (const char *const *word = attempt->words; *word; word++) {
		snprintf(words[argc], sizeof(words[argc]), "%s", *word);
		argv[argc] = words[argc];
		argc++;
	}
	argv[argc] = NULL;
	_exit(run_main(argc, argv));
}

/* Its first line on standard error, or all of it, and its exit status. */
static void check_attempt(struct attempt attempt, int expected, const char *line)
{
	char text[8192];
	int status = child_output(attempt_main, &attempt, text, sizeof(text));

	if (status == CHILD_UNABLE) {
		print_message("%s", text); /* what it needs */
		skip();
	}
	assert_int_equal(status, expected);
	assert_int_equal(strncmp(text, line, strlen(line)), 0);
}

#define WORDS(...) ((struct attempt){ .words = { __VA_ARGS__ } })
#define WORDS_AFTER(prepare, ...) \
	((struct attempt){ .words = { __VA_ARGS__ }, .before = (prepare) })

static void a_wrong_use_is_125(void **state)
{
	(void)state;
	check_attempt(WORDS(NULL), STATUS_FAILED, "seshat run: no COMMAND given\n");
	check_attempt(WORDS("--pretty"), STATUS_FAILED, "seshat run: no COMMAND given\n");
	check_attempt(WORDS("--"), STATUS_FAILED, "seshat run: no COMMAND given\n");
	check_attempt(WORDS("--colour", "true"), STATUS_FAILED,
		      "seshat run: unrecognized option '--colour'\n");
	check_attempt(WORDS("-o"), STATUS_FAILED,
		      "seshat run: option requires an argument -- 'o'\n");
}

static void a_bad_size_is_125(void **state)
{
	static const char *const WRONG[] = {
		"--buffer-size=",     "--buffer-size=32K", "--buffer-size=2G",
		"--buffer-size=100K", "--buffer-size=-1M", "--buffer-size=0",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(WRONG); i++)
		check_attempt(WORDS(WRONG[i], "true"), STATUS_FAILED,
			      "seshat run: bad buffer size: ");
}

static void what_the_agent_decides_is_no_option(void **state)
{
	static const char *const WRONG[] = { "--output=x", "--pretty", "--buffer-size=1M",
					     "--strategy=auto", "--events=file" };
	char line[96];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(WRONG); i++) {
		snprintf(line, sizeof(line), "seshat run: %.*s is the agent's to decide, ",
			 (int)strcspn(WRONG[i], "="), WRONG[i]);
		check_attempt(WORDS("--agent", WRONG[i], "true"), STATUS_FAILED, line);
		check_attempt(WORDS(WRONG[i], "--agent=/none", "true"), STATUS_FAILED, line);
	}
	check_attempt(WORDS("--sid-file=/none", "true"), STATUS_FAILED,
		      "seshat run: --sid-file is for --agent: ");
}

static void an_agent_that_does_not_run_is_118(void **state)
{
	(void)state;
	check_attempt(WORDS("--agent=/nowhere/socket", "/bin/true"), STATUS_UNAUDITED,
		      "seshat: the agent does not run: nobody listens on /nowhere/socket\n");
	check_attempt(WORDS("--agent=/nowhere/socket", "--sid-file=/nowhere/sid", "/bin/true"),
		      STATUS_FILE,
		      "seshat: cannot write /nowhere/sid: No such file or directory\n");
}

static void help_is_no_failure(void **state)
{
	(void)state;
	check_attempt(WORDS("--help"), 0, "Usage: seshat run [OPTION...] COMMAND [ARG...]\n");
}

static void a_command_that_is_none_is_told_first(void **state)
{
	(void)state;
	check_attempt(WORDS("seshat-no-such-command"), STATUS_NOT_FOUND,
		      "seshat: cannot execute seshat-no-such-command: command not found\n");
	check_attempt(WORDS("--", "--pretty"), STATUS_NOT_FOUND,
		      "seshat: cannot execute --pretty: command not found\n");
	check_attempt(WORDS("/dev/null", "--colour"), STATUS_NOT_EXECUTABLE,
		      "seshat: cannot execute /dev/null: Permission denied\n");
}

static int become_nobody(void)
{
	return setgid(NOBODY) < 0 ? -1 : setuid(NOBODY);
}

static void auditing_needs_root(void **state)
{
	(void)state;
	check_attempt(WORDS_AFTER(become_nobody, "/bin/true"), STATUS_NOT_ROOT,
		      "seshat: auditing needs root: run it with sudo\n");
}

/* Hides something of the kernel's. */
static int hide(const char *path)
{
	if (geteuid() != 0)
		return -1;
	child_own_mounts();
	return mount("none", path, "tmpfs", 0, NULL);
}

static int hide_btf(void)
{
	return hide("/sys/kernel");
}

static int lock_down(void)
{
	int fd;

	if (hide("/sys/kernel") < 0)
		return -1;
	child_check(mkdir("/sys/kernel/btf", 0755) == 0);
	child_check(mkdir("/sys/kernel/security", 0755) == 0);
	fd = open("/sys/kernel/btf/vmlinux", O_WRONLY | O_CREAT | O_CLOEXEC, 0444);
	child_check(fd >= 0);
	fd_close(fd);
	fd = open("/sys/kernel/security/lockdown", O_WRONLY | O_CREAT | O_CLOEXEC, 0444);
	child_check(fd >= 0 && fd_write_all(fd, "none integrity [confidentiality]\n", 33) == 0);
	fd_close(fd);
	return 0;
}

static void the_kernel_must_have_type_information(void **state)
{
	(void)state;
	check_attempt(WORDS_AFTER(hide_btf, "/bin/true"), STATUS_NO_BTF,
		      "seshat: the kernel has no type information (/sys/kernel/btf/vmlinux): ");
}

static void the_kernel_must_let_bpf_read(void **state)
{
	(void)state;
	check_attempt(WORDS_AFTER(lock_down, "/bin/true"), STATUS_LOCKDOWN,
		      "seshat: kernel lockdown is \"confidentiality\", ");
}

static int hide_cgroups(void)
{
	/* A list of mounts with nothing in it. */
	if (hide("/proc") < 0 || mkdir("/proc/self", 0755) < 0)
		return -1;
	return fd_close(open("/proc/self/mounts", O_WRONLY | O_CREAT | O_CLOEXEC, 0444)) + 1;
}

static void cgroups_of_version_2_must_be_mounted(void **state)
{
	(void)state;
	check_attempt(WORDS_AFTER(hide_cgroups, "/bin/true"), STATUS_NO_CGROUP,
		      "seshat: no cgroup v2 hierarchy is mounted: ");
}

/* Before the file is tried, what auditing needs is looked for. */
static int be_capable(void)
{
	const char *missing = NULL;

	return geteuid() == 0 && caps_missing(&missing) == 0 && !missing ? 0 : -1;
}

static void a_file_that_cannot_be_written_is_119(void **state)
{
	(void)state;
	check_attempt(WORDS_AFTER(be_capable, "-o", "/nowhere/file", "/bin/true"), STATUS_FILE,
		      "seshat: cannot write /nowhere/file: No such file or directory\n");
	check_attempt(WORDS_AFTER(be_capable, "-o", "/", "/bin/true"), STATUS_FILE,
		      "seshat: cannot write /: Is a directory\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_wrong_use_is_125),
		TEST(a_bad_size_is_125),
		TEST(what_the_agent_decides_is_no_option),
		TEST(an_agent_that_does_not_run_is_118),
		TEST(help_is_no_failure),
		TEST(a_command_that_is_none_is_told_first),
		TEST(auditing_needs_root),
		TEST(the_kernel_must_have_type_information),
		TEST(the_kernel_must_let_bpf_read),
		TEST(cgroups_of_version_2_must_be_mounted),
		TEST(a_file_that_cannot_be_written_is_119),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
