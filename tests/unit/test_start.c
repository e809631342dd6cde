/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.start, in all its forms: what a login tells of itself.
 */
#include "fixture.h"

/* What each session.start of a login begins and ends with. */
#define LOGIN_HEAD "\"service\":\"sshd\",\"version\":\"0.1.0\","
#define LOGIN_TAIL                                                               \
	"\"leader_pid\":4711,\"cgroup_path\":\"/seshat/x\","                     \
	"\"strategy\":\"tracepoint\",\"kernel\":\"6.1.0\",\"probes\":[\"exec\"," \
	"\"exit\"]"
#define FINGERPRINT    "SHA256:R6jQVC2DFkcZGk1HM1PX9bMwFnQ6qVoVrVS5dTwnYXc"
#define CA_FINGERPRINT "SHA256:1Rk7sJ1nZbNqkU0b4vNOuKjF7XtI7dNw3fQh2yZgB5E"

/* The second session, of a login through sshd. */
static struct session_start login_start(void)
{
	struct session_start start = fixture_start();

	start.key = 8;
	start.service = "sshd";
	start.interactive = -1;
	return start;
}

/* Its first record has these members. */
static void check_start(const struct session_start *start, const char *own)
{
	assert_int_equal(pipeline_session_start(fixture.pipeline, start), 0);
	fixture_check_line(1, "session.start", 1, 0, own);
}

static void a_start_tells_how_the_session_began(void **state)
{
	struct json_object *record = fixture_look(0);

	(void)state;
	check_keys(record, FIXTURE_COMMON " service version interactive leader_pid cgroup_path "
					  "strategy kernel probes");
	check_string(record, "event", "session.start");
	check_string(record, "time", "2026-11-21T15:30:01.000000000Z");
	check_int(record, "ei", 0);
	check_string(record, "service", "seshat-run");
	check_string(record, "version", "0.1.0");
	assert_false(json_object_get_boolean(check_member(record, "interactive")));
	check_int(record, "leader_pid", 4711);
	check_string(record, "cgroup_path", "/seshat/x");
	check_string(record, "strategy", "tracepoint");
	check_string(record, "kernel", "6.1.0");
	check_value(record, "probes", "[\"exec\",\"exit\"]");
}

static void a_start_tells_which_probes_are_missing(void **state)
{
	static const struct probe_missing missing[] = {
		{ "send6", "attach: Operation not permitted" },
		{ "tty", "odd \xff" },
	};
	struct session_start start = fixture_start();
	struct json_object *record;

	(void)state;
	start.key = 8;
	start.interactive = true;
	start.audit_session_id = 3;
	start.probes.missing = missing;
	start.probes.missing_count = ARRAY_SIZE(missing);
	assert_int_equal(pipeline_session_start(fixture.pipeline, &start), 0);
	record = fixture_look(1);
	check_keys(record,
		   FIXTURE_COMMON " service version interactive leader_pid cgroup_path "
				  "audit_session_id strategy kernel probes probes_missing raw");
	check_true(record, "interactive");
	check_int(record, "audit_session_id", 3);
	check_value(record, "probes_missing",
		    "[{\"probe\":\"send6\",\"reason\":\"attach: Operation not permitted\"},"
		    "{\"probe\":\"tty\",\"reason\":\"odd \xef\xbf\xbd\"}]");
	check_value(record, "raw", "{\"/probes_missing/1/reason\":\"b2RkIP8=\"}");
}

static void a_login_with_a_password_tells_from_where(void **state)
{
	char src[] = "198.51.100.7", dst[] = "2001:db8::10", method[] = "password";
	const struct login_connection connection = {
		.src_addr = src, .src_port = 50522, .dst_addr = dst, .dst_port = 22
	};
	const struct login_auth auth = { .methods = { method }, .methods_count = 1 };
	struct session_start start = login_start();

	(void)state;
	start.connection = &connection;
	start.auth = &auth;
	start.rhost = "laptop.example.com";
	start.tty = "ssh";
	start.logind_session = "3";
	start.audit_session_id = 3;
	start.cgroup_path = "/user.slice/user-1000.slice/session-3.scope";
	check_start(
		&start, LOGIN_HEAD
		"\"src_addr\":\"198.51.100.7\",\"src_port\":50522,\"dst_addr\":\"2001:db8::10\","
		"\"dst_port\":22,\"rhost\":\"laptop.example.com\",\"tty\":\"ssh\","
		"\"auth_method\":[\"password\"],\"leader_pid\":4711,"
		"\"cgroup_path\":\"/user.slice/user-1000.slice/session-3.scope\","
		"\"audit_session_id\":3,\"logind_session\":\"3\",\"strategy\":\"tracepoint\","
		"\"kernel\":\"6.1.0\",\"probes\":[\"exec\",\"exit\"]");
}

