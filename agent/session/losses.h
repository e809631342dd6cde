/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was lost of a session: counted where it happens, told once.
 */
#ifndef SESHAT_SESSION_LOSSES_H
#define SESHAT_SESSION_LOSSES_H

#include <stdbool.h>

#include "session/events.h"
#include "session/gaps.h"

/* Zeroed to begin with. */
struct losses {
	struct loss untold[LOSS_REASONS]; /* not yet in the log */
	uint64_t counted;		  /* numbered records lost until now, told or not */
	struct kernel_losses taken;	  /* what of the kernel's totals is counted already */
	struct kernel_losses waiting;	  /* totals whose numbers are still on their way */
	bool is_waiting;
	uint64_t progress; /* the highest number when waiting was looked at last */
};

/* A numbered record was lost in user space. */
void losses_add(struct losses *losses, enum loss_reason reason, unsigned int kind, uint64_t number);

/* A sink lacks the record with this index. */
void sink_loss_add(struct sink_loss *loss, unsigned int kind, uint64_t ei);

/* Adds what `more` has to `loss`; the indexes are of another session, and left out. */
void sink_loss_merge(struct sink_loss *loss, const struct sink_loss *more);

/*
 * The kernel's totals as they are now. What is new in them is counted (as LOSS_RING) once all
 * numbers given out by then have come or are known to be missing: gaps->highest has reached them,
 * or nothing has come between two calls. Once final is set that is so by definition.
 */
void losses_kernel(struct losses *losses, struct gaps *gaps, const struct kernel_losses *now,
		   bool final);

/* At most so many records have never begun: they are told, but without numbers they count nowhere else. */
void losses_preempted(struct losses *losses, uint64_t count);

/*
 * At the end: numbers that were given out but neither written nor counted as lost are lost, too,
 * whatever became of them. Counts them for that reason.
 */
void losses_settle(struct losses *losses, struct gaps *gaps, enum loss_reason reason,
		   uint64_t numbered, uint64_t written);

#endif
