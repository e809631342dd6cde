/* SPDX-License-Identifier: Apache-2.0 */
/* What seshat check has found out, shown as it comes: a line for each, or one JSON object in the end. */
#ifndef SESHAT_CLI_CHECK_RESULTS_H
#define SESHAT_CLI_CHECK_RESULTS_H

#include <stdbool.h>

#include "cli/output.h"

struct json_object;

struct check_results {
	struct output output;
	struct json_object *json; /* owned: the array of results; NULL: readable lines are shown */
	unsigned int failed;	  /* how many */
	bool broken;		  /* could not be shown */
};

/* The struct must not move. Returns 0 or -ENOMEM. */
int check_results_init(struct check_results *results, bool json);

/* Adds one: what was looked at, and the detail, which may be empty: a reason, a version. */
void check_results_add(struct check_results *results, bool ok, const char *what, const char *format,
		       ...) __attribute__((format(printf, 4, 5)));

/* What could not be tried: neither good nor bad. */
void check_results_skip(struct check_results *results, const char *what, const char *reason);

/* Shows the rest, and frees. Returns the exit status. */
int check_results_end(struct check_results *results);

#endif
