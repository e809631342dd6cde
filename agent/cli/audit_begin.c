/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "cli/account.h"
#include "cli/audit_state.h"
#include "cli/pretty_sink.h"
#include "cli/status.h"
#include "kernel/features.h"
#include "kernel/scope.h"
#include "sinks/stream.h"

static int take_record(void *userdata, const void *data, size_t size)
{
	struct audit *audit = userdata;
	const struct wire_header *header = data;

	if (size >= sizeof(*header) && header->number && header->kind != WIRE_MORE)
		audit->received++;
	if (size >= sizeof(*header) && header->kind == WIRE_EXIT)
		audit->exited = true;
	return pipeline_feed(audit->pipeline, data, size);
}

static int path_of_cgroup(uint64_t id, char *buf, size_t size, void *userdata)
{
	const struct audit *audit = userdata;

	return cgroup_path_of(audit->cgroup.mount, id, buf, size);
}

/* Where the pids of kernel records are not those of /proc, there is nothing to be learned from it. */
static int no_exe_path(uint32_t pid, char *buf, size_t size, void *userdata)
{
	(void)pid, (void)buf, (void)size, (void)userdata;
	return -EOPNOTSUPP;
}

static int begin_probes(struct audit *audit, const struct recorder_config *config)
{
	struct loader_config loading = {
		.ring_size = config->ring_size,
		.strategy = config->strategy == STRATEGY_AUTO ? STRATEGY_SINGLE : config->strategy,
		.slots_off = choices_slots_off(&config->choices),
	};
	_cleanup_close_ int root = -1;
	char reason[LOADER_REASON_SIZE];
	int r;

	loading.plan = plan_tracepoint(&loading.plan_size);
	r = loader_new(&audit->loader, &loading, reason);
	if (r < 0) {
		log_error("%s", reason);
		/* With all capabilities, but those of a user namespace: a container's. */
		return r == -EPERM ? STATUS_CAPABILITY : STATUS_FAILED;
	}
	r = ring_new(&audit->ring, audit->loader, take_record, audit);
	if (r < 0) {
		log_error("cannot map the ring buffer of %zu bytes: %s", config->ring_size,
			  strerror(-r));
		return STATUS_FAILED;
	}
	ring_slots_off(audit->ring, choices_slots_off(&config->choices));
	root = open(audit->cgroup.mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0) {
		log_error("cannot open %s: %s", audit->cgroup.mount, strerror(errno));
		return STATUS_FAILED;
	}
	r = loader_attach(audit->loader, root, reason);
	if (r < 0) {
		log_error("%s", reason);
		return STATUS_FAILED;
	}
	return 0;
}

static int add_sink(struct audit *audit, struct sink *sink, bool best_effort)
{
	int r;

	sink->best_effort = best_effort;
	r = pipeline_add_sink(audit->pipeline, sink);
	if (r >= 0)
		return 0;
	(void)sink_close(sink, NULL);
	return r;
}

static int begin_sinks(struct audit *audit, const struct recorder_config *config)
{
	struct sink *sink;
	int r;

	if (config->json >= 0) {
		r = stream_new(&sink, config->json);
		if (r == 0)
			r = add_sink(audit, sink, false);
		if (r < 0)
			return r;
	}
	if (config->pretty >= 0) {
		struct pretty_options options = pretty_options_for(config->pretty);

		r = pretty_sink_new(&sink, config->pretty, &options);
		/* Beside the file it may fail: the records are kept there. */
		if (r == 0)
			r = add_sink(audit, sink, config->json >= 0);
		if (r < 0)
			return r;
	}
	return 0;
}

static int begin_pipeline(struct audit *audit, const struct recorder_config *config)
{
	struct pipeline_config piping = { .cgroup_path = path_of_cgroup, .userdata = audit };
	int r = host_identify(&piping.host);

	if (!features_initial_pids()) {
		log_warning(
			"not in the initial pid namespace: leader_pid is this namespace's, other pids the machine's");
		piping.exe_path = no_exe_path;
	}
	if (r < 0) {
		log_error("cannot tell which machine this is: %s", strerror(-r));
		return STATUS_FAILED;
	}
	r = pipeline_new(&audit->pipeline, &piping);
	if (r == 0)
		r = begin_sinks(audit, config);
	if (r < 0) {
		log_error("cannot set up the way of the records: %s", strerror(-r));
		return STATUS_FAILED;
	}
	return 0;
}

/* Tells of probes that are missing, on standard error and for session.start. */
static size_t sort_probes(const struct audit *audit, const char **probes,
			  struct probe_missing *missing, size_t *ret_missing)
{
	const struct loader_result *results;
	size_t count, attached = 0;

