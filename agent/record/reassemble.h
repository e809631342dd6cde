/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that came in several pieces (WIRE_PART_MORE, WIRE_MORE), put together again.
 *
 * Memory is bounded. A record that finds no room loses its bytes but is followed to its end,
 * because only its end tells whose loss it is: when a piece of it was lost in the kernel too, the
 * kernel has counted it already.
 */
#ifndef SESHAT_RECORD_REASSEMBLE_H
#define SESHAT_RECORD_REASSEMBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/record.h"

struct reassembler;

/*
 * Called for a record that was dropped here, for want of memory, or because its pieces made no
 * sense (error).
 */
typedef void (*reassemble_lost)(uint64_t session, unsigned int kind, uint64_t number, int error,
				void *userdata);

/*
 * A reassembler that uses about limit bytes at most. lost is called from within the functions
 * below. Returns 0 or -ENOMEM.
 */
int reassembler_new(struct reassembler **ret, size_t limit, reassemble_lost lost, void *userdata);

/* NULL is allowed. Unfinished records are forgotten. */
void reassembler_free(struct reassembler *reassembler);

/* Does this record go on in others? */
bool reassemble_unfinished(const struct record *record);

/*
 * To be told of every record but WIRE_MORE before it is handled: when an earlier one of the same
 * task is still unfinished, its end was lost in the kernel, and it is forgotten.
 */
void reassemble_task(struct reassembler *reassembler, const struct record *record);

/* Keeps a copy of an unfinished record. When that cannot be, lost has been told. */
void reassemble_begin(struct reassembler *reassembler, const struct record *record);

/*
 * A WIRE_MORE record. Returns true when it was the last of its record, and sets *ret to the whole,
 * which is valid until the next call. A piece whose beginning is not here is ignored: the kernel
 * has counted it.
 */
bool reassemble_more(struct reassembler *reassembler, const struct record *more,
		     struct record *ret);

/*
 * A WIRE_MORE record of this number made no sense: its record can never be whole, and lost is told
 * so.
 */
void reassemble_broken(struct reassembler *reassembler, uint64_t session, uint64_t number);

/* The session has ended: forgets what is unfinished of it. */
void reassemble_session(struct reassembler *reassembler, uint64_t session);

#endif
