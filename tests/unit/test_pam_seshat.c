/* SPDX-License-Identifier: Apache-2.0 */
/* What the PAM module asks, what it makes of the reply, and how it behaves in other people's programs. */
#include "pam_fixture.h"

#include <dlfcn.h>
#include <pthread.h>

/* ---- what is asked -------------------------------------------------------------------------------- */

static void a_session_is_opened_and_closed(void **state)
{
	_cleanup_(control_message_freep) struct json_object *opened = NULL, *closed = NULL;
	pam_handle_t *pamh;

	(void)state;
	write_stack("session required %M");
	agent_start((struct manner){ .sid = SID });
	pamh = begin("alice");
	assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
	opened = agent_request();
	check_keys(opened, "op service user peer");
	check_string(opened, "op", "session.open");
	check_string(opened, "service", SERVICE);
	check_string(opened, "user", "alice");
	check_int(opened, "peer", getpid());
	assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
	closed = agent_request();
	check_keys(closed, "op sid peer");
	check_string(closed, "op", "session.close");
	check_string(closed, "sid", SID);
	assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS); /* once is enough */
	end(pamh);
	agent_end();
	expect_no_log();
}

static void what_sshd_knows_is_told(void **state)
{
	_cleanup_(control_message_freep) struct json_object *request = NULL;
	pam_handle_t *pamh;
	char **environment;

	(void)state;
	write_stack("session required %M");
	agent_start((struct manner){ .sid = SID });
	pamh = begin("alice");
	assert_int_equal(pam_set_item(pamh, PAM_RHOST, "client.example.org"), PAM_SUCCESS);
	assert_int_equal(pam_set_item(pamh, PAM_RUSER, "bob"), PAM_SUCCESS);
	assert_int_equal(pam_set_item(pamh, PAM_TTY, "ssh"), PAM_SUCCESS);
	assert_int_equal(pam_putenv(pamh, "SSH_CONNECTION=192.0.2.1 1 192.0.2.2 22"), PAM_SUCCESS);
	assert_int_equal(pam_putenv(pamh, "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA\npassword\n"),
			 PAM_SUCCESS);
	assert_int_equal(pam_putenv(pamh, "XDG_SESSION_ID=c7"), PAM_SUCCESS);
	assert_int_equal(pam_putenv(pamh, "HOME=/home/alice"), PAM_SUCCESS);
	assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
	request = agent_request();
	check_keys(
		request,
		"op service user ruser rhost tty logind_session ssh_connection ssh_auth_info peer");
	check_string(request, "rhost", "client.example.org");
	check_string(request, "ruser", "bob");
	check_string(request, "tty", "ssh");
	check_string(request, "logind_session", "c7");
	check_string(request, "ssh_connection", "192.0.2.1 1 192.0.2.2 22");
	check_string(request, "ssh_auth_info", "publickey ssh-ed25519 AAAA\npassword\n");
	/* Nothing is put into the user's environment. */
	environment = pam_getenvlist(pamh);
	for (int i = 0; i < 4; i++) {
		assert_non_null(environment[i]);
		free(environment[i]);
	}
	assert_null(environment[4]);
	free(environment);
	end(pamh);
	agent_end();
	expect_no_log();
}

