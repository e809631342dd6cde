/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations of io_uring as its arguments say, all submitted at once, and what each gave, in order; -1000 for none that
 * has told. First the options:
 *
 *	setup=FLAGS entries=N   of the ring (IORING_SETUP_*); completions=N: of its completion queue
 *	files=N                 so many empty direct descriptors
 *	socket=FAMILY,TYPE      a socket, from descriptor 20 on
 *	bound=FAMILY,TYPE,ADDRESS  the same, bound
 *	listening=FAMILY,ADDRESS   a stream socket, bound and listening
 *	uid=N                   a personality of this user is registered, and used by each entry
 *	by=thread|child|orphan  who submits: a thread; a child, on the ring of its parent; a thread whose first one has ended
 *	times=N                 the whole once more, N times in all
 *	wait=N                  for so many completions, not for all
 *
 * then the operations, as NAME=IOSQE_FLAGS,... with descriptors, numbers, paths, and addresses in hexadecimal.
 */
#include "uring.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum {
	FIRST_SOCKET = 20,
	WORDS = 8,
	OPERATIONS = 1024,
	ADDRESS = 128,
	NO_RESULT = -1000,
};

struct address {
	unsigned char bytes[ADDRESS];
	size_t size;
};

/* What entries point to stays until the end. */
struct message {
	struct address address, second;
	struct msghdr header;
	struct iovec data;
	struct open_how how;
};

struct run {
	struct ring ring;
	int argc, operations, wait, times, sockets;
	char **argv;
	const char *by;
	unsigned int personality;
	pthread_t first;
};

static int split(char *text, char **words)
{
	int n = 0;

	for (char *word = strtok(text, ","); word && n < WORDS; word = strtok(NULL, ","))
		words[n++] = word;
	return n;
}

static void read_address(struct address *a, const char *hex)
{
	unsigned int byte;

	for (a->size = 0; a->size < ADDRESS && sscanf(hex, "%2x", &byte) == 1; a->size++, hex += 2)
		a->bytes[a->size] = (unsigned char)byte;
}

static long number(const char *word)
{
	return strtol(word, NULL, 0);
}

static struct io_uring_sqe *put_path(struct ring *r, int opcode, char **w, int n)
{
	struct io_uring_sqe *entry =
		ring_entry(r, opcode, (int)number(w[1]), (unsigned int)number(w[0]));

	/* "0" is no path but a pointer to nothing. */
	entry->addr = n > 2 && strcmp(w[2], "0") ? (unsigned long)w[2] : 0;
	return entry;
}

static void put_file(struct ring *r, const char *name, char **w, int n, struct message *m)
{
	struct io_uring_sqe *entry;

	if (strcmp(name, "open") == 0 || strcmp(name, "open2") == 0) {
		/* FLAGS,DIRECTORY,PATH,OPEN_FLAGS,MODE,SLOT,RESOLVE */
		bool second = name[4];

		entry = put_path(r, second ? IORING_OP_OPENAT2 : IORING_OP_OPENAT, w, n);
		entry->file_index = n > 5 ? (__u32)number(w[5]) : 0;
		m->how = (struct open_how){ .flags = (__u64)number(w[3]),
					    .mode = (__u64)number(w[4]),
					    .resolve = n > 6 ? (__u64)number(w[6]) : 0 };
		entry->open_flags = second ? 0 : (__u32)number(w[3]);
		entry->len = second ? sizeof(m->how) : (__u32)number(w[4]);
		entry->addr2 = second ? (unsigned long)&m->how : 0;
	} else if (strcmp(name, "unlink") == 0) {
		put_path(r, IORING_OP_UNLINKAT, w, n)->unlink_flags = (__u32)number(w[3]);
	} else { /* FLAGS,DIRECTORY,PATH,NEW_DIRECTORY,NEW_PATH,FLAGS */
		int opcode = strcmp(name, "rename") == 0 ? IORING_OP_RENAMEAT :
			     strcmp(name, "link") == 0	 ? IORING_OP_LINKAT :
							   IORING_OP_SYMLINKAT;

		entry = put_path(r, opcode, w, n);
		entry->addr2 = (unsigned long)w[4];
		if (opcode == IORING_OP_SYMLINKAT) {
			entry->fd = (int)number(w[3]);
			return;
		}
		entry->len = (__u32)number(w[3]);
		entry->rename_flags = (__u32)number(w[5]);
	}
}

