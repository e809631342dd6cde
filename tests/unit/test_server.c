/* SPDX-License-Identifier: Apache-2.0 */
/* Who may ask what, and what becomes of it. */
#include "server_fixture.h"

/* ---- who may what -------------------------------------------------------------------------------- */

static void root_may_do_everything(void **state)
{
	struct server_config config = config_of();
	pid_t pid;

	(void)state;
	start(&config);
	pid = peer_start(as_root, NULL);
	run_all();
	assert_int_equal(test.calls, 2);
	assert_int_equal(test.last.pid, pid);
	assert_int_equal(test.last.uid, geteuid());
	assert_int_equal(test.last.right, PEER_ALL);
}

static void as_member(void *argument)
{
	gid_t groups[MANY];

	(void)argument;
	for (size_t i = 0; i < MANY; i++)
		groups[i] = (gid_t)(GROUP + MANY - 1 - i);
	become(MEMBER, OTHER_GROUP, MANY, groups);
	expect("{\"op\":\"echo\",\"value\":1}", "{\"ok\":true,\"value\":1}");
	expect("{\"op\":\"change\"}", DENIED);
}

static void as_member_first(void *argument)
{
	(void)argument;
	become(MEMBER, GROUP, 0, NULL);
	expect("{\"op\":\"echo\"}", "{\"ok\":true}");
	expect("{\"op\":\"change\"}", DENIED);
}

static void the_group_may_read(void **state)
{
	struct server_config config = config_of();

	(void)state;
	start(&config);
	run_peer(as_member_first, NULL);
	assert_int_equal(test.last.gid, GROUP);
	run_peer(as_member, NULL);
	assert_int_equal(test.calls, 2);
	assert_int_equal(test.last.uid, MEMBER);
	assert_int_equal(test.last.gid, OTHER_GROUP);
	assert_int_equal(test.last.right, PEER_READ);
}

static void as_stranger(void *argument)
{
	static const gid_t groups[] = { OTHER_GROUP };
	int fd;

	(void)argument;
	become(STRANGER, OTHER_GROUP, 1, groups);
	expect("{\"op\":\"echo\"}", DENIED);
	expect("{\"op\":\"nothing\"}", DENIED);
	/* Before anything is asked. */
	fd = peer_connect();
	peer_receive(fd, DENIED);
	peer_expect_end(fd);
}

static void others_are_refused(void **state)
{
	struct server_config config = config_of();

	(void)state;
	start(&config);
	run_peer(as_stranger, NULL);
	assert_int_equal(test.calls, 0);
}

static void without_a_group_only_root_is_let_in(void **state)
{
	struct server_config config = config_of();

	(void)state;
	config.group = (gid_t)-1;
	start(&config);
	run_peer(as_stranger, NULL);
	run_peer(as_root, NULL);
	assert_int_equal(test.calls, 2);
}

static void as_crowd(void *argument)
{
	(void)argument;
	become(STRANGER, OTHER_GROUP, 0, NULL);
	for (int i = 0; i < 200; i++) {
		struct json_object *reply = ask("{\"op\":\"echo\"}");

		child_check(control_reply_error(reply, NULL) == -EPERM);
		json_object_put(reply);
	}
}

static void refusals_are_logged_and_counted(void **state)
{
	struct server_config config = config_of();
	char text[4096], *line = text;
	int lines = 0, fd, saved;

	(void)state;
	start(&config);
	fd = capture_begin(&saved);
	run_peer(as_crowd, NULL);
	capture_end(fd, saved, text, sizeof(text));
	for (; (line = strstr(line, " of user 64200: permission denied\n")); line++)
		lines++;
	assert_int_equal(lines, 10);
}

/* ---- what a peer's process is -------------------------------------------------------------------- */

static int op_pidfd(void *userdata, const struct peer *peer, struct json_object *request,
		    struct json_object *reply)
{
	struct pollfd entry = { .fd = peer->pidfd, .events = POLLIN };
	char name[64], text[512], *line;

