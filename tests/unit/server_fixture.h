/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket's server in the test's own process, and peers in processes of their own.
 */
#ifndef SESHAT_TESTS_SERVER_FIXTURE_H
#define SESHAT_TESTS_SERVER_FIXTURE_H

#include "child.h"

#include <grp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "control/client.h"
#include "control/message.h"
#include "control/protocol.h"
#include "daemon/server.h"

/*
 * The server runs in the test's own process, and every peer in a process of its own: what it wants to be, it
 * becomes first. The loop runs until the last of them has ended.
 */
enum {
	PATIENCE_MS = 30000,
	GROUP = 64123, /* nobody's */
	OTHER_GROUP = 64124,
	STRANGER = 64200, /* users */
	MEMBER = 64201,
	SECOND = 64202,
	MANY = 40, /* supplementary groups: more than there is room for at first */
	PEERS_MAX = 8,
};

static char folder[64], path[96];
static struct {
	sd_event *event;
	struct server *server;
	unsigned int calls; /* of operations */
	struct peer last;   /* who made the last */
	int running;	    /* peers */
	int failed;	    /* of them */
	int later;	    /* operations that have no answer yet */
	bool answered;	    /* now they have */
} test;

/* ---- operations ---------------------------------------------------------------------------------- */

static inline int op_echo(void *userdata, const struct peer *peer, struct json_object *request,
			  struct json_object *reply)
{
	struct json_object *value = NULL;

	assert_ptr_equal(userdata, &test);
	test.calls++;
	test.last = *peer;
	if (!json_object_object_get_ex(request, "value", &value))
		return 0;
	return control_add(reply, "value", json_object_get(value));
}

static inline int op_fail(void *userdata, const struct peer *peer, struct json_object *request,
			  struct json_object *reply)
{
	(void)userdata;
	(void)peer;
	if (check_has(request, "words") && control_add_string(reply, "error", "in words") < 0)
		return -ENOMEM;
	if (control_add(reply, "half", json_object_new_int(1)) < 0)
		return -ENOMEM;
	return -ENOSPC;
}

/* A reply of size bytes, all in all. */
static inline int op_big(void *userdata, const struct peer *peer, struct json_object *request,
			 struct json_object *reply)
{
	size_t around = strlen("{\"ok\":true,\"x\":\"\"}");
	_cleanup_free_ char *text = NULL;
	int64_t size;

	(void)userdata;
	(void)peer;
	if (control_get_int(request, "size", 32, 1 << 20, &size) != 1)
		return -EINVAL;
	text = calloc(1, (size_t)size);
	if (!text)
		return -ENOMEM;
	memset(text, 'x', (size_t)size - around);
	return control_add_string(reply, "x", text);
}

/* Answers once the test says so. */
static inline int op_later(void *userdata, const struct peer *peer, struct json_object *request,
			   struct json_object *reply)
{
	(void)userdata;
	(void)peer;
	(void)request;
	test.later++;
	if (!test.answered)
		return SERVER_LATER;
	return control_add(reply, "late", json_object_new_int(1));
}

static const struct server_operation operations[] = {
	{ "echo", PEER_READ, op_echo },	 { "change", PEER_ALL, op_echo },
	{ "fail", PEER_READ, op_fail },	 { "big", PEER_READ, op_big },
	{ "later", PEER_ALL, op_later },
};

/* ---- the loop, and the peers --------------------------------------------------------------------- */

static inline struct server_config config_of(void)
{
	return (struct server_config){
		.path = path,
		.group = GROUP,
		.event = test.event,
		.operations = operations,
		.operations_count = ARRAY_SIZE(operations),
		.userdata = &test,
		.idle_ms = 60000,
		.peers_max = PEERS_MAX,
	};
}

static inline void start(const struct server_config *config)
{
	assert_int_equal(server_new(&test.server, config), 0);
}

