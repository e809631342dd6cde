/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's configuration: an INI file, see seshat.conf(5).
 */
#ifndef SESHAT_CONFIG_CONFIG_H
#define SESHAT_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CONFIG_PATH "/etc/seshat/seshat.conf"

enum config_strategy {
	CONFIG_STRATEGY_AUTO,
	CONFIG_STRATEGY_TRACEPOINT,
	CONFIG_STRATEGY_TRAMPOLINE,
};

enum config_cgroup {
	CONFIG_CGROUP_AUTO, /* the logind scope where there is one, else one of the agent's */
	CONFIG_CGROUP_OWN,
};

enum config_sync {
	CONFIG_SYNC_NONE,
	CONFIG_SYNC_INTERVAL,
	CONFIG_SYNC_EACH,
};

/* Strings are owned and never NULL; "" means none. */
struct config {
	struct {
		char *socket;
		char *state; /* directory */
		char *group;
		char *pin; /* directory on a bpf file system */
		size_t ring_size;
		enum config_strategy strategy;
	} agent;
	struct {
		enum config_cgroup cgroup;
	} session;
	struct {
		bool privilege;
		bool ptrace;
		bool kernel;
		bool file;
	} events;
	struct {
		bool enabled;
		char *path;
		enum config_sync sync;
		uint64_t sync_interval_ms;
		uint64_t max_size;  /* bytes, 0: no limit */
		uint64_t max_age_s; /* 0: no limit */
		unsigned int keep;
		size_t queue; /* bytes */
	} file;
	struct {
		bool enabled;
		char *namespace;
		size_t queue; /* bytes */
	} journal;
};

/*
 * What is wrong with a file: line is 0 where it is the file as a whole; key is "section.key", or "". Called once for each
 * error.
 */
typedef void (*config_report)(void *userdata, const char *path, unsigned int line, const char *key,
			      const char *message);

/* The defaults. Returns 0 or -ENOMEM. */
int config_default(struct config *ret);

/*
 * Reads a file; what it does not name has its default. Returns 0, -EINVAL when report has been called, or
 * another negative errno when the file could not be read (-ENOENT: there is none).
 */
int config_load(struct config *ret, const char *path, config_report report, void *userdata);

/* The same for a file that is open already; path is its name in reports. The file stays open. */
int config_read(struct config *ret, FILE *file, const char *path, config_report report,
		void *userdata);

/* Frees the strings; the configuration is empty afterwards. An empty one is allowed. */
void config_free(struct config *config);

/* A key that two configurations differ in. live: it takes effect at once, else with the next start. */
typedef void (*config_difference)(void *userdata, const char *key, const char *from, const char *to,
				  bool live);

/* Calls back for each difference, in the order of the manual page. Returns 0 or -ENOMEM. */
int config_diff(const struct config *from, const struct config *to, config_difference difference,
		void *userdata);

/* Writes all of it as a file that config_load reads. Returns 0 or -EIO; the caller flushes. */
int config_write(const struct config *config, FILE *file);

#endif