	(void)userdata;
	(void)request;
	(void)reply;
	if (peer->pidfd < 0 || poll(&entry, 1, 0) != 0)
		return -ESRCH;
	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", peer->pidfd);
	if (fd_read_text(name, text, sizeof(text)) < 0)
		return -EIO;
	line = strstr(text, "\nPid:");
	return line && atoi(line + 5) == peer->pid ? 0 : -ESRCH;
}

static void as_itself(void *argument)
{
	(void)argument;
	expect("{\"op\":\"pidfd\"}", "{\"ok\":true}");
}

static void operations_get_the_peers_process(void **state)
{
	static const struct server_operation own[] = { { "pidfd", PEER_ALL, op_pidfd } };
	struct server_config config = config_of();
	size_t fds;

	(void)state;
	config.operations = own;
	config.operations_count = 1;
	start(&config);
	fds = child_count_fds();
	run_peer(as_itself, NULL);
	run_peer(as_itself, NULL);
	(void)sd_event_run(test.event, 0);
	assert_true(child_count_fds() <= fds + 2); /* sd-event has made its own for signals */
}

/* ---- requests ------------------------------------------------------------------------------------ */

static void as_asker(void *argument)
{
	int fd;

	(void)argument;
	expect("{\"op\":\"fail\"}",
	       "{\"ok\":false,\"error\":\"No space left on device\",\"errno\":\"ENOSPC\"}");
	expect("{\"op\":\"fail\",\"words\":1}",
	       "{\"ok\":false,\"error\":\"in words\",\"errno\":\"ENOSPC\"}");
	expect("{\"op\":\"none\"}",
	       "{\"ok\":false,\"error\":\"no such operation\",\"errno\":\"EOPNOTSUPP\"}");
	expect("{\"op\":5}",
	       "{\"ok\":false,\"error\":\"no such operation\",\"errno\":\"EOPNOTSUPP\"}");
	expect("{}", "{\"ok\":false,\"error\":\"no such operation\",\"errno\":\"EOPNOTSUPP\"}");
	/* Several on one connection; a failure does not end it. */
	fd = peer_connect();
	for (int i = 0; i < 3; i++) {
		peer_send(fd, "{\"op\":\"none\"}");
		peer_send(fd, "{\"op\":\"echo\",\"value\":2}");
		peer_receive(
			fd,
			"{\"ok\":false,\"error\":\"no such operation\",\"errno\":\"EOPNOTSUPP\"}");
		peer_receive(fd, "{\"ok\":true,\"value\":2}");
	}
}

static void as_waiter(void *argument)
{
	int fd = peer_connect();

	(void)argument;
	peer_send(fd, "{\"op\":\"later\"}");
	peer_receive(fd, "{\"ok\":true,\"late\":1}");
	/* It may go on asking. */
	peer_send(fd, "{\"op\":\"echo\"}");
	peer_receive(fd, "{\"ok\":true}");
}

static void as_impatient(void *argument)
{
	int fd = peer_connect();

	(void)argument;
	peer_send(fd, "{\"op\":\"later\"}");
	peer_send(fd, "{\"op\":\"echo\"}");
	peer_expect_end(fd);
}

/* Runs the loop until so many operations have been asked for. */
static void run_until_asked(int count)
{
	while (test.later < count)
		assert_true(sd_event_run(test.event, PATIENCE_MS * UINT64_C(1000)) > 0);
}

/* Runs the loop for some time. */
static void run_for(unsigned int milliseconds)
{
	uint64_t now, end;

	assert_true(sd_event_now(test.event, CLOCK_MONOTONIC, &now) >= 0);
	for (end = now + milliseconds * UINT64_C(1000); now < end;) {
		assert_true(sd_event_run(test.event, end - now) >= 0);
		assert_true(sd_event_now(test.event, CLOCK_MONOTONIC, &now) >= 0);
	}
}

static void a_reply_may_come_later(void **state)
{
	struct server_config config = config_of();

	(void)state;
	config.idle_ms = 200; /* who waits is not idle */
	start(&config);
	peer_start(as_waiter, NULL);
	peer_start(as_waiter, NULL);
	run_until_asked(2);
	run_for(config.idle_ms + 100);
	server_retry(test.server);
	assert_int_equal(test.later, 4);
	test.answered = true;
	server_retry(test.server);
	run_all();
	assert_int_equal(test.later, 6);
	server_retry(test.server);
	assert_int_equal(test.later, 6);
	server_retry(NULL);
}

