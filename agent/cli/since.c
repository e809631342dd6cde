/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/since.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/size.h"

#define NS_PER_S  INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

static void format(int64_t ns, char ret[CLOCK_TEXT_SIZE + 1])
{
	struct clock_text text = { 0 };

	clock_format(&text, ns > 0 ? ns : 0, ret);
	ret[CLOCK_TEXT_SIZE] = '\0';
}

static int parse_ago(const char *text, int64_t now, int64_t *ret)
{
	uint64_t ms;
	int r = duration_parse(text, 0, (uint64_t)(now / NS_PER_MS), &ms);

	if (r == 0)
		*ret = now - (int64_t)ms * NS_PER_MS;
	return r;
}

static int parse_utc(const char *text, int64_t *ret)
{
	struct tm utc = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &utc);
	int64_t ns = 0, unit = NS_PER_S;

	if (!rest)
		return -EINVAL;
	if (*rest == '.')
		for (rest++; *rest >= '0' && *rest <= '9' && unit > 1; rest++) {
			unit /= 10;
			ns += (*rest - '0') * unit;
		}
	if (strcmp(rest, "Z") != 0)
		return -EINVAL;
	*ret = (int64_t)timegm(&utc) * NS_PER_S + ns;
	return 0;
}

/* The start of today, as local time has it. */
static int today(int64_t now, struct tm *ret)
{
	time_t seconds = (time_t)(now / NS_PER_S);

	if (!localtime_r(&seconds, ret))
		return -EINVAL;
	ret->tm_hour = ret->tm_min = ret->tm_sec = 0;
	ret->tm_isdst = -1;
	return 0;
}

static int parse_local(const char *text, int64_t now, int64_t *ret)
{
	static const char *const FORMATS[] = { "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d",
					       "%H:%M:%S", "%H:%M" };
	struct tm local;
	time_t seconds;

	for (size_t i = 0; i < ARRAY_SIZE(FORMATS); i++) {
		const char *rest;

		if (today(now, &local) < 0)
			return -EINVAL;
		rest = strptime(text, FORMATS[i], &local);
		if (!rest || *rest)
			continue;
		seconds = mktime(&local);
		if (seconds < 0)
			return -EINVAL;
		*ret = (int64_t)seconds * NS_PER_S;
		return 0;
	}
	return -EINVAL;
}

static int parse_day(const char *text, int64_t now, int64_t *ret)
{
	bool yesterday = strcmp(text, "yesterday") == 0;
	struct tm local;

	if ((!yesterday && strcmp(text, "today") != 0) || today(now, &local) < 0)
		return -EINVAL;
	local.tm_mday -= yesterday;
	*ret = (int64_t)mktime(&local) * NS_PER_S;
	return 0;
}

int since_parse(const char *text, int64_t now, char ret[CLOCK_TEXT_SIZE + 1])
{
	int64_t ns = 0;

	if (parse_day(text, now, &ns) < 0 && parse_ago(text, now, &ns) < 0 &&
	    parse_utc(text, &ns) < 0 && parse_local(text, now, &ns) < 0)
		return -EINVAL;
	format(ns, ret);
	return 0;
}
