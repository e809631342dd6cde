/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real 32-bit program, without a C library: open, openat, openat2, creat, connect (by its own number and through
 * socketcall), execve. argv: a file that is there, a path that is not, a path to create, a program to execute. Tells the
 * result of each call, a line each, and executes at last.
 */
#define AT_FDCWD (-100)

enum {
	NR_exit = 1,
	NR_write = 4,
	NR_open = 5,
	NR_close = 6,
	NR_creat = 8,
	NR_execve = 11,
	NR_socketcall = 102,
	NR_openat = 295,
	NR_socket = 359,
	NR_connect = 362,
	NR_openat2 = 437
};
enum { CALL_SOCKET = 1, CALL_CONNECT = 3, CALL_SENDTO = 11 };

static long call(long number, long a, long b, long c, long d)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d)
			 : "memory");
	return result;
}

static void say(const char *name, long result)
{
	char line[64], digits[16];
	int used = 0, n = 0;
	unsigned long rest = result < 0 ? 0UL - (unsigned long)result : (unsigned long)result;

	while (name[used]) {
		line[used] = name[used];
		used++;
	}
	line[used++] = ' ';
	if (result < 0)
		line[used++] = '-';
	do {
		digits[n++] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest);
	while (n)
		line[used++] = digits[--n];
	line[used++] = '\n';
	call(NR_write, 1, (long)line, used, 0);
}

static void open_files(char **argv)
{
	struct {
		unsigned long long flags, mode, resolve;
	} how = { 0x8000, 0, 8 }; /* O_LARGEFILE, RESOLVE_BENEATH */
	long fd;

	fd = call(NR_open, (long)argv[1], 0, 0, 0);
	say("open", fd);
	call(NR_close, fd, 0, 0, 0);
	say("open", call(NR_open, (long)argv[2], 2, 0, 0));
	fd = call(NR_openat, AT_FDCWD, (long)argv[1], 0x80000, 0);
	say("openat", fd);
	call(NR_close, fd, 0, 0, 0);
	say("openat2", call(NR_openat2, AT_FDCWD, (long)argv[2], (long)&how, sizeof(how)));
	fd = call(NR_creat, (long)argv[3], 0640, 0, 0);
	say("creat", fd);
	call(NR_close, fd, 0, 0, 0);
}

static void connect_sockets(void)
{
	/* AF_INET, port 9 (0x0900 in memory), 127.0.0.1 */
	unsigned char to[16] = { 2, 0, 0, 9, 127, 0, 0, 1 };
	long args[6];
	long fd;

	fd = call(NR_socket, 2, 2, 0, 0);
	say("connect", call(NR_connect, fd, (long)to, sizeof(to), 0));
	call(NR_close, fd, 0, 0, 0);
	args[0] = 2;
	args[1] = 2;
	args[2] = 0;
	fd = call(NR_socketcall, CALL_SOCKET, (long)args, 0, 0);
	to[3] = 10;
	args[0] = fd;
	args[1] = (long)to;
	args[2] = sizeof(to);
	say("socketcall", call(NR_socketcall, CALL_CONNECT, (long)args, 0, 0));
	call(NR_close, fd, 0, 0, 0);
	args[0] = 2;
	args[1] = 2;
	args[2] = 0;
	fd = call(NR_socketcall, CALL_SOCKET, (long)args, 0, 0);
	to[3] = 11;
	args[0] = fd;
	args[1] = (long)"x";
	args[2] = 1;
	args[3] = 0;
	args[4] = (long)to;
	args[5] = sizeof(to);
	say("sendto", call(NR_socketcall, CALL_SENDTO, (long)args, 0, 0));
	call(NR_close, fd, 0, 0, 0);
}

/* The kernel leaves argc and argv on the stack. */
__attribute__((noreturn, used)) static void run(long *stack)
{
	char **argv = (char **)(stack + 1);
	char *args[] = { (char *)"from-32", (char *)"a\nb", 0 };

	if (stack[0] == 5) {
		open_files(argv);
		connect_sockets();
		say("execve", call(NR_execve, (long)argv[2], (long)args, 0, 0));
		call(NR_execve, (long)argv[4], (long)args, 0, 0);
	}
	call(NR_exit, 98, 0, 0, 0);
	__builtin_unreachable();
}

__asm__(".globl _start\n_start:\n\tmov %esp, %eax\n\tpush %eax\n\tcall run\n");
