/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "child.h"

#include <poll.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "sinks/journal.h"
#include "sinks/journal_entry.h"
#include "sinks/queue.h"

#define JOURNALD "/lib/systemd/systemd-journald"

enum {
	BURST = 20000,
	LARGE = 3000000, /* bytes: no datagram holds that */
	DEADLINE_MS = 20000,
};

/* ---- the socket, with a journal that does not read -------------------------------------------------- */

static char folder[64], address_path[96];

static int socket_setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/seshat-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	(void)snprintf(address_path, sizeof(address_path), "%s/socket", folder);
	return 0;
}

static int socket_teardown(void **state)
{
	(void)state;
	(void)unlink(address_path);
	return rmdir(folder);
}

static int listen_there(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, address_path, strlen(address_path));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static int put(struct sink *sink, const char *line)
{
	return sink_write(sink, line, strlen(line));
}

static void a_journal_that_is_not_there_is_an_error_until_it_is(void **state)
{
	_cleanup_close_ int first = -1, second = -1;
	struct sink_status status;
	struct sink *sink;
	char bytes[1000];

	(void)state;
	assert_int_equal(journal_new(&sink, address_path), 0);
	assert_string_equal(sink->name, "journal");
	assert_int_equal(put(sink, "one\n"), -ENOENT);
	first = listen_there();
	assert_int_equal(put(sink, "two\n"), 0);
	assert_true(recv(first, bytes, sizeof(bytes), MSG_DONTWAIT) > 0);
	first = fd_close(first);
	assert_int_equal(put(sink, "three\n"), -ECONNREFUSED);
	assert_int_equal(unlink(address_path), 0);
	assert_int_equal(put(sink, "four\n"), -ENOENT);
	sink_status_get(sink, &status);
	assert_int_equal(status.error, -ENOENT);
	assert_int_equal(status.written, 1);
	assert_int_equal(status.refused, 3);
	first = listen_there();
	assert_int_equal(put(sink, "five\n"), 0);
	assert_int_equal(unlink(address_path), 0);
	second = listen_there();
	first = fd_close(first); /* a new journal: found at once */
	assert_int_equal(put(sink, "six\n"), 0);
	assert_true(recv(second, bytes, sizeof(bytes), MSG_DONTWAIT) > 0);
	assert_int_equal(sink_flush(sink), 0);
	assert_int_equal(sink_close(sink, NULL), 0);
}

static void a_journal_that_does_not_read_never_blocks(void **state)
{
	_cleanup_close_ int fd = listen_there();
	struct sink_status status;
	unsigned int taken = 0;
	struct sink *sink;
	char bytes[1000];
	int r;

	(void)state;
	assert_int_equal(journal_new(&sink, address_path), 0);
	while ((r = put(sink, "line\n")) == 0)
		taken++;
	assert_int_equal(r, -EAGAIN);
	sink_status_get(sink, &status);
	assert_int_equal(status.error, -EAGAIN);
	assert_int_equal(status.written, taken);
	for (unsigned int i = 0; i < taken; i++)
		assert_true(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0);
	assert_int_equal(put(sink, "line\n"), 0);
	assert_int_equal(sink_close(sink, NULL), 0);
}

static void a_path_too_long_is_refused(void **state)
{
	char path[200];
	struct sink *sink = NULL;

	(void)state;
	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(journal_new(&sink, path), -ENAMETOOLONG);
	assert_null(sink);
}

/* ---- a real journal, in mounts of its own ------------------------------------------------------------ */

static void write_text(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	child_check(fd >= 0 && fd_write_all(fd, text, strlen(text)) == 0);
}

/* Waits until the journal's socket is there and somebody listens. */
static void wait_for_socket(int notify)
{
	char events[4096];

	while (access(JOURNAL_SOCKET, F_OK) < 0) {
		struct pollfd wait = { .fd = notify, .events = POLLIN };

		child_check(poll(&wait, 1, DEADLINE_MS) == 1);
		child_check(read(notify, events, sizeof(events)) > 0);
	}
}

static pid_t start_journal(void)
{
	_cleanup_close_ int notify = inotify_init1(IN_CLOEXEC);
	pid_t parent = getpid(), pid;

	(void)unlink(JOURNAL_SOCKET);
	child_check(inotify_add_watch(notify, "/run/systemd/journal", IN_CREATE) >= 0);
	pid = fork();
	child_check(pid >= 0);
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		(void)dup2(null, STDOUT_FILENO);
		(void)dup2(null, STDERR_FILENO);
		execl(JOURNALD, JOURNALD, (char *)NULL);
		_exit(127);
	}
	wait_for_socket(notify);
	return pid;
}

