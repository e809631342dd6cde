/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/fd.h"
#include "sinks/journal_entry.h"

#define CATALOG "packaging/systemd/seshat.catalog"

static struct journal_entry entry;

static int entry_setup(void **state)
{
	(void)state;
	return journal_entry_init(&entry);
}

static int entry_teardown(void **state)
{
	(void)state;
	journal_entry_free(&entry);
	return 0;
}

static void build(const char *line)
{
	assert_int_equal(journal_entry_build(&entry, line, strlen(line)), 0);
}

/* The entry's bytes; a NUL in expected is one in the entry. */
static void check_entry(const char *expected, size_t size)
{
	assert_int_equal(entry.bytes.size, size);
	assert_memory_equal(entry.bytes.data, expected, size);
}

#define CHECK_ENTRY(expected) check_entry(expected, sizeof(expected) - 1)

static void a_record_becomes_fields(void **state)
{
	(void)state;
	build("{\"event\":\"session.network\",\"time\":\"2026\",\"sid\":\"8c2f\",\"ei\":27,\"pid\":4714,"
	      "\"auid\":4294967295,\"dst_addr\":\"::1\",\"dst_port\":8080,\"return_code\":-115}\n");
	CHECK_ENTRY(
		"PRIORITY=6\nSYSLOG_FACILITY=10\nSYSLOG_IDENTIFIER=seshatd\n"
		"MESSAGE_ID=0bf62d2fdb424e288e94d182079d16d5\n"
		"MESSAGE={\"event\":\"session.network\",\"time\":\"2026\",\"sid\":\"8c2f\",\"ei\":27,"
		"\"pid\":4714,\"auid\":4294967295,\"dst_addr\":\"::1\",\"dst_port\":8080,"
		"\"return_code\":-115}\n"
		"SESHAT_EVENT=session.network\nSESHAT_SID=8c2f\nSESHAT_EI=27\nSESHAT_PID=4714\n"
		"SESHAT_AUID=4294967295\nSESHAT_DST_ADDR=::1\nSESHAT_DST_PORT=8080\n"
		"SESHAT_RETURN_CODE=-115\n");
}

static void an_array_is_one_field_a_value_and_bytes_are_exact(void **state)
{
	(void)state;
	build("{\"auth_method\":[\"publickey\",\"p\xef\xbf\xbd\"],\"key_id\":\"a\\nb\",\"path\":\"x\","
	      "\"serial\":18446744073709551615,\"interactive\":true,"
	      "\"raw\":{\"/auth_method/1\":\"cP8=\",\"/path\":\"no base64\"}}\n");
	CHECK_ENTRY(
		"PRIORITY=6\nSYSLOG_FACILITY=10\nSYSLOG_IDENTIFIER=seshatd\n"
		"MESSAGE_ID=" JOURNAL_GENERIC_ID "\n"
		"MESSAGE={\"auth_method\":[\"publickey\",\"p\xef\xbf\xbd\"],\"key_id\":\"a\\nb\",\"path\":\"x\","
		"\"serial\":18446744073709551615,\"interactive\":true,"
		"\"raw\":{\"/auth_method/1\":\"cP8=\",\"/path\":\"no base64\"}}\n"
		"SESHAT_AUTH_METHOD=publickey\nSESHAT_AUTH_METHOD=p\xff\n"
		"SESHAT_KEY_ID\n\3\0\0\0\0\0\0\0a\nb\nSESHAT_PATH=x\n"
		"SESHAT_SERIAL=18446744073709551615\n");
}

static void true_and_false_are_words(void **state)
{
	(void)state;
	build("{\"deleted\":true,\"target_in_session\":false}\n");
	CHECK_ENTRY("PRIORITY=6\nSYSLOG_FACILITY=10\nSYSLOG_IDENTIFIER=seshatd\n"
		    "MESSAGE_ID=" JOURNAL_GENERIC_ID "\n"
		    "MESSAGE={\"deleted\":true,\"target_in_session\":false}\n"
		    "SESHAT_DELETED=true\nSESHAT_TARGET_IN_SESSION=false\n");
}

