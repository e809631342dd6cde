/* SPDX-License-Identifier: Apache-2.0 */
#include "child.h"

#include "cli/signals.h"

static const int PASSED_ON[] = {
	SIGHUP,	 SIGINT,  SIGQUIT, SIGTERM,  SIGUSR1, SIGUSR2, SIGALRM,	  SIGTSTP,
	SIGTTIN, SIGTTOU, SIGCONT, SIGWINCH, SIGIO,   SIGPWR,  SIGVTALRM, SIGPROF,
};

/* The caller's own, which are given back when it is done. */
static int setup(void **state)
{
	static sigset_t mask;

	*state = &mask;
	return sigprocmask(SIG_SETMASK, NULL, &mask);
}

static int teardown(void **state)
{
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	return sigprocmask(SIG_SETMASK, *state, NULL);
}

static bool is_blocked(int signal_number)
{
	sigset_t mask;

	assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &mask), 0);
	return sigismember(&mask, signal_number);
}

static bool has_handler(int signal_number, void (*handler)(int))
{
	struct sigaction action;

	assert_int_equal(sigaction(signal_number, NULL, &action), 0);
	return action.sa_handler == handler;
}

static void what_a_command_is_sent_is_waited_for(void **state)
{
	sigset_t set;

	(void)state;
	signals_waited(&set);
	assert_true(sigismember(&set, SIGCHLD));
	for (size_t i = 0; i < ARRAY_SIZE(PASSED_ON); i++)
		assert_true(sigismember(&set, PASSED_ON[i]));
}

static void what_means_a_fault_of_this_process_is_not(void **state)
{
	static const int OWN[] = { SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,
				   SIGABRT, SIGPIPE, SIGKILL, SIGSTOP };
	sigset_t set;

	(void)state;
	signals_waited(&set);
	for (size_t i = 0; i < ARRAY_SIZE(OWN); i++)
		assert_false(sigismember(&set, OWN[i]));
}

static void all_that_is_waited_for_is_blocked(void **state)
{
	struct signals signals;
	sigset_t set;

	(void)state;
	signals_waited(&set);
	signals_take(&signals);
	for (int i = 1; i < NSIG; i++)
		assert_int_equal(is_blocked(i), sigismember(&set, i) == 1);
	assert_true(has_handler(SIGPIPE, SIG_IGN));
	assert_true(has_handler(SIGCHLD, SIG_DFL));
	signals_give(&signals);
}

static void what_was_is_given_back(void **state)
{
	struct signals signals;
	sigset_t mask;

	(void)state;
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR2);
	sigaddset(&mask, SIGSEGV);
	assert_int_equal(sigprocmask(SIG_SETMASK, &mask, NULL), 0);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_DFL);
	signals_take(&signals);
	assert_true(is_blocked(SIGTERM));
	assert_true(has_handler(SIGPIPE, SIG_IGN));
	signals_give(&signals);
	for (int i = 1; i < NSIG; i++)
		assert_int_equal(is_blocked(i), i == SIGUSR2 || i == SIGSEGV);
	assert_true(has_handler(SIGCHLD, SIG_IGN));
	assert_true(has_handler(SIGPIPE, SIG_DFL));
}

/* With SIGCHLD ignored, as some parents leave it, the kernel would reap them itself. */
static void children_wait_to_be_reaped(void **state)
{
	struct signals signals;
	pid_t pid;

	(void)state;
	signal(SIGCHLD, SIG_IGN);
	signals_take(&signals);
	pid = child_fork();
	if (pid == 0)
		_exit(7);
	assert_int_equal(child_status(pid), 7);
	signals_give(&signals);
}

static void a_signal_that_came_meanwhile_stays_pending(void **state)
{
	const struct timespec now = { 0 };
	struct signals signals;
	sigset_t set;

	(void)state;
	signals_take(&signals);
	signals_waited(&set);
	sigdelset(&set, SIGCHLD);
	assert_int_equal(raise(SIGTERM), 0);
	assert_int_equal(sigtimedwait(&set, NULL, &now), SIGTERM);
	assert_int_equal(sigtimedwait(&set, NULL, &now), -1);
	signals_give(&signals);
}

/* Whether it came before there was a command, after that, or both: the command finds it waiting, once. */
static void what_came_before_the_command_reaches_it(void **state)
{
	const struct timespec now = { 0 };
	struct signals signals;
	sigset_t set;
	int go[2];
	pid_t pid;
	char byte;

	(void)state;
	assert_int_equal(pipe(go), 0);
	signals_take(&signals);
	assert_int_equal(raise(SIGTERM), 0);
	assert_int_equal(raise(SIGTSTP), 0);
	pid = child_fork();
	if (pid == 0) {
		fd_close(go[1]);
		signals_waited(&set);
		if (read(go[0], &byte, 1) != 0 || sigtimedwait(&set, NULL, &now) != SIGTERM ||
		    sigtimedwait(&set, NULL, &now) != SIGTSTP)
			_exit(1);
		_exit(sigtimedwait(&set, NULL, &now) == -1 ? 0 : 2);
	}
	assert_int_equal(kill(pid, SIGTERM), 0);
	signals_pass_on(pid);
	fd_close(go[0]);
	fd_close(go[1]);
	assert_int_equal(child_status(pid), 0);
	signals_waited(&set);
	sigdelset(&set, SIGCHLD);
	assert_int_equal(sigtimedwait(&set, NULL, &now), -1);
	signals_give(&signals);
}

#define SIGNALS_TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_a_command_is_sent_is_waited_for),
		TEST(what_means_a_fault_of_this_process_is_not),
		SIGNALS_TEST(all_that_is_waited_for_is_blocked),
		SIGNALS_TEST(what_was_is_given_back),
		SIGNALS_TEST(children_wait_to_be_reaped),
		SIGNALS_TEST(a_signal_that_came_meanwhile_stays_pending),
		SIGNALS_TEST(what_came_before_the_command_reaches_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
