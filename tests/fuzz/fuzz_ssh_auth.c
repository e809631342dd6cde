/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SSH_AUTH_INFO_0 and SSH_CONNECTION, and what is in them: whatever the bytes, what comes out is what records may
 * have.
 */
#include <string.h>

#include "base/base64.h"
#include "fuzz.h"
#include "session/ssh_auth.h"
#include "session/ssh_key.h"

static void check_visible(const char *text)
{
	FUZZ_CHECK(text[0] != '\0');
	for (; *text; text++)
		FUZZ_CHECK(*text > ' ' && *text <= '~');
}

static void check_fingerprint(const char *text)
{
	FUZZ_CHECK(strncmp(text, "SHA256:", 7) == 0);
	FUZZ_CHECK(strlen(text) == LOGIN_FINGERPRINT_SIZE - 1);
}

static void check_key(const struct login_key *key)
{
	check_visible(key->type);
	check_fingerprint(key->fingerprint);
	FUZZ_CHECK(key->principals_count <= LOGIN_PRINCIPALS);
	FUZZ_CHECK((key->principals_count > 0) == (key->principals != NULL));
	for (size_t i = 0; i < key->principals_count; i++)
		FUZZ_CHECK(key->principals[i]);
	FUZZ_CHECK(key->certificate == (key->ca_type != NULL));
	FUZZ_CHECK(key->certificate == (key->key_id != NULL));
	if (key->certificate) {
		check_visible(key->ca_type);
		check_fingerprint(key->ca_fingerprint);
	}
}

static void fuzz_auth(struct bytes text)
{
	struct login_auth auth;

	FUZZ_CHECK(ssh_auth_parse(text, &auth) == 0);
	FUZZ_CHECK(auth.methods_count <= LOGIN_METHODS);
	for (size_t i = 0; i < auth.methods_count; i++)
		check_visible(auth.methods[i]);
	if (auth.key.type)
		check_key(&auth.key);
	login_auth_free(&auth);
	FUZZ_CHECK(!auth.key.type && auth.methods_count == 0);
}

static void fuzz_key(struct bytes blob)
{
	struct login_key key;

	if (ssh_key_parse(blob, &key) < 0)
		return;
	check_key(&key);
	login_key_free(&key);
}

static void fuzz_connection(struct bytes text)
{
	struct login_connection connection;

	if (ssh_connection_parse(text, &connection) < 0)
		return;
	check_visible(connection.src_addr);
	check_visible(connection.dst_addr);
	login_connection_free(&connection);
}

static void fuzz_base64(struct bytes text)
{
	char *bytes, *again;
	size_t size;

	if (base64_decode(text, &bytes, &size) < 0)
		return;
	again = malloc(base64_size(size) + 1);
	FUZZ_CHECK(again);
	FUZZ_CHECK((size_t)(base64_encode(again, (struct bytes){ .data = bytes, .size = size }) -
			    again) == text.size);
	FUZZ_CHECK(text.size == 0 || memcmp(again, text.data, text.size) == 0);
	free(again);
	free(bytes);
}

/* The first byte chooses. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const parsers[])(struct bytes) = { fuzz_auth, fuzz_key, fuzz_connection,
							 fuzz_base64 };

	if (size == 0)
		return 0;
	parsers[data[0] % ARRAY_SIZE(parsers)](
		(struct bytes){ .data = (const char *)data + 1, .size = size - 1 });
	return 0;
}
