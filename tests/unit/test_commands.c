/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands that ask the agent, against a peer that answers what it is told to; and those that read its log.
 */
#include "command_fixture.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "cli/ask.h"
#include "cli/session_command.h"
#include "cli/sessions.h"
#include "cli/show.h"
#include "cli/status.h"
#include "cli/tail.h"
#include "folder.h"
#include "lines.h"

enum {
	REPLIES_MAX = 4,
	PACKET_SIZE = 131072,
};

/* ---- a peer ---- */

struct server {
	struct folder folder;
	int listener;
	pid_t pid;
	const char *replies[REPLIES_MAX]; /* one for each connection */
	int requests;			  /* what was asked comes from here, a line each */
};

static _Noreturn void serve(const struct server *server, int requests)
{
	static char packet[PACKET_SIZE];

	for (size_t i = 0; i < REPLIES_MAX && server->replies[i]; i++) {
		int fd = accept(server->listener, NULL, NULL);
		ssize_t n = recv(fd, packet, sizeof(packet) - 1, 0);

		if (n <= 0)
			_exit(CHILD_WRONG);
		packet[n] = '\n';
		if (fd_write_all(requests, packet, (size_t)n + 1) < 0 ||
		    send(fd, server->replies[i], strlen(server->replies[i]), MSG_NOSIGNAL) < 0)
			_exit(CHILD_WRONG);
		fd_close(fd);
	}
	_exit(0);
}

static void server_start(struct server *server)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int ends[2];

	folder_make(&server->folder);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket",
		       server->folder.path);
	server->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_true(server->listener >= 0);
	assert_int_equal(bind(server->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(server->listener, REPLIES_MAX), 0);
	assert_int_equal(pipe(ends), 0);
	server->pid = child_fork();
	if (server->pid == 0)
		serve(server, ends[1]);
	fd_close(ends[1]);
	server->requests = ends[0];
}

/* Everything was asked, and this is what. */
static void server_end(struct server *server, const char *expected)
{
	static char text[TEXT_SIZE];
	ssize_t size;

	assert_int_equal(child_status(server->pid), 0);
	size = fd_read_all(server->requests, text, sizeof(text) - 1);
	assert_true(size >= 0);
	text[size] = '\0';
	if (expected)
		assert_string_equal(text, expected);
	fd_close(server->requests);
	fd_close(server->listener);
	folder_remove(&server->folder);
}

/* Runs a command against the server; text is what it says, on both streams. Returns its status. */
static int ask(struct server *server, struct command command, char *text)
{
	size_t i = 0;
	int status;

	server_start(server);
	while (command.arguments[i])
		i++;
	command.arguments[i] = "--socket";
	command.arguments[i + 1] = folder_path(&server->folder, "socket");
	status = child_output(run_command, &command, text, TEXT_SIZE);
	return status;
}

/* ---- tests ---- */

static void what_the_agent_says_is_shown(void **state)
{
	static char text[TEXT_SIZE];
	struct server server = {
		.replies = { "{\"ok\":true,\"version\":\"9.9\",\"sinks\":[]}" },
	};

	(void)state;
	assert_int_equal(
		ask(&server, (struct command){ status_main, { "status", "--json" } }, text), 0);
	server_end(&server, "{\"op\":\"status\"}\n");
	assert_string_equal(text, "{\"version\":\"9.9\",\"sinks\":[]}\n");
	assert_int_equal(ask(&server, (struct command){ status_main, { "status" } }, text), 0);
	server_end(&server, NULL);
	assert_non_null(strstr(text, "agent     seshatd 9.9, pid 0"));
}

static void refusals_have_statuses_of_their_own(void **state)
{
	static const struct {
		const char *reply;
		int status;
		const char *text;
	} CASES[] = {
		{ "{\"ok\":false,\"error\":\"permission denied\",\"errno\":\"EPERM\"}",
		  STATUS_DENIED, ": the agent refuses: permission denied\n" },
		{ "{\"ok\":false,\"error\":\"the disk is full\",\"errno\":\"ENOSPC\"}",
		  STATUS_NEGATIVE, ": the agent refuses: the disk is full\n" },
		{ "nonsense", STATUS_FAILED, ": cannot ask the agent on " },
	};
	static char text[TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(CASES); i++) {
		struct server server = { .replies = { CASES[i].reply } };

		assert_int_equal(ask(&server, (struct command){ rotate_main, { "rotate" } }, text),
				 CASES[i].status);
		server_end(&server, "{\"op\":\"rotate\"}\n");
		assert_non_null(strstr(text, CASES[i].text));
	}
}

