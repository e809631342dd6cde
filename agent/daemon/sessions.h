/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sessions that are open: from the request that opens one until its last process has ended.
 */
#ifndef SESHAT_DAEMON_SESSIONS_H
#define SESHAT_DAEMON_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "base/uuid.h"
#include "kernel/scope.h"
#include "session/cgroup.h"
#include "session/events.h"
#include "session/login.h"
#include "sinks/set.h"

struct agent;

/* What was said when the session was opened. All owned; strings may be NULL, but for login, user, service. */
struct login {
	char *login;
	char *user;
	char *service;
	char *ruser;
	char *rhost;
	char *tty;
	char *logind_session;
	struct login_connection connection;
	struct login_auth auth;
	bool at_once; /* its process is to be in its cgroup before the request is answered */
	int interactive; /* 1: its standard input is a terminal; -1: it is none; 0: that is not known */
};

struct agent_session {
	uint64_t key;
	char sid[UUID_SIZE];
	struct login login;
	pid_t leader;
	int pidfd;		      /* the leader's; owned; -1: it has ended */
	sd_event_source *leader_ends; /* owned */
	sd_event_source *grace;	      /* owned: runs from the login's end until session.logout */
	struct cgroup cgroup;
	bool moved;   /* its leader was of another session */
	bool outside; /* the leader is to be moved into the cgroup */
	bool closed;  /* PAM has said so */
	bool logged_out;
	bool ending;	       /* no process is left; the last records are on their way */
	unsigned int settling; /* how often they were waited for */
	uint64_t start_time;   /* CLOCK_BOOTTIME, nanoseconds */
	uint64_t received;     /* numbered records */
	uint64_t lost;	       /* in the kernel, as far as told */
	uint64_t misses;       /* loader_misses() when it began, as far as known */
	/* indexes below it are in each sink's log for certain; by its place in the pipeline */
	uint64_t confirmed[SINK_SET_PLACES];
	size_t slot;		/* in the handover's mapping */
	bool kept;		/* it has a slot, and a file */
	uint32_t audit_session; /* the leader's; 4294967295: unset */
	bool inserted;		/* it is in the tables */
	bool touched;		/* it is in the list of those */
	struct agent_session *next_touched;
	struct agent *agent; /* borrowed */
	UT_hash_handle by_key;
	UT_hash_handle by_sid;
};

/* Zeroed to begin with. */
struct agent_sessions {
	struct agent_session *by_key; /* owned */
	struct agent_session *by_sid;
	struct agent_session *latest;  /* borrowed: found last */
	struct agent_session *touched; /* borrowed: something of them was written */
	uint64_t next_key;
	uint64_t open;
	uint64_t opened;   /* since the agent started */
	uint64_t refused;  /* requests that failed */
	uint64_t switched; /* that came from within a session */
	uint64_t ending;
	uint64_t unconfirmed
		[SINK_SET_PLACES]; /* records of sessions that are over, not in each log for certain */
	struct cgroup_grave *graves; /* owned: cgroups to be removed once they are empty */
	sd_event_source *mourning;   /* owned: comes back to these */
	sd_event_source *later;	     /* owned: what was left to be done after the reply */
};

/* Frees the strings; it is empty afterwards. */
void login_free(struct login *login);

/*
 * Opens a session for a process, or records a switch when the process is in one already. pidfd is borrowed. The login is
 * taken over on success. *ret is the session, borrowed; *ret_switched tells which it was. Returns 0 or negative
 * errno, with *ret_error a constant text of what failed.
 */
int agent_session_open(struct agent *agent, struct login *login, pid_t pid, int pidfd,
		       struct agent_session **ret, bool *ret_switched, const char **ret_error);

/* The login is over. Returns how many processes are alive, or negative errno. */
int64_t agent_session_close(struct agent_session *session);

/*
 * The login is over, as far as can be seen: what ends with it does so soon, and is no matter for session.logout, which is
 * written a little later if somebody lives on. Returns 0 or negative errno.
 */
int agent_session_grace(struct agent_session *session);

/* NULL when there is none. */
struct agent_session *agent_session_by_sid(struct agent *agent, const char *sid);
struct agent_session *agent_session_by_key(struct agent *agent, uint64_t key);

/* What session.start says, of a session. Borrowed from it. */
struct session_start agent_session_describe(const struct agent_session *session);

/* Looks at the accounts of all: marks those that have ended. tell: writes what was lost of them. */
void agent_sessions_check(struct agent *agent, bool tell);

/* Ends those that are marked and whose last records have come. Returns whether some are left. */
bool agent_sessions_settle(struct agent *agent);

/* Waits for the end of its leader; puts it into the tables; takes it out of them, if it is there, and frees it. */
int agent_session_watch(struct agent_session *session);
int agent_session_insert(struct agent_session *session);
void agent_session_remove(struct agent_session *session);

/* Something of the session was written, or is about to be. */
void agent_session_touch(struct agent_session *session);

/* Writes down how far the logs of those that were touched have come, and how far that is certain. */
void agent_sessions_keep(struct agent *agent);

/*
 * A sink is closed with lines that it could not write: what of each session is not certain to be in its log, is lost there.
 */
void agent_sessions_lost(struct agent *agent, size_t place);

/*
 * A session is over, with that many records: those that are not certain to be in every log are the agent's to remember.
 */
void agent_session_unconfirmed(struct agent_session *session, uint64_t ei);

/* Lets go of all, without ending them. */
void agent_sessions_free(struct agent *agent);

/* An empty one. */
struct agent_session *agent_session_new(struct agent *agent);
void agent_session_free(struct agent_session *session);

#endif