static void what_is_no_record_is_an_entry_all_the_same(void **state)
{
	static const char *const LINES[] = {
		"",
		"\n",
		"no json\n",
		"[1,2]\n",
		"{\"event\":null}\n",
		"{\"event\":[]}\n",
		"{\"event\":\"session.end\"\n",
		"{\"path\":{},\"raw\":[]}\n",
		"{\"raw\":{\"/path\":1},\"login\":null}\n",
		"[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(LINES); i++) {
		char expected[400];
		size_t length = strlen(LINES[i]);

		build(LINES[i]);
		(void)snprintf(expected, sizeof(expected),
			       "PRIORITY=6\nSYSLOG_FACILITY=10\nSYSLOG_IDENTIFIER=seshatd\n"
			       "MESSAGE_ID=" JOURNAL_GENERIC_ID "\nMESSAGE=%.*s\n",
			       (int)(length ? length - 1 : 0), LINES[i]);
		check_entry(expected, strlen(expected));
	}
}

/* The list of members is searched by halves. */
static void every_member_listed_is_found(void **state)
{
	static const char *const MEMBERS[] = {
		"audit_session_id",
		"auid",
		"auth_method",
		"ca_fingerprint",
		"call",
		"capabilities_gained",
		"count",
		"created",
		"cwd",
		"deleted",
		"dst_addr",
		"dst_cid",
		"dst_port",
		"ei",
		"euid",
		"event",
		"exe",
		"exit_code",
		"from",
		"fs_type",
		"gid",
		"interpreter",
		"key_fingerprint",
		"key_id",
		"key_type",
		"leader_pid",
		"loader",
		"login",
		"logind_session",
		"memfd",
		"mount_namespaces",
		"mover_pid",
		"name",
		"network_namespace",
		"new_path",
		"new_path_source",
		"operation",
		"path",
		"path_source",
		"peer_path",
		"pid",
		"ppid",
		"principals",
		"program",
		"program_id",
		"program_type_name",
		"protocol",
		"reason",
		"requested_new_path",
		"requested_path",
		"requested_pid",
		"return_code",
		"rhost",
		"ruser",
		"serial",
		"server_hostname",
		"service",
		"sid",
		"signal",
		"signal_name",
		"sink",
		"source",
		"src_addr",
		"src_cid",
		"src_port",
		"strategy",
		"target",
		"target_in_session",
		"target_pid",
		"target_program",
		"target_sid",
		"target_tid",
		"target_uid",
		"tid",
		"to",
		"tty",
		"uid",
		"user",
		"user_namespace",
		"version",
		"via",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(MEMBERS); i++) {
		char line[100], field[100] = "\nSESHAT_", *at = field + strlen(field);

		(void)snprintf(line, sizeof(line), "{\"%s\":5}\n", MEMBERS[i]);
		for (const char *c = MEMBERS[i]; *c; c++)
			*at++ = (char)(*c >= 'a' ? *c == '_' ? *c : *c - 32 : *c);
		memcpy(at, "=5\n", 4);
		build(line);
		assert_int_equal(buffer_append(&entry.bytes, "", 1), 0);
		if (!strstr(entry.bytes.data, field))
			fail_msg("no field for %s", MEMBERS[i]);
	}
}

static void the_catalog_explains_every_event(void **state)
{
	static const char *const EVENTS[] = {
		"session.start",   "session.command",	"session.exit",	  "session.disk",
		"session.network", "session.privilege", "session.ptrace", "session.kernel",
		"session.file",	   "session.cgroup",	"session.tty",	  "session.lost",
		"session.switch",  "session.logout",	"session.end",	  "agent.start",
		"agent.stop",	   "agent.config",	"something.else",
	};
	char text[32768];

	(void)state;
	assert_true(fd_read_text(CATALOG, text, sizeof(text)) > 0);
	for (size_t i = 0; i < ARRAY_SIZE(EVENTS); i++) {
		const char *id = journal_entry_id(EVENTS[i]);
		char head[64];

		assert_int_equal(strlen(id), 32);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(journal_entry_id(EVENTS[j]), id);
		(void)snprintf(head, sizeof(head), "\n-- %s\n", id);
		if (!strstr(text, head))
			fail_msg("%s has no %s", EVENTS[i], head);
	}
}

#define ENTRY(function) cmocka_unit_test_setup_teardown(function, entry_setup, entry_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ENTRY(a_record_becomes_fields),
		ENTRY(an_array_is_one_field_a_value_and_bytes_are_exact),
		ENTRY(true_and_false_are_words),
		ENTRY(what_is_no_record_is_an_entry_all_the_same),
		ENTRY(every_member_listed_is_found),
		TEST(the_catalog_explains_every_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
