/* SPDX-License-Identifier: Apache-2.0 */
#include "base/uuid.h"

#include <errno.h>
#include <sys/random.h>

int uuid_generate(char ret[UUID_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char random[16];
	size_t used = 0;

	/* Up to 256 bytes come whole, once the system's generator is ready (getrandom(2)). */
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return errno ? -errno : -EIO;
	random[6] = (unsigned char)((random[6] & 0x0f) | 0x40); /* version 4 */
	random[8] = (unsigned char)((random[8] & 0x3f) | 0x80); /* variant of RFC 9562 */
	for (size_t i = 0; i < sizeof(random); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			ret[used++] = '-';
		ret[used++] = digits[random[i] >> 4];
		ret[used++] = digits[random[i] & 15];
	}
	ret[used] = '\0';
	return 0;
}
