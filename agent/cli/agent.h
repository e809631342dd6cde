/* SPDX-License-Identifier: Apache-2.0 */
/* The agent, as the commands see it: where it is, and what it answers. Says on standard error what fails. */
#ifndef SESHAT_CLI_AGENT_H
#define SESHAT_CLI_AGENT_H

#include <argp.h>

#include "config/config.h"

struct json_object;

/* Where to find it. Borrowed from the command line; NULL: not given. */
struct agent_options {
	const char *config;
	const char *socket;
};

/* -c and --socket, to be a child of a command's parser; its input is a struct agent_options. */
extern const struct argp AGENT_PARSER;

/* {"op": OP}, to be put; NULL when there is no memory. */
struct json_object *agent_request(const char *op);

/*
 * The configuration: the file that was asked for, or the default one, or the defaults where there is none or it
 * may not be read. Returns 0, or an exit status. The caller frees *ret.
 */
int agent_config(const struct agent_options *options, struct config *ret);

/* Its control socket: *ret is the caller's. Returns 0, or an exit status. */
int agent_socket(const struct agent_options *options, char **ret);

/*
 * Sends the request (which may be NULL: no memory) and waits for the reply, *ret, to be put. Returns 0 when the agent has
 * done it, or an exit status.
 */
int agent_ask(const struct agent_options *options, struct json_object *request,
	      struct json_object **ret);

#endif
