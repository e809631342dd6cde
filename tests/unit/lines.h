/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of a log for tests of what reads it back: with the members that matter there.
 */
#ifndef SESHAT_TESTS_LINES_H
#define SESHAT_TESTS_LINES_H

#define SID_A "aaaaaaaa-7a53-4d0e-9b61-2f7f0c5f1a9d"
#define SID_B "bbbbbbbb-7a53-4d0e-9b61-2f7f0c5f1a9d"
#define SID_C "aaaacccc-7a53-4d0e-9b61-2f7f0c5f1a9d"

/* second: two digits, of 2026-11-21T15:30. rest begins with a comma, or is "". */
#define LINE(event, second, sid, login, user, rest)                                           \
	"{\"event\":\"" event "\",\"time\":\"2026-11-21T15:30:" second                        \
	".000000000Z\",\"sid\":\"" sid "\",\"ei\":0,\"login\":\"" login "\",\"user\":\"" user \
	"\",\"server_hostname\":\"web-1\"" rest "}\n"

#define TASK(pid, ppid, program)                                                       \
	",\"pid\":" #pid ",\"ppid\":" #ppid ",\"tid\":" #pid ",\"program\":\"" program \
	"\",\"exe\":\"/usr/bin/" program "\""

#endif