static void an_agent_that_is_not_there_is_told(void **state)
{
	struct command command = { status_main, { "status", "--socket", "/nonexistent/socket" } };
	static char text[TEXT_SIZE];

	(void)state;
	assert_int_equal(child_output(run_command, &command, text, sizeof(text)), STATUS_NO_AGENT);
	assert_non_null(
		strstr(text, "the agent does not run: nobody listens on /nonexistent/socket"));
}

static void a_reload_says_what_changes_when(void **state)
{
	static char text[TEXT_SIZE];
	struct server server = {
		.replies = { "{\"ok\":true,\"changed\":[\"file.keep\"],\"restart\":[\"agent.pin\"]}" },
	};

	(void)state;
	assert_int_equal(ask(&server, (struct command){ reload_main, { "reload" } }, text), 0);
	server_end(&server, "{\"op\":\"reload\"}\n");
	assert_string_equal(text, "file.keep: changed\n"
				  "agent.pin: changes when the agent is started again\n");
}

static void sessions_are_asked_for_page_by_page(void **state)
{
	static char text[TEXT_SIZE];
	struct server server = {
		.replies = { "{\"ok\":true,\"sessions\":[{\"sid\":\"" SID_A
			     "\",\"state\":\"open\"}],\"next\":7}",
			     "{\"ok\":true,\"sessions\":[{\"sid\":\"" SID_B
			     "\",\"state\":\"open\"}]}" },
	};

	(void)state;
	assert_int_equal(ask(&server,
			     (struct command){ sessions_main, { "sessions", "--live", "--json" } },
			     text),
			 0);
	server_end(&server, "{\"op\":\"sessions\"}\n{\"op\":\"sessions\",\"after\":7}\n");
	assert_string_equal(text, "{\"sid\":\"" SID_A "\",\"state\":\"open\"}\n"
				  "{\"sid\":\"" SID_B "\",\"state\":\"open\"}\n");
}

static void a_session_is_opened_with_what_pam_says(void **state)
{
	static char text[TEXT_SIZE];
	struct server server = { .replies = { "{\"ok\":true,\"sid\":\"" SID_A "\"}" } };
	struct command command = { session_main,
				   { "session", "open", "--service", "script", "--pid", "4711" } };

	(void)state;
	assert_int_equal(setenv("PAM_USER",
				"al\xff"
				"ice",
				1),
			 0);
	assert_int_equal(setenv("PAM_SERVICE", "sshd", 1), 0);
	assert_int_equal(setenv("PAM_RHOST", "", 1), 0);
	assert_int_equal(setenv("SSH_CONNECTION", "192.0.2.7 1 192.0.2.8 22", 1), 0);
	assert_int_equal(unsetenv("XDG_SESSION_ID"), 0);
	assert_int_equal(ask(&server, command, text), 0);
	server_end(&server,
		   "{\"op\":\"session.open\",\"pid\":4711,\"user\":{\"base64\":\"YWz/aWNl\"},"
		   "\"service\":\"script\",\"ssh_connection\":\"192.0.2.7 1 192.0.2.8 22\"}\n");
	assert_string_equal(text, SID_A "\n");
}

static void a_session_is_closed_by_its_leader(void **state)
{
	static char text[TEXT_SIZE];
	struct server server = {
		.replies = { "{\"ok\":true,\"sessions\":[{\"sid\":\"" SID_A
			     "\",\"leader_pid\":4710},{\"sid\":\"" SID_B
			     "\",\"leader_pid\":4711}]}",
			     "{\"ok\":true,\"processes\":0}" },
	};
	struct command command = { session_main, { "session", "open", "--pid", "4711" } };

	(void)state;
	assert_int_equal(setenv("PAM_TYPE", "close_session", 1), 0);
	assert_int_equal(ask(&server, command, text), 0);
	assert_int_equal(unsetenv("PAM_TYPE"), 0);
	server_end(&server,
		   "{\"op\":\"sessions\"}\n{\"op\":\"session.close\",\"sid\":\"" SID_B "\"}\n");
	assert_string_equal(text, "");
	server.replies[0] = "{\"ok\":true,\"sessions\":[]}";
	server.replies[1] = NULL;
	command.arguments[1] = "close";
	assert_int_equal(ask(&server, command, text), STATUS_NEGATIVE);
	server_end(&server, NULL);
	assert_non_null(strstr(text, "no session has the process 4711 as its first"));
}

