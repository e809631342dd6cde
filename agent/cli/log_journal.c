/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/log_journal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/uuid.h"

enum {
	MATCH_SIZE = 512, /* bytes; longer ones are left to the filter of lines */
};

#define US_PER_S UINT64_C(1000000)

struct log_journal {
	sd_journal *journal; /* owned */
	char *end;	     /* owned: the cursor of the newest entry; NULL: there was none */
};

static int add_match(sd_journal *journal, const char *field, const char *prefix, const char *value,
		     size_t size)
{
	char match[MATCH_SIZE];
	int length = snprintf(match, sizeof(match), "%s=%s%.*s", field, prefix, (int)size, value);

	if (length < 0 || (size_t)length >= sizeof(match))
		return 0;
	return sd_journal_add_match(journal, match, (size_t)length);
}

static int add_string(sd_journal *journal, const char *field, const char *value)
{
	return value ? add_match(journal, field, "", value, strlen(value)) : 0;
}

/* Matches of the same field are alternatives. */
static int add_events(sd_journal *journal, const char *events)
{
	int r = 0;

	for (const char *at = events; at && r >= 0;) {
		size_t size = strcspn(at, ",");

		r = add_match(journal, "SESHAT_EVENT", "", at, size);
		if (r >= 0)
			r = add_match(journal, "SESHAT_EVENT", "session.", at, size);
		at = at[size] ? at + size + 1 : NULL;
	}
	return r;
}

static int add_matches(sd_journal *journal, const struct log_filter *filter)
{
	/* A name that everybody may take, and a field that journald itself has looked up. */
	int r = add_string(journal, "SYSLOG_IDENTIFIER", "seshatd");

	if (r >= 0)
		r = add_string(journal, "_UID", "0");
	if (r >= 0 && filter->sid && strlen(filter->sid) == UUID_SIZE - 1)
		r = add_string(journal, "SESHAT_SID", filter->sid);
	if (r >= 0)
		r = add_string(journal, "SESHAT_LOGIN", filter->login);
	if (r >= 0)
		r = add_string(journal, "SESHAT_USER", filter->user);
	return r < 0 ? r : add_events(journal, filter->events);
}

int log_journal_open(struct log_journal **ret, const char *namespace,
		     const struct log_filter *filter)
{
	_cleanup_(log_journal_freep) struct log_journal *journal = calloc(1, sizeof(*journal));
	int r;

	if (!journal)
		return -ENOMEM;
	r = sd_journal_open_namespace(&journal->journal, namespace[0] ? namespace : NULL,
				      SD_JOURNAL_LOCAL_ONLY);
	if (r >= 0)
		r = add_matches(journal->journal, filter);
	if (r >= 0)
		r = sd_journal_set_data_threshold(journal->journal, 0); /* whole lines */
	/* Opens the descriptor that the waiting is for: from here on nothing is missed. */
	if (r >= 0)
		r = sd_journal_get_fd(journal->journal);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(journal);
	return 0;
}

int log_journal_seek(struct log_journal *journal, const char *since)
{
	struct tm utc = { 0 };

	if (!since[0])
		return sd_journal_seek_head(journal->journal);
	if (!strptime(since, "%Y-%m-%dT%H:%M:%S", &utc))
		return -EINVAL;
	/* An entry comes into the journal after its record's time. */
	return sd_journal_seek_realtime_usec(journal->journal, (uint64_t)timegm(&utc) * US_PER_S);
}

int log_journal_seek_end(struct log_journal *journal)
{
	int r = sd_journal_seek_tail(journal->journal);

	if (r >= 0)
		r = sd_journal_previous(journal->journal);
	free(journal->end);
	journal->end = NULL;
	if (r > 0)
		r = sd_journal_get_cursor(journal->journal, &journal->end);
	/* Once more to the end: the newest entry is to be the first that log_journal_previous finds. */
	return r < 0 ? r : sd_journal_seek_tail(journal->journal);
}

int log_journal_return(struct log_journal *journal)
{
	int r;

	if (!journal->end)
		return sd_journal_seek_head(journal->journal);
	r = sd_journal_seek_cursor(journal->journal, journal->end);
	/* To the entry itself, so that the next step leaves it behind. */
	if (r >= 0)
		r = sd_journal_next(journal->journal);
	return r < 0 ? r : 0;
}

/* The entry's line; 0: it has none. */
static int journal_line(struct log_journal *journal, const char **ret, size_t *ret_size)
{
	static const char FIELD[] = "MESSAGE=";
	const void *data;
	size_t size;
	int r = sd_journal_get_data(journal->journal, "MESSAGE", &data, &size);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	if (size < strlen(FIELD))
		return 0;
	*ret = (const char *)data + strlen(FIELD);
	*ret_size = size - strlen(FIELD);
	return 1;
}

static int journal_step(struct log_journal *journal, int (*step)(sd_journal *), const char **ret,
			size_t *ret_size)
{
	int r;

	do {
		r = step(journal->journal);
		if (r <= 0)
			return r;
		r = journal_line(journal, ret, ret_size);
	} while (r == 0);
	return r;
}

int log_journal_next(struct log_journal *journal, const char **ret, size_t *ret_size)
{
	return journal_step(journal, sd_journal_next, ret, ret_size);
}

int log_journal_previous(struct log_journal *journal, const char **ret, size_t *ret_size)
{
	return journal_step(journal, sd_journal_previous, ret, ret_size);
}

int log_journal_wait(struct log_journal *journal, int timeout_ms)
{
	uint64_t timeout = timeout_ms < 0 ? UINT64_MAX : (uint64_t)timeout_ms * 1000;
	int r = sd_journal_wait(journal->journal, timeout);

	if (r < 0)
		return r;
	return r == SD_JOURNAL_NOP ? 0 : 1;
}

void log_journal_free(struct log_journal *journal)
{
	if (!journal)
		return;
	sd_journal_close(journal->journal);
	free(journal->end);
	free(journal);
}

void log_journal_freep(struct log_journal **journal)
{
	log_journal_free(*journal);
}
