/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/watcher.h"

#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "cli/account.h"
#include "cli/agent.h"
#include "cli/login_request.h"
#include "cli/reply.h"
#include "cli/status.h"
#include "control/client.h"
#include "control/message.h"

enum {
	ANSWER_MS = 10000,
	AGAIN_MS = 100,
	TRIES = 50, /* five seconds: an agent that is restarted is back long before */
	/* an agent that answered so long was there: the next failure is another one */
	STEADY_NS = 1000000000,
};

struct watch {
	const struct recorder_config *config; /* borrowed */
	char sid[UUID_SIZE];
	bool switched; /* the command is in a session that was there before */
	int command;   /* its pidfd, owned */
	int orders;    /* borrowed */
};

static struct json_object *make_request(const struct recorder_config *config)
{
	_cleanup_(control_message_freep) struct json_object *request = NULL;
	_cleanup_free_ char *user = NULL;

	if (account_login(&user) < 0)
		return NULL;
	request = login_request(&(struct login_options){
		.user = user,
		.service = "seshat-run",
		.tty = config->tty,
		.pid = config->command->pid,
	});
	/* It is to begin in its cgroup. */
	if (!request || control_add(request, "at_once", json_object_new_boolean(true)) < 0 ||
	    control_add(request, "interactive", json_object_new_boolean(config->interactive)) < 0)
		return NULL;
	return TAKE_PTR(request);
}

static int open_session(struct watch *watch)
{
	_cleanup_(control_message_freep) struct json_object *request = make_request(watch->config);
	_cleanup_(control_message_freep) struct json_object *reply = NULL;
	struct agent_options options = { .socket = watch->config->agent };
	struct bytes sid;

	if (agent_ask(&options, request, &reply))
		return STATUS_UNAUDITED;
	sid = reply_string(reply, "sid");
	if (sid.size != UUID_SIZE - 1) {
		log_error("the agent does not say which session it has opened");
		return STATUS_UNAUDITED;
	}
	memcpy(watch->sid, sid.data, sid.size);
	watch->switched = reply_true(reply, "switched");
	return 0;
}

static int write_sid(const struct watch *watch)
{
	char line[UUID_SIZE + 1];
	int r;

	if (watch->config->sid < 0)
		return 0;
	memcpy(line, watch->sid, UUID_SIZE);
	line[UUID_SIZE - 1] = '\n';
	r = fd_write_all(watch->config->sid, line, UUID_SIZE);
	if (r == 0)
		return 0;
	log_error("cannot write the session's id: %s", strerror(-r));
	return STATUS_FILE;
}

/* Waits for the descriptor, and returns true; or false when there is an order. */
static bool wait_for(const struct watch *watch, int fd, int timeout_ms)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = watch->orders, .events = POLLIN },
	};
	int n;

	do
		n = poll(fds, 2, timeout_ms);
	while (n < 0 && errno == EINTR);
	return !fds[1].revents;
}

/* Returns 0 when the session is over or there is an order, or negative errno of what lies between this and the agent. */
static int wait_once(const struct watch *watch, struct json_object *request)
{
	_cleanup_(control_message_freep) struct json_object *reply = NULL;
	_cleanup_close_ int fd = control_connect(watch->config->agent, ANSWER_MS);
	const char *text = "";
	int r = fd < 0 ? fd : control_send(fd, request, ANSWER_MS);

	if (r < 0)
		return r;
	if (!wait_for(watch, fd, -1))
		return 0;
	r = control_receive(fd, ANSWER_MS, &reply);
	if (r == 0 && control_reply_error(reply, &text) < 0)
		log_error("cannot wait for the session's end: the agent refuses: %s", text);
	return r;
}

static void wait_session(const struct watch *watch)
{
	_cleanup_(control_message_freep) struct json_object *request =
		agent_request("session.wait");
	int r = -ENOMEM;

	if (request && control_add_string(request, "sid", watch->sid) == 0)
		for (int i = 0; i < TRIES; i++) {
			uint64_t begun = clock_monotonic_ns();

			r = wait_once(watch, request);
			if (r == 0 || !wait_for(watch, -1, AGAIN_MS))
				return;
			if (clock_monotonic_ns() - begun > STEADY_NS)
				i = 0;
		}
	log_error("cannot wait for the session's end: the agent does not answer on %s: %s",
		  watch->config->agent, strerror(-r));
}

static int begin(struct watch *watch)
{
	int status;

	watch->command = (int)syscall(SYS_pidfd_open, watch->config->command->pid, 0);
	if (watch->command < 0) {
		log_error("cannot watch the command: %s", strerror(errno));
		return STATUS_FAILED;
	}
	status = open_session(watch);
	return status ? status : write_sid(watch);
}

int watcher_run(const struct recorder_config *config, int ready, int orders)
{
	struct watch watch = { .config = config, .command = -1, .orders = orders };
	int status = begin(&watch);

	if (status == 0) {
		if (fd_write_all(ready, "r", 1) < 0)
			log_warning("the process that waits for the command is gone");
		fd_close(ready);
		if (wait_for(&watch, watch.command, -1) && !watch.switched)
			wait_session(&watch);
	}
	fd_close(watch.command);
	return status;
}
