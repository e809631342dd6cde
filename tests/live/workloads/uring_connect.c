/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connect a TCP socket to 127.0.0.1 at the port argv[1] through io_uring, with the plain system calls, then send on it
 * twice, and once on another that is not connected. Says what each gave; exit status 77 where io_uring is switched off.
 */
#include "facts.h"

#include <arpa/inet.h>
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum { ENTRIES = 4, UNAVAILABLE = 77 };

static void *map(int ring, size_t size, off_t what)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, what);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

static int ring_connect(int ring, const struct io_uring_params *p, int fd,
			const struct sockaddr_in *to)
{
	char *sq = map(ring, p->sq_off.array + p->sq_entries * sizeof(__u32), IORING_OFF_SQ_RING);
	char *cq = map(ring, p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe),
		       IORING_OFF_CQ_RING);
	struct io_uring_sqe *entry =
		map(ring, p->sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);

	memset(entry, 0, sizeof(*entry));
	entry->opcode = IORING_OP_CONNECT;
	entry->fd = fd;
	entry->addr = (unsigned long)to;
	entry->off = sizeof(*to);
	*(__u32 *)(sq + p->sq_off.array) = 0;
	__atomic_store_n((__u32 *)(sq + p->sq_off.tail), 1, __ATOMIC_SEQ_CST);
	if (syscall(__NR_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		die("io_uring_enter");
	return ((struct io_uring_cqe *)(cq + p->cq_off.cqes))->res;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), other = socket(AF_INET, SOCK_STREAM, 0);
	struct io_uring_params p;
	struct facts f;
	int ring;

	memset(&p, 0, sizeof(p));
	ring = (int)syscall(__NR_io_uring_setup, ENTRIES, &p);
	if (ring < 0 && (errno == EPERM || errno == ENOSYS))
		return UNAVAILABLE;
	if (ring < 0 || fd < 0 || other < 0 || argc != 2)
		die("setup");
	to.sin_port = htons((unsigned short)atoi(argv[1]));
	facts_begin(&f, "ring");
	facts_add(&f, ",\"connect\":%d", ring_connect(ring, &p, fd, &to));
	facts_add(&f, ",\"sends\":[%zd,%zd,%zd]", send(fd, "hello", 5, 0), send(fd, "again!", 6, 0),
		  send(other, "x", 1, MSG_NOSIGNAL));
	facts_end(&f);
	return 0;
}
