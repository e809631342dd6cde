/* SPDX-License-Identifier: Apache-2.0 */
/* Print "ready", then the number of each signal that comes, until the end of standard input. */
#include "facts.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

int main(void)
{
	struct signalfd_siginfo info;
	struct pollfd in[2];
	sigset_t set;

	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	in[0] = (struct pollfd){ .fd = 0, .events = POLLIN };
	in[1] = (struct pollfd){ .fd = signalfd(-1, &set, 0), .events = POLLIN };
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	for (;;) {
		if (poll(in, 2, -1) < 0)
			die("poll");
		if (in[1].revents && read(in[1].fd, &info, sizeof(info)) == sizeof(info))
			printf("signal %u\n", info.ssi_signo);
		if (in[0].revents)
			return 0;
	}
}
