/* SPDX-License-Identifier: Apache-2.0 */
#include "session/ssh_key.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/base64.h"
#include "base/buffer.h"
#include "base/cleanup.h"

enum {
	TYPE_MAX = 64,	     /* characters of a type's name; OpenSSH's longest has 43 */
	PLAIN_MAX = 1048576, /* bytes of a key; what comes here is bounded by far less */
	SHA256_SIZE = 32,
	SHA256_TEXT = 43, /* the same in base64, without the padding */
};

static const char CERTIFICATE[] = "-cert-v01@openssh.com";
static const char PREFIX[] = "SHA256:";

static_assert(LOGIN_FINGERPRINT_SIZE == sizeof(PREFIX) + SHA256_TEXT, "and a NUL");

/*
 * What a key of that type consists of, in a certificate after the nonce, elsewhere after the type: so many
 * strings, of which some are numbers.
 */
static const struct shape {
	const char *type;
	const char *certificate; /* the type of a certificate for it */
	const char *plain;	 /* what OpenSSH calls it when it takes the fingerprint */
	unsigned int strings;
	bool numbers;
} SHAPES[] = {
	/* The key. */
	{ "ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519", 1, false },
	/* e, n; and the same under the names of its signature algorithms. */
	{ "ssh-rsa", "ssh-rsa-cert-v01@openssh.com", "ssh-rsa", 2, true },
	{ "rsa-sha2-256", "rsa-sha2-256-cert-v01@openssh.com", "ssh-rsa", 2, true },
	{ "rsa-sha2-512", "rsa-sha2-512-cert-v01@openssh.com", "ssh-rsa", 2, true },
	/* p, q, g, y */
	{ "ssh-dss", "ssh-dss-cert-v01@openssh.com", "ssh-dss", 4, true },
	/* The curve's name, the point. */
	{ "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp256",
	  2, false },
	{ "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp384",
	  2, false },
	{ "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521-cert-v01@openssh.com", "ecdsa-sha2-nistp521",
	  2, false },
	/* The same as above, and the application. */
	{ "sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519-cert-v01@openssh.com",
	  "sk-ssh-ed25519@openssh.com", 2, false },
	{ "sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
	  "sk-ecdsa-sha2-nistp256@openssh.com", 3, false },
};

/* ---- reading: each takes what it reads off the front -------------------------------------------- */

