/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Make the system calls that the script on standard input names, one a line, and tell what each returned.
 *
 *	NAME FLAGS NUMBER ARGUMENT...
 *
 * FLAGS: - none, 3 by int $0x80 (the 32-bit interface), c in a forked child, t in a thread of its own,
 * f the result is a descriptor (its inode is told; it is closed), k keep that descriptor open, n tell the socket's own
 * address after the call.
 * ARGUMENT: i<decimal>, s<hex> a string, b<hex> bytes, e<hex> bytes at the very end of readable
 * memory, r<name> the result of an earlier call, p a bad pointer, {<width><argument>;...} a structure of
 * arguments of 8 (q), 4 (w), 2 (h) bytes or of a pointer's size (p).
 */
#include "facts.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

enum {
	ARENA_SIZE = 16 << 20,
	PAGE = 4096,
	ARGS = 6,
	RESULTS = 4096,
	BAD_POINTER = 16,
};

struct call {
	char name[64];
	char flags[16];
	long number;
	long args[ARGS];
	long result;
	struct facts facts;
};

static struct {
	char name[64];
	long value;
} results[RESULTS];
static int n_results;
static char *arena;
static size_t arena_used;

/* Arguments 1 to 6 of the 32-bit interface are in ebx, ecx, edx, esi, edi, ebp. */
long call_32(long number, const long *args);
__asm__(".text\n.globl call_32\n.type call_32, @function\ncall_32:\n"
	"push %rbx\npush %rbp\n"
	"mov %rdi, %rax\n"
	"mov 0(%rsi), %rbx\nmov 8(%rsi), %rcx\nmov 16(%rsi), %rdx\nmov 32(%rsi), %rdi\nmov 40(%rsi), %rbp\n"
	"mov 24(%rsi), %rsi\n"
	"int $0x80\n"
	"pop %rbp\npop %rbx\n"
	"movslq %eax, %rax\nret\n.size call_32, . - call_32\n");

static bool has(const struct call *c, char flag)
{
	return strchr(c->flags, flag) != NULL;
}

/* Memory below 4 GiB, so that the 32-bit interface can name it too. */
static char *take(size_t size)
{
	char *p = arena + arena_used;

	arena_used += (size + 15) & ~(size_t)15;
	if (arena_used > ARENA_SIZE) {
		errno = ENOMEM;
		die("arena");
	}
	memset(p, 0, size);
	return p;
}

static char *take_at_edge(size_t size)
{
	size_t pages = (size + PAGE - 1) / PAGE + 1;
	char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	if (p == MAP_FAILED || mprotect(p + (pages - 1) * PAGE, PAGE, PROT_NONE) < 0)
		die("mmap");
	return p + (pages - 1) * PAGE - size;
}

static unsigned int nibble(char c)
{
	return (unsigned int)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static size_t hex_length(const char *text)
{
	return strspn(text, "0123456789abcdef") / 2;
}

static const char *unhex(const char *text, char *to, size_t size)
{
	for (size_t i = 0; i < size; i++)
		to[i] = (char)(nibble(text[2 * i]) << 4 | nibble(text[2 * i + 1]));
	return text + 2 * size;
}

static long result_of(const char *name, size_t length)
{
	for (int i = n_results - 1; i >= 0; i--)
		if (strlen(results[i].name) == length && memcmp(results[i].name, name, length) == 0)
			return results[i].value;
	errno = ENOENT;
	die("no such result");
	return -1;
}

static long parse_argument(const char **text, bool compat);

static long parse_structure(const char **text, bool compat)
{
	size_t fields = 1, used = 0, width;
	char *data, *start;

	for (const char *p = *text; *p && *p != '\n' && *p != ' '; p++)
		fields += *p == ';';
	data = start = take(8 * fields);
	while (**text != '}') {
		char kind = *(*text)++;
		long value = parse_argument(text, compat);

		width = kind == 'q' ? 8 : kind == 'w' ? 4 : kind == 'h' ? 2 : compat ? 4 : 8;
		memcpy(data + used, &value, width);
		used += width;
		if (**text == ';')
			(*text)++;
	}
	(*text)++;
	return (long)start;
}

static long parse_argument(const char **text, bool compat)
{
	char kind = *(*text)++;
	size_t size;
	char *p, *end;
	long value;

	switch (kind) {
	case 'i':
		value = (long)strtoull(*text, &end, 10);
		*text = end;
		return value;
	case 's':
	case 'b':
		size = hex_length(*text);
		p = take(size + 1);
		*text = unhex(*text, p, size);
		return (long)p;
	case 'e':
		size = hex_length(*text);
		p = take_at_edge(size);
		*text = unhex(*text, p, size);
		return (long)p;
	case 'r':
		size = strcspn(*text, " ;}\n");
		value = result_of(*text, size);
		*text += size;
		return value;
	case 'p':
		return BAD_POINTER;
	case '{':
		return parse_structure(text, compat);
	}
	errno = EINVAL;
	die("argument");
	return -1;
}

/* The network namespace of a socket, where this process may ask. */
static void add_namespace(struct facts *f, int fd)
{
	int net_ns = ioctl(fd, SIOCGSKNS);
	struct stat st;

	if (net_ns < 0)
		return;
	if (fstat(net_ns, &st) < 0)
		die("fstat");
	facts_add(f, ",\"net_ns\":%lu", st.st_ino);
	close(net_ns);
}

static void add_file(struct facts *f, int fd)
{
	char link[64], path[8192];
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		die("fstat");
	facts_add(f, ",\"inode\":%lu,\"dev\":\"%u:%u\"", st.st_ino, major(st.st_dev),
		  minor(st.st_dev));
	if (S_ISSOCK(st.st_mode))
		add_namespace(f, fd);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path));
	if (n >= 0)
		facts_hex(f, "link", path, (size_t)n);
}

