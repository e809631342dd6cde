/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sinks/journal_entry.h"

enum {
	/* Room for as many entries as the journal lets wait (net.unix.max_dgram_qlen), not for the default's 90. */
	JOURNAL_SEND_BUFFER = 8388608,
};

struct journal {
	struct sink sink;
	struct sockaddr_un address;
	int fd; /* owned; -1: not connected */
	struct journal_entry entry;
	uint64_t written;
	uint64_t refused;
	int error; /* of the last line; 0: it was taken */
};

static struct journal *journal_of(struct sink *sink)
{
	return (struct journal *)sink;
}

static int journal_connect(struct journal *journal)
{
	const int size = JOURNAL_SEND_BUFFER;
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	/* The first needs CAP_NET_ADMIN; the second goes as far as net.core.wmem_max. Either is an improvement only. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (connect(fd, (const struct sockaddr *)&journal->address, sizeof(journal->address)) < 0)
		return -errno;
	journal->fd = TAKE_FD(fd);
	return 0;
}

/* Entries that no datagram can hold: the journal takes a sealed memory file instead. */
static int journal_send_file(int fd, const struct buffer *bytes)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message = { .msg_control = &control, .msg_controllen = sizeof(control) };
	_cleanup_close_ int file = memfd_create("seshat-journal", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r;

	if (file < 0)
		return -errno;
	r = fd_write_all(file, bytes->data, bytes->size);
	if (r < 0)
		return r;
	if (fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
		return -errno;
	control.header = (struct cmsghdr){
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
		.cmsg_len = CMSG_LEN(sizeof(int)),
	};
	memcpy(CMSG_DATA(&control.header), &file, sizeof(file));
	return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

static int journal_send(int fd, const struct buffer *bytes)
{
	if (send(fd, bytes->data, bytes->size, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
		return 0;
	if (errno == EMSGSIZE || errno == ENOBUFS)
		return journal_send_file(fd, bytes);
	return -errno;
}

/* Is there nobody any more at the other end of the connection? Then there may be a new one at the path. */
static bool journal_gone(int error)
{
	return error == -ECONNREFUSED || error == -ENOTCONN || error == -ECONNRESET ||
	       error == -EPIPE;
}

static int journal_deliver(struct journal *journal)
{
	bool fresh = journal->fd < 0;
	int r = fresh ? journal_connect(journal) : 0;

	if (r == 0)
		r = journal_send(journal->fd, &journal->entry.bytes);
	if (!journal_gone(r))
		return r;
	journal->fd = fd_close(journal->fd);
	if (!fresh)
		r = journal_connect(journal);
	return r == 0 ? journal_send(journal->fd, &journal->entry.bytes) : r;
}

static int journal_write(struct sink *sink, const char *line, size_t size)
{
	struct journal *journal = journal_of(sink);
	int r = journal_entry_build(&journal->entry, line, size);

	if (r == 0)
		r = journal_deliver(journal);
	/* That is about a file larger than the journal takes, or than may be made: it will never be otherwise. */
	if (r == -EFBIG)
		r = -EMSGSIZE;
	journal->error = r;
	if (r < 0) {
		journal->refused++;
		return r;
	}
	journal->written++;
	return 0;
}

/* A line that was taken has left. */
static int journal_flush(struct sink *sink)
{
	(void)sink;
	return 0;
}

static int journal_close(struct sink *sink, uint64_t *ret_unwritten)
{
	struct journal *journal = journal_of(sink);

	*ret_unwritten = 0;
	journal_entry_free(&journal->entry);
	(void)fd_close(journal->fd);
	free(journal);
	return 0;
}

static void journal_status(const struct sink *sink, struct sink_status *ret)
{
	const struct journal *journal = (const struct journal *)sink;

	ret->written = journal->written;
	ret->refused = journal->refused;
	ret->error = journal->error;
}

static const struct sink_type journal_type = {
	.name = "journal",
	.write = journal_write,
	.flush = journal_flush,
	.close = journal_close,
	.status = journal_status,
};

int journal_new(struct sink **ret, const char *socket_path)
{
	const char *path = socket_path ? socket_path : JOURNAL_SOCKET;
	struct journal *journal;
	int r;

	if (strlen(path) >= sizeof(journal->address.sun_path))
		return -ENAMETOOLONG;
	journal = calloc(1, sizeof(*journal));
	if (!journal)
		return -ENOMEM;
	r = journal_entry_init(&journal->entry);
	if (r < 0) {
		free(journal);
		return r;
	}
	journal->sink.type = &journal_type;
	journal->sink.name = journal_type.name;
	journal->fd = -1;
	journal->address.sun_family = AF_UNIX;
	memcpy(journal->address.sun_path, path, strlen(path) + 1);
	*ret = &journal->sink;
	return 0;
}
