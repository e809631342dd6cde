/* SPDX-License-Identifier: Apache-2.0 */
/* base/host.c without libsystemd, of which there is no static library: the same ids, from the same files. */
#include "base/host.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
	ID_SIZE = 16,
	TEXT_SIZE = 64, /* an id with hyphens and a line's end, and room */
};

/* As in base/host.c. */
static const unsigned char APPLICATION[ID_SIZE] = {
	0x5e, 0x5a, 0xa7, 0xc3, 0x1d, 0x0b, 0x4f, 0x9e,
	0x8a, 0x72, 0xc6, 0x44, 0x0e, 0x9b, 0x61, 0xf8
};

static int digit(char c)
{
	static const char DIGITS[] = "0123456789abcdef";
	const char *at = c ? strchr(DIGITS, c) : NULL;

	return at ? (int)(at - DIGITS) : -1;
}

/* 32 digits, with or without hyphens between them. */
static int parse_id(const char *text, unsigned char id[ID_SIZE])
{
	size_t count = 0;

	memset(id, 0, ID_SIZE);
	for (; *text && *text != '\n'; text++) {
		int value = digit(*text);

		if (*text == '-')
			continue;
		if (value < 0 || count == 2 * (size_t)ID_SIZE)
			return -EIO;
		id[count / 2] = (unsigned char)(id[count / 2] << 4 | value);
		count++;
	}
	return count == 2 * (size_t)ID_SIZE ? 0 : -EIO;
}

static int read_id(const char *path, unsigned char id[ID_SIZE])
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char text[TEXT_SIZE] = "";

	if (fd < 0)
		return -errno;
	if (read(fd, text, sizeof(text) - 1) < 0)
		return -errno;
	return parse_id(text, id);
}

/* What sd_id128_get_machine_app_specific(3) says it is: a version 4 UUID of the keyed hash. */
static int derive(const unsigned char base[ID_SIZE], char ret[HOST_ID_SIZE])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned int size = 0;

	if (!HMAC(EVP_sha256(), base, ID_SIZE, APPLICATION, ID_SIZE, hash, &size) || size < ID_SIZE)
		return -ENOMEM;
	hash[6] = (unsigned char)((hash[6] & 0x0f) | 0x40);
	hash[8] = (unsigned char)((hash[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < ID_SIZE; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", hash[i]);
	return 0;
}

int host_identify(struct host *ret)
{
	struct host host = { 0 };
	unsigned char id[ID_SIZE];
	int r;

	if (gethostname(host.name, sizeof(host.name) - 1) < 0)
		return -errno;
	r = read_id("/etc/machine-id", id);
	if (r < 0)
		r = read_id("/proc/sys/kernel/random/boot_id", id);
	if (r >= 0)
		r = derive(id, host.id);
	if (r < 0)
		return r;
	*ret = host;
	return 0;
}
