/* SPDX-License-Identifier: Apache-2.0 */
#include "child.h"

#include <fcntl.h>
#include <pwd.h>

#include "base/cleanup.h"
#include "cli/account.h"

#define LOGIN_UID "/proc/self/loginuid"

enum {
	NAMELESS = 3999999999, /* an account that no machine has */
};

/* The login uid of this process; without CONFIG_AUDIT there is none. */
static void set_login(const char *text)
{
	int fd = open(LOGIN_UID, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || fd_write_all(fd, text, strlen(text)) < 0)
		child_unable("a kernel with audit, and the right to set the login uid");
	fd_close(fd);
}

static void check_login(const char *expected)
{
	char *login = NULL;

	child_check(account_login(&login) == 0);
	child_check(login && strcmp(login, expected) == 0);
	free(login);
}

static const char *name_of(uid_t uid)
{
	const struct passwd *account = getpwuid(uid);

	child_check(account != NULL);
	return account->pw_name;
}

static void an_account(void)
{
	/* Every system has these two, by whatever names. */
	set_login("0");
	check_login(name_of(0));
}

static void another_account(void)
{
	set_login("65534");
	check_login(name_of(65534));
}

static void no_account(void)
{
	set_login("3999999999");
	check_login("3999999999");
}

static void none_but_this_one(void)
{
	/* Unset, as after a boot. */
	set_login("4294967295");
	if (setuid(NAMELESS) < 0)
		child_unable("root");
	check_login("3999999999");
}

static void all_are_hidden(void)
{
	char expected[32];

	child_own_mounts();
	if (mount("none", "/proc", "tmpfs", 0, NULL) < 0)
		child_unable("the right to mount");
	child_check(account_audit_session() == ACCOUNT_UNSET);
	child_check(setuid(NAMELESS) == 0);
	snprintf(expected, sizeof(expected), "%u", NAMELESS);
	check_login(expected);
}

static void a_session_as_the_kernel_tells_it(void)
{
	uint32_t session = account_audit_session();
	int fd = open("/proc/self/sessionid", O_RDONLY | O_CLOEXEC);
	char text[32] = { 0 }, expected[32];

	if (fd < 0)
		child_unable("a kernel with audit");
	child_check(fd_read_all(fd, text, sizeof(text) - 1) > 0);
	fd_close(fd);
	snprintf(expected, sizeof(expected), "%u", session);
	child_check(strcmp(text, expected) == 0);
}

static void whoever_logged_in_is_named(void **state)
{
	(void)state;
	child_run(an_account);
	child_run(another_account);
}

static void a_uid_without_a_name_is_a_number(void **state)
{
	(void)state;
	child_run(no_account);
}

static void without_a_login_it_is_who_runs_this(void **state)
{
	(void)state;
	child_run(none_but_this_one);
}

static void a_kernel_that_tells_nothing_is_lived_with(void **state)
{
	(void)state;
	child_run(all_are_hidden);
}

static void the_audit_session_is_the_kernels(void **state)
{
	(void)state;
	child_run(a_session_as_the_kernel_tells_it);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(whoever_logged_in_is_named),
		TEST(a_uid_without_a_name_is_a_number),
		TEST(without_a_login_it_is_who_runs_this),
		TEST(a_kernel_that_tells_nothing_is_lived_with),
		TEST(the_audit_session_is_the_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
