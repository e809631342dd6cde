/* SPDX-License-Identifier: Apache-2.0 */
/* Peers that are slow, silent or many, and the socket itself. */
#include "server_fixture.h"

/* ---- peers that do not read, or do nothing ------------------------------------------------------- */

static void as_big(void *argument)
{
	struct json_object *reply = ask("{\"op\":\"big\",\"size\":131072}");
	struct json_object *text = NULL;

	(void)argument;
	child_check(control_reply_error(reply, NULL) == 0);
	child_check(json_object_object_get_ex(reply, "x", &text));
	child_check(json_object_get_string_len(text) == 131072 - 18);
	json_object_put(reply);
	expect("{\"op\":\"big\",\"size\":131073}",
	       "{\"ok\":false,\"error\":\"the reply is too long\",\"errno\":\"EMSGSIZE\"}");
}

static void the_longest_reply_gets_through(void **state)
{
	struct server_config config = config_of();

	(void)state;
	start(&config);
	run_peer(as_big, NULL);
}

/* Asks on and on, and reads nothing: until the server has had enough of it. */
static void as_hoarder(void *argument)
{
	int fd = peer_connect();

	(void)argument;
	while (send(fd, "{\"op\":\"big\",\"size\":100000}", 26, MSG_NOSIGNAL) > 0)
		;
	child_check(errno == EPIPE || errno == ECONNRESET);
}

static void who_does_not_read_is_let_go(void **state)
{
	struct server_config config = config_of();

	(void)state;
	start(&config);
	peer_start(as_hoarder, NULL);
	peer_start(as_root, NULL);
	run_all();
	assert_int_equal(test.calls, 2);
}

static void as_silent(void *argument)
{
	int fd = peer_connect();

	(void)argument;
	peer_send(fd, "{\"op\":\"echo\"}");
	peer_receive(fd, "{\"ok\":true}");
	peer_expect_end(fd);
}

static void who_is_silent_is_let_go(void **state)
{
	struct server_config config = config_of();

	(void)state;
	config.idle_ms = 50;
	start(&config);
	for (int i = 0; i < 3; i++)
		peer_start(as_silent, NULL);
	run_all();
	assert_int_equal(test.calls, 3);
	/* And then there is nothing to wake up for. */
	assert_int_equal(sd_event_run(test.event, 600000), 0);
}

/* ---- many ---------------------------------------------------------------------------------------- */

struct holder {
	uid_t uid;
	int count; /* connections */
	int ready; /* written to, when all are there */
	int go;	   /* closed, when it is to end */
	int alive; /* how many of them must be answered in the end */
};

/* Opens connections, then holds them until it is told. */
static void as_holder(void *argument)
{
	const struct holder *holder = argument;
	int fds[64], alive = 0;
	char byte;

	if (holder->uid != 0)
		become(holder->uid, GROUP, 0, NULL);
	for (int i = 0; i < holder->count; i++) {
		fds[i] = peer_connect();
		peer_send(fds[i], "{\"op\":\"echo\"}");
		peer_receive(fds[i], "{\"ok\":true}");
	}
	child_check(write(holder->ready, "", 1) == 1);
	child_check(read(holder->go, &byte, 1) == 0);
	for (int i = 0; i < holder->count; i++) {
		char buf[64];

		if (send(fds[i], "{\"op\":\"echo\"}", 13, MSG_NOSIGNAL) > 0 &&
		    recv(fds[i], buf, sizeof(buf), 0) > 0)
			alive++;
	}
	if (alive != holder->alive)
		dprintf(STDERR_FILENO, "user %u has %d\n", (unsigned int)holder->uid, alive);
	child_check(alive == holder->alive);
}

static int on_ready(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	bool *ready = userdata;
	char byte;

	(void)source;
	(void)revents;
	*ready = read(fd, &byte, 1) == 1;
	return 0;
}

/* Runs the loop until the holder has its connections. */
static void start_holder(struct holder *holder, int go[2])
{
	bool ready = false;
	sd_event_source *source;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	holder->ready = ends[1];
	holder->go = go[0];
	peer_start(as_holder, holder);
	assert_int_equal(sd_event_add_io(test.event, &source, ends[0], EPOLLIN, on_ready, &ready),
			 0);
	while (!ready)
		assert_true(sd_event_run(test.event, PATIENCE_MS * UINT64_C(1000)) > 0);
	sd_event_source_disable_unref(source);
	fd_close(ends[0]);
	fd_close(ends[1]);
}

static void nobody_keeps_the_others_out(void **state)
{
	struct server_config config = config_of();
	/* Of 8 there are, each may have 2; root as many as it likes. */
	struct holder holders[] = {
		{ .uid = MEMBER, .count = 6, .alive = 2 },
		{ .uid = SECOND, .count = 1, .alive = 1 },
		{ .uid = 0, .count = 20, .alive = 20 },
	};
	int go[2];

	(void)state;
	start(&config);
	/* Whoever waits for `go` must not hold its other end. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, go), 0);
	for (size_t i = 0; i < ARRAY_SIZE(holders); i++)
		start_holder(&holders[i], go);
	assert_int_equal(shutdown(go[1], SHUT_WR), 0);
	run_all();
	fd_close(go[0]);
	fd_close(go[1]);
}

static void when_all_are_taken_the_oldest_goes(void **state)
{
	struct server_config config = config_of();
	struct holder holders[] = {
		{ .uid = MEMBER, .count = 1, .alive = 0 },
		{ .uid = MEMBER + 1, .count = 1, .alive = 1 },
		{ .uid = MEMBER + 2, .count = 1, .alive = 1 },
		{ .uid = MEMBER + 3, .count = 1, .alive = 1 },
		{ .uid = MEMBER + 4, .count = 1, .alive = 1 },
	};
	int go[2];

	(void)state;
	config.peers_max = 4;
	start(&config);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, go), 0);
	for (size_t i = 0; i < ARRAY_SIZE(holders); i++)
		start_holder(&holders[i], go);
	assert_int_equal(shutdown(go[1], SHUT_WR), 0);
	run_all();
	fd_close(go[0]);
	fd_close(go[1]);
}

/* Connects as fast as it can, until it is ended. */
static void as_flood(void *argument)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)argument;
	become(STRANGER, OTHER_GROUP, 0, NULL);
	memcpy(address.sun_path, path, strlen(path));
	for (;;) {
		int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		(void)connect(fd, (struct sockaddr *)&address, sizeof(address));
		fd_close(fd);
	}
}

