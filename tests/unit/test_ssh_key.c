/* SPDX-License-Identifier: Apache-2.0 */
#include "ssh_keygen.h"

#include "session/ssh_key.h"

static const struct {
	const char *name, *arguments;
} MADE[] = {
	{ "rsa", "-b 2048" },  { "rsa", "-b 3072" }, { "ecdsa", "-b 256" }, { "ecdsa", "-b 384" },
	{ "ecdsa", "-b 521" }, { "ed25519", "" },    { "dsa", "" },
};

/* ---- blobs of our own ---------------------------------------------------------------------------- */

struct blob {
	char data[4096];
	size_t size;
};

static void put(struct blob *blob, const void *data, size_t size)
{
	assert_true(blob->size + size <= sizeof(blob->data));
	memcpy(blob->data + blob->size, data, size);
	blob->size += size;
}

static void put_size(struct blob *blob, uint32_t size)
{
	unsigned char bytes[4] = { (unsigned char)(size >> 24), (unsigned char)(size >> 16),
				   (unsigned char)(size >> 8), (unsigned char)size };

	put(blob, bytes, sizeof(bytes));
}

static void put_bytes(struct blob *blob, const void *data, size_t size)
{
	put_size(blob, (uint32_t)size);
	put(blob, data, size);
}

static void put_string(struct blob *blob, const char *string)
{
	put_bytes(blob, string, strlen(string));
}

static struct bytes bytes_of_blob(const struct blob *blob)
{
	return (struct bytes){ .data = blob->data, .size = blob->size };
}

static int parse(const struct blob *blob)
{
	struct login_key key = { 0 };
	/* Exactly as large as it is, for the address sanitizer. */
	char *copy = malloc(blob->size > 0 ? blob->size : 1);
	int r;

	memcpy(copy, blob->data, blob->size);
	r = ssh_key_parse((struct bytes){ .data = copy, .size = blob->size }, &key);
	if (r < 0)
		assert_null(key.type);
	login_key_free(&key);
	free(copy);
	return r;
}

/* A key that only hardware could make, with ssh-keygen's file of it. */
static void write_public(const char *name, const char *type, const struct blob *blob)
{
	char text[8192], path[128];
	FILE *file;

	*base64_encode(text, bytes_of_blob(blob)) = '\0';
	snprintf(path, sizeof(path), "%s/%s", keygen_folder, name);
	file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file, "%s %s\n", type, text);
	assert_int_equal(fclose(file), 0);
}

/* ---- what ssh-keygen says ------------------------------------------------------------------------ */

static void read_file(const char *name, struct login_key *ret)
{
	_cleanup_free_ char *line = keygen_line(name);
	size_t size = 0;
	_cleanup_free_ char *blob = keygen_blob(line, &size);

	assert_int_equal(ssh_key_parse((struct bytes){ .data = blob, .size = size }, ret), 0);
	assert_int_equal(strncmp(ret->type, line, strlen(ret->type)), 0);
	assert_int_equal(line[strlen(ret->type)], ' ');
}

static void check_plain(const char *name)
{
	_cleanup_(login_key_free) struct login_key key = { 0 };
	_cleanup_free_ char *expected = keygen_fingerprint(name);

	read_file(name, &key);
	assert_string_equal(key.fingerprint, expected);
	assert_false(key.certificate);
	assert_null(key.key_id);
	assert_null(key.ca_type);
	assert_int_equal(key.principals_count, 0);
}

static void fingerprints_are_ssh_keygens(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(MADE); i++) {
		keygen_do("rm -f k k.pub");
		keygen_make("k", MADE[i].name, MADE[i].arguments);
		check_plain("k.pub");
	}
	keygen_do("rm -f k k.pub");
}

/* sk-...: the keys of security tokens. The point is one of the curve's: the base point (FIPS 186-4, D.1.2.3). */
static struct blob make_sk(bool ecdsa)
{
	static const unsigned char point[] = {
		0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5,
		0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4,
		0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a,
		0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33,
		0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5,
	};
	struct blob blob = { 0 };

