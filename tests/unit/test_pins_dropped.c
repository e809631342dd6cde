/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pins that cannot be gone on with: not whole, left in the middle of something, or of another build.
 */
#include "pins_fixture.h"

#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

static void drop_pin(const char *name)
{
	char *folder = own_folder(), path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	child_check(unlink(path) == 0);
	free(folder);
}

/* What another one left cannot be gone on with: it is dropped, and all begins anew. */
static void check_anew(void)
{
	struct audited audited = audited_start();
	struct scope_accounts accounts;
	struct loader *loader = load_pinned();

	child_check(!loader_attached(loader));
	child_check(entries(ATTACHED_PIN) == 0);
	child_check(scope_accounts(loader, ATTACHED_KEY, &accounts) == -ENOENT);
	attached_attach(loader);
	audited_mark(loader, &audited);
	audited_go(&audited, OPENS);
	child_check(attached_accounts(loader).numbered == OPENS); /* none is seen twice */
	loader_detach(loader);
	child_check(entries(ATTACHED_PIN) == 0);
	audited_finish(&audited);
	loader_free(loader);
}

/* Anything but what loader_attach() makes. */
static void child_without(const char *pin)
{
	struct audited audited = audited_start();

	attached_mount();
	leave_attached(&audited);
	drop_pin(pin);
	check_anew();
	audited_finish(&audited);
}

static void child_without_map(void)
{
	child_without("map_sessions");
}

static void child_without_bss(void)
{
	child_without("map_seshat_bss");
}

static void child_without_link(void)
{
	child_without("link_process_exit");
}

static void a_folder_that_is_not_whole_is_dropped(void **state)
{
	(void)state;
	child_run(child_without_map);
	child_run(child_without_bss);
	child_run(child_without_link);
}

/* The process dies at this system call; at bpf(2) only where it changes a map. */
static void die_at(unsigned int call)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BPF_MAP_UPDATE_ELEM, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = ARRAY_SIZE(filter), .filter = filter };

	child_check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	child_check(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static void attach_halfway(void)
{
	struct loader *loader = load_pinned();

	die_at(SYS_bpf); /* the first slot of a system call is filled: most links are pinned by then */
	attached_attach(loader);
}

static void detach_halfway(void)
{
	struct loader *loader = load_pinned();

	attached_attach(loader);
	die_at(SYS_close); /* the first link's, whose pin is removed */
	loader_detach(loader);
}

static void check_halfway(void (*halfway)(void))
{
	int status;
	pid_t pid;

	attached_mount();
	pid = fork();
	child_check(pid >= 0);
	if (pid == 0) {
		halfway();
		_exit(0);
	}
	child_check(waitpid(pid, &status, 0) == pid);
	child_check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	check_anew();
}

static void child_attach_halfway(void)
{
	check_halfway(attach_halfway);
}

static void child_detach_halfway(void)
{
	check_halfway(detach_halfway);
}

/* Else opens and connects would be missing, and nobody would know. */
static void what_was_interrupted_while_attaching_is_dropped(void **state)
{
	(void)state;
	child_run(child_attach_halfway);
}

static void what_was_interrupted_while_detaching_is_dropped(void **state)
{
	(void)state;
	child_run(child_detach_halfway);
}

static void child_others(void)
{
	struct audited audited = audited_start();
	char *folder = own_folder();
	struct loader *loader;

	attached_mount();
	leave_attached(&audited);
	/* As if another build had made it. */
	child_check(rename(folder, ATTACHED_PIN "/0123456789abcdef") == 0);
	loader = load_pinned();
	child_check(!loader_attached(loader));
	child_check(entries(ATTACHED_PIN) == 1);
	attached_attach(loader);
	child_check(entries(ATTACHED_PIN) == 2);
	child_check(loader_replace(loader));
	child_check(entries(ATTACHED_PIN) == 1 && entries(folder) > 0);
	child_check(!loader_replace(loader));
	child_check(loader_attached(loader));
	/* Its probes have ended with it: this one's alone count. */
	child_check(scope_open(loader, ATTACHED_KEY, 0, NULL) == 0);
	child_check(scope_mark(loader, ATTACHED_KEY, audited.pidfd, 1) == 0);
	audited_go(&audited, OPENS);
	child_check(attached_accounts(loader).numbered == OPENS);
	loader_detach(loader);
	child_check(entries(ATTACHED_PIN) == 0);
	loader_free(loader);
	audited_finish(&audited);
	free(folder);
}

static void pins_of_other_builds_are_replaced(void **state)
{
	(void)state;
	child_run(child_others);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_folder_that_is_not_whole_is_dropped),
		TEST(what_was_interrupted_while_attaching_is_dropped),
		TEST(what_was_interrupted_while_detaching_is_dropped),
		TEST(pins_of_other_builds_are_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
