/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/pretty.h"
#include "cli/pretty_text.h"

enum { LIMIT = 1 << 20 };

#define HEAD(event) "{\"event\":\"" event "\",\"time\":\"2026-11-21T15:30:00.118904417Z\""
#define CURL	    ",\"pid\":4714,\"program\":\"curl\""

/* The line that a record becomes; to be freed. */
static char *pretty(const char *record, bool color)
{
	struct pretty_options options = { .color = color };
	struct buffer buffer = BUFFER_INIT(LIMIT);

	assert_int_equal(pretty_format(record, strlen(record), &options, &buffer), 0);
	assert_int_equal(buffer_append(&buffer, "", 1), 0);
	return buffer.data;
}

static void expect(const char *record, const char *line)
{
	char *made = pretty(record, false);

	assert_string_equal(made, line);
	free(made);
}

static void expect_error(const char *record, int error)
{
	struct pretty_options options = { .color = false };
	struct buffer buffer = BUFFER_INIT(LIMIT);

	assert_int_equal(buffer_append(&buffer, "before", 6), 0);
	assert_int_equal(pretty_format(record, strlen(record), &options, &buffer), error);
	assert_int_equal(buffer.size, 6);
	buffer_free(&buffer);
}

static void test_start(void **state)
{
	(void)state;
	expect(HEAD("session.start") ",\"sid\":\"8c2f\",\"user\":\"root\",\"server_hostname\":\"web-1\","
				     "\"probes\":[\"exec\",\"open\"],\"probes_missing\":[{\"probe\":\"send6\","
				     "\"reason\":\"attach: EPERM\"}]}\n",
	       "15:30:00.118 -                    start    session 8c2f of root on web-1, 2 probes; "
	       "missing: send6 (attach: EPERM)\n");
}

static void test_command(void **state)
{
	(void)state;
	expect(HEAD("session.command") CURL
	       ",\"path\":\"/usr/bin/curl\",\"path_source\":\"kernel\",\"argv0\":\"curl\","
	       "\"argv\":[\"-s\",\"a b\",\"it's\",\"\"],\"return_code\":0}",
	       "15:30:00.118 curl[4714]           exec     /usr/bin/curl -s 'a b' 'it'\\''s' ''\n");
}

static void test_command_that_failed(void **state)
{
	(void)state;
	expect(HEAD("session.command") CURL
	       ",\"path\":\"/bin/no\",\"path_source\":\"request\",\"argv\":[],\"return_code\":-2}",
	       "15:30:00.118 curl[4714]           exec     /bin/no -> ENOENT\n");
	expect(HEAD("session.command") CURL
	       ",\"path_source\":\"unreadable\",\"argv\":[],\"return_code\":-14}",
	       "15:30:00.118 curl[4714]           exec     (unreadable) -> EFAULT\n");
	expect(HEAD("session.command") CURL ",\"path\":\"/x\",\"argv\":[],\"return_code\":-99999}",
	       "15:30:00.118 curl[4714]           exec     /x -> -99999\n");
}

static void test_command_of_every_kind(void **state)
{
	(void)state;
	expect(HEAD("session.command") CURL
	       ",\"path\":\"/x/s.sh\",\"argv0\":\"./s.sh\",\"argv\":[\"1\"],\"return_code\":0,"
	       "\"interpreter\":\"/usr/bin/dash\"}",
	       "15:30:00.118 curl[4714]           exec     /x/s.sh 1 (by /usr/bin/dash)\n");
	expect(HEAD("session.command") CURL
	       ",\"path\":\"/usr/bin/bash\",\"argv0\":\"-bash\",\"argv\":[],\"argv_truncated\":true,"
	       "\"return_code\":0,\"memfd\":true,\"deleted\":true}",
	       "15:30:00.118 curl[4714]           exec     /usr/bin/bash (argv_truncated) (as -bash) "
	       "(memfd) (deleted)\n");
}