	if (ecdsa) {
		put_string(&blob, "sk-ecdsa-sha2-nistp256@openssh.com");
		put_string(&blob, "nistp256");
		put_bytes(&blob, point, sizeof(point));
	} else {
		put_string(&blob, "sk-ssh-ed25519@openssh.com");
		put_bytes(&blob, point, 32);
	}
	put_string(&blob, "ssh:");
	return blob;
}

static void write_sk(const char *name, bool ecdsa)
{
	struct blob blob = make_sk(ecdsa);

	write_public(name,
		     ecdsa ? "sk-ecdsa-sha2-nistp256@openssh.com" : "sk-ssh-ed25519@openssh.com",
		     &blob);
}

static void tokens_keys_have_them_too(void **state)
{
	(void)state;
	for (int ecdsa = 0; ecdsa <= 1; ecdsa++) {
		write_sk("sk.pub", ecdsa);
		check_plain("sk.pub");
	}
	keygen_do("rm -f sk.pub");
}

/* The certificate NAME-cert.pub of the key NAME.pub, as `ssh-keygen -L` shows it. */
static void check_certificate(const char *name, const char *ca)
{
	_cleanup_(login_key_free) struct login_key key = { 0 };
	_cleanup_free_ char *plain = NULL, *signer = NULL, *shown = NULL, *line = NULL;
	char file[64], expected[256];

	snprintf(file, sizeof(file), "%s.pub", name);
	plain = keygen_fingerprint(file);
	snprintf(file, sizeof(file), "%s.pub", ca);
	signer = keygen_fingerprint(file);
	line = keygen_line(file);
	line[strcspn(line, " ")] = '\0';
	snprintf(file, sizeof(file), "%s-cert.pub", name);
	read_file(file, &key);
	assert_true(key.certificate);
	assert_string_equal(key.fingerprint, plain);
	assert_string_equal(key.ca_fingerprint, signer);
	assert_string_equal(key.ca_type, line);

	shown = keygen_run("ssh-keygen -L -f %s", file);
	snprintf(expected, sizeof(expected), "Key ID: \"%s\"\n", key.key_id);
	assert_non_null(strstr(shown, expected));
	snprintf(expected, sizeof(expected), "Serial: %llu\n", (unsigned long long)key.serial);
	assert_non_null(strstr(shown, expected));
	for (size_t i = 0; i < key.principals_count; i++) {
		snprintf(expected, sizeof(expected), " %s\n", key.principals[i]);
		assert_non_null(strstr(shown, expected));
	}
}

static void check_alice(const char *name)
{
	_cleanup_(login_key_free) struct login_key key = { 0 };
	char file[64];

	snprintf(file, sizeof(file), "%s-cert.pub", name);
	read_file(file, &key);
	assert_string_equal(key.key_id, "Alice <alice@example.org> \xc3\xa9");
	assert_true(key.serial == UINT64_C(18446744073709551615));
	assert_int_equal(key.principals_count, 2);
	assert_string_equal(key.principals[0], "alice");
	assert_string_equal(key.principals[1], "root");
	assert_true(key.valid_after == 1577836800);  /* 2020-01-01 */
	assert_true(key.valid_before == 1893456000); /* 2030-01-01 */
}

static void certificates_are_as_ssh_keygen_shows_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(MADE) + 2; i++) {
		const char *ca = i % 2 ? "ca" : "ca-rsa";

		keygen_do("rm -f k k.pub k-cert.pub");
		if (i < ARRAY_SIZE(MADE))
			keygen_make("k", MADE[i].name, MADE[i].arguments);
		else
			write_sk("k.pub", i == ARRAY_SIZE(MADE));
		keygen_do(
			"ssh-keygen -q -s %s -I 'Alice <alice@example.org> \xc3\xa9' -n alice,root "
			"-z 18446744073709551615 -V 20200101000000:20300101000000 -O clear k.pub",
			ca);
		check_certificate("k", ca);
		check_alice("k");
	}
	keygen_do("rm -f k k.pub k-cert.pub");
}

static void certificates_may_be_for_everybody_and_for_ever(void **state)
{
	_cleanup_(login_key_free) struct login_key key = { 0 };

	(void)state;
	keygen_make("k", "ed25519", "");
	keygen_do("ssh-keygen -q -s ca -I '' -h k.pub");
	check_certificate("k", "ca");
	read_file("k-cert.pub", &key);
	assert_string_equal(key.key_id, "");
	assert_int_equal(key.principals_count, 0);
	assert_null(key.principals);
	assert_true(key.valid_after == 0);
	assert_true(key.valid_before == UINT64_MAX);
	keygen_do("rm -f k k.pub k-cert.pub");
}