static void any_bytes_are_told_exactly(void **state)
{
	_cleanup_(control_message_freep) struct json_object *request = NULL;
	_cleanup_free_ char *info = calloc(1, CONTROL_AUTH_INFO_MAX + 100), *sent = NULL,
			    *user = NULL;
	size_t name = strlen("SSH_AUTH_INFO_0=");
	pam_handle_t *pamh;

	(void)state;
	assert_non_null(info);
	memset(info, '\xfe', CONTROL_AUTH_INFO_MAX + 99);
	memcpy(info, "SSH_AUTH_INFO_0=", name);
	write_stack("session required %M");
	agent_start((struct manner){ .sid = SID });
	pamh = begin("al\xff\x01ice");
	assert_int_equal(pam_putenv(pamh, info), PAM_SUCCESS);
	assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
	request = agent_request();
	assert_int_equal(control_get_string(request, "user", CONTROL_STRING_MAX, &user), 0);
	assert_string_equal(user, "al\xff\x01ice");
	/* One byte too many tells that there was more. */
	assert_int_equal(
		control_get_string(request, "ssh_auth_info", CONTROL_AUTH_INFO_MAX + 1, &sent), 0);
	assert_int_equal(strlen(sent), CONTROL_AUTH_INFO_MAX + 1);
	assert_memory_equal(sent, info + name, CONTROL_AUTH_INFO_MAX + 1);
	end(pamh);
	agent_end();
}

static void what_is_too_long_is_left_out(void **state)
{
	_cleanup_(control_message_freep) struct json_object *request = NULL;
	char host[CONTROL_STRING_MAX + 2];
	pam_handle_t *pamh;

	(void)state;
	memset(host, 'h', sizeof(host) - 1);
	host[sizeof(host) - 1] = '\0';
	write_stack("session required %M fail=closed");
	agent_start((struct manner){ .sid = SID });
	pamh = begin("alice");
	assert_int_equal(pam_set_item(pamh, PAM_RHOST, host), PAM_SUCCESS);
	assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
	request = agent_request();
	check_keys(request, "op service user peer");
	expect_log(LOG_WARNING, "rhost is too long, ignoring");
	end(pamh);
	/* Without a user there is no session. */
	pamh = begin(host);
	assert_int_equal(pam_open_session(pamh, 0), PAM_SESSION_ERR);
	expect_log(LOG_ERR, "cannot ask for an audit session: File name too long");
	expect_log(LOG_ERR, "the session is refused: it could not be audited");
	end(pamh);
	agent_end();
}

static void a_session_that_was_open_before_stays_open(void **state)
{
	pam_handle_t *pamh;

	(void)state;
	write_stack("session required %M debug");
	agent_start((struct manner){ .sid = SID, .switched = true });
	pamh = begin("root");
	assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
	json_object_put(agent_request());
	assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
	end(pamh);
	agent_end();
	expect_log(LOG_DEBUG, "audit session " SID ", open before");
	expect_no_log();
}

/* ---- when it fails -------------------------------------------------------------------------------- */

/* One session with that stack. Returns what libpam says of its opening. */
static int open_with(const char *stack)
{
	pam_handle_t *pamh;
	int r;

	write_stack(stack);
	pamh = begin("alice");
	r = pam_open_session(pamh, 0);
	assert_int_equal(pam_close_session(pamh, 0), r == PAM_SUCCESS ? PAM_SUCCESS : r);
	end(pamh);
	return r;
}