static void a_login_with_a_key_tells_which(void **state)
{
	char first[] = "publickey", second[] = "keyboard-interactive/pam", type[] = "ssh-ed25519";
	const struct login_auth auth = {
		.methods = { first, second },
		.methods_count = 2,
		.key = { .type = type, .fingerprint = FINGERPRINT },
	};
	struct session_start start = login_start();

	(void)state;
	start.auth = &auth;
	check_start(&start,
		    LOGIN_HEAD "\"auth_method\":[\"publickey\",\"keyboard-interactive/pam\"],"
			       "\"key_type\":\"ssh-ed25519\",\"key_fingerprint\":\"" FINGERPRINT
			       "\"," LOGIN_TAIL);
}

static void a_login_with_a_certificate_tells_whose(void **state)
{
	char method[] = "publickey", type[] = "ssh-ed25519-cert-v01@openssh.com";
	char id[] = "alice@example.com", one[] = "alice", two[] = "deploy", ca[] = "ssh-rsa";
	char *principals[] = { one, two };
	const struct login_auth auth = {
		.methods = { method },
		.methods_count = 1,
		.key = {
			.type = type, .fingerprint = FINGERPRINT, .certificate = true, .key_id = id,
			.serial = 4711, .principals = principals, .principals_count = 2,
			.ca_type = ca, .ca_fingerprint = CA_FINGERPRINT,
			.valid_after = 1793491200, .valid_before = 1796083200,
		},
	};
	struct session_start start = login_start();

	(void)state;
	start.user = fixture.user = id;
	start.auth = &auth;
	check_start(
		&start, LOGIN_HEAD
		"\"auth_method\":[\"publickey\"],"
		"\"key_type\":\"ssh-ed25519-cert-v01@openssh.com\","
		"\"key_fingerprint\":\"" FINGERPRINT "\",\"key_id\":\"alice@example.com\","
		"\"serial\":\"4711\",\"principals\":[\"alice\",\"deploy\"],\"ca_type\":\"ssh-rsa\","
		"\"ca_fingerprint\":\"" CA_FINGERPRINT
		"\",\"valid_after\":\"2026-11-01T00:00:00Z\","
		"\"valid_before\":\"2026-12-01T00:00:00Z\"," LOGIN_TAIL);
}

static void a_certificate_without_limits_names_none(void **state)
{
	char method[] = "publickey", type[] = "ssh-rsa-cert-v01@openssh.com", ca[] = "ssh-rsa";
	const struct login_auth auth = {
		.methods = { method },
		.methods_count = 1,
		.key = {
			.type = type, .fingerprint = FINGERPRINT, .certificate = true,
			.serial = UINT64_MAX, .ca_type = ca, .ca_fingerprint = CA_FINGERPRINT,
			.valid_before = UINT64_MAX,
		},
	};
	struct session_start start = login_start();

	(void)state;
	start.auth = &auth;
	check_start(&start, LOGIN_HEAD
		    "\"auth_method\":[\"publickey\"],\"key_type\":\"ssh-rsa-cert-v01@openssh.com\","
		    "\"key_fingerprint\":\"" FINGERPRINT "\",\"serial\":\"18446744073709551615\","
		    "\"principals\":[],\"ca_type\":\"ssh-rsa\",\"ca_fingerprint\":\"" CA_FINGERPRINT
		    "\"," LOGIN_TAIL);
}

static void dates_of_a_certificate_end_with_the_year_9999(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *expected;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00Z" },
		{ 1, "1970-01-01T00:00:01Z" },
		{ 951782400, "2000-02-29T00:00:00Z" },
		{ UINT32_MAX, "2106-02-07T06:28:15Z" },
		{ 253402300799, "9999-12-31T23:59:59Z" },
		{ 253402300800, "9999-12-31T23:59:59Z" },
		{ INT64_MAX, "9999-12-31T23:59:59Z" },
		{ UINT64_MAX - 1, "9999-12-31T23:59:59Z" },
	};
	char type[] = "ssh-rsa-cert-v01@openssh.com", ca[] = "ssh-rsa", method[] = "publickey";
	struct login_auth auth = {
		.methods = { method },
		.methods_count = 1,
		.key = { .type = type,
			 .fingerprint = FINGERPRINT,
			 .certificate = true,
			 .ca_type = ca,
			 .ca_fingerprint = CA_FINGERPRINT },
	};
	struct session_start start = login_start();

	(void)state;
	start.auth = &auth;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		start.key = 8 + i;
		auth.key.valid_after = auth.key.valid_before = cases[i].seconds;
		assert_int_equal(pipeline_session_start(fixture.pipeline, &start), 0);
		check_string(fixture_look(1 + i), "valid_before", cases[i].expected);
		/* 0: it has always been valid. */
		assert_int_equal(check_has(fixture.record, "valid_after"), i > 0);
		if (i > 0)
			check_string(fixture.record, "valid_after", cases[i].expected);
	}
}

