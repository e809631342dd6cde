/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The real module in the real libpam, asking a real server: only what the agent does with a request is the test's.
 */
#ifndef SESHAT_TESTS_PAM_FIXTURE_H
#define SESHAT_TESTS_PAM_FIXTURE_H

#include "child.h"

#include <security/pam_appl.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>

#include "base/cleanup.h"
#include "control/message.h"
#include "control/protocol.h"
#include "daemon/server.h"

#define SID	"8c2f4b1e-7a53-4d0e-9b61-2f7f0c5f1a9d"
#define SERVICE "seshat-test"

static char folder[64], path[96], module[4096];
static int log_fd = -1; /* what is written to /dev/log */

/* ---- the agent ----------------------------------------------------------------------------------- */

/* How it answers. */
struct manner {
	const char *sid;
	bool switched;
	bool refuses;
};

static struct {
	struct manner manner;
	int asked[2]; /* requests, a line each */
	int stay[2];  /* closed, when it is to end */
	pid_t pid;
} agent;

/* Hands the request on, with the peer's pid. */
static inline int hand_on(const struct peer *peer, struct json_object *request)
{
	const char *text;

	if (control_add(request, "peer", json_object_new_int(peer->pid)) < 0)
		return -ENOMEM;
	text = json_object_to_json_string_ext(request, JSON_C_TO_STRING_PLAIN);
	return dprintf(agent.asked[1], "%s\n", text) < 0 ? -errno : 0;
}

static inline int op_open(void *userdata, const struct peer *peer, struct json_object *request,
			  struct json_object *reply)
{
	int r = hand_on(peer, request);

	(void)userdata;
	if (r == 0 && agent.manner.refuses) {
		r = control_add_string(reply, "error", "no more sessions");
		return r < 0 ? r : -EBUSY;
	}
	if (r == 0)
		r = control_add_string(reply, "sid", agent.manner.sid);
	if (r == 0)
		r = control_add(reply, "switched", json_object_new_boolean(agent.manner.switched));
	return r;
}

static inline int op_close(void *userdata, const struct peer *peer, struct json_object *request,
			   struct json_object *reply)
{
	int r = hand_on(peer, request);

	(void)userdata;
	return r < 0 ? r : control_add(reply, "processes", json_object_new_int(0));
}

static inline int on_stay(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	(void)fd;
	(void)revents;
	(void)userdata;
	return sd_event_exit(sd_event_source_get_event(source), 0);
}

static inline void agent_run(void)
{
	static const struct server_operation operations[] = {
		{ "session.open", PEER_ALL, op_open },
		{ "session.close", PEER_ALL, op_close },
	};
	struct server_config config = {
		.path = path,
		.group = (gid_t)-1,
		.operations = operations,
		.operations_count = ARRAY_SIZE(operations),
	};
	struct server *server;

	child_check(sd_event_new(&config.event) == 0);
	child_check(server_new(&server, &config) == 0);
	child_check(sd_event_add_io(config.event, NULL, agent.stay[0], EPOLLIN, on_stay, NULL) >=
		    0);
	child_check(write(agent.asked[1], "\n", 1) == 1);
	child_check(sd_event_loop(config.event) == 0);
	server_free(server);
	sd_event_unref(config.event);
}

/* The next line that it has handed on; the caller frees it. */
static inline char *agent_line(void)
{
	_cleanup_free_ char *line = calloc(1, CONTROL_MESSAGE_MAX * 2);
	size_t used = 0;

	assert_non_null(line);
	do {
		assert_int_equal(read(agent.asked[0], line + used, 1), 1);
	} while (line[used++] != '\n');
	line[used - 1] = '\0';
	return TAKE_PTR(line);
}

