/* SPDX-License-Identifier: Apache-2.0 */
#include "ssh_keygen.h"

#include "session/ssh_auth.h"

/* A key that is the same in every run, with the fingerprint that ssh-keygen -l prints. */
#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEy"

static struct bytes text_of(const char *string)
{
	return (struct bytes){ .data = string, .size = strlen(string) };
}

/* Exactly as large as it is, for the address sanitizer. */
static int parse(const char *text, size_t size, struct login_auth *ret)
{
	char *copy = malloc(size > 0 ? size : 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, text, size);
	r = ssh_auth_parse((struct bytes){ .data = copy, .size = size }, ret);
	free(copy);
	return r;
}

/* The methods, separated by blanks; whether there is a key; whether something was wrong. */
static void check(const char *text, const char *methods, bool key, bool bad)
{
	_cleanup_(login_auth_free) struct login_auth auth = { 0 };
	char all[2048] = "";

	assert_int_equal(parse(text, strlen(text), &auth), 0);
	for (size_t i = 0; i < auth.methods_count; i++) {
		strcat(all, i > 0 ? " " : "");
		strcat(all, auth.methods[i]);
	}
	assert_string_equal(all, methods);
	if ((auth.key.type != NULL) != key || auth.bad != bad)
		fail_msg("%s: key %d, bad %d", text, auth.key.type != NULL, auth.bad);
}

static void methods_are_kept_in_order(void **state)
{
	(void)state;
	check("", "", false, false);
	check("password\n", "password", false, false);
	check("password", "password", false, false);
	check("publickey " KEY "\n", "publickey", true, false);
	check("publickey " KEY "\nkeyboard-interactive/pam\n", "publickey keyboard-interactive/pam",
	      true, false);
	check("password\n\npublickey " KEY "\n", "password publickey", true, false);
	check("gssapi-with-mic alice@EXAMPLE.ORG\n", "gssapi-with-mic", false, false);
	check("hostbased " KEY " client user \"a\", client host \"b\"\n", "hostbased", true, false);
	check("none\n", "none", false, false);
}

