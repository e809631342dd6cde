/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io_uring by its plain system calls: a ring, entries put into it, and what came of them. What goes wrong with the ring
 * itself ends the program; exit status 77 says that io_uring is switched off.
 */
#ifndef SESHAT_LIVE_URING_H
#define SESHAT_LIVE_URING_H

#include "facts.h"

#include <linux/io_uring.h>
#include <sys/mman.h>

enum {
	UNAVAILABLE = 77,
	/* operations that the header may be too old for */
	OP_BIND = 56,
	OP_LISTEN = 57,
};

struct ring {
	int fd;
	unsigned int entries, mask;
	unsigned int setup;  /* IORING_SETUP_* */
	unsigned int queued; /* since the last submission */
	_Atomic unsigned int *sq_head, *sq_tail, *cq_head, *cq_tail, *sq_flags;
	unsigned int *array;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

static inline void *ring_map(int fd, size_t size, off_t what)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, what);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

/* Maps a ring that there is. */
static inline void ring_attach(struct ring *r, const struct io_uring_params *p)
{
	char *sq, *cq;

	r->entries = p->sq_entries;
	r->mask = p->cq_entries - 1;
	r->setup = p->flags;
	r->queued = 0;
	sq = ring_map(r->fd, p->sq_off.array + p->sq_entries * sizeof(__u32), IORING_OFF_SQ_RING);
	cq = ring_map(r->fd, p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe),
		      IORING_OFF_CQ_RING);
	r->sqes = ring_map(r->fd, p->sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	r->sq_head = (void *)(sq + p->sq_off.head);
	r->sq_tail = (void *)(sq + p->sq_off.tail);
	r->sq_flags = (void *)(sq + p->sq_off.flags);
	r->array = (void *)(sq + p->sq_off.array);
	r->cq_head = (void *)(cq + p->cq_off.head);
	r->cq_tail = (void *)(cq + p->cq_off.tail);
	r->cqes = (void *)(cq + p->cq_off.cqes);
}

static inline void ring_open(struct ring *r, unsigned int entries, struct io_uring_params *p)
{
	r->fd = (int)syscall(__NR_io_uring_setup, entries, p);
	if (r->fd < 0 && (errno == EPERM || errno == ENOSYS))
		_exit(UNAVAILABLE);
	if (r->fd < 0)
		die("io_uring_setup");
	ring_attach(r, p);
}

/* The next entry; its number is its user_data. */
static inline struct io_uring_sqe *ring_entry(struct ring *r, int opcode, int fd,
					      unsigned int flags)
{
	unsigned int index = (*r->sq_tail + r->queued) & (r->entries - 1);
	struct io_uring_sqe *entry = &r->sqes[index];

	if (r->queued == r->entries)
		die("ring_entry");
	memset(entry, 0, sizeof(*entry));
	entry->opcode = (__u8)opcode;
	entry->fd = fd;
	entry->flags = (__u8)flags;
	entry->user_data = r->queued;
	r->array[index] = index;
	r->queued++;
	return entry;
}

static inline void ring_enter(struct ring *r, unsigned int submit, unsigned int wait,
			      unsigned int flags)
{
	long n;

	do
		n = syscall(__NR_io_uring_enter, r->fd, submit, wait,
			    flags | (wait ? IORING_ENTER_GETEVENTS : 0), NULL, 0);
	while (n < 0 && errno == EINTR);
	if (n != (long)submit && !(r->setup & IORING_SETUP_SQPOLL))
		die("io_uring_enter");
}

/* Submits what was put in, and waits for so many completions. */
static inline void ring_submit(struct ring *r, unsigned int wait)
{
	unsigned int count = r->queued, flags = 0;

	*r->sq_tail += count;
	r->queued = 0;
	if (r->setup & IORING_SETUP_SQPOLL)
		flags = *r->sq_flags & IORING_SQ_NEED_WAKEUP ? IORING_ENTER_SQ_WAKEUP : 0;
	ring_enter(r, count, wait, flags);
	/* The entries are free when the kernel has taken them. */
	while (*r->sq_head != *r->sq_tail)
		ring_enter(r, 0, 0, IORING_ENTER_SQ_WAKEUP);
}

struct completion {
	__u64 user_data;
	__s32 res;
	__u32 flags;
};

/* Takes one completion, and waits for it. */
static inline struct completion ring_take(struct ring *r)
{
	struct completion entry;

	if (*r->cq_head == *r->cq_tail)
		ring_enter(r, 0, 1, 0);
	if (*r->cq_head == *r->cq_tail)
		die("no completion");
	memcpy(&entry, &r->cqes[*r->cq_head & r->mask], sizeof(entry));
	++*r->cq_head;
	return entry;
}

/* Submits, waits for so many, and tells their results by number. */
static inline void ring_run(struct ring *r, int count, int *results)
{
	for (int i = 0; i < count; i++)
		results[i] = -1000;
	ring_submit(r, (unsigned int)count);
	for (int i = 0; i < count; i++) {
		struct completion entry = ring_take(r);

		if (entry.user_data < (__u64)count)
			results[entry.user_data] = entry.res;
	}
}

/* One operation from its submission to its end. */
static inline int ring_one(struct ring *r)
{
	int result;

	ring_run(r, 1, &result);
	return result;
}

static inline void put_open(struct ring *r, const char *path, int open_flags, mode_t mode,
			    unsigned int flags)
{
	struct io_uring_sqe *entry = ring_entry(r, IORING_OP_OPENAT, -100, flags);

	entry->addr = (unsigned long)path;
	entry->open_flags = (__u32)open_flags;
	entry->len = mode;
}

static inline void put_socket(struct ring *r, int opcode, int fd, const void *address, size_t size,
			      unsigned int flags)
{
	struct io_uring_sqe *entry = ring_entry(r, opcode, fd, flags);

	entry->addr = (unsigned long)address;
	entry->off = size;
}

#endif