static inline int setup(void **state)
{
	(void)state;
	memset(&test, 0, sizeof(test));
	strcpy(folder, "/tmp/seshat-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chmod(folder, 0755), 0);
	snprintf(path, sizeof(path), "%s/run/socket", folder);
	assert_int_equal(sd_event_new(&test.event), 0);
	return 0;
}

static inline int teardown(void **state)
{
	char run[80];

	(void)state;
	server_free(test.server);
	sd_event_unref(test.event);
	snprintf(run, sizeof(run), "%s/run", folder);
	/* Nothing is left behind: no socket, no lock. */
	if (rmdir(run) < 0 && errno != ENOENT)
		return -errno;
	return rmdir(folder);
}

static inline int on_end(sd_event_source *source, const siginfo_t *info, void *userdata)
{
	(void)userdata;
	if (info->si_code != CLD_EXITED || info->si_status != 0)
		test.failed++;
	test.running--;
	sd_event_source_unref(source);
	return 0;
}

/* Starts a peer. */
static inline pid_t peer_start(void (*function)(void *), void *argument)
{
	sd_event_source *source;
	sigset_t mask;
	pid_t pid;

	sigemptyset(&mask);
	sigaddset(&mask, SIGCHLD);
	assert_int_equal(sigprocmask(SIG_BLOCK, &mask, NULL), 0);
	pid = child_fork();
	if (pid == 0) {
		child_check(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
		function(argument);
		_exit(0);
	}
	assert_int_equal(sd_event_add_child(test.event, &source, pid, WEXITED, on_end, NULL), 0);
	test.running++;
	return pid;
}

/* Runs the loop until the peers have ended, all of them well. */
static inline void run_all(void)
{
	while (test.running > 0)
		assert_true(sd_event_run(test.event, PATIENCE_MS * UINT64_C(1000)) > 0);
	assert_int_equal(test.failed, 0);
}

static inline void run_peer(void (*function)(void *), void *argument)
{
	peer_start(function, argument);
	run_all();
}

/* In a peer: becomes another user, with one group and supplementary ones. */
static inline void become(uid_t uid, gid_t gid, size_t count, const gid_t *groups)
{
	child_check(setgroups(count, groups) == 0 && setresgid(gid, gid, gid) == 0 &&
		    setresuid(uid, uid, uid) == 0);
	/* The kernel forgets it with the user. */
	child_check(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
}

/* In a peer: the reply to a request in JSON. */
static inline struct json_object *ask(const char *text)
{
	struct json_object *request = json_tokener_parse(text), *reply = NULL;

	child_check(request != NULL);
	child_check(control_call(path, request, PATIENCE_MS, &reply) == 0);
	json_object_put(request);
	return reply;
}

static inline void expect(const char *request, const char *expected)
{
	struct json_object *reply = ask(request);
	const char *text = json_object_to_json_string_ext(reply, JSON_C_TO_STRING_PLAIN);

	if (strcmp(text, expected) != 0)
		dprintf(STDERR_FILENO, "%s instead of %s\n", text, expected);
	child_check(strcmp(text, expected) == 0);
	json_object_put(reply);
}

/* In a peer: a connection of its own. */
static inline int peer_connect(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, path, strlen(path));
	child_check(fd >= 0);
	child_check(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	return fd;
}

static inline void peer_send(int fd, const char *text)
{
	child_check(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
}

static inline void peer_receive(int fd, const char *expected)
{
	char buf[512];
	ssize_t n = recv(fd, buf, sizeof(buf) - 1, 0);

	child_check(n >= 0);
	buf[n] = '\0';
	if (strcmp(buf, expected) != 0)
		dprintf(STDERR_FILENO, "%s instead of %s\n", buf, expected);
	child_check(strcmp(buf, expected) == 0);
}

/* The server has let go. */
static inline void peer_expect_end(int fd)
{
	char buf[16];
	ssize_t n = recv(fd, buf, sizeof(buf), 0);

	child_check(n == 0 || (n < 0 && errno == ECONNRESET));
}

#define DENIED "{\"ok\":false,\"error\":\"permission denied\",\"errno\":\"EPERM\"}"

/* What the server logs in the meantime goes to a file without a name. */
static inline int capture_begin(int *ret_saved)
{
	int fd = memfd_create("log", MFD_CLOEXEC);

	*ret_saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	assert_true(fd >= 0 && *ret_saved >= 0);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	return fd;
}

static inline void capture_end(int fd, int saved, char *text, size_t size)
{
	ssize_t n;

	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	fd_close(saved);
	n = pread(fd, text, size - 1, 0);
	assert_true(n >= 0);
	text[n] = '\0';
	fd_close(fd);
}

static inline void as_root(void *argument)
{
	(void)argument;
	expect("{\"op\":\"echo\",\"value\":[1]}", "{\"ok\":true,\"value\":[1]}");
	expect("{\"op\":\"change\"}", "{\"ok\":true}");
}

#define SERVER_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

/* The peers of these tests are of all kinds, root among them. */
static inline void this_needs_root(void **state)
{
	(void)state;
	check_skip("root");
}

#endif
