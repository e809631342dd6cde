/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reading end of the ring buffer.
 *
 * Records wake the reader only when it has said that it sleeps. While there is work it looks again by itself
 * after a nap, which costs the recorded programs nothing; once a nap brought nothing it sleeps.
 */
#ifndef SESHAT_KERNEL_RING_H
#define SESHAT_KERNEL_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/loader.h"

struct ring;

/* One record, borrowed until the callback returns. Returns 0 to go on, or negative errno to stop. */
typedef int (*ring_handler)(void *userdata, const void *data, size_t size);

/* A reader of the loader's ring; the loader must outlive it. Returns 0 or negative errno. */
int ring_new(struct ring **ret, const struct loader *loader, ring_handler handler, void *userdata);

/* Bytes of the ring: of one that was pinned, not what would be configured now. */
size_t ring_size(const struct ring *ring);

void ring_free(struct ring *ring);

/*
 * Hands over what is in the ring, but not for ever: at most RING_BATCH records. Returns how many there were, or the
 * handler's error.
 */
int ring_read(struct ring *ring);

/*
 * How many milliseconds to wait after a ring_read() that returned count: 1 at first, longer while there are many, but
 * never as long as the ring takes to fill at full speed. ring_sleep() begins anew.
 */
int ring_nap(struct ring *ring, int count);

/* Readable (poll(2), POLLIN) when a record came while ring_sleep() was in force. Borrowed. */
int ring_fd(const struct ring *ring);

/*
 * Asks for a wake-up with the next record. Returns false, and has taken that back, when there are records
 * already: then read instead of sleeping.
 */
bool ring_sleep(struct ring *ring);

/* How many records found no room, and how often a session's last process has ended: in all sessions, until now. */
struct ring_counts {
	uint64_t lost;
	uint64_t ended;
};
void ring_counts(const struct ring *ring, struct ring_counts *ret);

/* Turns kinds of records off: a bit for each enum syscall_slot, at once and for all sessions. */
void ring_slots_off(struct ring *ring, uint32_t slots);

/* Bytes in the ring that have not been read. */
size_t ring_used(const struct ring *ring);

/* No wake-ups from now on. */
void ring_wake(struct ring *ring);

#endif
