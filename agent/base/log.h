/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages to the user, on standard error: "program: text", one write(2) each. Bytes that could
 * play with a terminal (control characters, bidirectional marks, what is not UTF-8) are shown as
 * \xNN. A message longer than 1,500 bytes is cut. Only programs log; libraries return errors.
 */
#ifndef SESHAT_BASE_LOG_H
#define SESHAT_BASE_LOG_H

/*
 * The name before the colon. Borrowed, must outlive all messages. Default: the program's short
 * name.
 */
void log_set_program(const char *name);

/*
 * From now on messages go to syslog(3), as those of a daemon, and no longer to standard error: for a program that has
 * none.
 */
void log_set_syslog(void);

/*
 * From now on a message that standard error does not take at once is left out, and how many were is said with the next:
 * a program that must go on cannot wait for whoever reads its messages.
 */
void log_set_hasty(void);

/* Something failed: "program: text". errno is left as it was. */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Something is not as it should be, but the work goes on: "program: warning: text". */
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
