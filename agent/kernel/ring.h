/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reading end of the ring buffer.
 *
 * Records wake the reader only when it has said that it sleeps. While there is work it looks again by itself
 * after a nap (RING_NAP_MS), which costs the recorded programs nothing; once a nap brought nothing it sleeps.
 */
#ifndef SESHAT_KERNEL_RING_H
#define SESHAT_KERNEL_RING_H

#include <stdbool.h>
#include <stddef.h>

#include "kernel/loader.h"

enum { RING_NAP_MS = 1 };

struct ring;

/* One record, borrowed until the callback returns. Returns 0 to go on, or negative errno to stop. */
typedef int (*ring_handler)(void *userdata, const void *data, size_t size);

/* A reader of the loader's ring; the loader must outlive it. Returns 0 or negative errno. */
int ring_new(struct ring **ret, const struct loader *loader, ring_handler handler, void *userdata);

void ring_free(struct ring *ring);

/*
 * Hands over what is in the ring, but not for ever: at most RING_BATCH records. Returns how many there were, or the
 * handler's error.
 */
int ring_read(struct ring *ring);

/* Readable (poll(2), POLLIN) when a record came while ring_sleep() was in force. Borrowed. */
int ring_fd(const struct ring *ring);

/*
 * Asks for a wake-up with the next record. Returns false, and has taken that back, when there are records
 * already: then read instead of sleeping.
 */
bool ring_sleep(struct ring *ring);

/* No wake-ups from now on. */
void ring_wake(struct ring *ring);

#endif
