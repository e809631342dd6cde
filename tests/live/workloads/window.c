/* SPDX-License-Identifier: Apache-2.0 */
/* Print "ready", then the terminal's size at each change of it, until a line comes in; "interrupted" at Ctrl-C. */
#include "facts.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>

static void say(const char *text)
{
	if (write(1, text, strlen(text)) < 0)
		die("write");
}

static void say_size(void)
{
	struct winsize size;
	char text[64];

	if (ioctl(0, TIOCGWINSZ, &size) < 0)
		die("ioctl");
	snprintf(text, sizeof(text), "size %u %u\n", size.ws_row, size.ws_col);
	say(text);
}

int main(void)
{
	struct signalfd_siginfo info;
	struct pollfd in[2];
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	in[0] = (struct pollfd){ .fd = 0, .events = POLLIN };
	in[1] = (struct pollfd){ .fd = signalfd(-1, &set, 0), .events = POLLIN };
	say("ready\n");
	for (;;) {
		if (poll(in, 2, -1) < 0)
			die("poll");
		if (in[1].revents && read(in[1].fd, &info, sizeof(info)) == sizeof(info)) {
			if (info.ssi_signo == SIGINT) {
				say("interrupted\n");
				return 3;
			}
			say_size();
		}
		if (in[0].revents)
			return 4;
	}
}