static void broken_parts_are_left_out(void **state)
{
	static const struct {
		const char *text, *methods;
	} cases[] = {
		{ "publickey\n", "publickey" },
		{ "publickey \n", "publickey" },
		{ "publickey ssh-ed25519\n", "publickey" },
		{ "publickey ssh-ed25519 !!!!\npassword\n", "publickey password" },
		{ "publickey ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEy",
		  "publickey" }, /* not what the blob says */
		{ "publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDEyMzQ1Njc4\n", "publickey" },
		{ " password\nnone\n", "none" },
		{ "pass\"word\npassword\n", "password" },
		{ "\x1b[31m\npassword\n", "password" },
		{ "p\xc3\xa4ss\npassword\n", "password" },
		{ "a2345678901234567890123456789012345678901234567890123456789012345\n", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check(cases[i].text, cases[i].methods, false, true);
}

static void a_nul_is_no_end(void **state)
{
	static const char text[] = "password\0\nnone\n";
	_cleanup_(login_auth_free) struct login_auth auth = { 0 };

	(void)state;
	assert_int_equal(parse(text, sizeof(text) - 1, &auth), 0);
	assert_int_equal(auth.methods_count, 1);
	assert_string_equal(auth.methods[0], "none");
	assert_true(auth.bad);
}

static void so_many_methods_are_kept(void **state)
{
	char text[256] = "";

	(void)state;
	for (int i = 0; i < LOGIN_METHODS; i++)
		strcat(text, "none\n");
	check(text,
	      "none none none none none none none none none none none none none none none none",
	      false, false);
	strcat(text, "password\n");
	check(text,
	      "none none none none none none none none none none none none none none none none",
	      false, true);
}

/* Of what is cut off nothing may be guessed. */
static void so_much_is_read(void **state)
{
	_cleanup_(login_auth_free) struct login_auth auth = { 0 };
	_cleanup_free_ char *text = malloc(SSH_AUTH_INFO_MAX + 1);

	(void)state;
	assert_non_null(text);
	memset(text, '\n', SSH_AUTH_INFO_MAX + 1);
	memcpy(text, "password\n", 9);
	memcpy(text + SSH_AUTH_INFO_MAX - 4, "none\n", 5);
	assert_int_equal(parse(text, SSH_AUTH_INFO_MAX, &auth), 0);
	assert_int_equal(auth.methods_count, 2);
	assert_false(auth.bad);
	login_auth_free(&auth);
	text[SSH_AUTH_INFO_MAX] = '/';
	assert_int_equal(parse(text, SSH_AUTH_INFO_MAX + 1, &auth), 0);
	assert_int_equal(auth.methods_count, 1);
	assert_true(auth.bad);
	login_auth_free(&auth);
	memset(text, 'x', SSH_AUTH_INFO_MAX + 1);
	assert_int_equal(parse(text, SSH_AUTH_INFO_MAX + 1, &auth), 0);
	assert_int_equal(auth.methods_count, 0);
	assert_true(auth.bad);
}

/* As sshd writes it, with keys of ssh-keygen's. */
static void check_last_key(const char *method, const char *first, const char *other_method,
			   const char *second, const char *expected)
{
	_cleanup_free_ char *one = keygen_line(first), *two = keygen_line(second);
	_cleanup_free_ char *fingerprint = keygen_fingerprint(expected), *text = NULL;
	_cleanup_(login_auth_free) struct login_auth auth = { 0 };

	assert_true(asprintf(&text, "%s %s\n%s %s\n", method, one, other_method, two) > 0);
	assert_int_equal(parse(text, strlen(text), &auth), 0);
	assert_false(auth.bad);
	assert_int_equal(auth.methods_count, 2);
	assert_string_equal(auth.key.fingerprint, fingerprint);
}

static void the_key_is_the_one_that_tells_most(void **state)
{
	(void)state;
	keygen_make("a", "ed25519", "");
	keygen_make("b", "rsa", "-b 2048");
	keygen_do("ssh-keygen -q -s ca -I id -n x b.pub");
	check_last_key("publickey", "a.pub", "publickey", "b.pub", "b.pub");
	check_last_key("publickey", "b-cert.pub", "publickey", "a.pub", "b.pub");
	check_last_key("publickey", "a.pub", "publickey", "b-cert.pub", "b.pub");
	check_last_key("publickey", "a.pub", "hostbased", "b.pub", "a.pub");
	check_last_key("hostbased", "a.pub", "publickey", "b.pub", "b.pub");
	check_last_key("hostbased", "a.pub", "hostbased", "b.pub", "b.pub");
	keygen_do("rm -f a a.pub b b.pub b-cert.pub");
}

/* ---- SSH_CONNECTION ------------------------------------------------------------------------------ */

static void connections_are_two_addresses_and_ports(void **state)
{
	static const struct {
		const char *text, *src_addr, *dst_addr;
		uint16_t src_port, dst_port;
	} cases[] = {
		{ "192.0.2.1 54321 198.51.100.7 22", "192.0.2.1", "198.51.100.7", 54321, 22 },
		{ "2001:db8::1 0 2001:DB8:0:0::2 65535", "2001:db8::1", "2001:db8::2", 0, 65535 },
		{ "fe80::1%eth0 1 fe80::2%3 2", "fe80::1%eth0", "fe80::2%3", 1, 2 },
		{ "::ffff:192.0.2.1 1 ::1 00022", "::ffff:192.0.2.1", "::1", 1, 22 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(login_connection_free) struct login_connection connection = { 0 };

		assert_int_equal(ssh_connection_parse(text_of(cases[i].text), &connection), 0);
		assert_string_equal(connection.src_addr, cases[i].src_addr);
		assert_string_equal(connection.dst_addr, cases[i].dst_addr);
		assert_int_equal(connection.src_port, cases[i].src_port);
		assert_int_equal(connection.dst_port, cases[i].dst_port);
	}
}

static void anything_else_is_no_connection(void **state)
{
	static const char *const wrong[] = {
		"",
		" ",
		"UNKNOWN 65535 UNKNOWN 65535",
		"192.0.2.1 1 192.0.2.2",
		"192.0.2.1 1 192.0.2.2 ",
		"192.0.2.1 1 192.0.2.2 2 ",
		" 192.0.2.1 1 192.0.2.2 2",
		"192.0.2.1  1 192.0.2.2 2",
		"192.0.2.1 1 192.0.2.2 2 3",
		"192.0.2.1 1 192.0.2.2 2\n",
		"192.0.2.1 65536 192.0.2.2 2",
		"192.0.2.1 -1 192.0.2.2 2",
		"192.0.2.1 +1 192.0.2.2 2",
		"192.0.2.1 000001 192.0.2.2 2",
		"192.0.2.1 1x 192.0.2.2 2",
		"192.0.2.256 1 192.0.2.2 2",
		"192.0.2 1 192.0.2.2 2",
		"192.0.2.1%eth0 1 192.0.2.2 2",
		"fe80::1% 1 fe80::2 2",
		"fe80::1%1234567890123456 1 fe80::2 2",
		"fe80::1%a/b 1 fe80::2 2",
		"fe80::1%\x1b 1 fe80::2 2",
		"fe80::1::2 1 fe80::2 2",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb 1 ::1 2",
		"localhost 1 ::1 2",
	};
	struct login_connection connection = { 0 };
	char text[SSH_AUTH_CONNECTION_MAX + 2];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		if (ssh_connection_parse(text_of(wrong[i]), &connection) != -EBADMSG)
			fail_msg("taken for a connection: %s", wrong[i]);
		assert_null(connection.src_addr);
	}
	assert_int_equal(
		ssh_connection_parse((struct bytes){ .data = "::1\0x 1 ::1 2", .size = 13 },
				     &connection),
		-EBADMSG);
	memset(text, '1', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(ssh_connection_parse(text_of(text), &connection), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(methods_are_kept_in_order),
		TEST(broken_parts_are_left_out),
		TEST(a_nul_is_no_end),
		TEST(so_many_methods_are_kept),
		TEST(so_much_is_read),
		TEST(the_key_is_the_one_that_tells_most),
		TEST(connections_are_two_addresses_and_ports),
		TEST(anything_else_is_no_connection),
	};

	return cmocka_run_group_tests(tests, keygen_setup, keygen_teardown);
}