static void stop_journal(pid_t pid)
{
	int status;

	(void)kill(pid, SIGTERM);
	child_check(waitpid(pid, &status, 0) == pid);
}

static pid_t begin_journal(void)
{
	if (access(JOURNALD, X_OK) < 0)
		child_unable("systemd-journald");
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	child_own_mounts();
	child_check(mount("seshat-test", "/run", "tmpfs", 0, "mode=0755") == 0);
	child_check(mkdir("/run/log", 0755) == 0 && mkdir("/run/log/journal", 0755) == 0);
	child_check(mkdir("/run/systemd", 0755) == 0 && mkdir("/run/systemd/journal", 0755) == 0);
	child_check(mkdir("/run/systemd/journald.conf.d", 0755) == 0);
	write_text("/run/systemd/journald.conf.d/test.conf",
		   "[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\nRateLimitBurst=0\n"
		   "RuntimeMaxUse=500M\nRuntimeKeepFree=1M\nReadKMsg=no\nForwardToWall=no\n");
	return start_journal();
}

/* What journalctl shows as JSON, once the journal has written everything; the caller reads and closes it. */
static FILE *read_journal(void)
{
	FILE *output;

	child_check(system("journalctl --sync") == 0);
	output = popen("journalctl --directory=/run/log/journal --all --quiet --output=json "
		       "SYSLOG_IDENTIFIER=seshatd",
		       "re");
	child_check(output != NULL);
	return output;
}

static struct json_object *next_entry(FILE *output)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	return getline(&line, &size, output) > 0 ? json_tokener_parse(line) : NULL;
}

static void check_field(struct json_object *object, const char *name, const char *expected)
{
	struct json_object *value;

	child_check(json_object_object_get_ex(object, name, &value));
	if (strcmp(json_object_get_string(value), expected) != 0)
		dprintf(STDERR_FILENO, "%s: %s\n", name, json_object_get_string(value));
	child_check(strcmp(json_object_get_string(value), expected) == 0);
}

/* The event's first example; line is without its newline afterwards. */
static void put_example(struct sink *sink, const char *name, char *line, size_t size)
{
	char path[128], *newline;

	(void)snprintf(path, sizeof(path), "schemas/examples/%s.jsonl", name);
	child_check(fd_read_text(path, line, size) > 0);
	newline = strchr(line, '\n');
	child_check(newline != NULL);
	if (!newline)
		return;
	child_check(sink_write(sink, line, (size_t)(newline + 1 - line)) == 0);
	*newline = '\0';
}

static void put_large(struct sink *sink)
{
	static const char HEAD[] = "{\"event\":\"session.command\",\"argv\":[\"";
	char *line = malloc(LARGE);

	child_check(line != NULL);
	if (!line)
		return;
	memset(line, 'x', LARGE);
	memcpy(line, HEAD, sizeof(HEAD) - 1);
	memcpy(line + LARGE - 4, "\"]}\n", 4);
	child_check(sink_write(sink, line, LARGE) == 0);
	free(line);
}

static void records_are_read_back(void)
{
	char network[4096], lost[4096];
	pid_t journald = begin_journal();
	struct json_object *object;
	struct sink *sink;
	FILE *output;

	child_check(journal_new(&sink, NULL) == 0);
	put_example(sink, "session.network", network, sizeof(network));
	put_example(sink, "session.lost", lost, sizeof(lost));
	child_check(put(sink, "{\"path\":\"/\xef\xbf\xbd\",\"raw\":{\"/path\":\"L/8=\"}}\n") == 0);
	put_large(sink);
	child_check(sink_close(sink, NULL) == 0);

	output = read_journal();
	object = next_entry(output);
	check_field(object, "MESSAGE", network);
	check_field(object, "MESSAGE_ID", journal_entry_id("session.network"));
	check_field(object, "PRIORITY", "6");
	check_field(object, "SYSLOG_FACILITY", "10");
	check_field(object, "SESHAT_EVENT", "session.network");
	check_field(object, "SESHAT_SID", "8c2f4b1e-7a53-4d0e-9b61-2f7f0c5f1a9d");
	check_field(object, "SESHAT_EI", "27");
	check_field(object, "SESHAT_DST_ADDR", "198.51.100.7");
	check_field(object, "SESHAT_DST_PORT", "8080");
	check_field(object, "SESHAT_RETURN_CODE", "-115");
	json_object_put(object);
	object = next_entry(output);
	check_field(object, "MESSAGE", lost);
	check_field(object, "PRIORITY", "4");
	check_field(object, "SESHAT_COUNT", "17");
	check_field(object, "SESHAT_REASON", "ring");
	json_object_put(object);
	object = next_entry(output);
	check_field(object, "SESHAT_PATH",
		    "[ 47, 255 ]"); /* the exact bytes, as journalctl shows them */
	json_object_put(object);
	object = next_entry(output);
	child_check(json_object_get_string_len(json_object_object_get(object, "MESSAGE")) ==
		    LARGE - 1);
	check_field(object, "SESHAT_EVENT", "session.command");
	json_object_put(object);
	child_check(next_entry(output) == NULL);
	child_check(pclose(output) == 0);
	stop_journal(journald);
}

