/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include <errno.h>
#include <stdint.h>

#include "base/cleanup.h"

enum {
	GROUP = 4,	 /* characters that stand for three bytes */
	NOT_BASE64 = 64, /* no character's value */
};

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(char *at, struct bytes value)
{
	const unsigned char *byte = (const unsigned char *)value.data;
	size_t rest = value.size;

	for (; rest > 0; byte += 3) {
		size_t count = rest < 3 ? rest : 3;
		uint32_t group = (uint32_t)byte[0] << 16;

		if (count > 1)
			group |= (uint32_t)byte[1] << 8;
		if (count > 2)
			group |= byte[2];
		*at++ = alphabet[group >> 18];
		*at++ = alphabet[group >> 12 & 63];
		*at++ = count > 1 ? alphabet[group >> 6 & 63] : '=';
		*at++ = count > 2 ? alphabet[group & 63] : '=';
		rest -= count;
	}
	return at;
}

static uint32_t base64_value(char character)
{
	if (character >= 'A' && character <= 'Z')
		return (uint32_t)(character - 'A');
	if (character >= 'a' && character <= 'z')
		return (uint32_t)(character - 'a') + 26;
	if (character >= '0' && character <= '9')
		return (uint32_t)(character - '0') + 52;
	if (character == '+')
		return 62;
	return character == '/' ? 63 : NOT_BASE64;
}

/* A group with so many characters, the rest is padding. Returns the end of what was written, or NULL. */
static unsigned char *base64_group(unsigned char *at, const char *text, size_t count)
{
	uint32_t group = 0;

	for (size_t i = 0; i < GROUP; i++) {
		uint32_t value = i < count ? base64_value(text[i]) : 0;

		if (value == NOT_BASE64)
			return NULL;
		group = group << 6 | value;
	}
	if ((count == 2 && (group & 0xffff)) || (count == 3 && (group & 0xff)))
		return NULL; /* two texts must not stand for the same bytes */
	*at++ = (unsigned char)(group >> 16);
	if (count > 2)
		*at++ = (unsigned char)(group >> 8);
	if (count > 3)
		*at++ = (unsigned char)group;
	return at;
}

int base64_decode(struct bytes text, char **ret, size_t *ret_size)
{
	_cleanup_free_ char *bytes = NULL;
	unsigned char *at;

	if (text.size % GROUP != 0)
		return -EINVAL;
	bytes = malloc(text.size / GROUP * 3 + 1);
	if (!bytes)
		return -ENOMEM;
	at = (unsigned char *)bytes;
	for (size_t i = 0; i < text.size; i += GROUP) {
		size_t count = GROUP;

		/* Padding: one or two, in the last group. Elsewhere it is not in the alphabet. */
		if (i + GROUP == text.size && text.data[i + 3] == '=')
			count = text.data[i + 2] == '=' ? 2 : 3;
		at = base64_group(at, text.data + i, count);
		if (!at)
			return -EINVAL;
	}
	*at = '\0';
	*ret_size = (size_t)((char *)at - bytes);
	*ret = TAKE_PTR(bytes);
	return 0;
}
