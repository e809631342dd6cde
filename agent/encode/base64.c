/* SPDX-License-Identifier: Apache-2.0 */
#include "encode/base64.h"

#include <stdint.h>

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