static void put_message(struct ring *r, const char *name, char **w, struct message *m)
{
	bool zero_copy = strstr(name, "_zc");
	struct io_uring_sqe *entry;
	static char data[] = "hello";

	if (strncmp(name, "sendmsg", 7) == 0) {
		entry = ring_entry(r, zero_copy ? IORING_OP_SENDMSG_ZC : IORING_OP_SENDMSG,
				   (int)number(w[1]), (unsigned int)number(w[0]));
		m->data = (struct iovec){ data, sizeof(data) - 1 };
		m->header = (struct msghdr){ .msg_iov = &m->data, .msg_iovlen = 1 };
		if (m->address.size) {
			m->header.msg_name = m->address.bytes;
			m->header.msg_namelen = (socklen_t)m->address.size;
		}
		entry->addr = (unsigned long)&m->header;
		entry->len = 1;
	} else {
		entry = ring_entry(r, zero_copy ? IORING_OP_SEND_ZC : IORING_OP_SEND,
				   (int)number(w[1]), (unsigned int)number(w[0]));
		entry->addr = (unsigned long)data;
		entry->len = sizeof(data) - 1;
		entry->addr2 = m->address.size ? (unsigned long)m->address.bytes : 0;
		entry->addr_len = (__u16)m->address.size;
	}
	entry->msg_flags = (__u32)number(w[3]);
}

static void put_network(struct ring *r, const char *name, char **w, int n, struct message *m)
{
	struct io_uring_sqe *entry;

	/* FLAGS,DESCRIPTOR,ADDRESS or "-",... */
	read_address(&m->address, n > 2 ? w[2] : "");
	if (strcmp(name, "connect") == 0 || strcmp(name, "bind") == 0) {
		put_socket(r, *name == 'c' ? IORING_OP_CONNECT : OP_BIND, (int)number(w[1]),
			   m->address.size ? m->address.bytes : NULL,
			   m->address.size ? m->address.size : 16, (unsigned int)number(w[0]));
	} else if (strcmp(name, "listen") == 0) {
		ring_entry(r, OP_LISTEN, (int)number(w[1]), (unsigned int)number(w[0]))->len = 8;
	} else if (strcmp(name, "accept") ==
		   0) { /* FLAGS,DESCRIPTOR,-,SLOT,ACCEPT_FLAGS,MULTISHOT */
		entry = ring_entry(r, IORING_OP_ACCEPT, (int)number(w[1]),
				   (unsigned int)number(w[0]));
		entry->file_index = (__u32)number(w[3]);
		entry->accept_flags = (__u32)number(w[4]);
		entry->ioprio = (__u16)number(w[5]);
	} else {
		put_message(r, name, w, m);
	}
}

static void put(struct run *run, const char *operation, struct message *m)
{
	static const char *const files[] = {
		"open", "open2", "unlink", "rename", "link", "symlink"
	};
	char *text = strdup(operation), *equals = text ? strchr(text, '=') : NULL, *w[WORDS];
	struct ring *r = &run->ring;
	unsigned int index = (*r->sq_tail + r->queued) & (r->entries - 1);
	bool is_file = false;
	int n;

	if (!equals)
		die(operation);
	*equals = 0;
	n = split(equals + 1, w);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		is_file |= strcmp(text, files[i]) == 0;
	if (is_file)
		put_file(r, text, w, n, m);
	else if (strcmp(text, "nop") == 0)
		ring_entry(r, IORING_OP_NOP, -1, (unsigned int)number(w[0]));
	else if (strcmp(text, "close") == 0) /* FLAGS,DESCRIPTOR,SLOT */
		ring_entry(r, IORING_OP_CLOSE, (int)number(w[1]), (unsigned int)number(w[0]))
			->file_index = (__u32)number(w[2]);
	else
		put_network(r, text, w, n, m);
	if (run->personality)
		r->sqes[index].personality = (__u16)run->personality;
}

static void option_socket(struct run *run, char **w, int n, bool listening)
{
	int type = listening ? SOCK_STREAM : (int)number(w[1]);
	const char *address = listening ? w[1] : n > 2 ? w[2] : "";
	int fd = socket((int)number(w[0]), type, 0);
	struct address a;

	read_address(&a, address);
	if (fd < 0 || dup2(fd, FIRST_SOCKET + run->sockets++) < 0 ||
	    (a.size && bind(fd, (struct sockaddr *)a.bytes, (socklen_t)a.size) < 0) ||
	    (listening && listen(fd, 8) < 0))
		die("socket");
	close(fd);
}

/* Until the first word that is no option. */
static void options(struct run *run, struct io_uring_params *p, unsigned int *entries, int *files,
		    int *uid)
{
	for (; run->argc > 0; run->argc--, run->argv++) {
		char *text = strdup(*run->argv), *equals = text ? strchr(text, '=') : NULL;
		char *w[WORDS] = { NULL };
		int n;

		if (!equals)
			die("option");
		*equals = 0;
		n = split(equals + 1, w);
		if (strcmp(text, "setup") == 0)
			p->flags |= (__u32)number(w[0]);
		else if (strcmp(text, "entries") == 0)
			*entries = (unsigned int)number(w[0]);
		else if (strcmp(text, "completions") == 0)
			p->cq_entries = (__u32)number(w[0]), p->flags |= IORING_SETUP_CQSIZE;
		else if (strcmp(text, "files") == 0)
			*files = (int)number(w[0]);
		else if (strcmp(text, "socket") == 0 || strcmp(text, "bound") == 0)
			option_socket(run, w, n, false);
		else if (strcmp(text, "listening") == 0)
			option_socket(run, w, n, true);
		else if (strcmp(text, "uid") == 0)
			*uid = (int)number(w[0]);
		else if (strcmp(text, "by") == 0)
			run->by = w[0];
		else if (strcmp(text, "times") == 0)
			run->times = (int)number(w[0]);
		else if (strcmp(text, "wait") == 0)
			run->wait = (int)number(w[0]);
		else
			return;
	}
}

