/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include "bpf/wire.h"
#include "record/names.h"

static void check_flags(const char *(*next)(struct flag_walk *), uint64_t flags,
			const char *expected, uint64_t rest)
{
	struct flag_walk walk = { .rest = flags };
	char names[1024] = "";
	const char *name;

	while ((name = next(&walk))) {
		strcat(names, name);
		strcat(names, " ");
	}
	assert_string_equal(names, expected);
	assert_true(walk.rest == rest);
}

static void open_flags_have_names(void **state)
{
	(void)state;
	check_flags(names_open_flag, 0, "", 0);
	check_flags(names_open_flag, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
		    "O_CREAT O_EXCL O_CLOEXEC ", 0);
	check_flags(names_open_flag, O_WRONLY | O_TRUNC | O_APPEND | O_NONBLOCK | O_NOCTTY,
		    "O_NOCTTY O_TRUNC O_APPEND O_NONBLOCK ", 0);
	check_flags(names_open_flag, O_PATH | O_NOFOLLOW | O_NOATIME | O_DIRECT | O_ASYNC | 0100000,
		    "O_ASYNC O_DIRECT O_LARGEFILE O_NOFOLLOW O_NOATIME O_PATH ", 0);
}

static void flags_that_comprise_others_are_named_alone(void **state)
{
	(void)state;
	check_flags(names_open_flag, O_SYNC, "O_SYNC ", 0);
	check_flags(names_open_flag, O_DSYNC, "O_DSYNC ", 0);
	check_flags(names_open_flag, O_TMPFILE | O_RDWR, "O_TMPFILE ", 0);
	check_flags(names_open_flag, O_DIRECTORY, "O_DIRECTORY ", 0);
}

static void unknown_bits_are_left_over(void **state)
{
	(void)state;
	check_flags(names_open_flag, O_CREAT | 0x8000000000000000, "O_CREAT ", 0x8000000000000000);
	check_flags(names_open_flag, 020000000, "", 020000000); /* O_TMPFILE without O_DIRECTORY */
	check_flags(names_resolve_flag, RESOLVE_BENEATH | 0x100, "RESOLVE_BENEATH ", 0x100);
}

static void resolve_flags_have_names(void **state)
{
	(void)state;
	check_flags(names_resolve_flag, 0x3f,
		    "RESOLVE_NO_XDEV RESOLVE_NO_MAGICLINKS RESOLVE_NO_SYMLINKS RESOLVE_BENEATH "
		    "RESOLVE_IN_ROOT RESOLVE_CACHED ",
		    0);
}

static void access_modes_have_names(void **state)
{
	(void)state;
	assert_string_equal(names_access_mode(O_CLOEXEC), "O_RDONLY");
	assert_string_equal(names_access_mode(O_WRONLY | O_CREAT), "O_WRONLY");
	assert_string_equal(names_access_mode(O_RDWR), "O_RDWR");
	assert_string_equal(names_access_mode(3), "O_ACCMODE");
}

static void families_types_and_protocols_have_names(void **state)
{
	(void)state;
	assert_string_equal(names_family(AF_UNSPEC), "AF_UNSPEC");
	assert_string_equal(names_family(AF_UNIX), "AF_UNIX");
	assert_string_equal(names_family(AF_INET6), "AF_INET6");
	assert_string_equal(names_family(AF_NETLINK), "AF_NETLINK");
	assert_string_equal(names_family(AF_VSOCK), "AF_VSOCK");
	assert_string_equal(names_family(45), "AF_MCTP");
	assert_null(names_family(27 + 1000));
	assert_null(names_family(65535));
	assert_string_equal(names_socket_type(SOCK_STREAM), "stream");
	assert_string_equal(names_socket_type(SOCK_SEQPACKET), "seqpacket");
	assert_null(names_socket_type(0));
	assert_null(names_socket_type(77));
	assert_string_equal(names_protocol(IPPROTO_TCP), "tcp");
	assert_string_equal(names_protocol(IPPROTO_ICMPV6), "ipv6-icmp");
	assert_string_equal(names_protocol(262), "mptcp");
	assert_null(names_protocol(253));
	assert_null(names_protocol(65535));
}

