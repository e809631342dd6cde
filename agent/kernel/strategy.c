/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/strategy.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bpf/state.h"
#include "kernel/trampolines.h"

const char *const STRATEGY_NAMES[] = {
	[STRATEGY_AUTO] = "auto",
	[STRATEGY_TRACEPOINT] = "tracepoint",
	[STRATEGY_TRAMPOLINE] = "trampoline",
	[STRATEGY_CHOICES] = NULL,
};

static const char *const SLOT_NAMES[SLOTS] = {
	[SLOT_OPEN] = "open",	  [SLOT_EXEC] = "exec_failed", [SLOT_NETWORK] = "network",
	[SLOT_SOCKET] = "socket", [SLOT_RECEIVE] = "receive",  [SLOT_PRIVILEGE] = "privilege",
	[SLOT_PTRACE] = "ptrace", [SLOT_KERNEL] = "kernel",    [SLOT_FILE] = "file",
};

static void explain(struct strategy *strategy, const char *why)
{
	(void)snprintf(strategy->reason, sizeof(strategy->reason), "%s", why);
}

int strategy_refuse(struct strategy *strategy, int error, const char *why)
{
	trampolines_free(strategy->trampolines);
	strategy->trampolines = NULL;
	explain(strategy, why);
	return strategy->choice == STRATEGY_TRAMPOLINE ? error : 0;
}

int strategy_choose(struct strategy *strategy, enum strategy_choice choice, uint32_t wanted)
{
	char reason[TRAMPOLINES_REASON_SIZE];
	int r;

	*strategy = (struct strategy){ .choice = choice };
	if (choice == STRATEGY_SINGLE) {
		explain(strategy, "a single command: it starts faster");
		return 0;
	}
	if (choice == STRATEGY_TRACEPOINT || !wanted) {
		explain(strategy, "as configured");
		return 0;
	}
	r = trampolines_new(&strategy->trampolines, wanted, 0, reason);
	if (r < 0)
		return strategy_refuse(strategy, r, reason);
	strategy_explain(strategy, wanted);
	return 0;
}

int strategy_resume(struct strategy *strategy, enum strategy_choice choice, uint32_t trampolines)
{
	uint32_t slots = trampolines & ~TRAMPOLINES_NARROW;
	char reason[TRAMPOLINES_REASON_SIZE];
	int r;

	*strategy = (struct strategy){ .choice = choice, .resumed = true };
	explain(strategy, "as the agent before had it");
	if (!slots)
		return 0;
	r = trampolines_new(&strategy->trampolines, slots, trampolines, reason);
	if (r == 0 && trampolines_control(strategy->trampolines) != trampolines)
		r = -ENOENT;
	return r;
}

const char *strategy_name(const struct strategy *strategy)
{
	return STRATEGY_NAMES[strategy->trampolines ? STRATEGY_TRAMPOLINE : STRATEGY_TRACEPOINT];
}

uint32_t strategy_slots(const struct strategy *strategy)
{
	return strategy->trampolines ? trampolines_slots(strategy->trampolines) : 0;
}

void strategy_explain(struct strategy *strategy, uint32_t wanted)
{
	uint32_t left = wanted & ~strategy_slots(strategy);
	size_t length;

	if (!strategy->trampolines)
		return;
	if (strategy->choice == STRATEGY_TRAMPOLINE)
		explain(strategy, "as configured");
	else
		explain(strategy, strategy->resumed ? "as the agent before had it" :
						      "the kernel takes programs at functions");
	if (!left)
		return;
	strncat(strategy->reason, "; left to the tracepoint:",
		sizeof(strategy->reason) - strlen(strategy->reason) - 1);
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		length = strlen(strategy->reason);
		if (left & (UINT32_C(1) << slot))
			(void)snprintf(strategy->reason + length, sizeof(strategy->reason) - length,
				       " %s", SLOT_NAMES[slot]);
	}
}