static void test_exit(void **state)
{
	(void)state;
	expect(HEAD("session.exit") CURL
	       ",\"exit_code\":3,\"runtime_ns\":44649595,\"utime_ns\":4120334,\"stime_ns\":6011200}",
	       "15:30:00.118 curl[4714]           exit     3 after 44.6 ms, cpu 10.1 ms\n");
	expect(HEAD("session.exit") CURL
	       ",\"signal\":11,\"signal_name\":\"SIGSEGV\",\"core_dumped\":true,\"runtime_ns\":0,"
	       "\"utime_ns\":0,\"stime_ns\":0}",
	       "15:30:00.118 curl[4714]           exit     SIGSEGV (core_dumped) after 0.0 ms, cpu "
	       "0.0 ms\n");
}

static void test_disk(void **state)
{
	(void)state;
	expect(HEAD("session.disk") CURL
	       ",\"path\":\"/tmp/x\",\"path_source\":\"kernel\",\"flags\":577,\"flag_names\":[\"O_WRONLY\","
	       "\"O_CREAT\",\"O_TRUNC\"],\"mode\":\"0644\",\"created\":true,\"return_code\":3}",
	       "15:30:00.118 curl[4714]           open     /tmp/x O_WRONLY|O_CREAT|O_TRUNC 0644 (created)\n");
	expect(HEAD("session.disk") CURL
	       ",\"path\":\"/tmp/x\",\"flag_names\":[\"O_RDONLY\"],"
	       "\"resolve_names\":[\"RESOLVE_BENEATH\"],\"via\":\"io_uring\","
	       "\"return_code\":-18}",
	       "15:30:00.118 curl[4714]           open     /tmp/x O_RDONLY RESOLVE_BENEATH (via io_uring) "
	       "-> EXDEV\n");
	expect(HEAD("session.disk") CURL ",\"path\":\"/etc/shadow\",\"flag_names\":[\"O_RDONLY\"],"
					 "\"return_code\":3,\"mount_namespaces\":{\"/exe\":7,"
					 "\"/path\":4026532291}}\n",
	       "15:30:00.118 curl[4714]           open     /etc/shadow O_RDONLY "
	       "(in mount namespace 4026532291)\n");
	expect(HEAD("session.disk") CURL ",\"path\":\"/x\",\"flag_names\":[\"O_RDONLY\"],"
					 "\"return_code\":3,\"mount_namespaces\":{\"/exe\":7}}\n",
	       "15:30:00.118 curl[4714]           open     /x O_RDONLY\n");
	expect(HEAD("session.disk") CURL
	       ",\"path\":\"/memfd:x\",\"flag_names\":[\"O_RDONLY\"],"
	       "\"return_code\":3,\"paths_nameless\":[\"/exe\",\"/path\"]}\n",
	       "15:30:00.118 curl[4714]           open     /memfd:x O_RDONLY (in no tree)\n");
	expect(HEAD("session.disk") CURL ",\"path_source\":\"unreadable\",\"return_code\":-14}",
	       "15:30:00.118 curl[4714]           open     (unreadable) -> EFAULT\n");
}

static void test_network(void **state)
{
	(void)state;
	expect(HEAD("session.network") CURL
	       ",\"operation\":\"connect\",\"family\":2,\"family_name\":\"AF_INET\",\"protocol\":\"tcp\","
	       "\"version\":4,\"src_addr\":\"127.0.0.1\",\"src_port\":41234,\"dst_addr\":\"127.0.0.1\","
	       "\"dst_port\":8080,\"address_source\":\"kernel\",\"return_code\":-115}",
	       "15:30:00.118 curl[4714]           connect  tcp 127.0.0.1:41234 -> 127.0.0.1:8080 -> "
	       "EINPROGRESS\n");
	expect(HEAD("session.network") CURL
	       ",\"operation\":\"send\",\"family\":10,\"protocol\":\"udp\",\"version\":6,\"dst_addr\":\"fe80::1\","
	       "\"dst_port\":53,\"scope_id\":2,\"address_source\":\"request\"}",
	       "15:30:00.118 curl[4714]           send     udp [fe80::1]:53 (scope 2)\n");
	expect(HEAD("session.network") CURL
	       ",\"operation\":\"connect\",\"family\":2,\"family_name\":\"AF_INET\",\"protocol\":\"tcp\","
	       "\"address_source\":\"unreadable\",\"return_code\":-14}",
	       "15:30:00.118 curl[4714]           connect  tcp (address unreadable) -> EFAULT\n");
}

