/* SPDX-License-Identifier: Apache-2.0 */
#include "base/size.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"

struct unit {
	char name; /* 0: none needs to be written */
	uint64_t factor;
};

/* The largest last: size_format takes the last that is exact. */
static const struct unit SIZES[] = {
	{ '\0', 1 },
	{ 'K', UINT64_C(1) << 10 },
	{ 'M', UINT64_C(1) << 20 },
	{ 'G', UINT64_C(1) << 30 },
	{ 'T', UINT64_C(1) << 40 },
};

static const struct unit DURATIONS[] = {
	{ 's', 1000 },
	{ 'm', UINT64_C(60) * 1000 },
	{ 'h', UINT64_C(60) * 60 * 1000 },
	{ 'd', UINT64_C(24) * 60 * 60 * 1000 },
};

static const struct unit *unit_find(const struct unit *units, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (text[0] == units[i].name && (!text[0] || !text[1]))
			return &units[i];
	return NULL;
}

/* The digits that text begins with; *ret_rest is what follows them. */
static int number_parse(const char *text, uint64_t *ret, const char **ret_rest)
{
	unsigned long long number;
	char *rest;

	/* strtoull() would take a sign, or blanks. */
	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	number = strtoull(text, &rest, 10);
	if (errno == ERANGE)
		return -ERANGE;
	*ret_rest = rest;
	*ret = number;
	return 0;
}

static int unit_parse(const struct unit *units, size_t count, const char *text, uint64_t min,
		      uint64_t max, uint64_t *ret)
{
	const struct unit *unit;
	const char *rest;
	uint64_t number;
	int r = number_parse(text, &number, &rest);

	if (r < 0)
		return r;
	unit = unit_find(units, count, rest);
	if (!unit && number == 0 && !rest[0])
		unit = &units[0];
	if (!unit)
		return -EINVAL;
	if (number > max / unit->factor || number * unit->factor < min)
		return -ERANGE;
	*ret = number * unit->factor;
	return 0;
}

static void unit_format(const struct unit *units, size_t count, char *ret, uint64_t number)
{
	const struct unit *unit = &units[0];
	char name[2] = { 0 };

	for (size_t i = 0; number > 0 && i < count; i++)
		if (number % units[i].factor == 0)
			unit = &units[i];
	number /= unit->factor;
	if (number > 0)
		name[0] = unit->name;
	(void)snprintf(ret, SIZE_TEXT_SIZE, "%" PRIu64 "%s", number, name);
}

int size_parse(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	return unit_parse(SIZES, ARRAY_SIZE(SIZES), text, min, max, ret);
}

int size_parse_power(const char *text, size_t min, size_t max, size_t *ret)
{
	uint64_t number;
	int r = size_parse(text, min, max, &number);

	if (r < 0)
		return r;
	if (!number || number & (number - 1))
		return -EINVAL;
	*ret = (size_t)number;
	return 0;
}

void size_format(char ret[SIZE_TEXT_SIZE], uint64_t size)
{
	unit_format(SIZES, ARRAY_SIZE(SIZES), ret, size);
}

int duration_parse(const char *text, uint64_t min, uint64_t max, uint64_t *ret)
{
	return unit_parse(DURATIONS, ARRAY_SIZE(DURATIONS), text, min, max, ret);
}

void duration_format(char ret[SIZE_TEXT_SIZE], uint64_t milliseconds)
{
	unit_format(DURATIONS, ARRAY_SIZE(DURATIONS), ret, milliseconds);
}
