/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sessions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "daemon/graves.h"
#include "daemon/state.h"

enum {
	GRACE_US = 1000000, /* what ends with its login does so within that time */
	GRACE_ACCURACY_US = 50000,
	SETTLE_TRIES = 200, /* naps until records that were numbered must have come */
};

void login_free(struct login *login)
{
	free(login->login);
	free(login->user);
	free(login->service);
	free(login->ruser);
	free(login->rhost);
	free(login->tty);
	free(login->logind_session);
	login_connection_free(&login->connection);
	login_auth_free(&login->auth);
	*login = (struct login){ 0 };
}

struct agent_session *agent_session_new(struct agent *agent)
{
	struct agent_session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	session->agent = agent;
	session->pidfd = -1;
	session->cgroup = CGROUP_NONE;
	return session;
}

void agent_session_free(struct agent_session *session)
{
	if (!session)
		return;
	sd_event_source_disable_unref(session->leader_ends);
	sd_event_source_disable_unref(session->grace);
	fd_close(session->pidfd);
	cgroup_release(&session->cgroup);
	login_free(&session->login);
	free(session);
}

struct agent_session *agent_session_by_sid(struct agent *agent, const char *sid)
{
	struct agent_session *session;

	HASH_FIND(by_sid, agent->sessions.by_sid, sid, strlen(sid), session);
	return session;
}

struct agent_session *agent_session_by_key(struct agent *agent, uint64_t key)
{
	struct agent_session *session = agent->sessions.latest;

	if (session && session->key == key)
		return session;
	HASH_FIND(by_key, agent->sessions.by_key, &key, sizeof(key), session);
	if (session)
		agent->sessions.latest = session;
	return session;
}

void agent_session_touch(struct agent_session *session)
{
	if (session->touched)
		return;
	session->touched = true;
	session->next_touched = session->agent->sessions.touched;
	session->agent->sessions.touched = session;
}

/* Takes it out of the list of those that were touched. */
static void session_untouch(struct agent_session *session)
{
	struct agent_session **at = &session->agent->sessions.touched;

	while (*at && *at != session)
		at = &(*at)->next_touched;
	if (*at)
		*at = session->next_touched;
}

static uint64_t losses_total(const struct scope_accounts *accounts)
{
	uint64_t total = 0;

	for (size_t i = 0; i < WIRE_KINDS; i++)
		total += accounts->lost[i];
	return total;
}

static struct kernel_losses losses_of(const struct scope_accounts *accounts)
{
	struct kernel_losses losses = { .numbered = accounts->numbered };

	memcpy(losses.by_kind, accounts->lost, sizeof(losses.by_kind));
	return losses;
}

/* Writes session.logout if somebody of the session lives on. */
static void session_log_out(struct agent_session *session)
{
	struct agent *agent = session->agent;
	struct session_logout event = { .reason = session->closed ? "closed" : "leader_exited" };
	struct scope_accounts accounts;
	int r;

	agent_drain(agent); /* the end of the leader comes before it */
	r = scope_accounts(agent->loader, session->key, &accounts);
	if (r < 0 || accounts.processes <= 0 || session->ending)
		return;
	event.processes = (uint64_t)accounts.processes;
	session->logged_out = true;
	r = pipeline_session_logout(agent->pipeline, session->key, &event);
	if (r < 0)
		log_error("cannot write the end of the login of session %s: %s", session->sid,
			  strerror(-r));
	agent_session_touch(session);
	agent_outputs_flush(agent);
	agent_look(agent);
}

static int grace_over(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source, (void)usec;
	session_log_out(userdata);
	return 0;
}

int agent_session_grace(struct agent_session *session)
{
	if (session->grace || session->logged_out)
		return 0;
	return sd_event_add_time_relative(session->agent->event, &session->grace, CLOCK_MONOTONIC,
					  GRACE_US, GRACE_ACCURACY_US, grace_over, session);
}

/*
 * The leader has ended. If there is no number at all, not even that of its own end, then it ended in the moment in which
 * it was marked, and nobody else ever was in the session (see scope_mark).
 */
static int leader_ended(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	struct agent_session *session = userdata;
	struct agent *agent = session->agent;
	struct scope_accounts accounts = { 0 };

	(void)source, (void)fd, (void)events;
	session->leader_ends = sd_event_source_disable_unref(session->leader_ends);
	session->pidfd = fd_close(session->pidfd);
	if (scope_accounts(agent->loader, session->key, &accounts) == 0 && accounts.numbered == 0 &&
	    accounts.processes == 1 && !session->ending) {
		session->ending = true;
		agent->sessions.ending++;
	} else {
		(void)agent_session_grace(session);
	}
	agent_look(agent);
	return 0;
}

int agent_session_watch(struct agent_session *session)
{
	return sd_event_add_io(session->agent->event, &session->leader_ends, session->pidfd,
			       EPOLLIN, leader_ended, session);
}

