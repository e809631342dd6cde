/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

static bool utf8_continues(unsigned char byte)
{
	return (byte & 0xc0) == 0x80;
}

/* The length that the first byte promises, and the bits of the code point in it; 0 for none. */
static size_t utf8_lead(unsigned char byte, uint32_t *ret_bits)
{
	if (byte >= 0xc2 && byte <= 0xdf) { /* c0 and c1 could only begin overlong forms */
		*ret_bits = byte & 0x1fU;
		return 2;
	}
	if (byte >= 0xe0 && byte <= 0xef) {
		*ret_bits = byte & 0x0fU;
		return 3;
	}
	if (byte >= 0xf0 && byte <= 0xf4) { /* from f5 on it is above U+10FFFF */
		*ret_bits = byte & 0x07U;
		return 4;
	}
	return 0;
}

/* The least code point that needs so many bytes. */
static const uint32_t least_point[] = { [2] = 0x80, [3] = 0x800, [4] = 0x10000 };

size_t utf8_decode(const char *text, size_t size, uint32_t *ret_point)
{
	const unsigned char *bytes = (const unsigned char *)text;
	uint32_t point;
	size_t length;

	if (bytes[0] < 0x80) {
		*ret_point = bytes[0];
		return 1;
	}
	length = utf8_lead(bytes[0], &point);
	if (length == 0 || length > size)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if (!utf8_continues(bytes[i]))
			return 0;
		point = point << 6 | (bytes[i] & 0x3fU);
	}
	if (point < least_point[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return 0;
	*ret_point = point;
	return length;
}

bool utf8_valid(const char *text, size_t size)
{
	while (size > 0) {
		uint32_t point;
		size_t length = utf8_decode(text, size, &point);

		if (length == 0)
			return false;
		text += length;
		size -= length;
	}
	return true;
}

bool utf8_unsafe(uint32_t point)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x00, 0x1f },	    /* C0 controls */
		{ 0x7f, 0x9f },	    /* DEL, C1 controls */
		{ 0x061c, 0x061c }, /* Arabic letter mark */
		{ 0x200e, 0x200f }, /* left-to-right and right-to-left mark */
		{ 0x2028, 0x202e }, /* line and paragraph separator, embeddings and overrides */
		{ 0x2066, 0x2069 }, /* isolates */
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (point >= ranges[i].first && point <= ranges[i].last)
			return true;
	return false;
}