static void what_a_login_does_not_tell_is_left_out(void **state)
{
	char src[] = "192.0.2.1", dst[] = "192.0.2.2";
	struct login_connection connection = { .src_port = 1, .dst_addr = dst, .dst_port = 2 };
	struct login_auth auth = { .bad = true };
	struct session_start start = login_start();

	(void)state;
	start.connection = &connection;
	start.auth = &auth;
	start.rhost = start.tty = start.logind_session = "";
	start.cgroup_path = NULL;
	check_start(&start, LOGIN_HEAD
		    "\"auth_incomplete\":true,\"leader_pid\":4711,\"strategy\":\"tracepoint\","
		    "\"kernel\":\"6.1.0\",\"probes\":[\"exec\",\"exit\"]");

	start.key = 9;
	connection = (struct login_connection){ .src_addr = src, .src_port = 65535 };
	start.auth = NULL;
	assert_int_equal(pipeline_session_start(fixture.pipeline, &start), 0);
	fixture_check_line(
		2, "session.start", 1, 0,
		LOGIN_HEAD
		"\"src_addr\":\"192.0.2.1\",\"src_port\":65535,\"leader_pid\":4711,"
		"\"strategy\":\"tracepoint\",\"kernel\":\"6.1.0\",\"probes\":[\"exec\",\"exit\"]");
}

static void a_login_of_hostile_bytes_is_kept_exactly(void **state)
{
	char method[] = "\xff", type[] = "x\xfe-cert-v01@y", id[] = "\xc3(", ca[] = "\xed\xa0\x80";
	char one[] = "ok", two[] = "\xf0\x9f", three[] = "\"\n\xe2\x80\xae";
	char *principals[] = { one, two, three };
	const struct login_auth auth = {
		.methods = { method },
		.methods_count = 1,
		.key = {
			.type = type, .fingerprint = FINGERPRINT, .certificate = true, .key_id = id,
			.principals = principals, .principals_count = ARRAY_SIZE(principals),
			.ca_type = ca, .ca_fingerprint = CA_FINGERPRINT, .valid_before = UINT64_MAX,
		},
	};
	struct session_start start = login_start();

	(void)state;
	start.service = "s\xff";
	start.rhost = "\x80";
	start.tty = "\xc0\xaf";
	start.logind_session = "\xfe";
	start.user = id;
	start.auth = &auth;
	assert_int_equal(pipeline_session_start(fixture.pipeline, &start), 0);
	check_value(fixture_look(1), "principals",
		    "[\"ok\",\"\xef\xbf\xbd\xef\xbf\xbd\",\"\\\"\\n\xe2\x80\xae\"]");
	check_string(fixture.record, "key_id", "\xef\xbf\xbd(");
	check_string(fixture.record, "user", "\xef\xbf\xbd(");
	check_value(
		fixture.record, "raw",
		"{\"/user\":\"wyg=\",\"/service\":\"c/8=\",\"/rhost\":\"gA==\",\"/tty\":\"wK8=\","
		"\"/auth_method/0\":\"/w==\",\"/key_type\":\"eP4tY2VydC12MDFAeQ==\","
		"\"/key_id\":\"wyg=\",\"/principals/1\":\"8J8=\",\"/ca_type\":\"7aCA\","
		"\"/logind_session\":\"/g==\"}");
	/* Nothing in it can play with a terminal, or forge a line. */
	assert_null(strstr(fixture.sink->lines[1].data, "\xe2\x80\xae"));
}

static void a_login_inside_the_session_tells_from_where(void **state)
{
	char src[] = "192.0.2.77", method[] = "publickey", type[] = "ssh-rsa";
	const struct login_connection connection = { .src_addr = src, .src_port = 40022 };
	const struct login_auth auth = {
		.methods = { method },
		.methods_count = 1,
		.key = { .type = type, .fingerprint = FINGERPRINT },
		.bad = true,
	};
	const struct session_switch event = {
		.service = "sshd",
		.to = "bob",
		.tty = "ssh",
		.pid = 4870,
		.program = "sshd",
		.connection = &connection,
		.auth = &auth,
	};

	(void)state;
	assert_int_equal(pipeline_session_switch(fixture.pipeline, WB_SESSION, &event), 0);
	fixture_check_line(1, "session.switch", 7, 1,
			   "\"service\":\"sshd\",\"to\":\"bob\",\"tty\":\"ssh\",\"pid\":4870,"
			   "\"program\":\"sshd\",\"src_addr\":\"192.0.2.77\",\"src_port\":40022,"
			   "\"auth_method\":[\"publickey\"],\"key_type\":\"ssh-rsa\","
			   "\"key_fingerprint\":\"" FINGERPRINT "\",\"auth_incomplete\":true");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_start_tells_how_the_session_began),
		FIXTURE_TEST(a_start_tells_which_probes_are_missing),
		FIXTURE_TEST(a_login_with_a_password_tells_from_where),
		FIXTURE_TEST(a_login_with_a_key_tells_which),
		FIXTURE_TEST(a_login_with_a_certificate_tells_whose),
		FIXTURE_TEST(a_certificate_without_limits_names_none),
		FIXTURE_TEST(dates_of_a_certificate_end_with_the_year_9999),
		FIXTURE_TEST(what_a_login_does_not_tell_is_left_out),
		FIXTURE_TEST(a_login_of_hostile_bytes_is_kept_exactly),
		FIXTURE_TEST(a_login_inside_the_session_tells_from_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