static void check_signal(unsigned int number, const char *expected)
{
	char name[NAMES_SIGNAL_SIZE];

	names_signal(number, name);
	assert_string_equal(name, expected);
}

static void signals_have_names(void **state)
{
	(void)state;
	check_signal(SIGHUP, "SIGHUP");
	check_signal(SIGKILL, "SIGKILL");
	check_signal(SIGSYS, "SIGSYS");
	check_signal(32, "SIG32");
	check_signal(34, "SIGRTMIN");
	check_signal(37, "SIGRTMIN+3");
	check_signal(64, "SIGRTMIN+30");
	check_signal(127, "SIG127");
	check_signal(UINT32_MAX, "SIG4294967295");
}

static void what_rights_are_about_has_names(void **state)
{
	(void)state;
	assert_string_equal(names_capability(CAP_CHOWN), "cap_chown");
	assert_string_equal(names_capability(CAP_SYS_ADMIN), "cap_sys_admin");
	assert_string_equal(names_capability(40), "cap_checkpoint_restore");
	for (unsigned int i = 0; i <= CAP_LAST_CAP; i++)
		assert_non_null(names_capability(i));
	assert_null(names_capability(41));
	assert_string_equal(names_bpf_type(1), "socket_filter");
	assert_string_equal(names_bpf_type(32), "netfilter");
	for (unsigned int i = 0; i <= 32; i++)
		assert_non_null(names_bpf_type(i));
	assert_null(names_bpf_type(33));
	for (unsigned int i = WIRE_CALL_SETUID; i <= WIRE_CALL_CLONE; i++)
		assert_non_null(names_call(i));
	assert_string_equal(names_call(WIRE_CALL_SETNS), "setns");
	assert_null(names_call(WIRE_CALL_NONE));
	assert_null(names_call(WIRE_CALLS));
}

static void check_file_flags(unsigned int operation, uint64_t flags, const char *expected,
			     uint64_t rest)
{
	struct flag_walk walk = { .rest = flags };
	char names[1024] = "";
	const char *name;

	while ((name = names_file_flag(&walk, operation))) {
		strcat(names, name);
		strcat(names, " ");
	}
	assert_string_equal(names, expected);
	assert_true(walk.rest == rest);
}

/* The same bit has another name in another call. */
static void flags_of_names_and_mounts_are_those_of_the_operation(void **state)
{
	(void)state;
	check_file_flags(WIRE_FILE_RENAME, 3, "RENAME_NOREPLACE RENAME_EXCHANGE ", 0);
	check_file_flags(WIRE_FILE_UMOUNT, 3, "MNT_FORCE MNT_DETACH ", 0);
	check_file_flags(WIRE_FILE_MOUNT, 3, "MS_RDONLY MS_NOSUID ", 0);
	check_file_flags(WIRE_FILE_MOVE_MOUNT, 0x44,
			 "MOVE_MOUNT_F_EMPTY_PATH MOVE_MOUNT_T_EMPTY_PATH ", 0);
	check_file_flags(WIRE_FILE_RMDIR, 0x200, "AT_REMOVEDIR ", 0);
	check_file_flags(WIRE_FILE_UNLINK, 0x200, "", 0x200);
	check_file_flags(WIRE_FILE_LINK, 0x1400, "AT_SYMLINK_FOLLOW AT_EMPTY_PATH ", 0);
	check_file_flags(WIRE_FILE_MOUNT, 0xc0ed0021, "MS_MGC_VAL MS_RDONLY MS_REMOUNT ", 0);
	check_file_flags(WIRE_FILE_CHROOT, 1, "", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(open_flags_have_names),
		TEST(flags_that_comprise_others_are_named_alone),
		TEST(unknown_bits_are_left_over),
		TEST(resolve_flags_have_names),
		TEST(access_modes_have_names),
		TEST(families_types_and_protocols_have_names),
		TEST(signals_have_names),
		TEST(what_rights_are_about_has_names),
		TEST(flags_of_names_and_mounts_are_those_of_the_operation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
