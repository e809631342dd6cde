/* SPDX-License-Identifier: Apache-2.0 */
/* How system calls are seen: at the exit of all of them, or at the functions of those that have a probe; and why so. */
#ifndef SESHAT_KERNEL_STRATEGY_H
#define SESHAT_KERNEL_STRATEGY_H

#include <stdbool.h>
#include <stdint.h>

struct trampolines;

enum strategy_choice {
	STRATEGY_AUTO, /* trampolines where the kernel takes them */
	STRATEGY_TRACEPOINT,
	STRATEGY_TRAMPOLINE,
	STRATEGY_CHOICES,
	/* What nobody can ask for by name: the one that starts faster, and leaves others' trampolines as they are. */
	STRATEGY_SINGLE = STRATEGY_CHOICES,
};

enum { STRATEGY_REASON_SIZE = 384 };

/* A format for the reason, where it was demanded. */
#define STRATEGY_NOT_HAD "the trampoline strategy cannot be had: %s"

struct strategy {
	enum strategy_choice choice;
	bool resumed;			   /* chosen by another process */
	struct trampolines *trampolines;   /* owned; NULL: the tracepoint strategy */
	char reason[STRATEGY_REASON_SIZE]; /* in words: why the one and not the other */
};

/* As configured and written: "auto", "tracepoint", "trampoline". Constant; the choices end with NULL. */
extern const char *const STRATEGY_NAMES[];

/*
 * Chooses for the slots (bits) in `wanted`. Returns 0; or negative errno, with the reason, where it was demanded what
 * cannot be.
 */
int strategy_choose(struct strategy *strategy, enum strategy_choice choice, uint32_t wanted);

/* Goes on with what another process has chosen: control.trampolines of the probes. As strategy_choose(), but without words. */
int strategy_resume(struct strategy *strategy, enum strategy_choice choice, uint32_t trampolines);

/* The trampolines cannot be, for this reason: the tracepoint is taken (0), or they were demanded (negative errno). */
int strategy_refuse(struct strategy *strategy, int error, const char *why);

/* What is in use: "tracepoint" or "trampoline". */
const char *strategy_name(const struct strategy *strategy);

/* Slots (bits) that trampolines serve. */
uint32_t strategy_slots(const struct strategy *strategy);

/* Brings the reason up to date: which of the wanted slots are left to the tracepoint. */
void strategy_explain(struct strategy *strategy, uint32_t wanted);

#endif