static void test_network_of_other_families(void **state)
{
	(void)state;
	expect(HEAD("session.network") CURL
	       ",\"operation\":\"connect\",\"family\":1,\"family_name\":\"AF_UNIX\",\"path\":\"@a\\u0000b\","
	       "\"abstract\":true,\"return_code\":0}",
	       "15:30:00.118 curl[4714]           connect  AF_UNIX $'@a\\x00b'\n");
	expect(HEAD("session.network") CURL
	       ",\"operation\":\"connect\",\"family\":0,\"family_name\":\"AF_UNSPEC\",\"return_code\":0}",
	       "15:30:00.118 curl[4714]           connect  AF_UNSPEC (disconnect)\n");
	expect(HEAD("session.network") CURL
	       ",\"operation\":\"connect\",\"family\":77,\"return_code\":-97}",
	       "15:30:00.118 curl[4714]           connect  family 77 -> EAFNOSUPPORT\n");
}

static void test_network_of_the_other_direction(void **state)
{
	(void)state;
	expect(HEAD("session.network") CURL
	       ",\"operation\":\"listen\",\"family\":2,\"protocol\":\"tcp\",\"version\":4,"
	       "\"src_addr\":\"0.0.0.0\",\"src_port\":4444,\"return_code\":0}",
	       "15:30:00.118 curl[4714]           listen   tcp 0.0.0.0:4444\n");
	expect(HEAD("session.network") CURL
	       ",\"operation\":\"accept\",\"family\":2,\"protocol\":\"tcp\",\"version\":4,"
	       "\"src_addr\":\"192.0.2.10\",\"src_port\":4444,\"dst_addr\":\"203.0.113.5\","
	       "\"dst_port\":50122,\"network_namespace\":4026532283,\"return_code\":4}",
	       "15:30:00.118 curl[4714]           accept   tcp 192.0.2.10:4444 <- 203.0.113.5:50122 "
	       "(network namespace 4026532283)\n");
	expect(HEAD("session.network") CURL
	       ",\"operation\":\"accept\",\"family\":1,\"family_name\":\"AF_UNIX\",\"path\":\"/run/x\","
	       "\"peer_path\":\"@c\",\"return_code\":4}",
	       "15:30:00.118 curl[4714]           accept   AF_UNIX /run/x <- @c\n");
	expect(HEAD("session.network") CURL ",\"operation\":\"accept\",\"return_code\":-9}",
	       "15:30:00.118 curl[4714]           accept   no socket -> EBADF\n");
	expect(HEAD("session.network") CURL
	       ",\"operation\":\"receive\",\"family\":40,\"family_name\":\"AF_VSOCK\",\"src_cid\":3,"
	       "\"src_port\":1024,\"dst_cid\":2,\"dst_port\":70000,\"return_code\":4,\"via\":\"scm_rights\"}",
	       "15:30:00.118 curl[4714]           receive  AF_VSOCK 3:1024 -> 2:70000 (via scm_rights)\n");
}

