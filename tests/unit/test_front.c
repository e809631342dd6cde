/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front with a command that this program is itself (a role), and a recorder that does no more than a real one's
 * life: it ends when the last process of the session has ended, or when it is told to.
 */
#include "child.h"

#include <fcntl.h>
#include <poll.h>

#include "base/log.h"
#include "cli/front.h"
#include "cli/status.h"

enum {
	PID_SIZE = 15,	   /* characters in which a pid is said */
	ROLE_TOLD = 50,	   /* plus the number of the signal that came */
	RECORDER_KEEP = 0, /* to its natural end */
	RECORDER_EXIT,	   /* ends at once, with an error */
	RECORDER_KILL,	   /* is killed at once */
};

struct scene {
	const char *role;
	int recorder; /* RECORDER_... */
	bool no_wait;
	pid_t front;
	pid_t command;
	int out; /* what the command and the front write */
	int in;	 /* what the command reads */
};

/* ---- roles: COMMAND ---- */

static void role_say_pid(void)
{
	char text[PID_SIZE + 1];

	snprintf(text, sizeof(text), "%*d", PID_SIZE, (int)getpid());
	(void)fd_write_all(STDOUT_FILENO, text, PID_SIZE);
}

/* Says its pid, then waits for any signal. */
static int role_listen(bool shout)
{
	sigset_t all;
	int got;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	if (shout)
		(void)kill(getppid(), SIGHUP);
	role_say_pid();
	return sigwait(&all, &got) == 0 ? ROLE_TOLD + got : 1;
}

/* Says its pid, then ends with 3 once its standard input does. */
static int role_read(void)
{
	char byte;

	role_say_pid();
	return read(STDIN_FILENO, &byte, 1) == 0 ? 3 : 1;
}

/* Ends at once; a process of it lives until its standard input ends. */
static int role_leave(void)
{
	char byte;

	role_say_pid();
	if (fork() == 0)
		return (int)read(STDIN_FILENO, &byte, 1);
	return 4;
}

static int role_main(const char *role)
{
	if (strcmp(role, "listen") == 0)
		return role_listen(false);
	if (strcmp(role, "shout") == 0)
		return role_listen(true);
	if (strcmp(role, "read") == 0)
		return role_read();
	if (strcmp(role, "leave") == 0)
		return role_leave();
	if (strcmp(role, "die") == 0)
		(void)raise(SIGKILL);
	return atoi(role);
}

/* ---- the front's process ---- */

static _Noreturn void recorder_main(int kind, int life, int orders)
{
	struct pollfd fds[] = {
		{ .fd = life, .events = POLLIN },
		{ .fd = orders, .events = POLLIN },
	};
	char byte;

	if (kind == RECORDER_KILL)
		(void)raise(SIGKILL);
	while (kind == RECORDER_KEEP && !fds[0].revents) {
		(void)poll(fds, 2, -1);
		if (fds[1].revents && read(orders, &byte, 1) == 1)
			break;
		if (fds[1].revents)
			fds[1].fd = -1;
	}
	_exit(kind == RECORDER_EXIT ? STATUS_FAILED : 0);
}

static _Noreturn void front_main(const struct scene *scene, int in, int out)
{
	char self[] = "/proc/self/exe", role[16], *argv[] = { self, role, NULL };
	struct recorder recorder = { .ready = -1, .loss = "nobody records any more" };
	struct command command;
	struct signals signals;
	int life[2], orders[2];

	snprintf(role, sizeof(role), "%s", scene->role);
	child_check(dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0);
	child_check(dup2(out, STDERR_FILENO) >= 0);
	closefrom(3);
	log_set_program("seshat");
	/* The session's processes hold its other end, inherited. */
	child_check(pipe(life) == 0 && pipe2(orders, O_CLOEXEC) == 0);
	signals_take(&signals);
	child_check(command_find(&command, argv) == 0);
	child_check(command_spawn(&command, &signals) == 0);
	fd_close(life[1]);
	recorder.pid = fork();
	if (recorder.pid == 0) {
		command_forget(&command);
		fd_close(orders[1]);
		recorder_main(scene->recorder, life[0], orders[0]);
	}
	child_check(recorder.pid > 0);
	fd_close(orders[0]);
	recorder.orders = orders[1];
	command_go(&command);
	_exit(front_wait(&command, &recorder, scene->no_wait));
}

static void scene_start(struct scene *scene)
{
	int in[2], out[2];

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	scene->front = child_fork();
	if (scene->front == 0) {
		/* A job of its own, as a shell makes one. */
		child_check(setpgid(0, 0) == 0);
		front_main(scene, in[0], out[1]);
	}
	fd_close(in[0]);
	fd_close(out[1]);
	scene->in = in[1];
	scene->out = out[0];
}

/* Until the command says that it is there. */
static void scene_meet(struct scene *scene)
{
	char text[PID_SIZE + 1] = { 0 };

	assert_int_equal(fd_read_all(scene->out, text, PID_SIZE), PID_SIZE);
	scene->command = atoi(text);
	assert_true(scene->command > 0);
}

/* The front's exit status, and what it had to say. */
static void scene_end(struct scene *scene, int status, const char *expected)
{
	char text[512];
	ssize_t size = fd_read_all(scene->out, text, sizeof(text) - 1);

	assert_true(size >= 0);
	text[size] = '\0';
	assert_int_equal(child_status(scene->front), status);
	assert_string_equal(text, expected);
	fd_close(scene->in);
	fd_close(scene->out);
}

