/* SPDX-License-Identifier: Apache-2.0 */
/* The log as systemd's journal has it: the lines that the agent, or another process of root's, has put there. */
#ifndef SESHAT_CLI_LOG_JOURNAL_H
#define SESHAT_CLI_LOG_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "cli/log_filter.h"

struct log_journal;

/*
 * Opens the journal, or a namespace of it ("": none). The filter chooses what is looked at, as far as the journal has an
 * index for it: the lines have to be matched all the same. Returns 0 or negative errno.
 */
int log_journal_open(struct log_journal **ret, const char *namespace,
		     const struct log_filter *filter);

/* Goes to the first entry at or after a record's time; "": to the oldest. Returns 0 or negative errno. */
int log_journal_seek(struct log_journal *journal, const char *since);

/*
 * Goes behind the newest entry; log_journal_return goes back there, so that log_journal_next finds what has come since.
 * Return 0 or negative errno.
 */
int log_journal_seek_end(struct log_journal *journal);
int log_journal_return(struct log_journal *journal);

/*
 * The next entry's line, or the one before this one, without its end; borrowed until the next call. Returns 1, 0 when
 * there is none, or negative errno.
 */
int log_journal_next(struct log_journal *journal, const char **ret, size_t *ret_size);
int log_journal_previous(struct log_journal *journal, const char **ret, size_t *ret_size);

/* Waits for more: at most timeout_ms (-1: for ever). Returns 1, 0 when the time is over, or negative errno. */
int log_journal_wait(struct log_journal *journal, int timeout_ms);

/* NULL is allowed; _freep for _cleanup_. */
void log_journal_free(struct log_journal *journal);
void log_journal_freep(struct log_journal **journal);

#endif