/* ---- numbers that could be written otherwise ----------------------------------------------------- */

static struct blob make_rsa(const char *type, const char *exponent, size_t exponent_size)
{
	struct blob blob = { 0 };
	char modulus[257] = { 0 };

	modulus[1] = '\x80';
	modulus[256] = 1;
	put_string(&blob, type);
	put_bytes(&blob, exponent, exponent_size);
	put_bytes(&blob, modulus, sizeof(modulus));
	return blob;
}

/* OpenSSH writes numbers anew before it takes the fingerprint, and calls the key ssh-rsa. */
static void the_same_key_has_the_same_fingerprint(void **state)
{
	static const struct {
		const char *type, *exponent;
		size_t size;
	} same[] = {
		{ "ssh-rsa", "\x01\x00\x01", 3 },
		{ "ssh-rsa", "\x00\x00\x01\x00\x01", 5 },
		{ "rsa-sha2-256", "\x01\x00\x01", 3 },
		{ "rsa-sha2-512", "\x00\x01\x00\x01", 4 },
	};
	char first[LOGIN_FINGERPRINT_SIZE] = "";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		struct blob blob = make_rsa(same[i].type, same[i].exponent, same[i].size);
		_cleanup_(login_key_free) struct login_key key = { 0 };

		assert_int_equal(ssh_key_parse(bytes_of_blob(&blob), &key), 0);
		assert_string_equal(key.type, same[i].type);
		if (i == 0)
			strcpy(first, key.fingerprint);
		assert_string_equal(key.fingerprint, first);
		if (i == 1) {
			write_public("k.pub", "ssh-rsa", &blob);
			check_plain("k.pub");
			keygen_do("rm -f k.pub");
		}
	}
}

static void negative_numbers_are_refused(void **state)
{
	struct blob blob = make_rsa("ssh-rsa", "\x81\x00\x01", 3);

	(void)state;
	assert_int_equal(parse(&blob), -EBADMSG);
}

/* ---- what is not known, and what is broken ------------------------------------------------------- */

static void unknown_keys_have_a_fingerprint_too(void **state)
{
	_cleanup_(login_key_free) struct login_key key = { 0 };
	struct blob blob = { 0 };

	(void)state;
	put_string(&blob, "ssh-future");
	put(&blob, "anything", 8);
	assert_int_equal(ssh_key_parse(bytes_of_blob(&blob), &key), 0);
	assert_string_equal(key.type, "ssh-future");
	assert_string_equal(key.fingerprint, "SHA256:komUjsLdEot6INLK05JGS0e+MbRgC4n3Ch7PLoo6xUs");
	blob.size = 0;
	put_string(&blob, "ssh-future-cert-v01@openssh.com");
	put_string(&blob, "anything");
	assert_int_equal(parse(&blob), -EOPNOTSUPP);
}

static void types_are_short_visible_ascii(void **state)
{
	static const char *const wrong[] = { "",
					     "ssh rsa",
					     "ssh-rsa\n",
					     "\x80",
					     "ssh-\x1b[0m",
					     "12345678901234567890123456789012345678901234567890"
					     "123456789012345" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct blob blob = { 0 };

		put_string(&blob, wrong[i]);
		assert_int_equal(parse(&blob), -EBADMSG);
	}
}

/* Every prefix of a key or a certificate is broken, and so is every one with something behind it. */
static void check_cuts(const char *name)
{
	_cleanup_free_ char *line = keygen_line(name);
	struct blob blob = { 0 };
	size_t size = 0;
	_cleanup_free_ char *whole = keygen_blob(line, &size);

	put(&blob, whole, size);
	assert_int_equal(parse(&blob), 0);
	put(&blob, "x", 1);
	assert_int_equal(parse(&blob), -EBADMSG);
	for (blob.size = 0; blob.size < size; blob.size++)
		assert_int_equal(parse(&blob), -EBADMSG);
}

