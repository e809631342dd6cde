/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/complaints.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"

enum {
	TEXT_SIZE = 512,
	US_PER_MS = 1000,
};

static const uint64_t PERIOD = (uint64_t)COMPLAINTS_MS * US_PER_MS;

void complaints_turn(struct complaints *complaints, uint64_t now)
{
	if (now - complaints->since < PERIOD)
		return;
	if (complaints->count > COMPLAINTS_MAX)
		log_warning("%s: %u more messages like these", complaints->about,
			    complaints->count - COMPLAINTS_MAX);
	complaints->count = 0;
	complaints->since = now;
}

void complaints_say(struct complaints *complaints, uint64_t now, const char *format, ...)
{
	char text[TEXT_SIZE];
	va_list arguments;

	complaints_turn(complaints, now);
	if (complaints->count++ >= COMPLAINTS_MAX)
		return;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_warning("%s: %s", complaints->about, text);
}

uint64_t complaints_due(const struct complaints *complaints)
{
	return complaints->count > COMPLAINTS_MAX ? complaints->since + PERIOD : UINT64_MAX;
}
