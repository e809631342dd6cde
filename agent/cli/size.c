/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/size.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

static int unit_shift(const char *unit)
{
	if (!unit[0])
		return 0;
	if (unit[1])
		return -EINVAL;
	switch (unit[0]) {
	case 'K':
		return 10;
	case 'M':
		return 20;
	case 'G':
		return 30;
	default:
		return -EINVAL;
	}
}

int size_parse(const char *text, size_t min, size_t max, size_t *ret)
{
	unsigned long long number;
	char *unit;
	int shift;

	/* strtoull() would take a sign, or blanks. */
	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	number = strtoull(text, &unit, 10);
	shift = unit_shift(unit);
	if (shift < 0)
		return shift;
	if (errno == ERANGE || number > (unsigned long long)max >> shift)
		return -ERANGE;
	number <<= shift;
	if (number < min)
		return -ERANGE;
	if (!number || number & (number - 1))
		return -EINVAL;
	*ret = (size_t)number;
	return 0;
}