/* It listens, when this returns. */
static inline void agent_start(struct manner manner)
{
	agent.manner = manner;
	assert_int_equal(pipe2(agent.asked, O_CLOEXEC), 0);
	assert_int_equal(pipe2(agent.stay, O_CLOEXEC), 0);
	agent.pid = child_fork();
	if (agent.pid == 0) {
		child_check(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
		fd_close(agent.stay[1]);
		agent_run();
		_exit(0);
	}
	agent.asked[1] = fd_close(agent.asked[1]);
	agent.stay[0] = fd_close(agent.stay[0]);
	free(agent_line());
}

/* And it was asked nothing that the test has not looked at. */
static inline void agent_end(void)
{
	char byte;

	fd_close(agent.stay[1]);
	assert_int_equal(child_status(agent.pid), 0);
	agent.pid = 0;
	assert_int_equal(read(agent.asked[0], &byte, 1), 0);
	fd_close(agent.asked[0]);
}

static inline struct json_object *agent_request(void)
{
	_cleanup_free_ char *line = agent_line();

	return check_parse(line, strlen(line));
}

/* ---- PAM ----------------------------------------------------------------------------------------- */

static inline int converse(int count, const struct pam_message **messages,
			   struct pam_response **responses, void *data)
{
	(void)count;
	(void)messages;
	(void)responses;
	(void)data;
	return PAM_CONV_ERR; /* the module has nothing to say to anybody */
}

/* The stack; lines of "session CONTROL MODULE ARGUMENTS". "%M" stands for the module with its socket. */
static inline void write_stack(const char *text)
{
	char name[128];
	const char *at;
	FILE *file;

	snprintf(name, sizeof(name), "%s/%s", folder, SERVICE);
	file = fopen(name, "we");
	assert_non_null(file);
	for (; (at = strstr(text, "%M")); text = at + 2)
		fprintf(file, "%.*s%s socket=%s", (int)(at - text), text, module, path);
	fprintf(file, "%s\n", text);
	assert_int_equal(fclose(file), 0);
}

static inline pam_handle_t *begin(const char *user)
{
	static const struct pam_conv conversation = { .conv = converse };
	pam_handle_t *pamh = NULL;

	assert_int_equal(pam_start_confdir(SERVICE, user, &conversation, folder, &pamh),
			 PAM_SUCCESS);
	return pamh;
}

static inline void end(pam_handle_t *pamh)
{
	assert_int_equal(pam_end(pamh, PAM_SUCCESS), PAM_SUCCESS);
}

/* ---- the log: /dev/log in a /dev of the test's own ------------------------------------------------ */

/* Opens the log in private mounts, so that nothing of it is seen outside. */
static inline int log_open(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/dev", "tmpfs", 0, NULL) < 0)
		return -errno;
	if (mknod("/dev/null", S_IFCHR | 0666, makedev(1, 3)) < 0 ||
	    mknod("/dev/urandom", S_IFCHR | 0444, makedev(1, 9)) < 0)
		return -errno;
	log_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (log_fd < 0 || bind(log_fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return 0;
}

/* The next message: of that severity to authpriv, and with that text in it. */
static inline void expect_log(int severity, const char *text)
{
	char line[2048], priority[16];
	ssize_t n = recv(log_fd, line, sizeof(line) - 1, 0);

	if (n < 0)
		fail_msg("not logged: %s", text);
	line[n] = '\0';
	snprintf(priority, sizeof(priority), "<%d>", LOG_AUTHPRIV | severity);
	if (strncmp(line, priority, strlen(priority)) != 0 ||
	    !strstr(line, "pam_seshat(" SERVICE ":session)") || !strstr(line, text))
		fail_msg("%s instead of %s", line, text);
}

static inline void expect_no_log(void)
{
	char line[2048];
	ssize_t n = recv(log_fd, line, sizeof(line) - 1, 0);

	if (n >= 0)
		fail_msg("logged: %.*s", (int)n, line);
}

/* What libpam does for services that have no file. */
static inline int write_other(void)
{
	char name[128];
	FILE *file;

	snprintf(name, sizeof(name), "%s/other", folder);
	file = fopen(name, "we");
	if (!file || fputs("session required pam_deny.so\n", file) < 0)
		return -1;
	return fclose(file);
}

static inline int setup_all(void **state)
{
	const char *given = getenv("PAM_SESHAT");

	(void)state;
	if (!realpath(given ? given : "build/pam_seshat.so", module)) {
		print_error("build/pam_seshat.so: %s\n", strerror(errno));
		return -1;
	}
	strcpy(folder, "/tmp/seshat-test-XXXXXX");
	if (!mkdtemp(folder) || chmod(folder, 0755) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/socket", folder);
	return write_other() < 0 ? -1 : log_open();
}

static inline int teardown_all(void **state)
{
	char name[128];

	(void)state;
	snprintf(name, sizeof(name), "%s/%s", folder, SERVICE);
	unlink(name);
	snprintf(name, sizeof(name), "%s/other", folder);
	unlink(name);
	fd_close(log_fd);
	return rmdir(folder); /* nothing else is left in it */
}

/* After a test that failed nothing of it disturbs the next. */
static inline int teardown(void **state)
{
	char line[2048];

	(void)state;
	if (agent.pid > 0) {
		kill(agent.pid, SIGKILL);
		waitpid(agent.pid, NULL, 0);
		agent.pid = 0;
		unlink(path);
	}
	while (recv(log_fd, line, sizeof(line), 0) >= 0)
		;
	return 0;
}

#define PAM_TEST(function) cmocka_unit_test_teardown(function, teardown)

static inline void this_needs_mounts(void **state)
{
	(void)state;
	check_skip("root, and the right to mount");
}

#endif