static void who_waits_has_nothing_to_say(void **state)
{
	struct server_config config = config_of();

	(void)state;
	start(&config);
	run_peer(as_impatient, NULL);
	server_retry(test.server);
	assert_int_equal(test.later, 1);
	assert_int_equal(test.calls, 0);
}

static void every_request_has_a_reply(void **state)
{
	struct server_config config = config_of();

	(void)state;
	start(&config);
	run_peer(as_asker, NULL);
	assert_int_equal(test.calls, 3);
}

static void as_babbler(void *argument)
{
	static const char *const nonsense[] = {
		"", "x", "[]", "{\"op\":", "{\"op\":\"\xff\"}", "{\"op\":\"echo\"}x"
	};
	_cleanup_free_ char *long_one = calloc(1, CONTROL_MESSAGE_MAX + 1);
	int fd;

	(void)argument;
	for (size_t i = 0; i < ARRAY_SIZE(nonsense); i++) {
		fd = peer_connect();
		peer_send(fd, nonsense[i]);
		if (i > 0)
			peer_receive(
				fd,
				"{\"ok\":false,\"error\":\"not a request\",\"errno\":\"EBADMSG\"}");
		peer_expect_end(fd);
	}
	fd = peer_connect();
	child_check(send(fd, long_one, CONTROL_MESSAGE_MAX + 1, MSG_NOSIGNAL) > 0);
	peer_receive(fd,
		     "{\"ok\":false,\"error\":\"the request is too long\",\"errno\":\"EMSGSIZE\"}");
	peer_expect_end(fd);
}

static void nonsense_ends_the_connection(void **state)
{
	struct server_config config = config_of();

	(void)state;
	start(&config);
	run_peer(as_babbler, NULL);
	run_peer(as_root, NULL);
	assert_int_equal(test.calls, 2);
}

static void as_giver(void *argument)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .header = { .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS,
				  .cmsg_len = CMSG_LEN(sizeof(int)) } };
	char request[] = "{\"op\":\"echo\"}";
	struct iovec vector = { .iov_base = request, .iov_len = sizeof(request) - 1 };
	struct msghdr message = { .msg_iov = &vector,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	int fd = peer_connect(), given = STDERR_FILENO;
	ssize_t sent;

	(void)argument;
	memcpy(CMSG_DATA(&control.header), &given, sizeof(given));
	sent = sendmsg(fd, &message, MSG_NOSIGNAL);
	/* Since 6.16 the kernel does not even let it be sent (SO_PASSRIGHTS); before, only root and the group may connect. */
	if (sent < 0) {
		child_check(errno == EPERM);
		fd_close(fd);
		return;
	}
	child_check(sent == 13);
	peer_expect_end(fd);
}

static void descriptors_are_not_taken(void **state)
{
	struct server_config config = config_of();
	size_t fds;

	(void)state;
	start(&config);
	run_peer(as_root, NULL);
	fds = child_count_fds();
	run_peer(as_giver, NULL);
	/* The peer may have ended before its connection did. */
	while (sd_event_run(test.event, 0) > 0)
		continue;
	assert_true(child_count_fds() <= fds);
	run_peer(as_root, NULL); /* and the next one has its turn */
}

int main(void)
{
	const struct CMUnitTest none[] = { TEST(this_needs_root) };
	const struct CMUnitTest tests[] = {
		SERVER_TEST(root_may_do_everything),
		SERVER_TEST(the_group_may_read),
		SERVER_TEST(others_are_refused),
		SERVER_TEST(without_a_group_only_root_is_let_in),
		SERVER_TEST(refusals_are_logged_and_counted),
		SERVER_TEST(operations_get_the_peers_process),
		SERVER_TEST(every_request_has_a_reply),
		SERVER_TEST(a_reply_may_come_later),
		SERVER_TEST(who_waits_has_nothing_to_say),
		SERVER_TEST(nonsense_ends_the_connection),
		SERVER_TEST(descriptors_are_not_taken),
	};

	if (geteuid() != 0)
		return cmocka_run_group_tests(none, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