	*ret_missing = 0;
	results = loader_results(audit->loader, &count);
	for (size_t i = 0; i < count; i++) {
		if (!loader_result_counts(&results[i]))
			continue;
		if (!results[i].error) {
			probes[attached++] = results[i].entry->probe;
			continue;
		}
		log_warning("probe \"%s\" is missing: %s", results[i].entry->probe,
			    results[i].reason);
		missing[(*ret_missing)++] = (struct probe_missing){
			.probe = results[i].entry->probe,
			.reason = results[i].reason,
		};
	}
	return attached;
}

static int begin_session(struct audit *audit, const struct recorder_config *config, const char *sid)
{
	_cleanup_free_ char *login = NULL;
	_cleanup_free_ const char **probes = NULL;
	_cleanup_free_ struct probe_missing *missing = NULL;
	struct session_start start = {
		.key = SESSION_KEY,
		.time = clock_boottime_ns(),
		.sid = sid,
		.service = "seshat-run",
		.version = SESHAT_VERSION,
		.interactive = config->interactive,
		.leader_pid = (uint32_t)config->command->pid,
		.cgroup_path = audit->cgroup.path,
		.audit_session_id = account_audit_session(),
		.strategy = strategy_name(loader_strategy(audit->loader)),
		.strategy_reason = loader_strategy(audit->loader)->reason,
	};
	const char *off[CHOICES];
	struct utsname kernel;
	size_t count;
	int r = account_login(&login);

	(void)loader_results(audit->loader, &count);
	probes = calloc(count, sizeof(*probes));
	missing = calloc(count, sizeof(*missing));
	if (r < 0 || !probes || !missing || uname(&kernel) < 0) {
		log_error("cannot begin the session: %s", strerror(r < 0 ? -r : errno));
		return STATUS_FAILED;
	}
	start.login = login;
	start.user = login;
	start.kernel = kernel.release;
	start.probes.attached = probes;
	start.probes.attached_count =
		sort_probes(audit, probes, missing, &start.probes.missing_count);
	start.probes.missing = missing;
	start.probes.off = off;
	start.probes.off_count = choices_off(&config->choices, off);
	r = pipeline_session_start(audit->pipeline, &start);
	if (r < 0) {
		log_error("cannot write the first record: %s", strerror(-r));
		return STATUS_FILE;
	}
	return 0;
}

/* The command's process goes to the session's cgroup, and so becomes the session's first one. */
static int begin_scope(struct audit *audit, const struct recorder_config *config)
{
	pid_t pid = config->command->pid;
	struct scope_accounts accounts = { 0 };
	int r = scope_open(audit->loader, SESSION_KEY, audit->cgroup.id, NULL);

	if (r < 0) {
		log_error("cannot make the session known to the probes: %s", strerror(-r));
		return STATUS_FAILED;
	}
	r = cgroup_enter(&audit->cgroup, pid);
	if (r < 0 && r != -ESRCH) {
		log_error("cannot move process %d to the cgroup %s: %s", (int)pid,
			  audit->cgroup.path, strerror(-r));
		return STATUS_FAILED;
	}
	r = scope_accounts(audit->loader, SESSION_KEY, &accounts);
	if (r < 0) {
		log_error("cannot read the session's accounts: %s", strerror(-r));
		return STATUS_FAILED;
	}
	if (accounts.processes == 0 && accounts.numbered == 0) {
		log_error("process %d was ended before it could become the command", (int)pid);
		return STATUS_FAILED;
	}
	return 0;
}

int audit_begin(struct audit **ret, const struct recorder_config *config)
{
	struct audit *audit = calloc(1, sizeof(*audit));
	char sid[UUID_SIZE];
	int r, status;

	if (!audit) {
		log_error("out of memory");
		return STATUS_FAILED;
	}
	audit->cgroup = CGROUP_NONE;
	cgroup_sweep();
	r = uuid_generate(sid);
	if (r == 0)
		r = cgroup_create(&audit->cgroup, sid);
	if (r < 0) {
		log_error("cannot make a cgroup for the session: %s", strerror(-r));
		audit_free(audit);
		return STATUS_FAILED;
	}
	status = begin_probes(audit, config);
	if (!status)
		status = begin_pipeline(audit, config);
	if (!status)
		status = begin_session(audit, config, sid);
	if (!status) {
		status = begin_scope(audit, config);
		/* What has begun in the log ends there, too. */
		if (status)
			(void)pipeline_session_end(
				audit->pipeline, SESSION_KEY,
				&(struct session_end){ .time = clock_boottime_ns() });
	}
	if (status) {
		audit_free(audit);
		return status;
	}
	*ret = audit;
	return 0;
}