static void a_real_journal_has_every_field(void **state)
{
	(void)state;
	child_run(records_are_read_back);
}

static void put_numbers(struct sink *sink, unsigned int from, unsigned int to)
{
	char line[200];

	for (unsigned int number = from; number < to; number++) {
		(void)snprintf(
			line, sizeof(line),
			"{\"event\":\"session.disk\",\"sid\":\"8c2f\",\"ei\":%u,\"path\":\"/etc/"
			"passwd\"}\n",
			number);
		child_check(put(sink, line) == 0);
	}
}

/* As the agent's loop does. */
static void flush_when_due(struct sink *sink)
{
	while (sink_flush(sink) < 0)
		(void)poll(NULL, 0, sink_due(sink));
}

static void check_numbers(unsigned int expected)
{
	FILE *output = read_journal();
	unsigned int number = 0;

	for (struct json_object *object; (object = next_entry(output)); number++) {
		char text[16];

		(void)snprintf(text, sizeof(text), "%u", number);
		check_field(object, "SESHAT_EI", text);
		json_object_put(object);
	}
	child_check(pclose(output) == 0);
	child_check(number == expected);
}

static void a_burst_is_kept(void)
{
	pid_t journald = begin_journal();
	struct sink *journal, *sink;
	struct sink_status status;

	child_check(journal_new(&journal, NULL) == 0);
	child_check(queue_new(&sink, journal, 1 << 24) == 0);
	put_numbers(sink, 0, BURST);
	flush_when_due(sink);
	sink_status_get(sink, &status);
	child_check(status.written == BURST && status.refused == 0);
	child_check(sink_close(sink, NULL) == 0);
	check_numbers(BURST);
	stop_journal(journald);
}

static void a_burst_is_kept_in_order(void **state)
{
	(void)state;
	child_run(a_burst_is_kept);
}

/* What a stopped journal has in its queue it has, what it never got waits here. */
static void a_journal_is_stopped_and_restarted(void)
{
	pid_t journald = begin_journal();
	struct sink *journal, *sink;
	struct sink_status status;

	child_check(journal_new(&journal, NULL) == 0);
	child_check(queue_new(&sink, journal, 1 << 24) == 0);
	put_numbers(sink, 0, 10);
	flush_when_due(sink);
	child_check(kill(journald, SIGSTOP) == 0);
	put_numbers(sink, 10, 3000);
	sink_status_get(sink, &status);
	child_check(status.error == -EAGAIN && status.refused == 0);
	child_check(status.written + status.backlog_lines == 3000);
	child_check(kill(journald, SIGCONT) == 0);
	flush_when_due(sink);
	child_check(system("journalctl --sync") == 0); /* nothing is on its way any more */
	stop_journal(journald);
	put_numbers(sink, 3000, 4000);
	sink_status_get(sink, &status);
	child_check(status.error == -ECONNREFUSED || status.error == -ENOENT);
	child_check(status.backlog_lines == 1000);
	journald = start_journal();
	flush_when_due(sink);
	child_check(sink_close(sink, NULL) == 0);
	check_numbers(4000);
	stop_journal(journald);
}

static void nothing_is_lost_while_the_journal_is_away(void **state)
{
	(void)state;
	child_run(a_journal_is_stopped_and_restarted);
}

#define SOCKET(function) cmocka_unit_test_setup_teardown(function, socket_setup, socket_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SOCKET(a_journal_that_is_not_there_is_an_error_until_it_is),
		SOCKET(a_journal_that_does_not_read_never_blocks),
		TEST(a_path_too_long_is_refused),
		TEST(a_real_journal_has_every_field),
		TEST(a_burst_is_kept_in_order),
		TEST(nothing_is_lost_while_the_journal_is_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
