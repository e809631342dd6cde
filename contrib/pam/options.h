/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an administrator writes behind pam_seshat.so.
 */
#ifndef SESHAT_PAM_OPTIONS_H
#define SESHAT_PAM_OPTIONS_H

#include <stdbool.h>

enum {
	OPTIONS_TIMEOUT_MS = 2000,
	OPTIONS_TIMEOUT_MIN_MS = 100,
	OPTIONS_TIMEOUT_MAX_MS = 30000,
};

struct options {
	bool closed; /* no audit, no session */
	bool debug;
	bool chosen;   /* is the service one of those that are meant? */
	bool excluded; /* is it named behind "!"? */
	unsigned int timeout_ms;
	const char *socket; /* absolute; borrowed from the arguments */
	const char *bad; /* the first argument that is none of ours; borrowed; NULL: all are good */
};

/*
 * Reads the arguments of the module:
 *
 *	fail=open|closed  timeout=SECONDS[.FRACTION][s] or timeout=Nms  socket=/PATH  service=[!]NAME[,NAME...]
 *	debug
 *
 * What is wrong is left out, and told in ret->bad. The last of several counts, but services add up; without
 * any every service is chosen. Behind "!" are those that are not, whatever else is named.
 */
void options_read(struct options *ret, const char *service, int count,
		  const char *const *arguments);

#endif
