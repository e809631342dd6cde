/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a login when its session is opened, by options or by the environment that pam_exec(8) makes. */
#ifndef SESHAT_CLI_LOGIN_REQUEST_H
#define SESHAT_CLI_LOGIN_REQUEST_H

#include <sys/types.h>

struct json_object;

/* Borrowed; NULL: not given. */
struct login_options {
	const char *user;
	const char *service;
	const char *ruser;
	const char *rhost;
	const char *tty;
	const char *logind_session;
	const char *ssh_connection;
	const char *ssh_auth_info;
	pid_t pid; /* the leader */
};

/* Fills in from the environment what is not given. */
void login_options_complete(struct login_options *options);

/* The request of session.open, to be put; NULL: no memory. */
struct json_object *login_request(const struct login_options *options);

#endif