static void check_status(const char *role, int expected)
{
	struct scene scene = { .role = role };

	scene_start(&scene);
	scene_end(&scene, expected, "");
}

/* ---- tests ---- */

static void the_status_is_the_commands(void **state)
{
	(void)state;
	check_status("0", 0);
	check_status("7", 7);
	check_status("255", 255);
}

static void a_signals_number_is_added_to_128(void **state)
{
	(void)state;
	check_status("die", CHILD_SIGNAL + SIGKILL);
}

static void signals_reach_the_command(void **state)
{
	static const int SIGNALS[] = { SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGWINCH, SIGCONT };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(SIGNALS); i++) {
		struct scene scene = { .role = "listen" };

		scene_start(&scene);
		scene_meet(&scene);
		assert_int_equal(kill(scene.front, SIGNALS[i]), 0);
		scene_end(&scene, ROLE_TOLD + SIGNALS[i], "");
	}
}

/* The lowest number is delivered first: if the command's own came back to it, it would come before this one. */
static void the_commands_own_do_not_come_back(void **state)
{
	struct scene scene = { .role = "shout" };

	(void)state;
	scene_start(&scene);
	scene_meet(&scene);
	assert_int_equal(kill(scene.front, SIGUSR1), 0);
	scene_end(&scene, ROLE_TOLD + SIGUSR1, "");
}

/* What a shell with job control does: it sees the job stopped, and continues it. */
static void stop_and_continue(int signal_number)
{
	struct scene scene = { .role = "read" };
	int status;

	scene_start(&scene);
	scene_meet(&scene);
	assert_int_equal(kill(scene.command, signal_number), 0);
	assert_int_equal(waitpid(scene.front, &status, WUNTRACED), scene.front);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(WSTOPSIG(status), signal_number);
	/* To the front alone: it is that which continues the command. */
	assert_int_equal(kill(scene.front, SIGCONT), 0);
	fd_close(scene.in);
	scene.in = -1;
	scene_end(&scene, 3, "");
}

static void the_front_stops_and_goes_on_with_the_command(void **state)
{
	(void)state;
	stop_and_continue(SIGSTOP);
	stop_and_continue(SIGTSTP);
	stop_and_continue(SIGTTIN);
}

/* Where the front passes the signal on, and then stops because the command did. */
static void a_stop_of_the_front_is_the_commands(void **state)
{
	struct scene scene = { .role = "read" };
	int status;

	(void)state;
	scene_start(&scene);
	scene_meet(&scene);
	assert_int_equal(kill(scene.front, SIGTSTP), 0);
	assert_int_equal(waitpid(scene.front, &status, WUNTRACED), scene.front);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(kill(-scene.front, SIGCONT), 0);
	fd_close(scene.in);
	scene.in = -1;
	scene_end(&scene, 3, "");
}

static void it_waits_for_what_the_command_leaves(void **state)
{
	struct scene scene = { .role = "leave" };

	(void)state;
	scene_start(&scene);
	scene_meet(&scene);
	fd_close(scene.in);
	scene.in = -1;
	scene_end(&scene, 4, "");
}

/* The process that is left reads until the test ends; nobody but the order can have ended the session. */
static void without_waiting_the_session_ends_with_the_command(void **state)
{
	struct scene scene = { .role = "leave", .no_wait = true };

	(void)state;
	scene_start(&scene);
	scene_meet(&scene);
	assert_int_equal(child_status(scene.front), 4);
	fd_close(scene.in);
	fd_close(scene.out);
}

static void a_signal_ends_the_waiting_for_what_is_left(void **state)
{
	struct scene scene = { .role = "leave" };

	(void)state;
	scene_start(&scene);
	scene_meet(&scene);
	/* Once the command has been reaped, there is nobody of that number. */
	while (kill(scene.command, 0) == 0)
		sched_yield();
	assert_int_equal(kill(scene.front, SIGTERM), 0);
	assert_int_equal(child_status(scene.front), 4);
	fd_close(scene.in);
	fd_close(scene.out);
}

static void the_command_outlives_its_recorder(void **state)
{
	static const int ENDS[] = { RECORDER_EXIT, RECORDER_KILL };
	static const char TOLD[] = "seshat: nobody records any more\n";
	char text[128] = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ENDS); i++) {
		struct scene scene = { .role = "read", .recorder = ENDS[i] };

		scene_start(&scene);
		/* This, and the command's pid, in any order. */
		assert_int_equal(fd_read_all(scene.out, text, PID_SIZE + sizeof(TOLD) - 1),
				 PID_SIZE + sizeof(TOLD) - 1);
		assert_non_null(strstr(text, TOLD));
		fd_close(scene.in);
		scene.in = -1;
		scene_end(&scene, 3, "");
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(the_status_is_the_commands),
		TEST(a_signals_number_is_added_to_128),
		TEST(signals_reach_the_command),
		TEST(the_commands_own_do_not_come_back),
		TEST(the_front_stops_and_goes_on_with_the_command),
		TEST(a_stop_of_the_front_is_the_commands),
		TEST(it_waits_for_what_the_command_leaves),
		TEST(without_waiting_the_session_ends_with_the_command),
		TEST(a_signal_ends_the_waiting_for_what_is_left),
		TEST(the_command_outlives_its_recorder),
	};

	/* Without what a sanitizer does at the end: it looks for leaks by ptrace(2), which signals disturb. */
	if (argc > 1)
		_exit(role_main(argv[1]));
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