static int take_uint32(struct bytes *blob, uint32_t *ret)
{
	const unsigned char *byte = (const unsigned char *)blob->data;

	if (blob->size < 4)
		return -EBADMSG;
	*ret = (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 | (uint32_t)byte[2] << 8 | byte[3];
	blob->data += 4;
	blob->size -= 4;
	return 0;
}

static int take_uint64(struct bytes *blob, uint64_t *ret)
{
	uint32_t high, low;
	int r;

	r = take_uint32(blob, &high);
	if (r == 0)
		r = take_uint32(blob, &low);
	if (r == 0)
		*ret = (uint64_t)high << 32 | low;
	return r;
}

/* A string: its length, and so many bytes, which are borrowed. */
static int take_string(struct bytes *blob, struct bytes *ret)
{
	uint32_t size;
	int r;

	r = take_uint32(blob, &size);
	if (r < 0)
		return r;
	if (size > blob->size)
		return -EBADMSG;
	*ret = (struct bytes){ .data = blob->data, .size = size };
	blob->data += size;
	blob->size -= size;
	return 0;
}

/* A string that is text, as OpenSSH takes it: one NUL at its end is cut off, elsewhere none is allowed. */
static int take_text(struct bytes *blob, char **ret)
{
	struct bytes string;
	char *copy;
	int r;

	r = take_string(blob, &string);
	if (r < 0)
		return r;
	if (string.size > 0 && string.data[string.size - 1] == '\0')
		string.size--;
	if (memchr(string.data, '\0', string.size))
		return -EBADMSG;
	copy = strndup(string.data, string.size);
	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

/* The name of a type, which goes into records as it is: visible ASCII. */
static int take_type(struct bytes *blob, struct bytes *ret)
{
	struct bytes type;
	int r;

	r = take_string(blob, &type);
	if (r < 0)
		return r;
	if (type.size == 0 || type.size > TYPE_MAX)
		return -EBADMSG;
	for (size_t i = 0; i < type.size; i++)
		if (type.data[i] <= ' ' || type.data[i] > '~')
			return -EBADMSG;
	*ret = type;
	return 0;
}

/* ---- fingerprints ------------------------------------------------------------------------------- */

static int fingerprint(struct bytes blob, char ret[LOGIN_FINGERPRINT_SIZE])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	char text[LOGIN_FINGERPRINT_SIZE + 1]; /* the padding is cut off */
	unsigned int size = 0;
	char *end;

	if (EVP_Digest(blob.data, blob.size, digest, &size, EVP_sha256(), NULL) != 1 ||
	    size != SHA256_SIZE)
		return -ENOMEM; /* nothing else can go wrong with it */
	memcpy(text, PREFIX, sizeof(PREFIX) - 1);
	end = base64_encode(text + sizeof(PREFIX) - 1,
			    (struct bytes){ .data = (const char *)digest, .size = size });
	end[-1] = '\0';
	memcpy(ret, text, LOGIN_FINGERPRINT_SIZE);
	return 0;
}

static int put_string(struct buffer *buffer, struct bytes string)
{
	unsigned char size[4] = { (unsigned char)(string.size >> 24),
				  (unsigned char)(string.size >> 16),
				  (unsigned char)(string.size >> 8), (unsigned char)string.size };
	int r;

	r = buffer_append(buffer, size, sizeof(size));
	return r < 0 ? r : buffer_append(buffer, string.data, string.size);
}

/* A number without zeroes in front, but one where its highest bit would look like a sign. */
static int put_number(struct buffer *buffer, struct bytes number)
{
	if (number.size > 0 && (number.data[0] & 0x80))
		return -EBADMSG; /* negative: there are none */
	while (number.size > 0 && number.data[0] == '\0' &&
	       (number.size == 1 || !(number.data[1] & 0x80))) {
		number.data++;
		number.size--;
	}
	return put_string(buffer, number);
}

/*
 * Takes the parts of a key off the front, and puts them behind its type, as they are in the blob of the plain
 * key: what OpenSSH takes the fingerprint of, with its numbers written in the one way that is right.
 */
static int take_key(struct bytes *blob, const struct shape *shape, struct buffer *plain)
{
	int r;

	r = put_string(plain, bytes_of(shape->plain));
	for (unsigned int i = 0; r == 0 && i < shape->strings; i++) {
		struct bytes part;

		r = take_string(blob, &part);
		if (r == 0)
			r = shape->numbers ? put_number(plain, part) : put_string(plain, part);
	}
	return r == -EMSGSIZE ? -EBADMSG : r;
}

static int take_fingerprint(struct bytes *blob, const struct shape *shape,
			    char ret[LOGIN_FINGERPRINT_SIZE])
{
	_cleanup_(buffer_free) struct buffer plain = BUFFER_INIT(PLAIN_MAX);
	int r;

	r = take_key(blob, shape, &plain);
	if (r < 0)
		return r;
	return fingerprint((struct bytes){ .data = plain.data, .size = plain.size }, ret);
}

static bool ends_in(struct bytes text, const char *end)
{
	size_t size = strlen(end);

	return text.size >= size && memcmp(text.data + text.size - size, end, size) == 0;
}

static const struct shape *shape_of(struct bytes type, bool *ret_certificate)
{
	for (size_t i = 0; i < ARRAY_SIZE(SHAPES); i++) {
		*ret_certificate = bytes_equal(type, bytes_of(SHAPES[i].certificate));
		if (*ret_certificate || bytes_equal(type, bytes_of(SHAPES[i].type)))
			return &SHAPES[i];
	}
	*ret_certificate = ends_in(type, CERTIFICATE);
	return NULL;
}

/* A key that is none of a certificate: the user's, or the one that signed it. */
static int read_plain(struct bytes blob, char **ret_type,
		      char ret_fingerprint[LOGIN_FINGERPRINT_SIZE])
{
	struct bytes rest = blob, type;
	const struct shape *shape;
	bool certificate;
	char *copy;
	int r;

	r = take_type(&rest, &type);
	if (r < 0)
		return r;
	shape = shape_of(type, &certificate);
	if (certificate)
		return -EBADMSG;
	/* Of a type that is not known nothing else is known either, but its fingerprint is that of the blob. */
	r = shape ? take_fingerprint(&rest, shape, ret_fingerprint) :
		    fingerprint(blob, ret_fingerprint);
	if (r < 0)
		return r;
	if (shape && rest.size > 0)
		return -EBADMSG;
	copy = strndup(type.data, type.size);
	if (!copy)
		return -ENOMEM;
	*ret_type = copy;
	return 0;
}

/* ---- certificates ------------------------------------------------------------------------------- */

/* How many strings the list has, or negative errno. */
static int count_strings(struct bytes list)
{
	struct bytes string;
	int count = 0;

	for (; list.size > 0; count++)
		if (count == LOGIN_PRINCIPALS || take_string(&list, &string) < 0)
			return -EBADMSG;
	return count;
}

static int read_principals(struct bytes list, struct login_key *key)
{
	int count = count_strings(list), r = 0;

	if (count <= 0)
		return count;
	key->principals = calloc((size_t)count, sizeof(*key->principals));
	if (!key->principals)
		return -ENOMEM;
	for (int i = 0; r == 0 && i < count; i++) {
		r = take_text(&list, &key->principals[i]);
		if (r == 0)
			key->principals_count++;
	}
	return r;
}

/* From the serial number to the end. */
static int read_certificate(struct bytes rest, struct login_key *key)
{
	struct bytes principals = { 0 }, skipped, signer = { 0 };
	uint32_t kind;
	int r;

	r = take_uint64(&rest, &key->serial);
	if (r == 0)
		r = take_uint32(&rest, &kind);
	if (r == 0)
		r = take_text(&rest, &key->key_id);
	if (r == 0)
		r = take_string(&rest, &principals);
	if (r == 0)
		r = take_uint64(&rest, &key->valid_after);
	if (r == 0)
		r = take_uint64(&rest, &key->valid_before);
	for (int i = 0; r == 0 && i < 3; i++) /* critical options, extensions, reserved */
		r = take_string(&rest, &skipped);
	if (r == 0)
		r = take_string(&rest, &signer);
	if (r == 0)
		r = take_string(&rest, &skipped); /* sshd has checked the signature */
	if (r == 0 && rest.size > 0)
		r = -EBADMSG;
	if (r == 0)
		r = read_principals(principals, key);
	return r < 0 ? r : read_plain(signer, &key->ca_type, key->ca_fingerprint);
}

static int read_certified(struct bytes type, const struct shape *shape, struct bytes rest,
			  struct login_key *key)
{
	struct bytes nonce;
	int r;

	key->certificate = true;
	key->type = strndup(type.data, type.size);
	if (!key->type)
		return -ENOMEM;
	r = take_string(&rest, &nonce);
	if (r == 0)
		r = take_fingerprint(&rest, shape, key->fingerprint);
	return r < 0 ? r : read_certificate(rest, key);
}

int ssh_key_parse(struct bytes blob, struct login_key *ret)
{
	_cleanup_(login_key_free) struct login_key key = { 0 };
	struct bytes rest = blob, type;
	const struct shape *shape;
	bool certificate;
	int r;

	r = take_type(&rest, &type);
	if (r < 0)
		return r;
	shape = shape_of(type, &certificate);
	if (certificate && !shape)
		return -EOPNOTSUPP;
	r = certificate ? read_certified(type, shape, rest, &key) :
			  read_plain(blob, &key.type, key.fingerprint);
	if (r < 0)
		return r;
	*ret = key;
	key = (struct login_key){ 0 };
	return 0;
}
