/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/ring.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpf/state.h"

enum {
	RING_BATCH = 16384,
	/*
	 * a program at full speed writes some 90 MB a second: 2 MiB a millisecond leaves 20 times
	 * that
	 */
	NAP_SHIFT = 21,
	NAP_MAX_MS = 8,
	NAP_RATE = 4, /* records a millisecond that make the next nap longer */
};

struct ring {
	struct ring_buffer *buffer; /* owned */
	struct control *control;    /* mapped, owned; shared with the probes */
	ring_handler handler;
	void *userdata; /* borrowed */
	unsigned int taken;
	int nap; /* milliseconds, the next one */
	int nap_max;
	int error;
};

static int take(void *context, void *data, size_t size)
{
	struct ring *ring = context;

	ring->taken++;
	ring->error = ring->handler(ring->userdata, data, size);
	if (ring->error < 0)
		return ring->error;
	/* libbpf has moved past this record by then: the next call goes on behind it. */
	return ring->taken >= RING_BATCH ? -EAGAIN : 0;
}

static int nap_limit(size_t ring_size)
{
	size_t limit = ring_size >> NAP_SHIFT;

	if (limit < 1)
		return 1;
	return limit > NAP_MAX_MS ? NAP_MAX_MS : (int)limit;
}

int ring_new(struct ring **ret, const struct loader *loader, size_t ring_size, ring_handler handler,
	     void *userdata)
{
	struct ring *ring = calloc(1, sizeof(*ring));
	int r;

	if (!ring)
		return -ENOMEM;
	ring->handler = handler;
	ring->userdata = userdata;
	ring->control = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
			     MAP_SHARED, loader_map(loader, "seshat.bss"), 0);
	if (ring->control == MAP_FAILED) {
		ring->control = NULL;
		r = -errno;
		ring_free(ring);
		return r;
	}
	ring->buffer = ring_buffer__new(loader_map(loader, "ring"), take, ring, NULL);
	if (!ring->buffer) {
		r = -errno;
		ring_free(ring);
		return r;
	}
	ring->nap = 1;
	ring->nap_max = nap_limit(ring_size);
	*ret = ring;
	return 0;
}

void ring_free(struct ring *ring)
{
	if (!ring)
		return;
	ring_buffer__free(ring->buffer);
	if (ring->control)
		(void)munmap(ring->control, (size_t)sysconf(_SC_PAGESIZE));
	free(ring);
}

int ring_read(struct ring *ring)
{
	int r;

	ring->taken = 0;
	ring->error = 0;
	r = ring_buffer__consume(ring->buffer);
	if (ring->error < 0)
		return ring->error;
	if (r < 0 && r != -EAGAIN)
		return r;
	return (int)ring->taken;
}

int ring_nap(struct ring *ring, int count)
{
	int nap = ring->nap;

	/* Longer for many records only: of a few, each is to be seen soon. */
	if (count < nap * NAP_RATE)
		nap = 1;
	ring->nap = nap * 2 > ring->nap_max ? ring->nap_max : nap * 2;
	return nap;
}

int ring_fd(const struct ring *ring)
{
	return ring_buffer__epoll_fd(ring->buffer);
}

bool ring_sleep(struct ring *ring)
{
	/*
	 * The other side puts its record into the ring, then looks at the flag; this side sets the flag, then
	 * looks at the ring. With full barriers between, at least one sees the other.
	 */
	ring->nap = 1;
	__atomic_store_n(&ring->control->reader_sleeps, 1, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (ring_read(ring) == 0)
		return true;
	ring_wake(ring);
	return false;
}

void ring_wake(struct ring *ring)
{
	__atomic_store_n(&ring->control->reader_sleeps, 0, __ATOMIC_SEQ_CST);
}
