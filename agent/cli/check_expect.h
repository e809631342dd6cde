/* SPDX-License-Identifier: Apache-2.0 */
/* What the canary session of seshat check does, and which record each of it has to become. */
#ifndef SESHAT_CLI_CHECK_EXPECT_H
#define SESHAT_CLI_CHECK_EXPECT_H

#include <stddef.h>
#include <stdint.h>

struct json_object;

/* A record for each; in the order in which they are done. */
enum check_step {
	CHECK_START,
	CHECK_SWITCH, /* instead of start and end, where the canary is in a session already */
	CHECK_EXEC,
	CHECK_EXEC_FAILED,
	CHECK_OPEN,
	CHECK_OPEN_FAILED,
	CHECK_TCP,
	CHECK_UDP,
	CHECK_UNIX,
	CHECK_CGROUP,
	CHECK_EXIT,
	CHECK_END,
	CHECK_STEPS,
};

enum {
	CHECK_EXIT_CODE = 77, /* of the canary, so that its end is told from others */
};

#define CHECK_SERVICE "seshat-check"

/* What the canary touches. Strings are borrowed. */
struct check_facts {
	const char *exe;     /* is executed */
	const char *absent;  /* is not there, to be executed and opened */
	const char *created; /* is opened with O_CREAT */
	const char *socket;  /* is listened on */
	uint16_t tcp_port;   /* on 127.0.0.1 */
	uint16_t udp_port;
};

/* In words, a constant. */
const char *check_step_name(enum check_step step);

/* The step that a record is of; CHECK_STEPS: of none. */
enum check_step check_expect_match(const struct check_facts *facts, struct json_object *record);

#endif