static void test_the_outcome_of_a_connection(void **state)
{
	(void)state;
	expect(HEAD("session.network") CURL
	       ",\"operation\":\"connected\",\"family\":2,\"protocol\":\"tcp\",\"version\":4,"
	       "\"src_addr\":\"127.0.0.1\",\"src_port\":41234,\"dst_addr\":\"127.0.0.1\","
	       "\"dst_port\":8080,\"return_code\":0}",
	       "15:30:00.118 curl[4714]           connected tcp 127.0.0.1:41234 -> 127.0.0.1:8080 "
	       "(established)\n");
	expect(HEAD("session.network") CURL
	       ",\"operation\":\"connected\",\"family\":2,\"protocol\":\"tcp\",\"version\":4,"
	       "\"dst_addr\":\"127.0.0.1\",\"dst_port\":8080,\"return_code\":-111}",
	       "15:30:00.118 curl[4714]           connected tcp 127.0.0.1:8080 -> ECONNREFUSED\n");
}

static void test_rights(void **state)
{
	(void)state;
	expect(HEAD("session.privilege") CURL
	       ",\"exe\":\"/usr/bin/curl\",\"exe\":\"/usr/bin/curl\",\"operation\":\"exec\",\"before\":{\"uid\":1000,\"euid\":1000},\"after\":{\"uid\":1000,\"euid\":0},"
	       "\"capabilities_gained\":[\"cap_a\",\"cap_b\",\"cap_c\",\"cap_d\",\"cap_e\"]}",
	       "15:30:00.118 curl[4714]           rights   by /usr/bin/curl euid 1000 -> 0 +5 capabilities\n");
	expect(HEAD("session.privilege") CURL
	       ",\"operation\":\"user_namespace\",\"call\":\"unshare\",\"before\":{},\"after\":{},"
	       "\"capabilities_gained\":[\"cap_a\",\"cap_b\"],\"user_namespace\":4026532177}",
	       "15:30:00.118 curl[4714]           rights   by unshare +cap_a,cap_b (in user namespace "
	       "4026532177)\n");
}

static void test_ptrace(void **state)
{
	(void)state;
	expect(HEAD("session.ptrace") CURL
	       ",\"operation\":\"attach\",\"target_pid\":812,\"target_uid\":0,\"target_program\":\"sshd\","
	       "\"target_in_session\":false,\"return_code\":-1}",
	       "15:30:00.118 curl[4714]           ptrace   attach sshd[812] (uid 0) (outside the session) "
	       "-> EPERM\n");
	expect(HEAD("session.ptrace") CURL
	       ",\"operation\":\"write_memory\",\"target_pid\":812,\"target_uid\":0,\"target_program\":\"sh\","
	       "\"target_in_session\":false,\"target_sid\":\"8c2f\",\"return_code\":64}",
	       "15:30:00.118 curl[4714]           ptrace   write_memory sh[812] (uid 0) (in session 8c2f)\n");
	expect(HEAD("session.ptrace") CURL
	       ",\"operation\":\"seize\",\"requested_pid\":9,\"return_code\":-3}",
	       "15:30:00.118 curl[4714]           ptrace   seize process 9 -> ESRCH\n");
}

static void test_kernel(void **state)
{
	(void)state;
	expect(HEAD("session.kernel") CURL
	       ",\"operation\":\"module_load\",\"path\":\"/a b.ko\",\"return_code\":-1}",
	       "15:30:00.118 curl[4714]           kernel   module_load '/a b.ko' -> EPERM\n");
	expect(HEAD("session.kernel") CURL
	       ",\"operation\":\"bpf_load\",\"name\":\"x\",\"program_type\":1,"
	       "\"program_type_name\":\"socket_filter\",\"program_id\":92,\"return_code\":3}",
	       "15:30:00.118 curl[4714]           kernel   bpf_load socket_filter x (id 92)\n");
}

