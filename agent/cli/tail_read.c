/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/tail_read.h"

#include <errno.h>

#include "base/cleanup.h"
#include "cli/log_files.h"
#include "cli/log_follow.h"
#include "cli/log_journal.h"
#include "cli/log_last.h"
#include "cli/log_reader.h"
#include "cli/tail_print.h"

/* Shows a line that is wanted. */
static int show(struct tail *tail, const char *line, size_t size)
{
	int r = tail_print(tail->output, line, size, tail->json);

	if (r == -EBADMSG) {
		tail->broken++;
		return 0;
	}
	if (r == 0 && tail->output->buffer.size >= OUTPUT_BATCH && output_flush(tail->output))
		return -EPIPE;
	return r;
}

/* Returns 1 when the line is wanted, 0, or -ENOMEM. */
static int wanted(struct tail *tail, const char *line, size_t size)
{
	int r = log_filter_match(&tail->filter, line, size);

	if (r == -EBADMSG) {
		tail->broken++;
		return 0;
	}
	return r;
}

/* A line is shown, or kept for the last ones. */
static int take(struct tail *tail, struct log_last *last, const char *line, size_t size)
{
	int r = wanted(tail, line, size);

	if (r <= 0)
		return r;
	return last ? log_last_add(last, line, size) : show(tail, line, size);
}

static int show_last(struct tail *tail, const struct log_last *last)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < last->count; i++) {
		struct bytes line = log_last_get(last, i);

		r = show(tail, line.data, line.size);
	}
	return r;
}

/* All of one file that will not change any more. */
static int read_file(struct tail *tail, struct log_last *last, int fd)
{
	_cleanup_(log_reader_free) struct log_reader reader = { 0 };
	const char *line;
	size_t size;
	int r;

	log_reader_begin(&reader, fd);
	while ((r = log_reader_next(&reader, &line, &size)) > 0) {
		r = take(tail, last, line, size);
		if (r < 0)
			return r;
	}
	log_reader_finish(&reader);
	tail->broken += reader.broken;
	return r;
}

/* What the newest file has now. */
static int read_newest(struct tail *tail, struct log_last *last, struct log_follow *follow)
{
	const char *line;
	size_t size;
	int r;

	while ((r = log_follow_next(follow, &line, &size)) > 0) {
		r = take(tail, last, line, size);
		if (r < 0)
			return r;
	}
	return r;
}

/* The last ones of the older files, as many as are still wanted: the files from the newest on, shown from the oldest. */
static int show_older(struct tail *tail, const struct log_files *files, size_t count, size_t left)
{
	_cleanup_(log_last_free) struct log_last last = { .limit = left };
	int r;

	if (count == 0 || left == 0)
		return 0;
	r = read_file(tail, &last, files->files[count - 1].fd);
	if (r == 0)
		r = show_older(tail, files, count - 1, left - last.count);
	return r < 0 ? r : show_last(tail, &last);
}

static int read_some(struct tail *tail, const struct log_files *files, struct log_follow *follow)
{
	_cleanup_(log_last_free) struct log_last last = { .limit = tail->count };
	int r = read_newest(tail, &last, follow);

	if (r == 0)
		r = show_older(tail, files, files->count, tail->count - last.count);
	return r < 0 ? r : show_last(tail, &last);
}

static int read_all(struct tail *tail, const struct log_files *files, struct log_follow *follow)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < files->count; i++)
		if (log_file_reaches(&files->files[i], tail->filter.since))
			r = read_file(tail, NULL, files->files[i].fd);
	return r < 0 ? r : read_newest(tail, NULL, follow);
}

static int follow_files(struct tail *tail, struct log_follow *follow)
{
	int r = 0;

	while (r >= 0) {
		if (output_flush(tail->output))
			return -EPIPE;
		r = log_follow_wait(follow, -1);
		if (r >= 0)
			r = read_newest(tail, NULL, follow);
	}
	return r;
}

int tail_read_files(struct tail *tail, const char *path)
{
	_cleanup_(log_follow_freep) struct log_follow *follow = NULL;
	_cleanup_(log_files_close) struct log_files files = { 0 };
	int r = log_follow_new(&follow, path);

	if (r == 0)
		r = log_files_open(path, &files);
	if (r < 0)
		return r;
	if (files.count == 0 && !tail->follow)
		return -ENOENT;
	log_follow_start(follow, &files);
	r = tail->count == TAIL_ALL ? read_all(tail, &files, follow) :
				      read_some(tail, &files, follow);
	if (r == 0 && tail->follow)
		r = follow_files(tail, follow);
	tail->broken += log_follow_broken(follow);
	return r;
}

/* Backwards from the end, until there are enough of them. */
static int journal_last(struct tail *tail, struct log_journal *journal, struct log_last *last)
{
	const char *line;
	size_t size;
	int r = log_journal_seek_end(journal);

	while (r >= 0 && last->count < last->limit) {
		r = log_journal_previous(journal, &line, &size);
		if (r <= 0)
			break;
		r = take(tail, last, line, size);
	}
	return r < 0 ? r : log_journal_return(journal);
}

static int journal_some(struct tail *tail, struct log_journal *journal)
{
	_cleanup_(log_last_free) struct log_last last = { .limit = tail->count };
	int r = journal_last(tail, journal, &last);

	/* The newest was added first. */
	for (size_t i = last.count; r >= 0 && i > 0; i--) {
		struct bytes line = log_last_get(&last, i - 1);

		r = show(tail, line.data, line.size);
	}
	return r;
}

/* Everything from where the journal stands. */
static int journal_rest(struct tail *tail, struct log_journal *journal)
{
	const char *line;
	size_t size;
	int r;

	while ((r = log_journal_next(journal, &line, &size)) > 0) {
		r = take(tail, NULL, line, size);
		if (r < 0)
			return r;
	}
	return r;
}

int tail_read_journal(struct tail *tail, const char *namespace)
{
	_cleanup_(log_journal_freep) struct log_journal *journal = NULL;
	int r = log_journal_open(&journal, namespace, &tail->filter);

	if (r >= 0 && tail->count == TAIL_ALL)
		r = log_journal_seek(journal, tail->filter.since);
	else if (r >= 0)
		r = journal_some(tail, journal);
	if (r >= 0 && tail->count == TAIL_ALL)
		r = journal_rest(tail, journal);
	while (r >= 0 && tail->follow) {
		if (output_flush(tail->output))
			return -EPIPE;
		r = log_journal_wait(journal, -1);
		if (r >= 0)
			r = journal_rest(tail, journal);
	}
	return r < 0 ? r : 0;
}
