/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/registry.h"

#include "probes/probes.h"

/* These make no audit record of their own. */
static const struct probe probe_image = { .fixed_size = sizeof(struct wire_image) };
static const struct probe probe_more = { .fixed_size = sizeof(struct wire_more) };

/* A new probe is one more line. */
#define PROBES(X)                               \
	X(WIRE_EXEC, probe_exec)                \
	X(WIRE_EXIT, probe_exit)                \
	X(WIRE_OPEN, probe_open)                \
	X(WIRE_NETWORK, probe_network)          \
	X(WIRE_CGROUP, probe_cgroup)            \
	X(WIRE_TTY, probe_tty)                  \
	X(WIRE_PRIVILEGE, probe_privilege)      \
	X(WIRE_PTRACE, probe_ptrace)            \
	X(WIRE_KERNEL, probe_kernel)            \
	X(WIRE_FILE, probe_file)                \
	X(WIRE_IMAGE, probe_image)              \
	X(WIRE_MORE, probe_more)                \
	X(EVENT_START, probe_start)             \
	X(EVENT_LOST, probe_lost)               \
	X(EVENT_END, probe_end)                 \
	X(EVENT_SWITCH, probe_switch)           \
	X(EVENT_LOGOUT, probe_logout)           \
	X(EVENT_AGENT_START, probe_agent_start) \
	X(EVENT_AGENT_STOP, probe_agent_stop)   \
	X(EVENT_AGENT_CONFIG, probe_agent_config)

/* NOLINTNEXTLINE(bugprone-macro-parentheses): a term of a sum */
#define PROBE_COUNT(kind, probe) +1
#define PROBE_ENTRY(kind, probe) [kind] = &(probe),

_Static_assert(0 PROBES(PROBE_COUNT) == EVENT_KINDS - 1, "a kind has no probe, or two");

static const struct probe *const registry[EVENT_KINDS] = { PROBES(PROBE_ENTRY) };

const struct probe *registry_probe(unsigned int kind)
{
	return registry[kind];
}

void registry_layout(struct record_layout *ret)
{
	struct record_layout layout = { 0 };

	for (unsigned int kind = WIRE_NONE + 1; kind < WIRE_KINDS; kind++)
		layout.fixed_size[kind] = registry[kind]->fixed_size;
	*ret = layout;
}