static void cut_blobs_are_broken(void **state)
{
	(void)state;
	keygen_make("k", "ecdsa", "");
	keygen_do("ssh-keygen -q -s ca-rsa -I id -n a,b,c k.pub");
	check_cuts("k.pub");
	check_cuts("k-cert.pub");
	check_cuts("ca-rsa.pub");
	keygen_do("rm -f k k.pub k-cert.pub");
}

/* A certificate of ed25519 with these parts. */
static struct blob make_certificate(const char *id, size_t id_size, const struct blob *principals,
				    const struct blob *signer)
{
	struct blob blob = { 0 };

	put_string(&blob, "ssh-ed25519-cert-v01@openssh.com");
	put_string(&blob, "nonce");
	put_string(&blob, "12345678901234567890123456789012");
	put(&blob, "\0\0\0\0\0\0\0\x07\0\0\0\x01", 12); /* serial, kind */
	put_bytes(&blob, id, id_size);
	put_bytes(&blob, principals->data, principals->size);
	put(&blob, "\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02", 16);
	put_string(&blob, "");
	put_string(&blob, "");
	put_string(&blob, "");
	put_bytes(&blob, signer->data, signer->size);
	put_string(&blob, "signature");
	return blob;
}

static struct blob make_ed25519(void)
{
	struct blob blob = { 0 };

	put_string(&blob, "ssh-ed25519");
	put_string(&blob, "12345678901234567890123456789012");
	return blob;
}

static void names_in_certificates_are_text(void **state)
{
	struct blob signer = make_ed25519(), principals = { 0 }, blob;
	_cleanup_(login_key_free) struct login_key key = { 0 };

	(void)state;
	put_bytes(&principals, "\xff\x01", 2);
	blob = make_certificate("\xfe\x1b\0", 3, &principals, &signer);
	assert_int_equal(ssh_key_parse(bytes_of_blob(&blob), &key), 0);
	assert_string_equal(key.key_id, "\xfe\x1b"); /* one NUL at the end belongs to no text */
	assert_string_equal(key.principals[0], "\xff\x01");
	blob = make_certificate("a\0b", 3, &principals, &signer);
	assert_int_equal(parse(&blob), -EBADMSG);
	put_bytes(&principals, "a\0b", 3);
	blob = make_certificate("a", 1, &principals, &signer);
	assert_int_equal(parse(&blob), -EBADMSG);
	put(&principals, "x", 1);
	blob = make_certificate("a", 1, &principals, &signer);
	assert_int_equal(parse(&blob), -EBADMSG);
}

static void principals_are_bounded(void **state)
{
	struct blob signer = make_ed25519(), principals = { 0 }, blob;

	(void)state;
	for (int i = 0; i < LOGIN_PRINCIPALS; i++)
		put_string(&principals, "p");
	blob = make_certificate("a", 1, &principals, &signer);
	assert_int_equal(parse(&blob), 0);
	put_string(&principals, "p");
	blob = make_certificate("a", 1, &principals, &signer);
	assert_int_equal(parse(&blob), -EBADMSG);
}

static void a_certificate_signs_no_certificate(void **state)
{
	struct blob signer = make_ed25519(), none = { 0 }, first, second;

	(void)state;
	first = make_certificate("a", 1, &none, &signer);
	assert_int_equal(parse(&first), 0);
	second = make_certificate("a", 1, &none, &first);
	assert_int_equal(parse(&second), -EBADMSG);
	second = make_certificate("a", 1, &none, &none);
	assert_int_equal(parse(&second), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fingerprints_are_ssh_keygens),
		TEST(tokens_keys_have_them_too),
		TEST(certificates_are_as_ssh_keygen_shows_them),
		TEST(certificates_may_be_for_everybody_and_for_ever),
		TEST(the_same_key_has_the_same_fingerprint),
		TEST(negative_numbers_are_refused),
		TEST(unknown_keys_have_a_fingerprint_too),
		TEST(types_are_short_visible_ascii),
		TEST(cut_blobs_are_broken),
		TEST(names_in_certificates_are_text),
		TEST(principals_are_bounded),
		TEST(a_certificate_signs_no_certificate),
	};

	return cmocka_run_group_tests(tests, keygen_setup, keygen_teardown);
}