static void without_an_agent_it_is_open_or_closed(void **state)
{
	static const struct {
		const char *stack;
		int expected;
	} cases[] = {
		{ "session required %M", PAM_SUCCESS }, /* also where no other module says yes */
		{ "session required %M fail=open", PAM_SUCCESS },
		{ "session optional %M\nsession required pam_permit.so", PAM_SUCCESS },
		{ "session required pam_permit.so\nsession required %M", PAM_SUCCESS },
	};
	static const char *const closed[] = {
		"session required %M fail=closed",
		"session required pam_permit.so\nsession required %M fail=closed",
		"session requisite %M fail=closed\nsession required pam_permit.so",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(open_with(cases[i].stack), cases[i].expected);
		expect_log(LOG_ERR, "/socket: No such file or directory");
		expect_log(LOG_ERR, "the session goes on without an audit");
		expect_no_log();
	}
	for (size_t i = 0; i < ARRAY_SIZE(closed); i++) {
		pam_handle_t *pamh;

		write_stack(closed[i]);
		pamh = begin("alice");
		assert_int_equal(pam_open_session(pamh, 0), PAM_SESSION_ERR);
		expect_log(LOG_ERR, "/socket: No such file or directory");
		expect_log(LOG_ERR, "the session is refused: it could not be audited");
		end(pamh);
		expect_no_log();
	}
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void a_stopped_agent_is_waited_for_so_long(void **state)
{
	pam_handle_t *pamh;
	uint64_t begun, took;

	(void)state;
	write_stack("session required %M fail=closed timeout=150ms");
	agent_start((struct manner){ .sid = SID });
	assert_int_equal(kill(agent.pid, SIGSTOP), 0);
	pamh = begin("alice");
	begun = now_ms();
	assert_int_equal(pam_open_session(pamh, 0), PAM_SESSION_ERR);
	took = now_ms() - begun;
	assert_true(took >= 149 && took < 5000);
	expect_log(LOG_ERR, "/socket: Connection timed out");
	expect_log(LOG_ERR, "the session is refused");
	end(pamh);
	assert_int_equal(kill(agent.pid, SIGCONT), 0);
	json_object_put(agent_request()); /* it hears of it, late */
	agent_end();
}

static void the_agents_reason_is_logged(void **state)
{
	pam_handle_t *pamh;

	(void)state;
	write_stack("session required %M fail=closed");
	agent_start((struct manner){ .refuses = true });
	pamh = begin("alice");
	assert_int_equal(pam_open_session(pamh, 0), PAM_SESSION_ERR);
	json_object_put(agent_request());
	expect_log(LOG_ERR, "the agent says: no more sessions");
	expect_log(LOG_ERR, "the session is refused");
	end(pamh);
	agent_end();
}

static void a_reply_without_a_sid_is_none(void **state)
{
	static const char *const sids[] = { NULL, "", "8c2f4b1e", SID "0" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sids); i++) {
		pam_handle_t *pamh;

		write_stack("session required %M fail=closed");
		agent_start((struct manner){ .sid = sids[i] });
		pamh = begin("alice");
		assert_int_equal(pam_open_session(pamh, 0), PAM_SESSION_ERR);
		json_object_put(agent_request());
		expect_log(LOG_ERR, "/socket: Protocol error");
		expect_log(LOG_ERR, "the session is refused");
		end(pamh);
		agent_end();
	}
}

static void bad_options_are_logged_and_closed_refuses(void **state)
{
	pam_handle_t *pamh;

	(void)state;
	write_stack("session required %M timeout=soon fail=closed");
	agent_start((struct manner){ .sid = SID });
	pamh = begin("alice");
	assert_int_equal(pam_open_session(pamh, 0), PAM_SESSION_ERR);
	expect_log(LOG_ERR, "bad option: timeout=soon");
	end(pamh);
	write_stack("session required %M timeout=soon");
	pamh = begin("alice");
	assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
	json_object_put(agent_request());
	expect_log(LOG_ERR, "bad option: timeout=soon, ignoring");
	end(pamh);
	agent_end();
	expect_no_log();
}

static void other_services_are_let_pass(void **state)
{
	(void)state;
	assert_int_equal(open_with("session required %M fail=closed service=su,login"),
			 PAM_SUCCESS);
	expect_no_log();
	assert_int_equal(open_with("session required %M service=su,login service=" SERVICE),
			 PAM_SUCCESS);
	expect_log(LOG_ERR, "No such file or directory");
	expect_log(LOG_ERR, "without an audit");
}

enum {
	THREADS = 6,
	ROUNDS = 20,
};

/* ---- a good guest --------------------------------------------------------------------------------- */

/* Opens and closes sessions of its own, all at the same time. */
static void *be_busy(void *argument)
{
	static const struct pam_conv conversation = { .conv = converse };
	bool *good = argument;

	for (int i = 0; i < ROUNDS; i++) {
		pam_handle_t *pamh = NULL;

		*good = *good &&
			pam_start_confdir(SERVICE, "alice", &conversation, folder, &pamh) ==
				PAM_SUCCESS &&
			pam_open_session(pamh, 0) == PAM_SUCCESS &&
			pam_close_session(pamh, 0) == PAM_SUCCESS;
		*good = pam_end(pamh, PAM_SUCCESS) == PAM_SUCCESS && *good;
	}
	return NULL;
}