static void one_session_is_shown_by_a_unique_beginning(void **state)
{
	static char text[TEXT_SIZE];
	struct folder folder;
	struct command command = { show_main, { "show", "--json", "--file", NULL, "bbbb" } };

	(void)state;
	folder_make(&folder);
	folder_append(&folder, "log.1", LINE("session.exit", "01", SID_A, "a", "a", ""));
	folder_append(&folder, "log",
		      LINE("session.exit", "02", SID_B, "a", "a", "")
			      LINE("session.exit", "03", SID_C, "a", "a", ""));
	command.arguments[3] = folder_path(&folder, "log");
	assert_int_equal(child_output(run_command, &command, text, sizeof(text)), 0);
	assert_string_equal(text, LINE("session.exit", "02", SID_B, "a", "a", ""));
	command.arguments[4] = "aaaa";
	assert_int_equal(child_output(run_command, &command, text, sizeof(text)), STATUS_NEGATIVE);
	assert_non_null(strstr(text, "more than one session begins with aaaa"));
	command.arguments[4] = "x";
	assert_int_equal(child_output(run_command, &command, text, sizeof(text)), STATUS_NEGATIVE);
	assert_non_null(strstr(text, "has no session that begins with x"));
	folder_remove(&folder);
}

static void the_last_records_are_shown_across_rotation(void **state)
{
	static char text[TEXT_SIZE];
	struct folder folder;
	struct command command = {
		tail_main, { "tail", "--json", "-n", "3", "--event", "exit", "--file", NULL }
	};

	(void)state;
	folder_make(&folder);
	folder_append(&folder, "log.2", LINE("session.exit", "01", SID_A, "a", "a", ""));
	folder_append(&folder, "log.1",
		      LINE("session.exit", "02", SID_A, "a", "a", "")
			      LINE("session.exit", "03", SID_A, "a", "a", "")
				      LINE("session.disk", "04", SID_A, "a", "a", ""));
	folder_append(&folder, "log", LINE("session.exit", "05", SID_A, "a", "a", "") "{\"event");
	command.arguments[7] = folder_path(&folder, "log");
	assert_int_equal(child_output(run_command, &command, text, sizeof(text)), 0);
	assert_string_equal(text, LINE("session.exit", "02", SID_A, "a", "a", "")
					  LINE("session.exit", "03", SID_A, "a", "a", "")
						  LINE("session.exit", "05", SID_A, "a", "a", ""));
	folder_remove(&folder);
}

static void expect_read(int fd, const char *expected)
{
	static char text[TEXT_SIZE];

	assert_int_equal(fd_read_all(fd, text, strlen(expected)), strlen(expected));
	assert_memory_equal(text, expected, strlen(expected));
}

static void following_goes_on_over_rotation_until_nobody_reads(void **state)
{
	struct folder folder;
	struct command command = { tail_main,
				   { "tail", "--json", "-f", "-n", "0", "--file", NULL } };
	int ends[2];
	pid_t pid;

	(void)state;
	folder_make(&folder);
	folder_append(&folder, "log", LINE("session.exit", "01", SID_A, "a", "a", ""));
	command.arguments[6] = folder_path(&folder, "log");
	/* What is shown first tells that it is following. */
	command.arguments[4] = "1";
	assert_int_equal(pipe(ends), 0);
	pid = child_fork();
	if (pid == 0) {
		(void)dup2(ends[1], STDOUT_FILENO);
		fd_close(ends[0]);
		fd_close(ends[1]);
		run_command(&command);
	}
	fd_close(ends[1]);
	expect_read(ends[0], LINE("session.exit", "01", SID_A, "a", "a", ""));
	folder_append(&folder, "log", LINE("session.exit", "02", SID_A, "a", "a", ""));
	expect_read(ends[0], LINE("session.exit", "02", SID_A, "a", "a", ""));
	folder_rename(&folder, "log", "log.1");
	folder_append(&folder, "log", LINE("session.exit", "03", SID_A, "a", "a", ""));
	expect_read(ends[0], LINE("session.exit", "03", SID_A, "a", "a", ""));
	fd_close(ends[0]);
	assert_int_equal(child_status(pid), 0);
	folder_remove(&folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_the_agent_says_is_shown),
		TEST(refusals_have_statuses_of_their_own),
		TEST(an_agent_that_is_not_there_is_told),
		TEST(a_reload_says_what_changes_when),
		TEST(sessions_are_asked_for_page_by_page),
		TEST(a_session_is_opened_with_what_pam_says),
		TEST(a_session_is_closed_by_its_leader),
		TEST(one_session_is_shown_by_a_unique_beginning),
		TEST(the_last_records_are_shown_across_rotation),
		TEST(following_goes_on_over_rotation_until_nobody_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
