/* SPDX-License-Identifier: Apache-2.0 */
/* Calls to somebody who listens: as an agent should, or otherwise. */
#include "child.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "base/cleanup.h"
#include "control/client.h"
#include "control/message.h"
#include "control/protocol.h"

enum {
	PATIENCE_MS = 20000,
	SHORT_MS = 120,
	NOBODY = 65534,
};

static char folder[64], path[96];

static int setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/seshat-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chmod(folder, 0755), 0);
	snprintf(path, sizeof(path), "%s/socket", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

/* ---- calls --------------------------------------------------------------------------------------- */

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Listens at the path; nobody has accepted anything yet. */
static int listen_here(int backlog)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, path, strlen(path));
	child_check(fd >= 0);
	child_check(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	child_check(listen(fd, backlog) == 0);
	child_check(chmod(path, 0666) == 0);
	return fd;
}

static int call(unsigned int timeout_ms, struct json_object **ret)
{
	_cleanup_(control_message_freep) struct json_object *request = json_object_new_object();

	if (control_add_string(request, "op", "test") < 0)
		return -ENOMEM;
	return control_call(path, request, timeout_ms, ret);
}

/* {"a":"xxx"} of that many bytes. */
static char *message_of(size_t size)
{
	char *text = malloc(size + 1);

	assert_non_null(text);
	memset(text, 'x', size);
	memcpy(text, "{\"a\":\"", 6);
	memcpy(text + size - 2, "\"}", 3);
	return text;
}

/* A server that takes one request and sends back these packets. */
static pid_t serve(int listener, const char *reply, size_t size)
{
	pid_t pid = child_fork();
	char buf[64];
	int fd;

	if (pid > 0)
		return pid;
	child_check(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
	fd = accept(listener, NULL, NULL);
	child_check(fd >= 0);
	child_check(recv(fd, buf, sizeof(buf), 0) == (ssize_t)strlen("{\"op\":\"test\"}"));
	child_check(memcmp(buf, "{\"op\":\"test\"}", 13) == 0);
	if (reply)
		child_check(send(fd, reply, size, MSG_NOSIGNAL) == (ssize_t)size);
	_exit(0);
}

static int call_and_get(const char *reply, size_t size, struct json_object **ret)
{
	_cleanup_close_ int listener = listen_here(5);
	pid_t pid = serve(listener, reply, size);
	int r = call(PATIENCE_MS, ret);

	assert_int_equal(child_status(pid), 0);
	assert_int_equal(unlink(path), 0);
	return r;
}

static void a_call_gets_its_reply(void **state)
{
	_cleanup_(control_message_freep) struct json_object *reply = NULL;
	size_t fds = child_count_fds();

	(void)state;
	assert_int_equal(call_and_get("{\"ok\":true,\"x\":1}", 17, &reply), 0);
	check_int(reply, "x", 1);
	assert_int_equal(child_count_fds(), fds);
}

static void its_steps_can_be_taken_one_by_one(void **state)
{
	_cleanup_(control_message_freep) struct json_object *request = json_object_new_object();
	_cleanup_(control_message_freep) struct json_object *reply = NULL;
	_cleanup_close_ int listener = -1, fd = -1;
	struct pollfd entry = { .events = POLLIN };
	pid_t pid;

	(void)state;
	assert_int_equal(control_connect(path, PATIENCE_MS), -ENOENT);
	listener = listen_here(5);
	pid = serve(listener, "{\"ok\":true}", 11);
	fd = control_connect(path, PATIENCE_MS);
	assert_true(fd >= 0);
	assert_int_equal(control_receive(fd, 1, &reply), -ETIMEDOUT);
	assert_int_equal(control_add_string(request, "op", "test"), 0);
	assert_int_equal(control_send(fd, request, PATIENCE_MS), 0);
	entry.fd = fd;
	assert_int_equal(poll(&entry, 1, PATIENCE_MS), 1);
	assert_int_equal(control_receive(fd, PATIENCE_MS, &reply), 0);
	assert_true(check_has(reply, "ok"));
	assert_int_equal(child_status(pid), 0);
	assert_int_equal(control_receive(fd, PATIENCE_MS, &request), -ECONNRESET);
	assert_int_equal(unlink(path), 0);
}

static void what_is_no_reply_is_an_error(void **state)
{
	_cleanup_free_ char *fits = message_of(CONTROL_MESSAGE_MAX);
	_cleanup_free_ char *too_long = message_of(CONTROL_MESSAGE_MAX + 1);
	_cleanup_(control_message_freep) struct json_object *reply = NULL, *none = NULL;
	size_t fds = child_count_fds();

	(void)state;
	assert_int_equal(call_and_get(NULL, 0, &none), -ECONNRESET);
	assert_int_equal(call_and_get("", 0, &none), -ECONNRESET);
	assert_int_equal(call_and_get("[]", 2, &none), -EPROTO);
	assert_int_equal(call_and_get("{}x", 3, &none), -EPROTO);
	assert_int_equal(call_and_get(too_long, CONTROL_MESSAGE_MAX + 1, &none), -EPROTO);
	assert_null(none);
	assert_int_equal(call_and_get(fits, CONTROL_MESSAGE_MAX, &reply), 0);
	assert_int_equal(child_count_fds(), fds);
}

static void nobody_there_is_told_at_once(void **state)
{
	struct json_object *reply = NULL;
	_cleanup_(control_message_freep) struct json_object *request = json_object_new_object();
	_cleanup_free_ char *name = message_of(200);

	(void)state;
	assert_int_equal(call(PATIENCE_MS, &reply), -ENOENT);
	fd_close(listen_here(1));
	assert_int_equal(call(PATIENCE_MS, &reply), -ECONNREFUSED);
	assert_int_equal(control_call(name, request, PATIENCE_MS, &reply), -ENAMETOOLONG);
}

static void a_request_that_is_too_long_is_not_sent(void **state)
{
	_cleanup_free_ char *text = message_of(CONTROL_MESSAGE_MAX);
	_cleanup_(control_message_freep) struct json_object *request = NULL;
	struct json_object *reply = NULL;

	(void)state;
	assert_int_equal(control_message_parse(text, CONTROL_MESSAGE_MAX, &request), 0);
	assert_int_equal(control_add_string(request, "b", "c"), 0);
	assert_int_equal(control_call(path, request, PATIENCE_MS, &reply), -EMSGSIZE);
}

static void check_timeout(void)
{
	struct json_object *reply = NULL;
	uint64_t begin = now_ms(), took;

	assert_int_equal(call(SHORT_MS, &reply), -ETIMEDOUT);
	took = now_ms() - begin;
	assert_true(took >= SHORT_MS - 1 && took < PATIENCE_MS);
}

/* An agent that is stopped: it listens, and does nothing. */
static void a_call_ends_at_its_deadline(void **state)
{
	_cleanup_close_ int listener = listen_here(0);
	_cleanup_close_ int first = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)state;
	check_timeout(); /* there is no reply */
	memcpy(address.sun_path, path, strlen(path));
	/* One connection waits already: the queue is full, and so connect(2) has to wait. */
	(void)fcntl(first, F_SETFL, O_NONBLOCK);
	(void)connect(first, (struct sockaddr *)&address, sizeof(address));
	check_timeout();
}