static void as_root_in_the_flood(void *argument)
{
	(void)argument;
	for (int i = 0; i < 5; i++)
		expect("{\"op\":\"change\"}", "{\"ok\":true}");
}

static void root_gets_through_a_flood(void **state)
{
	struct server_config config = config_of();
	pid_t floods[3];

	(void)state;
	start(&config);
	for (size_t i = 0; i < ARRAY_SIZE(floods); i++) {
		floods[i] = child_fork();
		if (floods[i] == 0)
			as_flood(NULL);
	}
	run_peer(as_root_in_the_flood, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(floods); i++) {
		assert_int_equal(kill(floods[i], SIGKILL), 0);
		assert_int_equal(child_status(floods[i]), CHILD_SIGNAL + SIGKILL);
	}
	assert_int_equal(test.calls, 5);
}

/* ---- no descriptors left ------------------------------------------------------------------------- */

static void as_unlucky(void *argument)
{
	(void)argument;
	peer_expect_end(peer_connect());
}

/* It is let go, not left waiting while the loop turns. */
static void a_connection_without_a_descriptor_ends(void **state)
{
	struct server_config config = config_of();
	struct rlimit before, limit;
	char text[4096];
	int fd, saved, next;

	(void)state;
	start(&config);
	run_peer(as_root, NULL);
	fd = capture_begin(&saved);
	peer_start(as_unlucky, NULL);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	next = open("/dev/null", O_RDONLY | O_CLOEXEC);
	limit = (struct rlimit){ .rlim_cur = (rlim_t)next, .rlim_max = before.rlim_max };
	fd_close(next);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	while (test.running > 0)
		assert_true(sd_event_run(test.event, PATIENCE_MS * UINT64_C(1000)) > 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	capture_end(fd, saved, text, sizeof(text));
	assert_int_equal(test.failed, 0);
	assert_non_null(strstr(text, "no file descriptor left"));
	run_peer(as_root, NULL);
}

/* ---- the socket ---------------------------------------------------------------------------------- */

static void there_is_one_at_a_path(void **state)
{
	struct server_config config = config_of();
	struct server *second = NULL;
	struct stat status;

	(void)state;
	start(&config);
	assert_int_equal(server_new(&second, &config), -EADDRINUSE);
	assert_null(second);
	run_peer(as_root, NULL); /* the first one lives */
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0666);
	server_free(TAKE_PTR(test.server));
	assert_int_equal(stat(path, &status), -1);
	start(&config);
	run_peer(as_root, NULL);
}

static void die_listening(void *argument)
{
	struct server_config config = config_of();

	(void)argument;
	umask(0177);
	child_check(sd_event_new(&config.event) == 0); /* the parent's is of no use here */
	child_check(server_new(&test.server, &config) == 0);
	_exit(0);
}

static void what_a_dead_agent_left_is_replaced(void **state)
{
	struct server_config config = config_of();
	struct stat status;
	char run[80];

	(void)state;
	run_peer(die_listening, NULL);
	assert_int_equal(stat(path, &status), 0); /* left behind, in a directory that it made */
	snprintf(run, sizeof(run), "%s/run", folder);
	assert_int_equal(stat(run, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0755);
	start(&config);
	run_peer(as_root, NULL);
	assert_int_equal(test.calls, 2);
}

static void other_files_are_left_alone(void **state)
{
	struct server_config config = config_of();
	char file[128];

	(void)state;
	snprintf(file, sizeof(file), "%s/run", folder);
	assert_int_equal(mkdir(file, 0755), 0);
	fd_close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(server_new(&test.server, &config), -EEXIST);
	assert_null(test.server);
	assert_int_equal(unlink(path), 0);
	memset(path, 'x', sizeof(path) - 1);
	config.path = "/12345678901234567890123456789012345678901234567890/"
		      "12345678901234567890123456789012345678901234567890123456789";
	assert_int_equal(server_new(&test.server, &config), -ENAMETOOLONG);
	server_free(NULL);
}

int main(void)
{
	const struct CMUnitTest none[] = { TEST(this_needs_root) };
	const struct CMUnitTest tests[] = {
		SERVER_TEST(the_longest_reply_gets_through),
		SERVER_TEST(who_does_not_read_is_let_go),
		SERVER_TEST(who_is_silent_is_let_go),
		SERVER_TEST(nobody_keeps_the_others_out),
		SERVER_TEST(when_all_are_taken_the_oldest_goes),
		SERVER_TEST(root_gets_through_a_flood),
		SERVER_TEST(a_connection_without_a_descriptor_ends),
		SERVER_TEST(there_is_one_at_a_path),
		SERVER_TEST(what_a_dead_agent_left_is_replaced),
		SERVER_TEST(other_files_are_left_alone),
	};

	if (geteuid() != 0)
		return cmocka_run_group_tests(none, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
