/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <string.h>
#include <time.h>

enum {
	CLOCK_TRIES = 5,
};

#define NS_PER_S    INT64_C(1000000000)
#define LAST_SECOND INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now); /* cannot fail for these clocks */
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

uint64_t clock_boottime_ns(void)
{
	return (uint64_t)clock_ns(CLOCK_BOOTTIME);
}

uint64_t clock_monotonic_ns(void)
{
	return (uint64_t)clock_ns(CLOCK_MONOTONIC);
}

int64_t clock_offset_ns(void)
{
	int64_t best = INT64_MAX, offset = 0;

	/* The two clocks cannot be read at once: the try that was interrupted least is the best. */
	for (int i = 0; i < CLOCK_TRIES; i++) {
		int64_t before = clock_ns(CLOCK_BOOTTIME);
		int64_t real = clock_ns(CLOCK_REALTIME);
		int64_t after = clock_ns(CLOCK_BOOTTIME);

		if (after - before < best) {
			best = after - before;
			offset = real - (before + (after - before) / 2);
		}
	}
	return offset;
}

/* Writes so many decimal digits of value, with leading zeros. */
static void clock_digits(char *text, int count, uint32_t value)
{
	for (int i = count - 1; i >= 0; i--) {
		text[i] = (char)('0' + value % 10);
		value /= 10;
	}
}

static void clock_second(struct clock_text *cache, int64_t second)
{
	time_t time = (time_t)second;
	struct tm tm;

	gmtime_r(&time, &tm); /* fails only for years beyond int */
	memcpy(cache->text, "0000-00-00T00:00:00.000000000Z", CLOCK_TEXT_SIZE);
	clock_digits(cache->text, 4, (uint32_t)tm.tm_year + 1900);
	clock_digits(cache->text + 5, 2, (uint32_t)tm.tm_mon + 1);
	clock_digits(cache->text + 8, 2, (uint32_t)tm.tm_mday);
	clock_digits(cache->text + 11, 2, (uint32_t)tm.tm_hour);
	clock_digits(cache->text + 14, 2, (uint32_t)tm.tm_min);
	clock_digits(cache->text + 17, 2, (uint32_t)tm.tm_sec);
	cache->second = second;
}

void clock_format(struct clock_text *cache, int64_t realtime_ns, char *ret)
{
	int64_t second = realtime_ns < 0 ? 0 : realtime_ns / NS_PER_S;
	uint32_t ns = realtime_ns < 0 ? 0 : (uint32_t)(realtime_ns % NS_PER_S);

	if (second > LAST_SECOND)
		second = LAST_SECOND;
	if (cache->text[0] == 0 || cache->second != second)
		clock_second(cache, second);
	memcpy(ret, cache->text, CLOCK_TEXT_SIZE);
	clock_digits(ret + 20, 9, ns);
}
