/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/verifier.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Source lines begin with ";", instructions with their number, statistics with what they count. */
static bool is_reason(const char *line)
{
	static const char *const STATISTICS[] = {
		"processed ",	"verification time ", "stack depth ",
		"mark_precise", "max_states",	      "arg#",
	};

	if (!*line || *line == ';' || *line == '-' || isdigit((unsigned char)*line) ||
	    isspace((unsigned char)*line))
		return false;
	for (size_t i = 0; i < sizeof(STATISTICS) / sizeof(STATISTICS[0]); i++)
		if (strncmp(line, STATISTICS[i], strlen(STATISTICS[i])) == 0)
			return false;
	return true;
}

void verifier_reason(char *log, int error, char *ret, size_t size)
{
	const char *reason = NULL;
	char *rest = log, *line;

	while ((line = strsep(&rest, "\n")))
		if (is_reason(line))
			reason = line;
	if (reason)
		(void)snprintf(ret, size, "%s: %s", strerror(-error), reason);
	else
		(void)snprintf(ret, size, "%s", strerror(-error));
}