static void add_name(struct facts *f, int fd)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &size) == 0)
		facts_hex(f, "local", &address, size);
}

static void *make_call(void *userdata)
{
	struct call *c = userdata;
	long *a = c->args;

	facts_begin(&c->facts, c->name);
	if (has(c, '3')) {
		c->result = call_32(c->number, a);
	} else {
		c->result = syscall(c->number, a[0], a[1], a[2], a[3], a[4], a[5]);
		if (c->result == -1)
			c->result = -errno;
	}
	facts_add(&c->facts, ",\"result\":%ld", c->result);
	if (has(c, 'f') && c->result >= 0) {
		add_file(&c->facts, (int)c->result);
		if (!has(c, 'k'))
			close((int)c->result);
	}
	if (has(c, 'n'))
		add_name(&c->facts, (int)a[0]);
	facts_end(&c->facts);
	return NULL;
}

static void run_call(struct call *c)
{
	pthread_t thread;

	if (!has(c, 't')) {
		make_call(c);
		return;
	}
	if (pthread_create(&thread, NULL, make_call, c) != 0 || pthread_join(thread, NULL) != 0)
		die("thread");
}

static void run_child(struct call *c)
{
	struct facts f;
	int status;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		run_call(c);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		die("waitpid");
	facts_begin(&f, c->name);
	facts_add(&f, ",\"child\":%d,\"status\":%d}\n", pid, status);
	if (write(1, f.text, f.size) != (ssize_t)f.size)
		die("standard output");
	c->result = pid;
}

static void run_line(const char *line)
{
	static struct call c;
	int used = 0;

	memset(&c, 0, sizeof(c));
	arena_used = 0;
	if (sscanf(line, "%63s %15s %ld%n", c.name, c.flags, &c.number, &used) < 3) {
		errno = EINVAL;
		die("line");
	}
	line += used;
	for (int i = 0; i < ARGS && *line == ' '; i++) {
		line++;
		c.args[i] = parse_argument(&line, has(&c, '3'));
	}
	if (has(&c, 'c'))
		run_child(&c);
	else
		run_call(&c);
	if (n_results == RESULTS) {
		errno = ENOSPC;
		die("results");
	}
	strcpy(results[n_results].name, c.name);
	results[n_results++].value = c.result;
}

static char *read_script(void)
{
	size_t size = 0, room = 1 << 20;
	char *text = malloc(room);
	ssize_t n;

	while (text && (n = read(0, text + size, room - size - 1)) > 0) {
		size += (size_t)n;
		if (room - size < 4096)
			text = realloc(text, room *= 2);
	}
	if (!text)
		die("script");
	text[size] = '\0';
	return text;
}

int main(void)
{
	char *script = read_script(), *line = script, *end;

	arena = mmap(NULL, ARENA_SIZE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (arena == MAP_FAILED)
		die("mmap");
	while ((end = strchr(line, '\n'))) {
		*end = '\0';
		run_line(line);
		line = end + 1;
	}
	return 0;
}
