/* SPDX-License-Identifier: Apache-2.0 */
/* cli/log_journal.c without libsystemd, which alone can read the journal: it cannot be opened. */
#include "cli/log_journal.h"

#include <errno.h>

int log_journal_open(struct log_journal **ret, const char *namespace,
		     const struct log_filter *filter)
{
	(void)ret;
	(void)namespace;
	(void)filter;
	return -EOPNOTSUPP;
}

int log_journal_seek(struct log_journal *journal, const char *since)
{
	(void)journal;
	(void)since;
	return -EOPNOTSUPP;
}

int log_journal_seek_end(struct log_journal *journal)
{
	(void)journal;
	return -EOPNOTSUPP;
}

int log_journal_return(struct log_journal *journal)
{
	(void)journal;
	return -EOPNOTSUPP;
}

int log_journal_next(struct log_journal *journal, const char **ret, size_t *ret_size)
{
	(void)journal;
	(void)ret;
	(void)ret_size;
	return -EOPNOTSUPP;
}

int log_journal_previous(struct log_journal *journal, const char **ret, size_t *ret_size)
{
	return log_journal_next(journal, ret, ret_size);
}

int log_journal_wait(struct log_journal *journal, int timeout_ms)
{
	(void)journal;
	(void)timeout_ms;
	return -EOPNOTSUPP;
}

void log_journal_free(struct log_journal *journal)
{
	(void)journal;
}

void log_journal_freep(struct log_journal **journal)
{
	log_journal_free(*journal);
}
