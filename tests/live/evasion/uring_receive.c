/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receive messages with descriptors through io_uring, from the socket that argv[2] is the number of, argv[3] messages, and
 * tell each descriptor that is new then. argv[1] is how, argv[4] the ring's IORING_SETUP_*, argv[5] the entries' IOSQE_*:
 *
 *	each       one after the other, each with memory of its own
 *	batch      all submitted at once, into the same memory
 *	read-only  into a header that the kernel cannot write its answer to
 *	silent     all at once, and only the last one's success makes a completion
 *	multishot  one request for all of them
 */
#include "uring.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum {
	DESCRIPTORS = 1024,
	MESSAGES = 8,
	CONTROL_SIZE = 256,
	BUFFER_SIZE = 1024,
	GROUP = 1,
	RECEIVE_MULTISHOT = 2, /* IORING_RECV_MULTISHOT */
};

static _Alignas(8) char control[MESSAGES][CONTROL_SIZE], buffers[MESSAGES][BUFFER_SIZE];
static char data[MESSAGES][16];
static struct iovec vectors[MESSAGES];

static void fill(struct msghdr *message, int i)
{
	vectors[i] = (struct iovec){ data[i], sizeof(data[i]) };
	*message = (struct msghdr){ .msg_iov = &vectors[i],
				    .msg_iovlen = 1,
				    .msg_control = control[i],
				    .msg_controllen = CONTROL_SIZE };
}

static struct io_uring_sqe *put(struct ring *r, int fd, const struct msghdr *message,
				unsigned int flags)
{
	struct io_uring_sqe *entry = ring_entry(r, IORING_OP_RECVMSG, fd, flags);

	entry->addr = (unsigned long)message;
	entry->len = 1;
	return entry;
}

static void one(struct ring *r, int expected)
{
	int result = ring_one(r);

	if (result != expected) {
		errno = -result;
		die("recvmsg");
	}
}

static void each(struct ring *r, int fd, int count, unsigned int flags)
{
	static struct msghdr messages[MESSAGES];

	for (int i = 0; i < count; i++) {
		fill(&messages[i], i);
		put(r, fd, &messages[i], flags);
		one(r, 1);
	}
}

/* The last of them is heard of. */
static void batch(struct ring *r, int fd, int count, unsigned int flags, unsigned int silent)
{
	static struct msghdr message;
	int heard = silent ? 1 : count;

	fill(&message, 0);
	for (int i = 0; i < count; i++)
		put(r, fd, &message, flags | (i < count - 1 ? silent : 0));
	ring_submit(r, (unsigned int)heard);
	for (int i = 0; i < heard; i++)
		if (ring_take(r).res != 1)
			die("recvmsg");
}

static void read_only(struct ring *r, int fd, int count, unsigned int flags)
{
	struct msghdr *message =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (message == MAP_FAILED)
		die("mmap");
	fill(message, 0);
	if (mprotect(message, 4096, PROT_READ) < 0)
		die("mprotect");
	for (int i = 0; i < count; i++) {
		put(r, fd, message, flags);
		one(r, -EFAULT);
	}
}

static void multishot(struct ring *r, int fd, int count, unsigned int flags)
{
	static struct msghdr message;
	struct io_uring_sqe *entry;

	entry = ring_entry(r, IORING_OP_PROVIDE_BUFFERS, MESSAGES, 0);
	entry->addr = (unsigned long)buffers;
	entry->len = BUFFER_SIZE;
	entry->buf_group = GROUP;
	one(r, 0);
	message.msg_controllen = CONTROL_SIZE;
	entry = put(r, fd, &message, flags | IOSQE_BUFFER_SELECT);
	entry->len = 0;
	entry->ioprio = RECEIVE_MULTISHOT;
	entry->buf_group = GROUP;
	ring_submit(r, (unsigned int)count);
	for (int i = 0; i < count; i++)
		if (ring_take(r).res < 0)
			die("multishot");
}

int main(int argc, char **argv)
{
	static bool before[DESCRIPTORS];
	struct io_uring_params p = { 0 };
	unsigned int flags;
	struct stat st;
	struct facts f;
	struct ring r;
	int fd, count;

	if (argc != 6)
		die("arguments");
	fd = atoi(argv[2]);
	count = atoi(argv[3]);
	p.flags = (__u32)atoi(argv[4]);
	flags = (unsigned int)atoi(argv[5]);
	ring_open(&r, MESSAGES, &p);
	for (int i = 0; i < DESCRIPTORS; i++)
		before[i] = fstat(i, &st) == 0;
	if (strcmp(argv[1], "each") == 0)
		each(&r, fd, count, flags);
	else if (strcmp(argv[1], "batch") == 0)
		batch(&r, fd, count, flags, 0);
	else if (strcmp(argv[1], "silent") == 0)
		batch(&r, fd, count, flags, IOSQE_CQE_SKIP_SUCCESS);
	else if (strcmp(argv[1], "read-only") == 0)
		read_only(&r, fd, count, flags);
	else
		multishot(&r, fd, count, flags);
	for (int i = 0; i < DESCRIPTORS; i++) {
		if (before[i] || fstat(i, &st) < 0)
			continue;
		facts_begin(&f, "received");
		facts_add(&f, ",\"fd\":%d,\"inode\":%lu", i, st.st_ino);
		facts_end(&f);
	}
	return 0;
}
