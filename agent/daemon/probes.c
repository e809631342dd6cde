/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probes: loaded once, attached while there is a session; trampolines as long as the agent runs, as attaching and
 * detaching them takes the kernel seconds on a slow machine (a grace period each), and they cost others next to nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/vfs.h>

#include "base/log.h"
#include "daemon/state.h"

#define BPF_MOUNT "/sys/fs/bpf"

enum {
	SESSIONS_MIN = 16384,
	SESSION_BYTES = 262144, /* of memory that a login's processes take at the very least */
};

/*
 * How many sessions the kernel's tables have room for: more than this machine has memory for. They must have some size, as
 * the heads of their lists are allocated at once (16 bytes each).
 */
static size_t sessions_limit(void)
{
	struct sysinfo info;
	size_t limit = SESSIONS_MIN;

	if (sysinfo(&info) == 0 && info.totalram * info.mem_unit / SESSION_BYTES > limit)
		limit = info.totalram * info.mem_unit / SESSION_BYTES;
	return limit;
}

static bool is_bpf(const char *path)
{
	struct statfs status;

	return statfs(path, &status) == 0 && (unsigned long)status.f_type == BPF_FS_MAGIC;
}

/* The directory of the pins, NULL when there can be none: then auditing ends with the agent. */
static const char *pins_prepare(const struct agent *agent)
{
	const char *pin = agent->config.agent.pin;

	if (!pin[0])
		return NULL;
	/* systemd mounts it; elsewhere nobody may have done so. */
	if (strncmp(pin, BPF_MOUNT "/", sizeof(BPF_MOUNT)) == 0 && !is_bpf(BPF_MOUNT))
		(void)mount("bpf", BPF_MOUNT, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700");
	if ((mkdir(pin, 0700) < 0 && errno != EEXIST) || !is_bpf(pin)) {
		log_warning("%s is on no BPF file system: sessions will end with the agent", pin);
		return NULL;
	}
	return pin;
}

/* Sorts the loader's results into what there is and what is missing. */
static int probes_sort(struct agent *agent)
{
	struct agent_probes *probes = &agent->probes;
	const struct loader_result *results;
	size_t count;

	results = loader_results(agent->loader, &count);
	if (!probes->attached) {
		probes->attached = calloc(count, sizeof(*probes->attached));
		probes->missing = calloc(count, sizeof(*probes->missing));
		if (!probes->attached || !probes->missing)
			return -ENOMEM;
	}
	probes->report.attached = probes->attached;
	probes->report.attached_count = 0;
	probes->report.missing = probes->missing;
	probes->report.missing_count = 0;
	for (size_t i = 0; i < count; i++) {
		const char *name = results[i].entry->probe;

		if (!loader_result_counts(&results[i]))
			continue;
		if (!results[i].error)
			probes->attached[probes->report.attached_count++] = name;
		else
			probes->missing[probes->report.missing_count++] =
				(struct probe_missing){ .probe = name,
							.reason = results[i].reason };
	}
	return 0;
}

static void probes_warn(const struct agent *agent, size_t known)
{
	const struct probes_report *report = &agent->probes.report;

	if (report->missing_count == known)
		return;
	for (size_t i = 0; i < report->missing_count; i++)
		log_warning("probe \"%s\" is missing: %s", report->missing[i].probe,
			    report->missing[i].reason);
}

int agent_lock_pins(struct agent *agent)
{
	agent->pin = pins_prepare(agent);
	if (!agent->pin)
		return 0;
	agent->pin_lock = open(agent->pin, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (agent->pin_lock >= 0 && flock(agent->pin_lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	log_error("cannot lock %s: %s", agent->pin,
		  errno == EWOULDBLOCK ? "another agent has its probes there" : strerror(errno));
	return -errno;
}

static const enum strategy_choice CHOICE_OF[] = {
	[CONFIG_STRATEGY_AUTO] = STRATEGY_AUTO,
	[CONFIG_STRATEGY_TRACEPOINT] = STRATEGY_TRACEPOINT,
	[CONFIG_STRATEGY_TRAMPOLINE] = STRATEGY_TRAMPOLINE,
};

int agent_load(struct agent *agent)
{
	struct loader_config loading = {
		.ring_size = agent->config.agent.ring_size,
		.sessions = sessions_limit(),
		.strategy = CHOICE_OF[agent->config.agent.strategy],
	};
	char reason[LOADER_REASON_SIZE];
	int r;

	r = agent_lock_pins(agent);
	if (r < 0)
		return r;
	loading.pin = agent->pin;
	loading.plan = plan_tracepoint(&loading.plan_size);
	r = loader_new(&agent->loader, &loading, reason);
	if (r < 0) {
		log_error("%s", reason);
		return r;
	}
	/* The kernel's type information was in memory meanwhile: more than all that is needed from now on. */
	(void)malloc_trim(0);
	r = probes_sort(agent);
	if (r < 0)
		return r;
	probes_warn(agent, 0);
	return 0;
}

int agent_attach(struct agent *agent)
{
	size_t known = agent->probes.report.missing_count;
	char reason[LOADER_REASON_SIZE];
	int r;

	if (loader_attached(agent->loader))
		return 0;
	r = loader_attach(agent->loader, agent->cgroup_root, reason);
	if (r < 0) {
		log_error("%s", reason);
		return r;
	}
	r = probes_sort(agent);
	if (r < 0)
		return r;
	probes_warn(agent, known);
	return 0;
}

int agent_attach_early(struct agent *agent)
{
	return loader_strategy(agent->loader)->trampolines ? agent_attach(agent) : 0;
}

void agent_detach_idle(struct agent *agent)
{
	if (!loader_strategy(agent->loader)->trampolines)
		agent_detach_probes(agent);
}

void agent_detach_probes(struct agent *agent)
{
	if (loader_attached(agent->loader))
		loader_detach(agent->loader);
}

void agent_choose(struct agent *agent)
{
	const struct config *config = &agent->config;
	struct agent_probes *probes = &agent->probes;
	const struct choices choices = {
		.on = {
			[CHOICE_PRIVILEGE] = config->events.privilege,
			[CHOICE_PTRACE] = config->events.ptrace,
			[CHOICE_KERNEL] = config->events.kernel,
			[CHOICE_FILE] = config->events.file,
		},
	};

	probes->report.off = probes->off;
	probes->report.off_count = choices_off(&choices, probes->off);
	ring_slots_off(agent->ring, choices_slots_off(&choices));
}