static void test_file(void **state)
{
	(void)state;
	expect(HEAD("session.file") CURL
	       ",\"operation\":\"rename\",\"path\":\"/a\",\"path_source\":\"request\",\"new_path\":\"/b\","
	       "\"new_path_source\":\"request\",\"flags\":1,\"flag_names\":[\"RENAME_NOREPLACE\"],"
	       "\"return_code\":-17}",
	       "15:30:00.118 curl[4714]           rename   /a -> /b RENAME_NOREPLACE -> EEXIST\n");
	expect(HEAD("session.file") CURL
	       ",\"operation\":\"mount\",\"path\":\"/mnt\",\"path_source\":\"request\",\"source\":\"none\","
	       "\"fs_type\":\"tmpfs\",\"return_code\":0}",
	       "15:30:00.118 curl[4714]           mount    none on /mnt type tmpfs\n");
	expect(HEAD("session.file") CURL
	       ",\"operation\":\"symlink\",\"path\":\"/a\",\"path_source\":\"request\",\"target\":\"x\","
	       "\"return_code\":0}",
	       "15:30:00.118 curl[4714]           symlink  /a -> x\n");
	expect(HEAD("session.file") CURL
	       ",\"operation\":\"unlink\",\"path\":\"/a\",\"path_source\":\"request\",\"return_code\":0,"
	       "\"mount_namespaces\":{\"/path\":7}}",
	       "15:30:00.118 curl[4714]           unlink   /a (in mount namespace 7)\n");
}

static void test_cgroup_and_tty(void **state)
{
	(void)state;
	expect(HEAD("session.cgroup") CURL ",\"from\":\"/seshat/8c\",\"to\":\"/\",\"mover_pid\":7}",
	       "15:30:00.118 curl[4714]           cgroup   /seshat/8c -> / (by process 7)\n");
	expect(HEAD("session.cgroup") CURL ",\"to\":\"/a b\"}",
	       "15:30:00.118 curl[4714]           cgroup   '/a b'\n");
	expect(HEAD("session.tty") CURL ",\"tty\":\"/dev/pts/0\"}",
	       "15:30:00.118 curl[4714]           tty      /dev/pts/0\n");
}

static void test_lost_and_end(void **state)
{
	(void)state;
	expect(HEAD("session.lost") ",\"count\":17,\"by_event\":{\"session.disk\":15,\"session.exit\":2},"
				    "\"first\":54,\"last\":71,\"reason\":\"ring\"}",
	       "15:30:00.118 -                    lost     17 (ring): session.disk 15, session.exit 2\n");
	expect(HEAD("session.end") ",\"duration_ns\":5012873456,\"records\":{\"session.start\":1,"
				   "\"session.end\":1},\"lost\":0,\"numbered\":0,\"processes\":2,\"pids\":[1,2]}",
	       "15:30:00.118 -                    end      after 5012.9 ms: session.start 1, session.end 1; "
	       "lost 0; processes left 2\n");
}

static void test_logins(void **state)
{
	(void)state;
	expect(HEAD("session.start") ",\"sid\":\"s\",\"user\":\"alice@example.com\",\"login\":\"deploy\","
				     "\"server_hostname\":\"web-1\",\"service\":\"sshd\",\"src_addr\":\"2001:db8::7\","
				     "\"src_port\":50522,\"auth_method\":[\"publickey\",\"password\"],"
				     "\"key_fingerprint\":\"SHA256:abc\",\"probes\":[\"exec\"]}",
	       "15:30:00.118 -                    start    session s of alice@example.com as deploy on web-1 through "
	       "sshd from [2001:db8::7]:50522 with publickey SHA256:abc, password, 1 probes\n");
	expect(HEAD("session.switch") ",\"pid\":7,\"program\":\"su\",\"service\":\"su\",\"from\":\"alice\","
				      "\"to\":\"root\",\"tty\":\"/dev/pts/0\"}",
	       "15:30:00.118 su[7]                switch   alice -> root by su on /dev/pts/0\n");
	expect(HEAD("session.logout") ",\"reason\":\"closed\",\"processes\":2}",
	       "15:30:00.118 -                    logout   logged out; 2 processes live on\n");
	expect(HEAD("session.lost") ",\"count\":1,\"by_event\":{\"session.exit\":1},\"reason\":\"sink\","
				    "\"sink\":\"journal\"}",
	       "15:30:00.118 -                    lost     1 (sink journal): session.exit 1\n");
}

