/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/handover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "control/message.h"
#include "daemon/adopt.h"
#include "daemon/handover_text.h"
#include "daemon/state.h"

enum {
	DIRECTORY_MODE = 0700,
	FILE_MODE = 0600,
	SLOT_AGENT = 0,
	SLOTS_STEP = 256,
	TEXT_MAX = 1048576,
};

#define SUFFIX	".json"
#define MAPPING "progress"

/*
 * How far one session has come. Another build's may differ: `magic` has the size. The first slot is the agent's: `confirmed` is
 * what is not, of sessions that are over.
 */
struct slot {
	uint64_t magic;
	uint64_t key; /* 0: the slot is free */
	uint64_t received;
	uint64_t lost;
	uint64_t flags; /* enum slot_flags */
	uint64_t confirmed[SINK_SET_PLACES];
	struct session_progress progress;
};

enum slot_flags {
	SLOT_CLOSED = 1,
	SLOT_LOGGED_OUT = 2,
};

#define SLOT_MAGIC (UINT64_C(0x5365736861740000) + sizeof(struct slot))

struct handover {
	int directory; /* owned */
	int file;      /* owned: of the mapping */
	struct slot *slots;
	size_t count;
};

/* Makes room for more slots. New ones are zeroes. */
static int slots_grow(struct handover *handover, size_t count)
{
	size_t old = handover->count * sizeof(struct slot), size = count * sizeof(struct slot);
	/* Not ftruncate(2): a page that finds no room when it is touched ends the process (SIGBUS). */
	int r = posix_fallocate(handover->file, 0, (off_t)size);
	void *slots;

	if (r > 0)
		return -r;
	slots = handover->slots ?
			mremap(handover->slots, old, size, MREMAP_MAYMOVE) :
			mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, handover->file, 0);
	if (slots == MAP_FAILED)
		return -errno;
	handover->slots = slots;
	handover->count = count;
	return 0;
}

static int slot_take(struct handover *handover, size_t *ret)
{
	size_t i = SLOT_AGENT + 1;
	int r;

	while (i < handover->count && handover->slots[i].key)
		i++;
	if (i == handover->count) {
		r = slots_grow(handover, handover->count + SLOTS_STEP);
		if (r < 0)
			return r;
	}
	*ret = i;
	return 0;
}

int handover_new(struct handover **ret, const char *directory)
{
	struct handover *handover = calloc(1, sizeof(*handover));
	struct stat st;
	size_t count;
	int r;

	if (!handover)
		return -ENOMEM;
	handover->file = -1;
	if (mkdir(directory, DIRECTORY_MODE) < 0 && errno != EEXIST)
		goto fail;
	handover->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (handover->directory < 0)
		goto fail;
	handover->file = openat(handover->directory, MAPPING,
				O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	if (handover->file < 0 || fstat(handover->file, &st) < 0)
		goto fail;
	count = (size_t)st.st_size / sizeof(struct slot);
	r = slots_grow(handover, count < SLOTS_STEP ? SLOTS_STEP : count);
	if (r < 0) {
		errno = -r;
		goto fail;
	}
	*ret = handover;
	return 0;
fail:
	r = -errno;
	handover_free(handover);
	return r;
}

void handover_free(struct handover *handover)
{
	if (!handover)
		return;
	if (handover->slots)
		(void)munmap(handover->slots, handover->count * sizeof(struct slot));
	fd_close(handover->file);
	fd_close(handover->directory);
	free(handover);
}

/* Written beside, and renamed: a file is whole, or it is not there. On a file system in memory nothing need be synced. */
static int file_write(struct handover *handover, const char *name, const char *text)
{
	_cleanup_close_ int fd = openat(handover->directory, "new",
					O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
					FILE_MODE);
	int r;

	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, text, strlen(text));
	if (r == 0 && renameat(handover->directory, "new", handover->directory, name) < 0)
		r = -errno;
	return r;
}

static void file_name(char *buf, size_t size, const struct agent_session *session)
{
	(void)snprintf(buf, size, "%s%s", session->sid, SUFFIX);
}

int handover_keep(struct handover *handover, struct agent_session *session)
{
	_cleanup_(control_message_freep) struct json_object *object = NULL;
	char name[UUID_SIZE + sizeof(SUFFIX)];
	const char *text;
	int r = handover ? slot_take(handover, &session->slot) : -EBADF;

	if (r < 0)
		return r;
	r = handover_text_write(session, &object);
	if (r < 0)
		return r;
	text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN);
	if (!text)
		return -ENOMEM;
	file_name(name, sizeof(name), session);
	/* The slot first: without a file it is nothing, a file without it could not be read. */
	handover->slots[session->slot] = (struct slot){ .magic = SLOT_MAGIC, .key = session->key };
	r = file_write(handover, name, text);
	if (r < 0) {
		handover->slots[session->slot] = (struct slot){ 0 };
		return r;
	}
	session->kept = true;
	return 0;
}

