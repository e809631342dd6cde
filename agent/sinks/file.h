/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sink that keeps a log file: whole lines, appended, many with one write(2), and rotation by size, by age
 * and on demand (see sinks/rotation.h for the names).
 *
 * - Rotation takes place between two lines: none is split, none is lost. While it fails (the disk is
 *   full, a directory is in the way), the log goes on in the old file, it is tried again every
 *   FILE_RETRY_MS, and the error of sink_status_get() says why.
 * - sink_rotate() on a file that is still at its path rotates it, unless it is empty. Where somebody else has moved or
 *   removed it, as logrotate does, the path is opened anew. A removed file is noticed at each flush too.
 * - A file that does not end in a newline is mended before the first line that is taken for it, and before it is
 *   rotated; not when it is opened. If what is behind its last newline, or the whole of a file without one, begins as
 *   our records do, with {"event":" (or with as much of that as there is), it is what an agent that was killed
 *   could not write to its end: it is cut off; that it is lost is counted elsewhere. What begins
 *   otherwise is somebody else's: it stays, and gets a newline. So does what is longer than any record is
 *   (LOG_FILE_LOOK_BACK), and a record of ours that cannot be cut off. What has a newline behind it is
 *   never cut, nor is a file that has grown or shrunk since it was looked at. No two agents may write to one file.
 * - What cannot be written is kept and tried again as sinks/stream.h says.
 */
#ifndef SESHAT_SINKS_FILE_H
#define SESHAT_SINKS_FILE_H

#include <stdint.h>
#include <sys/types.h>

#include "sinks/sink.h"

enum {
	FILE_RETRY_MS = 250,
};

/* When what was written is forced to the disk, with fdatasync(2). */
enum file_sync {
	FILE_SYNC_NONE,	    /* when the kernel thinks fit */
	FILE_SYNC_INTERVAL, /* at the latest so long after the flush that wrote it */
	FILE_SYNC_EACH,	    /* at each flush that wrote something */
};

struct file_config {
	const char *path;
	gid_t group; /* of files made here; (gid_t)-1: whichever the kernel gives it */
	enum file_sync sync;
	unsigned int sync_interval_ms; /* for FILE_SYNC_INTERVAL */
	uint64_t max_size;	       /* bytes; 0: any. A single line may be longer. */
	uint64_t max_age_s;	       /* since the first line, seconds; 0: any */
	unsigned int keep;	       /* rotated files; 0: all */
};

/*
 * Opens or makes the file (0640). The configuration is copied. Returns 0; -ELOOP for a symbolic link,
 * -EINVAL for anything else that is no regular file, -ENAMETOOLONG, -ENOMEM, or what open(2) says.
 *
 * The group: a file that is there keeps the one that it has. One made here gets the one configured, for which CAP_CHOWN
 * is needed unless the directory's setgid bit has given it already: where that fails the file is
 * removed again, and this returns -EPERM. The file that a rotation makes keeps what the kernel gave it in that case:
 * the log must go on, and nobody can read it who could not before.
 */
int file_new(struct sink **ret, const struct file_config *config);

#endif
