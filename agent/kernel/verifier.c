/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/verifier.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* How lines begin that come without a refusal too, or behind it: statistics, states, what was tried. */
static const char *const NOTES_BEGIN[] = {
	"processed ",	"verification time ",
	"stack depth ", "max_states",
	"mark_precise", "from ",
	"last_idx ",	"regs=",
	"parent ",	"propagating",
	"caller:",	"callee:",
	"returning ",	"to caller ",
	"cur state:",	"old state:",
	"func#",
};

/* What others contain. The kernel uses their beginnings for refusals as well. */
static const char *const NOTES_CONTAIN[] = {
	" has btf_id ",
	"size cannot be determined",
	"reg type unsupported for arg#",
};

/* Source lines begin with ";", instructions with their number, registers with a blank. */
static bool is_reason(const char *line)
{
	if (!*line || *line == ';' || *line == '-' || isdigit((unsigned char)*line) ||
	    isspace((unsigned char)*line))
		return false;
	for (size_t i = 0; i < sizeof(NOTES_BEGIN) / sizeof(NOTES_BEGIN[0]); i++)
		if (strncmp(line, NOTES_BEGIN[i], strlen(NOTES_BEGIN[i])) == 0)
			return false;
	for (size_t i = 0; i < sizeof(NOTES_CONTAIN) / sizeof(NOTES_CONTAIN[0]); i++)
		if (strstr(line, NOTES_CONTAIN[i]))
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