static void threads_do_not_disturb_each_other(void **state)
{
	pthread_t threads[THREADS];
	bool good[THREADS];
	size_t fds;

	(void)state;
	write_stack("session required %M fail=closed timeout=30");
	agent_start((struct manner){ .sid = SID });
	fds = child_count_fds();
	for (size_t i = 0; i < THREADS; i++) {
		good[i] = true;
		assert_int_equal(pthread_create(&threads[i], NULL, be_busy, &good[i]), 0);
	}
	for (int i = 0; i < THREADS * ROUNDS * 2; i++)
		free(agent_line());
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_true(good[i]);
	}
	assert_int_equal(child_count_fds(), fds);
	agent_end();
}

/* Lets go of every connection at once: sending to it raises SIGPIPE, unless that is prevented. */
static void no_signal_reaches_the_program(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sigaction action;
	pam_handle_t *pamh;
	size_t fds;

	(void)state;
	memcpy(address.sun_path, path, strlen(path));
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 5), 0);
	signal(SIGPIPE, SIG_DFL);
	agent.pid = child_fork();
	if (agent.pid == 0) {
		child_check(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
		for (int i = 0; i < 100; i++)
			fd_close(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
		_exit(0);
	}
	write_stack("session required %M");
	fds = child_count_fds();
	for (int i = 0; i < 100; i++) {
		pamh = begin("alice");
		assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
		end(pamh);
		expect_log(LOG_ERR, "/socket: Connection reset by peer");
		expect_log(LOG_ERR, "without an audit");
	}
	assert_int_equal(child_status(agent.pid), 0);
	agent.pid = 0;
	assert_int_equal(child_count_fds(), fds);
	assert_int_equal(sigaction(SIGPIPE, NULL, &action), 0);
	assert_true(action.sa_handler == SIG_DFL);
	fd_close(listener);
	unlink(path);
}

static void only_the_two_functions_are_seen(void **state)
{
	static const char *const hidden[] = {
		"pam_sm_authenticate", "pam_sm_setcred", "control_call", "control_message_parse",
		"options_read",	       "base64_decode",	 "fd_close"
	};
	void *handle = dlopen(module, RTLD_NOW | RTLD_LOCAL);

	(void)state;
	assert_non_null(handle);
	assert_non_null(dlsym(handle, "pam_sm_open_session"));
	assert_non_null(dlsym(handle, "pam_sm_close_session"));
	for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
		assert_null(dlsym(handle, hidden[i]));
	assert_int_equal(dlclose(handle), 0);
}

int main(void)
{
	const struct CMUnitTest none[] = { TEST(this_needs_mounts) };
	const struct CMUnitTest tests[] = {
		PAM_TEST(a_session_is_opened_and_closed),
		PAM_TEST(what_sshd_knows_is_told),
		PAM_TEST(any_bytes_are_told_exactly),
		PAM_TEST(what_is_too_long_is_left_out),
		PAM_TEST(a_session_that_was_open_before_stays_open),
		PAM_TEST(without_an_agent_it_is_open_or_closed),
		PAM_TEST(a_stopped_agent_is_waited_for_so_long),
		PAM_TEST(the_agents_reason_is_logged),
		PAM_TEST(a_reply_without_a_sid_is_none),
		PAM_TEST(bad_options_are_logged_and_closed_refuses),
		PAM_TEST(other_services_are_let_pass),
		PAM_TEST(threads_do_not_disturb_each_other),
		PAM_TEST(no_signal_reaches_the_program),
		PAM_TEST(only_the_two_functions_are_seen),
	};

	if (geteuid() != 0 || !child_may_mount())
		return cmocka_run_group_tests(none, NULL, NULL);
	return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