static void register_files(const struct ring *r, int files)
{
	struct io_uring_rsrc_register sparse = { .nr = (__u32)files,
						 .flags = IORING_RSRC_REGISTER_SPARSE };

	if (syscall(__NR_io_uring_register, r->fd, IORING_REGISTER_FILES2, &sparse,
		    sizeof(sparse)) < 0)
		die("IORING_REGISTER_FILES2");
}

static unsigned int register_user(const struct ring *r, int uid)
{
	long id;

	if (setresgid((gid_t)uid, (gid_t)uid, 0) < 0 || setresuid((uid_t)uid, (uid_t)uid, 0) < 0)
		die("setresuid");
	id = syscall(__NR_io_uring_register, r->fd, IORING_REGISTER_PERSONALITY, NULL, 0);
	if (setresuid(0, 0, 0) < 0 || setresgid(0, 0, 0) < 0 || id < 0)
		die("IORING_REGISTER_PERSONALITY");
	return (unsigned int)id;
}

static void tell_names(struct facts *f, int sockets)
{
	struct sockaddr_storage name;
	struct stat st;
	socklen_t size;

	for (int i = 0; i < sockets; i++) {
		char key[16];

		size = sizeof(name);
		snprintf(key, sizeof(key), "local%d", i);
		if (getsockname(FIRST_SOCKET + i, (struct sockaddr *)&name, &size) == 0)
			facts_hex(f, key, &name, size);
		if (fstat(FIRST_SOCKET + i, &st) == 0)
			facts_add(f, ",\"inode%d\":%lu", i, (unsigned long)st.st_ino);
	}
}

static void *go(void *argument)
{
	struct message *messages = calloc((size_t)OPERATIONS, sizeof(*messages));
	struct run *run = argument;
	struct completion *told = calloc(OPERATIONS, sizeof(*told));
	struct facts f;

	if (!messages || !told || run->operations > OPERATIONS)
		die("operations");
	if (run->first && pthread_join(run->first, NULL) != 0)
		die("pthread_join");
	for (int t = 0; t < run->times; t++) {
		int results[OPERATIONS];

		for (int i = 0; i < run->operations; i++) {
			results[i] = NO_RESULT;
			put(run, run->argv[i], &messages[i]);
		}
		ring_submit(&run->ring, (unsigned int)run->wait);
		for (int i = 0; i < run->wait; i++) {
			told[i] = ring_take(&run->ring);
			/* The second completion of a zero-copy send is about its memory. */
			if (told[i].user_data < (__u64)run->operations && !(told[i].flags & 8))
				results[told[i].user_data] = told[i].res;
		}
		facts_begin(&f, "uring");
		facts_add(&f, ",\"results\":[");
		for (int i = 0; i < run->operations; i++)
			facts_add(&f, "%s%d", i ? "," : "", results[i]);
		facts_add(&f, "],\"told\":[");
		for (int i = 0; i < run->wait; i++)
			facts_add(&f, "%s%d", i ? "," : "", told[i].res);
		facts_add(&f, "]");
		tell_names(&f, run->sockets);
		facts_end(&f);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct run run = { .argc = argc - 1, .argv = argv + 1, .wait = -1, .times = 1, .by = "" };
	struct io_uring_params p = { 0 };
	unsigned int entries = 8;
	int files = 0, uid = 0, status = 0;
	pthread_t thread;

	options(&run, &p, &entries, &files, &uid);
	run.operations = run.argc;
	if (run.wait < 0)
		run.wait = run.operations;
	ring_open(&run.ring, entries, &p);
	if (files)
		register_files(&run.ring, files);
	if (uid)
		run.personality = register_user(&run.ring, uid);
	if (strcmp(run.by, "child") == 0) {
		if (fork() == 0) {
			go(&run);
			return 0;
		}
		wait(&status);
		return WEXITSTATUS(status);
	}
	if (strcmp(run.by, "orphan") == 0)
		run.first = pthread_self();
	if (!*run.by) {
		go(&run);
		return 0;
	}
	if (pthread_create(&thread, NULL, go, &run) != 0)
		die("pthread_create");
	if (run.first)
		pthread_exit(NULL);
	pthread_join(thread, NULL);
	return 0;
}