static void test_the_agent_s_own(void **state)
{
	(void)state;
	expect(HEAD("agent.start") ",\"pid\":5,\"server_hostname\":\"web-1\",\"version\":\"0.1.0\","
				   "\"probes\":[\"exec\"],\"sessions\":3,\"gap\":true}",
	       "15:30:00.118 -[5]                 agent    started: seshatd 0.1.0 on web-1, 1 probes, 3 sessions open; "
	       "records from before it may be missing\n");
	expect(HEAD("agent.stop") ",\"reason\":\"SIGTERM\",\"uptime_ns\":1500000000,\"sessions\":0,"
				  "\"records\":9,\"lost\":0}",
	       "15:30:00.118 -                    agent    stopped: SIGTERM, after 1.5 s, 0 sessions open, 9 records; "
	       "lost 0\n");
	expect(HEAD("agent.config") ",\"changes\":[{\"key\":\"file.keep\",\"from\":\"1\",\"to\":\"2\","
				    "\"in_force\":true},{\"key\":\"agent.pin\",\"from\":\"/a\",\"to\":\"\","
				    "\"in_force\":false}]}",
	       "15:30:00.118 -                    agent    configured: file.keep 1 -> 2, agent.pin /a -> '' (at the "
	       "next start)\n");
	expect(HEAD("agent.config") ",\"changes\":[]}",
	       "15:30:00.118 -                    agent    configuration read again, nothing changed\n");
}

static void test_unknown_event_is_shown(void **state)
{
	(void)state;
	expect(HEAD("session.print") "}",
	       "15:30:00.118 -                    ?        session.print\n");
}

static void test_time_is_local(void **state)
{
	(void)state;
	setenv("TZ", "EST5", 1);
	tzset();
	expect(HEAD("session.tty") CURL ",\"tty\":\"/dev/pts/0\"}",
	       "10:30:00.118 curl[4714]           tty      /dev/pts/0\n");
	setenv("TZ", "UTC0", 1);
	tzset();
}

static void test_nothing_plays_with_the_terminal(void **state)
{
	(void)state;
	expect(HEAD("session.command") ",\"pid\":1,\"program\":\"a\\u001b[2Jb\",\"path\":\"/x\\n\\u202ey\","
				       "\"argv0\":\"\\ty\",\"argv\":[\"\\u0007'\\\\\",\"\\u009b\"],"
				       "\"return_code\":0}",
	       "15:30:00.118 a\\e[2Jb[1]           exec     $'/x\\n\\u202ey' $'\\x07\\'\\\\' $'\\u009b' "
	       "(as $'\\ty')\n");
}

static void test_color_is_balanced(void **state)
{
	char *line = pretty(HEAD("session.command") CURL
			    ",\"path\":\"/x\",\"argv\":[],\"return_code\":-2}",
			    true);

	(void)state;
	assert_string_equal(
		line, "\033[2m15:30:00.118 \033[0mcurl[4714]           \033[32mexec\033[0m     "
		      "/x\033[31m -> ENOENT\033[0m\n");
	free(line);
}

static void test_giant_command_lines_are_cut(void **state)
{
	char *record = malloc(LIMIT), *at = record;
	struct pretty_options options = { .color = false };
	struct buffer buffer = BUFFER_INIT(LIMIT);

	(void)state;
	at += sprintf(at, HEAD("session.command") CURL
		      ",\"path\":\"/x\",\"return_code\":0,\"argv\":[\"");
	memset(at, 'a', 5000);
	at += 5000;
	at += sprintf(at, "\"");
	for (int i = 0; i < 20000; i++)
		at += sprintf(at, ",\"0123456789\"");
	at += sprintf(at, "]}");
	assert_int_equal(pretty_format(record, (size_t)(at - record), &options, &buffer), 0);
	assert_true(buffer.size < 12000);
	assert_non_null(memmem(buffer.data, buffer.size, "aaa... 0123456789 ", 18));
	assert_memory_equal(buffer.data + buffer.size - 7, " more)\n", 7);
	buffer_free(&buffer);
	free(record);
}

