/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/ring.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpf/state.h"
#include "kernel/pins.h"
#include "kernel/places.h"

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
	/* mapped, owned: how far this side and the other one have come, in bytes since the beginning */
	unsigned long *consumed;
	unsigned long *produced;
	size_t size; /* bytes */
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

static void *map_page(int fd, int protection, size_t page)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	void *address = mmap(NULL, size, protection, MAP_SHARED, fd, (off_t)(page * size));

	return address == MAP_FAILED ? NULL : address;
}

/* The consumer's page, then the producer's: kernel/bpf/ringbuf.c has the layout. */
static int ring_map(struct ring *ring, const struct loader *loader)
{
	int buffer = loader_map(loader, "ring");

	ring->control = map_page(loader_map(loader, CONTROL_MAP), PROT_READ | PROT_WRITE, 0);
	if (ring->control) {
		places_fill(ring->control);
		/* Of what the one before us was told we know nothing. */
		__atomic_fetch_add(&ring->control->images, IMAGES_FRESH, __ATOMIC_RELAXED);
		ring->consumed = map_page(buffer, PROT_READ, 0);
	}
	if (ring->consumed)
		ring->produced = map_page(buffer, PROT_READ, 1);
	return ring->produced ? 0 : -errno;
}

/* The size of the map; one that was pinned may have another than is configured now. */
static int ring_measure(struct ring *ring, const struct loader *loader)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(loader_map(loader, "ring"), &info, &size) < 0)
		return -errno;
	ring->size = info.max_entries;
	return 0;
}

int ring_new(struct ring **ret, const struct loader *loader, ring_handler handler, void *userdata)
{
	struct ring *ring = calloc(1, sizeof(*ring));
	int r;

	if (!ring)
		return -ENOMEM;
	ring->handler = handler;
	ring->userdata = userdata;
	r = ring_measure(ring, loader);
	if (r == 0)
		r = ring_map(ring, loader);
	if (r < 0) {
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
	ring->nap_max = nap_limit(ring->size);
	*ret = ring;
	return 0;
}

static void unmap_page(void *page)
{
	if (page)
		(void)munmap(page, (size_t)sysconf(_SC_PAGESIZE));
}

void ring_free(struct ring *ring)
{
	if (!ring)
		return;
	ring_buffer__free(ring->buffer);
	unmap_page(ring->control);
	unmap_page(ring->consumed);
	unmap_page(ring->produced);
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

void ring_counts(const struct ring *ring, struct ring_counts *ret)
{
	ret->lost = __atomic_load_n(&ring->control->lost, __ATOMIC_ACQUIRE);
	ret->ended = __atomic_load_n(&ring->control->ended, __ATOMIC_ACQUIRE);
}

void ring_slots_off(struct ring *ring, uint32_t slots)
{
	__atomic_store_n(&ring->control->slots_off, slots, __ATOMIC_RELEASE);
}

size_t ring_size(const struct ring *ring)
{
	return ring->size;
}

size_t ring_used(const struct ring *ring)
{
	unsigned long consumed = __atomic_load_n(ring->consumed, __ATOMIC_ACQUIRE);

	return __atomic_load_n(ring->produced, __ATOMIC_ACQUIRE) - consumed;
}
