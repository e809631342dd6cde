/* SPDX-License-Identifier: Apache-2.0 */
#include "session/ssh_auth.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "base/base64.h"
#include "base/cleanup.h"
#include "session/ssh_key.h"

enum {
	PORT_DIGITS = 5,
	PORT_MAX = 65535,
	ADDRESS_SIZE = INET6_ADDRSTRLEN + IF_NAMESIZE, /* an address, "%", a zone, a NUL */
};

/* Takes what comes before the separator off the front, and the separator; all of it when there is none. */
static struct bytes take_until(struct bytes *text, char separator)
{
	const char *end = text->size > 0 ? memchr(text->data, separator, text->size) : NULL;
	size_t size = end ? (size_t)(end - text->data) : text->size;
	struct bytes part = { .data = text->data, .size = size };

	text->data += end ? size + 1 : size;
	text->size -= end ? size + 1 : size;
	return part;
}

/* ---- SSH_AUTH_INFO_0 ----------------------------------------------------------------------------- */

static bool is_method(struct bytes name)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
		"-_.@/+";

	if (name.size == 0 || name.size > SSH_AUTH_METHOD_MAX)
		return false;
	for (size_t i = 0; i < name.size; i++)
		if (!memchr(allowed, name.data[i], sizeof(allowed) - 1))
			return false;
	return true;
}

/* "ssh-ed25519 AAAA...": the name and the blob must say the same. */
static int read_key(struct bytes text, struct login_key *ret)
{
	_cleanup_(login_key_free) struct login_key key = { 0 };
	struct bytes type = take_until(&text, ' ');
	_cleanup_free_ char *blob = NULL;
	size_t size;
	int r;

	r = base64_decode(take_until(&text, ' '), &blob, &size);
	if (r < 0)
		return r;
	r = ssh_key_parse((struct bytes){ .data = blob, .size = size }, &key);
	if (r < 0)
		return r;
	if (!bytes_equal(type, bytes_of(key.type)))
		return -EBADMSG;
	*ret = key;
	key = (struct login_key){ 0 };
	return 0;
}

/*
 * Which of two keys tells more of who it is: a user's certificate more than a plain key of his, that more than any of a host;
 * of equals the last one.
 */
static int key_rank(const struct login_key *key, bool of_user)
{
	if (!key->type)
		return 0;
	return of_user ? 2 + key->certificate : 1;
}
static int keep_key(struct login_auth *auth, struct bytes text, bool of_user)
{
	struct login_key key;
	int r;

	r = read_key(text, &key);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		auth->bad = true;
		return 0;
	}
	if (key_rank(&auth->key, !auth->host_key) > key_rank(&key, of_user)) {
		login_key_free(&key);
		return 0;
	}
	login_key_free(&auth->key);
	auth->key = key;
	auth->host_key = !of_user;
	return 0;
}

static int keep_method(struct login_auth *auth, struct bytes name)
{
	char *copy;

	if (!is_method(name) || auth->methods_count == LOGIN_METHODS) {
		auth->bad = true;
		return 0;
	}
	copy = strndup(name.data, name.size);
	if (!copy)
		return -ENOMEM;
	auth->methods[auth->methods_count++] = copy;
	return 0;
}

/* A method, and a key where it has one: behind other methods there may be anything. */
static int read_line(struct login_auth *auth, struct bytes line)
{
	struct bytes method = take_until(&line, ' ');
	bool of_user = bytes_equal(method, bytes_of("publickey"));
	int r;

	r = keep_method(auth, method);
	if (r < 0 || (!of_user && !bytes_equal(method, bytes_of("hostbased"))))
		return r;
	return keep_key(auth, line, of_user);
}

int ssh_auth_parse(struct bytes text, struct login_auth *ret)
{
	_cleanup_(login_auth_free) struct login_auth auth = { 0 };
	int r;

	if (text.size > SSH_AUTH_INFO_MAX) {
		const char *end = memrchr(text.data, '\n', SSH_AUTH_INFO_MAX);

		text.size = end ? (size_t)(end - text.data) :
				  0; /* half a line could say something else */
		auth.bad = true;
	}
	while (text.size > 0) {
		struct bytes line = take_until(&text, '\n');

		if (line.size == 0)
			continue;
		r = read_line(&auth, line);
		if (r < 0)
			return r;
	}
	*ret = auth;
	auth = (struct login_auth){ 0 };
	return 0;
}

/* ---- SSH_CONNECTION ------------------------------------------------------------------------------ */

static int read_port(struct bytes text, uint16_t *ret)
{
	unsigned int port = 0;

	if (text.size == 0 || text.size > PORT_DIGITS)
		return -EBADMSG;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return -EBADMSG;
		port = port * 10 + (unsigned int)(text.data[i] - '0');
	}
	if (port > PORT_MAX)
		return -EBADMSG;
	*ret = (uint16_t)port;
	return 0;
}

/* The zone of an address that is one link's only: an interface's name, or its number. */
static bool is_zone(struct bytes zone)
{
	if (zone.size == 0 || zone.size >= IF_NAMESIZE)
		return false;
	for (size_t i = 0; i < zone.size; i++)
		if (zone.data[i] <= ' ' || zone.data[i] > '~' || zone.data[i] == '/')
			return false;
	return true;
}

/* The address as inet_ntop(3) writes it, and its zone as it was. */
static int read_address(struct bytes text, char **ret)
{
	unsigned char address[sizeof(struct in6_addr)];
	char name[INET6_ADDRSTRLEN], canonical[ADDRESS_SIZE];
	struct bytes zone = text, plain = take_until(&zone, '%');
	bool zoned = plain.size != text.size;
	int family = memchr(plain.data, ':', plain.size) ? AF_INET6 : AF_INET;
	size_t size;
	char *copy;

	if (plain.size >= sizeof(name) || (zoned && (family != AF_INET6 || !is_zone(zone))))
		return -EBADMSG;
	memcpy(name, plain.data, plain.size);
	name[plain.size] = '\0';
	if (strlen(name) != plain.size || inet_pton(family, name, address) != 1 ||
	    !inet_ntop(family, address, canonical, sizeof(canonical)))
		return -EBADMSG;
	size = strlen(canonical);
	if (zoned) {
		canonical[size++] = '%';
		memcpy(canonical + size, zone.data, zone.size);
		size += zone.size;
	}
	copy = strndup(canonical, size);
	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

int ssh_connection_parse(struct bytes text, struct login_connection *ret)
{
	_cleanup_(login_connection_free) struct login_connection connection = { 0 };
	struct bytes parts[4];
	int r;

	if (text.size == 0 || text.size > SSH_AUTH_CONNECTION_MAX)
		return -EBADMSG;
	for (size_t i = 0; i < ARRAY_SIZE(parts) - 1; i++)
		parts[i] = take_until(&text, ' ');
	parts[ARRAY_SIZE(parts) - 1] = text;
	r = read_address(parts[0], &connection.src_addr);
	if (r == 0)
		r = read_port(parts[1], &connection.src_port);
	if (r == 0)
		r = read_address(parts[2], &connection.dst_addr);
	if (r == 0)
		r = read_port(parts[3], &connection.dst_port);
	if (r < 0)
		return r;
	*ret = connection;
	connection = (struct login_connection){ 0 };
	return 0;
}
