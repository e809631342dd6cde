/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring that two processes share. Without arguments: makes it, says its process, descriptor and parameters, and waits for
 * the end of standard input; with these three and a PATH: takes it from there (the kernel sends no rings over sockets) and
 * opens PATH through it. Exit status 77 where io_uring is switched off.
 */
#include "uring.h"

#include <fcntl.h>

static void make(void)
{
	struct io_uring_params p = { 0 };
	struct ring ring;
	struct facts f = { 0 };
	char c;

	ring_open(&ring, 8, &p);
	facts_begin(&f, "ring");
	facts_add(&f, ",\"ring\":%d", ring.fd);
	facts_hex(&f, "params", &p, sizeof(p));
	facts_end(&f);
	while (read(0, &c, 1) > 0)
		;
}

static void use(int pid, int fd, const char *params, const char *path)
{
	int process = (int)syscall(SYS_pidfd_open, pid, 0);
	struct io_uring_params p = { 0 };
	struct facts f;
	struct ring ring;

	for (size_t i = 0; i < sizeof(p); i++)
		if (sscanf(params + 2 * i, "%2hhx", (unsigned char *)&p + i) != 1)
			die("parameters");
	ring.fd = (int)syscall(SYS_pidfd_getfd, process, fd, 0);
	if (ring.fd < 0)
		die("pidfd_getfd");
	ring_attach(&ring, &p);
	put_open(&ring, path, O_RDONLY, 0, 0);
	facts_begin(&f, "use");
	facts_add(&f, ",\"result\":%d", ring_one(&ring));
	facts_end(&f);
}

int main(int argc, char **argv)
{
	if (argc == 1)
		make();
	else if (argc == 5)
		use(atoi(argv[1]), atoi(argv[2]), argv[3], argv[4]);
	else
		return 99;
	return 0;
}