int agent_session_insert(struct agent_session *session)
{
	struct agent_sessions *sessions = &session->agent->sessions;

	HASH_ADD(by_key, sessions->by_key, key, sizeof(session->key), session);
	if (!session->by_key.tbl)
		return -ENOMEM;
	HASH_ADD(by_sid, sessions->by_sid, sid, UUID_SIZE - 1, session);
	if (!session->by_sid.tbl) {
		HASH_DELETE(by_key, sessions->by_key, session);
		return -ENOMEM;
	}
	sessions->open++;
	session->inserted = true;
	return 0;
}

void agent_session_remove(struct agent_session *session)
{
	struct agent_sessions *sessions = &session->agent->sessions;

	session_untouch(session);
	if (session->inserted) {
		HASH_DELETE(by_key, sessions->by_key, session);
		HASH_DELETE(by_sid, sessions->by_sid, session);
		sessions->open--;
	}
	if (sessions->latest == session)
		sessions->latest = NULL;
	agent_session_free(session);
}

struct session_start agent_session_describe(const struct agent_session *session)
{
	const struct agent *agent = session->agent;
	const struct login *login = &session->login;

	return (struct session_start){
		.key = session->key,
		.time = session->start_time,
		.sid = session->sid,
		.login = login->login,
		.user = login->user,
		.service = login->service,
		.version = SESHAT_VERSION,
		.interactive = -1,
		.leader_pid = (uint32_t)session->leader,
		.cgroup_path = session->cgroup.path,
		.audit_session_id = session->audit_session,
		.strategy = strategy_name(loader_strategy(agent->loader)),
		.strategy_reason = loader_strategy(agent->loader)->reason,
		.kernel = agent->kernel.release,
		.probes = agent->probes.report,
		.rhost = login->rhost,
		.tty = login->tty,
		.logind_session = login->logind_session,
		.connection = &login->connection,
		.auth = &login->auth,
	};
}

int64_t agent_session_close(struct agent_session *session)
{
	struct scope_accounts accounts = { 0 };
	int r = scope_accounts(session->agent->loader, session->key, &accounts);

	if (r < 0)
		return r;
	session->closed = true;
	agent_session_touch(session);
	agent_sessions_keep(session->agent); /* at once: PAM does not say it twice */
	r = agent_session_grace(session);
	return r < 0 ? r : accounts.processes;
}

void agent_sessions_check(struct agent *agent, bool tell)
{
	struct agent_session *session, *next;

	HASH_ITER(by_key, agent->sessions.by_key, session, next) {
		struct scope_accounts accounts;
		struct kernel_losses losses;

		if (scope_accounts(agent->loader, session->key, &accounts) < 0)
			continue;
		if (tell && (losses_total(&accounts) != session->lost || agent->reader.telling)) {
			losses = losses_of(&accounts);
			(void)pipeline_losses(agent->pipeline, session->key, &losses);
			session->lost = losses_total(&accounts);
			agent_session_touch(session);
		}
		if (accounts.processes <= 0 && !session->ending) {
			session->ending = true;
			agent->sessions.ending++;
		}
	}
}

/* The last record is here: writes session.end and lets go of everything. */
static void session_end(struct agent_session *session, const struct scope_accounts *accounts)
{
	struct agent *agent = session->agent;
	struct session_end end = {
		.time = clock_boottime_ns(),
		.losses = losses_of(accounts),
	};
	struct session_progress progress = { 0 };
	int r;

	end.losses.preempted = loader_misses(agent->loader) - session->misses;
	r = pipeline_session_progress(agent->pipeline, session->key, &progress);

	r = pipeline_session_end(agent->pipeline, session->key, &end);

	agent_session_unconfirmed(session, progress.ei + 1); /* with session.end */
	if (r < 0)
		log_error("cannot write the end of session %s: %s", session->sid, strerror(-r));
	scope_close(agent->loader, session->key, session->cgroup.id);
	handover_forget(agent->handover, session);
	graves_bury(agent, &session->cgroup);
	agent->sessions.ending--;
	agent_session_remove(session);
	if (agent->sessions.open == 0)
		agent_detach_idle(agent);
}

bool agent_sessions_settle(struct agent *agent)
{
	struct agent_session *session, *next;
	bool ended = false;

	if (agent->sessions.ending == 0)
		return false;
	HASH_ITER(by_key, agent->sessions.by_key, session, next) {
		struct scope_accounts accounts = { .numbered = session->received };

		if (!session->ending)
			continue;
		(void)scope_accounts(agent->loader, session->key, &accounts);
		/* What was numbered has been sent or counted; the last of it may be between the one and the other. */
		if (session->received + losses_total(&accounts) < accounts.numbered &&
		    session->settling++ < SETTLE_TRIES)
			continue;
		session_end(session, &accounts);
		ended = true;
	}
	if (ended) {
		agent_outputs_flush(agent);
		server_retry(agent->server);
	}
	return agent->sessions.ending > 0;
}

void agent_sessions_free(struct agent *agent)
{
	struct agent_session *session, *next;

	HASH_ITER(by_key, agent->sessions.by_key, session, next)
		agent_session_remove(session);
	graves_free(agent);
	agent->sessions.later = sd_event_source_disable_unref(agent->sessions.later);
}
