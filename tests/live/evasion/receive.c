/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Get descriptors from another process. argv[1] is how: "recvmsg" and "recvmmsg" from the socket that argv[2] is the number
 * of, argv[3] messages; "unwritable" one whose header cannot be written back; "pidfd" copies the descriptor argv[3] of process argv[2].
 * Tells what each descriptor is.
 */
#include "facts.h"

#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum {
	MESSAGES = 8,
	CONTROL_SIZE = 2048,
#if !defined(SYS_pidfd_getfd)
	SYS_pidfd_getfd = 438,
#endif
};

static void tell(int fd)
{
	static struct facts f;
	struct stat st;

	if (fstat(fd, &st) < 0)
		die("fstat");
	facts_begin(&f, "received");
	facts_add(&f, ",\"fd\":%d,\"inode\":%lu", fd, st.st_ino);
	facts_end(&f);
}

static void tell_all(struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			tell(fd);
		}
	}
}

static void by_message(const char *how, int fd, unsigned int count)
{
	static _Alignas(8) char control[MESSAGES][CONTROL_SIZE];
	static char data[MESSAGES][16];
	static struct iovec vectors[MESSAGES];
	static struct mmsghdr messages[MESSAGES];

	for (unsigned int i = 0; i < MESSAGES; i++) {
		vectors[i] = (struct iovec){ data[i], sizeof(data[i]) };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &vectors[i],
						       .msg_iovlen = 1,
						       .msg_control = control[i],
						       .msg_controllen = CONTROL_SIZE };
	}
	if (strcmp(how, "recvmmsg") == 0) {
		if (recvmmsg(fd, messages, count, 0, NULL) != (int)count)
			die("recvmmsg");
		for (unsigned int i = 0; i < count; i++)
			tell_all(&messages[i].msg_hdr);
		return;
	}
	for (unsigned int i = 0; i < count; i++) {
		if (recvmsg(fd, &messages[i].msg_hdr, 0) < 0)
			die("recvmsg");
		tell_all(&messages[i].msg_hdr);
	}
}

/* The kernel cannot write the message's header at the end: the call fails, and the descriptors are there. */
static void by_unwritable_message(int fd)
{
	static _Alignas(8) char control[CONTROL_SIZE];
	static char data[16];
	static struct iovec vector = { data, sizeof(data) };
	struct msghdr *message = mmap(NULL, sizeof(*message), PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (message == MAP_FAILED)
		die("mmap");
	message->msg_iov = &vector;
	message->msg_iovlen = 1;
	message->msg_control = control;
	message->msg_controllen = sizeof(control);
	if (mprotect(message, sizeof(*message), PROT_READ) < 0)
		die("mprotect");
	if (recvmsg(fd, message, 0) >= 0 || errno != EFAULT)
		die("recvmsg");
	tell_all(message);
}

static void by_pidfd(int pid, int target)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), fd;

	if (pidfd < 0)
		die("pidfd_open");
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, target, 0);
	if (fd < 0)
		die("pidfd_getfd");
	tell(fd);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		die("arguments");
	if (strcmp(argv[1], "pidfd") == 0)
		by_pidfd(atoi(argv[2]), atoi(argv[3]));
	else if (strcmp(argv[1], "unwritable") == 0)
		by_unwritable_message(atoi(argv[2]));
	else
		by_message(argv[1], atoi(argv[2]), (unsigned int)atoi(argv[3]));
	return 0;
}