static void test_what_is_no_record_is_refused(void **state)
{
	(void)state;
	expect_error("", -EBADMSG);
	expect_error("\n", -EBADMSG);
	expect_error("[]", -EBADMSG);
	expect_error("{}", -EBADMSG);
	expect_error("{\"event\":1}", -EBADMSG);
	expect_error("{\"event\":\"session.tty\"}", -EBADMSG);
	expect_error("{\"event\":\"session.tty\",\"time\":\"2026-11-21 15:30:00.118904417Z\"}",
		     -EBADMSG);
	expect_error("{\"event\":\"session.tty\",\"time\":\"2026-11-21T15:30:00.11890441xZ\"}",
		     -EBADMSG);
	expect_error(HEAD("session.tty") "} {}", -EBADMSG);
	expect_error(HEAD("session.tty"), -EBADMSG);
}

static void test_wrong_types_do_no_harm(void **state)
{
	(void)state;
	expect(HEAD("session.command") ",\"pid\":\"x\",\"program\":1,\"path\":{},\"argv\":{},"
				       "\"return_code\":\"0\"}",
	       "15:30:00.118 -                    exec     (unreadable)\n");
	expect(HEAD("session.command") CURL
	       ",\"path\":\"/x\",\"argv\":[1,null,[]],\"return_code\":0}",
	       "15:30:00.118 curl[4714]           exec     /x '?' '?' '?'\n");
	expect(HEAD("session.lost") ",\"by_event\":[]}",
	       "15:30:00.118 -                    lost     0 (): \n");
}

static void test_buffer_limit(void **state)
{
	const char *record = HEAD("session.tty") CURL ",\"tty\":\"/dev/pts/0\"}";
	struct pretty_options options = { .color = false };
	struct buffer buffer = BUFFER_INIT(16);

	(void)state;
	assert_int_equal(pretty_format(record, strlen(record), &options, &buffer), -EMSGSIZE);
	assert_int_equal(buffer.size, 0);
	buffer_free(&buffer);
}

static void test_cutting_keeps_characters_whole(void **state)
{
	struct buffer buffer = BUFFER_INIT(LIMIT);
	struct text text = { .buffer = &buffer };

	(void)state;
	text_quoted(&text, bytes_of("ab\xc3\xa9z"), 3);
	assert_int_equal(text.error, 0);
	assert_int_equal(buffer.size, 5);
	assert_memory_equal(buffer.data, "ab...", 5);
	buffer_free(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_command),
		cmocka_unit_test(test_command_that_failed),
		cmocka_unit_test(test_command_of_every_kind),
		cmocka_unit_test(test_exit),
		cmocka_unit_test(test_disk),
		cmocka_unit_test(test_network),
		cmocka_unit_test(test_network_of_other_families),
		cmocka_unit_test(test_network_of_the_other_direction),
		cmocka_unit_test(test_the_outcome_of_a_connection),
		cmocka_unit_test(test_rights),
		cmocka_unit_test(test_ptrace),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_cgroup_and_tty),
		cmocka_unit_test(test_lost_and_end),
		cmocka_unit_test(test_logins),
		cmocka_unit_test(test_the_agent_s_own),
		cmocka_unit_test(test_unknown_event_is_shown),
		cmocka_unit_test(test_time_is_local),
		cmocka_unit_test(test_nothing_plays_with_the_terminal),
		cmocka_unit_test(test_color_is_balanced),
		cmocka_unit_test(test_giant_command_lines_are_cut),
		cmocka_unit_test(test_what_is_no_record_is_refused),
		cmocka_unit_test(test_wrong_types_do_no_harm),
		cmocka_unit_test(test_buffer_limit),
		cmocka_unit_test(test_cutting_keeps_characters_whole),
	};

	setenv("TZ", "UTC0", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
