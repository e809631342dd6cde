/* SPDX-License-Identifier: Apache-2.0 */
#include "child.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "kernel/features.h"

/* A file system of this test's own where the kernel tells of itself. */
static void own_kernel(void)
{
	child_own_mounts();
	if (mount("none", "/sys/kernel", "tmpfs", 0, NULL) < 0)
		child_unable("the right to mount");
	child_check(mkdir("/sys/kernel/btf", 0755) == 0);
	child_check(mkdir("/sys/kernel/security", 0755) == 0);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0444);

	child_check(fd >= 0);
	child_check(fd_write_all(fd, text, strlen(text)) == 0);
	fd_close(fd);
}

static void btf(void)
{
	own_kernel();
	child_check(!features_btf());
	put("/sys/kernel/btf/other", "");
	child_check(!features_btf());
	put("/sys/kernel/btf/vmlinux", "");
	child_check(features_btf());
}

static void check_lockdown(const char *text, bool expected)
{
	put("/sys/kernel/security/lockdown", text);
	child_check(features_locked_down() == expected);
}

static void lockdown(void)
{
	own_kernel();
	child_check(!features_locked_down());
	check_lockdown("none integrity [confidentiality]\n", true);
	check_lockdown("none [integrity] confidentiality\n", false);
	check_lockdown("[none] integrity confidentiality\n", false);
	check_lockdown("none integrity confidentiality\n", false);
	check_lockdown("", false);
}

static void type_information_is_the_kernels_own(void **state)
{
	(void)state;
	child_run(btf);
}

static void confidentiality_alone_locks_out(void **state)
{
	(void)state;
	child_run(lockdown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(type_information_is_the_kernels_own),
		TEST(confidentiality_alone_locks_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