void handover_progress(struct handover *handover, const struct agent_session *session,
		       const struct session_progress *progress)
{
	struct slot *slot;

	if (!session->kept)
		return;
	slot = &handover->slots[session->slot];
	slot->received = session->received;
	slot->lost = session->lost;
	memcpy(slot->confirmed, session->confirmed, sizeof(slot->confirmed));
	slot->flags = (session->closed ? SLOT_CLOSED : 0U) |
		      (session->logged_out ? SLOT_LOGGED_OUT : 0U);
	slot->progress = *progress;
}

void handover_unconfirmed(struct handover *handover, const struct agent *agent)
{
	struct slot *slot;

	if (!handover)
		return;
	slot = &handover->slots[SLOT_AGENT];
	slot->magic = SLOT_MAGIC;
	memcpy(slot->confirmed, agent->sessions.unconfirmed, sizeof(slot->confirmed));
}

void handover_forget(struct handover *handover, struct agent_session *session)
{
	char name[UUID_SIZE + sizeof(SUFFIX)];

	if (!session->kept)
		return;
	session->kept = false;
	file_name(name, sizeof(name), session);
	if (unlinkat(handover->directory, name, 0) < 0)
		log_warning("cannot remove what was kept of session %s: %s, ignoring", session->sid,
			    strerror(errno));
	handover->slots[session->slot] = (struct slot){ 0 };
}

static const struct slot *slot_of(const struct handover *handover,
				  const struct agent_session *session)
{
	const struct slot *slot;

	if (session->slot >= handover->count)
		return NULL;
	slot = &handover->slots[session->slot];
	return slot->magic == SLOT_MAGIC && slot->key == session->key ? slot : NULL;
}

/* One session: from its file, its slot, and what is alive of it. */
static int session_take(struct handover *handover, struct agent *agent, const char *name)
{
	_cleanup_close_ int fd =
		openat(handover->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	_cleanup_free_ char *text = malloc(TEXT_MAX);
	struct agent_session *session = agent_session_new(agent);
	const struct slot *slot = NULL;
	ssize_t size;
	int r = -ENOMEM;

	if (text && session) {
		size = fd < 0 ? -errno : fd_read_all(fd, text, TEXT_MAX);
		r = size < 0 ? (int)size : handover_text_read(text, (size_t)size, session);
	}
	if (r == 0) {
		slot = slot_of(handover, session);
		r = slot ? 0 : -ENODATA;
	}
	if (r == 0) {
		session->received = slot->received;
		session->lost = slot->lost;
		memcpy(session->confirmed, slot->confirmed, sizeof(session->confirmed));
		session->closed = slot->flags & SLOT_CLOSED;
		session->logged_out = slot->flags & SLOT_LOGGED_OUT;
		session->kept = true;
		r = agent_session_adopt(session, &slot->progress);
	}
	if (r < 0) {
		log_error("cannot go on with the session in %s: %s", name, strerror(-r));
		agent_session_free(session);
		(void)unlinkat(handover->directory, name, 0);
	}
	return r;
}

/* Frees the slots of sessions that nobody goes on with. */
static void slots_clean(struct handover *handover, struct agent *agent)
{
	for (size_t i = SLOT_AGENT + 1; i < handover->count; i++)
		if (!agent_session_by_key(agent, handover->slots[i].key))
			handover->slots[i] = (struct slot){ 0 };
}

int handover_resume(struct handover *handover, struct agent *agent)
{
	int copy = openat(handover->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), taken = 0;
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		const char *suffix = strrchr(entry->d_name, '.');

		if (suffix && suffix != entry->d_name && strcmp(suffix, SUFFIX) == 0)
			taken += session_take(handover, agent, entry->d_name) == 0;
	}
	closedir(dir);
	slots_clean(handover, agent);
	if (handover->slots[SLOT_AGENT].magic == SLOT_MAGIC)
		memcpy(agent->sessions.unconfirmed, handover->slots[SLOT_AGENT].confirmed,
		       sizeof(agent->sessions.unconfirmed));
	return taken;
}

void handover_clear(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	(void)rmdir(directory);
}
