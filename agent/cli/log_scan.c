/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/log_scan.h"

#include <errno.h>

#include "base/cleanup.h"
#include "cli/log_files.h"
#include "cli/log_reader.h"

static int scan_file(struct log_reader *reader, int fd, log_scan_line line, void *userdata)
{
	const char *text;
	size_t size;
	int r;

	log_reader_begin(reader, fd);
	while ((r = log_reader_next(reader, &text, &size)) > 0) {
		r = line(userdata, text, size);
		if (r)
			return r;
	}
	return r;
}

int log_scan(const char *path, const char *since, log_scan_line line, void *userdata,
	     uint64_t *ret_broken)
{
	_cleanup_(log_files_close) struct log_files files = { 0 };
	_cleanup_(log_reader_free) struct log_reader reader = { 0 };
	int r = log_files_open(path, &files);

	if (r == 0 && files.count == 0)
		r = -ENOENT;
	for (size_t i = 0; r == 0 && i < files.count; i++)
		if (log_file_reaches(&files.files[i], since))
			r = scan_file(&reader, files.files[i].fd, line, userdata);
	if (r == 0)
		log_reader_finish(&reader);
	if (ret_broken)
		*ret_broken = reader.broken;
	return r;
}