static void on_signal(int number)
{
	(void)number;
}

static void signals_do_not_prolong_a_call(void **state)
{
	_cleanup_close_ int listener = listen_here(0);
	struct sigaction action = { .sa_handler = on_signal }, before;
	timer_t timer;
	struct itimerspec often = { .it_interval = { .tv_nsec = 2000000 },
				    .it_value = { .tv_nsec = 2000000 } };

	(void)state;
	assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
	assert_int_equal(timer_create(CLOCK_MONOTONIC, NULL, &timer), 0);
	assert_int_equal(timer_settime(timer, 0, &often, NULL), 0);
	check_timeout();
	check_timeout(); /* the queue is full now */
	check_timeout();
	assert_int_equal(timer_delete(timer), 0);
	assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
}

/* Somebody else listens where the agent should. */
static void an_impostor(void)
{
	struct json_object *reply = NULL;
	int ends[2];
	pid_t pid;
	char byte;

	if (geteuid() != 0)
		child_unable("root");
	child_check(chmod(folder, 0777) == 0 && pipe(ends) == 0);
	pid = fork();
	child_check(pid >= 0);
	if (pid == 0) {
		child_check(setresuid(NOBODY, NOBODY, NOBODY) == 0);
		child_check(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
		(void)listen_here(5);
		child_check(write(ends[1], "", 1) == 1);
		pause();
	}
	child_check(read(ends[0], &byte, 1) == 1);
	child_check(call(PATIENCE_MS, &reply) == -EPERM);
	/* To himself he is as good as anybody. */
	child_check(setresuid(NOBODY, NOBODY, NOBODY) == 0);
	child_check(call(SHORT_MS, &reply) == -ETIMEDOUT);
	child_check(kill(pid, SIGKILL) == 0);
}

static void only_roots_agent_is_believed(void **state)
{
	(void)state;
	child_run(an_impostor);
}

/* Who is refused may be let go before he has sent anything, or with his request unread. */
static void a_reply_is_read_though_the_connection_is_closed(void **state)
{
	(void)state;
	for (int unread = 0; unread <= 1; unread++) {
		_cleanup_close_ int listener = listen_here(5);
		_cleanup_(control_message_freep) struct json_object *reply = NULL;
		pid_t pid = child_fork();

		if (pid == 0) {
			int fd = accept(listener, NULL, NULL);
			struct pollfd entry = { .fd = fd, .events = POLLIN };

			child_check(fd >= 0);
			if (unread)
				child_check(poll(&entry, 1, PATIENCE_MS) == 1);
			child_check(send(fd, "{\"ok\":false}", 12, MSG_NOSIGNAL) == 12);
			_exit(0);
		}
		assert_int_equal(call(PATIENCE_MS, &reply), 0);
		assert_int_equal(control_reply_error(reply, NULL), -EPROTO);
		assert_int_equal(child_status(pid), 0);
		assert_int_equal(unlink(path), 0);
	}
}

#define CALL_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CALL_TEST(a_call_gets_its_reply),
		CALL_TEST(its_steps_can_be_taken_one_by_one),
		CALL_TEST(what_is_no_reply_is_an_error),
		CALL_TEST(nobody_there_is_told_at_once),
		CALL_TEST(a_request_that_is_too_long_is_not_sent),
		CALL_TEST(a_call_ends_at_its_deadline),
		CALL_TEST(signals_do_not_prolong_a_call),
		CALL_TEST(only_roots_agent_is_believed),
		CALL_TEST(a_reply_is_read_though_the_connection_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
