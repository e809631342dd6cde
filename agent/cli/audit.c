/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/audit.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/audit_state.h"
#include "kernel/scope.h"

enum {
	EMPTY_MS = 1000, /* until the last process has left the cgroup */
	PIDS_MAX = 100,	 /* named in session.end */
	/* milliseconds until the last records have come; they are on their way already */
	SETTLE_TRIES = 200,
	/* batches, while one follows the other: a quarter of a second at the most */
	ACCOUNTS_EVERY = 32,
};

void audit_free(struct audit *audit)
{
	int r;

	pipeline_free(audit->pipeline);
	ring_free(audit->ring);
	loader_free(audit->loader);
	/* Processes that live on keep it; whoever ends the last of them may remove it. */
	r = cgroup_remove(&audit->cgroup, audit->stopped ? 0 : EMPTY_MS);
	if (r < 0 && !audit->stopped)
		log_warning("cannot remove the session's cgroup: %s, ignoring", strerror(-r));
	free(audit);
}

static void accounts_take(struct audit *audit, struct scope_accounts *ret,
			  struct kernel_losses *losses)
{
	int r = scope_accounts(audit->loader, SESSION_KEY, ret);

	if (r < 0) {
		log_error("cannot read the session's accounts: %s", strerror(-r));
		*ret = (struct scope_accounts){ .numbered = audit->received };
	}
	*losses = (struct kernel_losses){ .numbered = ret->numbered };
	memcpy(losses->by_kind, ret->lost, sizeof(losses->by_kind));
}

static uint64_t losses_total(const struct kernel_losses *losses)
{
	uint64_t total = 0;

	for (size_t i = 0; i < WIRE_KINDS; i++)
		total += losses->by_kind[i];
	return total;
}

/* Errors of sinks are no reason to stop: what they refuse is counted, and told at the end. */
static int read_batch(struct audit *audit)
{
	int count = ring_read(audit->ring);

	if (count < 0)
		log_error("cannot read the ring buffer: %s", strerror(-count));
	(void)pipeline_flush(audit->pipeline);
	return count;
}

/*
 * Waits for a record (timeout -1), or for the end of a nap, or for an order. Returns whether there is an order. Once
 * nobody is there who could give one, *orders is -1: the session goes on to its end.
 */
static bool wait_for_work(struct audit *audit, int *orders, int timeout)
{
	struct pollfd fds[] = {
		{ .fd = *orders, .events = POLLIN },
		{ .fd = timeout < 0 ? ring_fd(audit->ring) : -1, .events = POLLIN },
	};
	char byte;

	if (poll(fds, 2, timeout) <= 0 || !fds[0].revents)
		return false;
	if (read(*orders, &byte, 1) == 1)
		return true;
	*orders = -1;
	return false;
}

/* Tells what the kernel has lost since the last time. Returns whether the last task of the session has ended. */
static bool check_accounts(struct audit *audit)
{
	struct scope_accounts accounts;
	struct kernel_losses losses;

	accounts_take(audit, &accounts, &losses);
	audit->exited = false;
	/* Which numbers are missing shows when nothing more has come: so once more after the last change. */
	if (audit->telling || losses_total(&losses) != audit->lost)
		(void)pipeline_losses(audit->pipeline, SESSION_KEY, &losses);
	audit->telling = losses_total(&losses) != audit->lost;
	audit->lost = losses_total(&losses);
	return accounts.processes <= 0;
}

void audit_follow(struct audit *audit, int orders)
{
	unsigned int batches = 0;
	bool ended = false;
	int count, timeout;

	for (;;) {
		count = read_batch(audit);
		/* What ended has sent its records before it was counted out. */
		if (count < 0 || (count == 0 && ended))
			return;
		ended = false;
		if (count == 0 || audit->exited || ++batches % ACCOUNTS_EVERY == 0)
			ended = check_accounts(audit);
		if (ended)
			continue;
		timeout = count > 0 || audit->telling ? ring_nap(audit->ring, count) : 0;
		if (timeout == 0 && ring_sleep(audit->ring))
			timeout = -1;
		audit->stopped = wait_for_work(audit, &orders, timeout);
		if (timeout < 0)
			ring_wake(audit->ring);
		if (audit->stopped)
			return;
	}
}

/* What was numbered has been sent or counted; the last of it may still be between the one and the other. */
static void settle(struct audit *audit, struct scope_accounts *ret, struct kernel_losses *losses)
{
	for (int i = 0; i < SETTLE_TRIES; i++) {
		if (read_batch(audit) < 0)
			break;
		accounts_take(audit, ret, losses);
		if (audit->received + losses_total(losses) >= losses->numbered)
			return;
		(void)poll(NULL, 0, 1);
	}
}

static void report(const struct audit *audit, int error)
{
	struct pipeline_stats stats;
	uint64_t lost;

	pipeline_stats_get(audit->pipeline, &stats);
	lost = stats.unwritten;
	for (size_t i = 0; i < LOSS_PREEMPTED; i++)
		lost += stats.lost[i];
	if (!error)
		error = stats.sink_error;
	if (error && (lost || stats.refused))
		log_error("cannot write all records: %s", strerror(-error));
	if (lost)
		log_error("%" PRIu64 " records are lost", lost);
	if (stats.lost[LOSS_PREEMPTED])
		log_warning("at most %" PRIu64 " records are missing, as programs were preempted",
			    stats.lost[LOSS_PREEMPTED]);
}

int audit_end(struct audit *audit)
{
	struct session_end end = { 0 };
	struct scope_accounts accounts = { 0 };
	uint32_t pids[PIDS_MAX];
	int r;

	end.pids = pids;
	end.pids_count = PIDS_MAX;
	if (audit->stopped)
		loader_quiesce(audit->loader);
	settle(audit, &accounts, &end.losses);
	end.losses.preempted = loader_misses(audit->loader);
	r = scope_processes(audit->loader, SESSION_KEY, pids, &end.pids_count, &end.processes);
	if (r < 0) {
		log_warning("cannot list the processes that live on: %s, ignoring", strerror(-r));
		end.pids_count = 0;
	}
	end.time = clock_boottime_ns();
	r = pipeline_session_end(audit->pipeline, SESSION_KEY, &end);
	if (r == 0)
		r = pipeline_close(audit->pipeline);
	else
		(void)pipeline_close(audit->pipeline);
	report(audit, r);
	audit_free(audit);
	return 0;
}
