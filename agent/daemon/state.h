/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent consists of; its files see all of it. agent.c is its life, build.c how it is built, offline.c what is done without it, probes.c attaches, reader.c
 * moves records, outputs.c has the sinks, sessions.c the sessions, handover.c what outlives the process, requests.c and
 * report.c what is asked over the control socket, reload.c the configuration.
 */
#ifndef SESHAT_DAEMON_STATE_H
#define SESHAT_DAEMON_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/utsname.h>
#include <systemd/sd-event.h>

#include "config/config.h"
#include "daemon/agent.h"
#include "daemon/caps.h"
#include "daemon/handover.h"
#include "daemon/server.h"
#include "daemon/sessions.h"
#include "kernel/choices.h"
#include "kernel/loader.h"
#include "kernel/ring.h"
#include "pipeline/pipeline.h"

enum agent_sink { /* places in the pipeline */
		  AGENT_SINK_FILE,
		  AGENT_SINK_JOURNAL,
		  AGENT_SINKS,
};

/* Names of what is attached and what is not, for session.start, agent.start and the status. */
struct agent_probes {
	const char **attached;	       /* owned; the names are the plan's */
	struct probe_missing *missing; /* owned; the texts are the loader's */
	const char *off[CHOICES];      /* kinds that the configuration has turned off */
	struct probes_report report;   /* of these three */
};

struct agent_reader {
	sd_event_source *ring; /* owned: a record came while nobody looked */
	sd_event_source *nap;  /* owned: time to look again */
	struct ring_counts seen;
	unsigned int batches; /* since the accounts were looked at */
	bool telling;	      /* losses are told once more, when nothing more has come */
};

struct agent {
	struct agent_options options;
	struct config config;
	gid_t group; /* (gid_t)-1: there is none */
	sd_event *event;
	char *cgroup_mount;
	int cgroup_root;
	const char *pin; /* the configuration's, or NULL */
	int pin_lock;	 /* owned: two agents must not have the same pins */
	struct loader *loader;
	struct ring *ring;
	struct pipeline *pipeline;
	struct server *server;
	struct agent_probes probes;
	struct agent_reader reader;
	struct agent_sessions sessions;
	struct handover *handover;
	sd_event_source *due; /* the sinks' next time */
	sd_event_source *signals[4];
	struct utsname kernel;
	char *caps[DAEMON_CAPS_MAX];
	size_t caps_count;
	uint64_t started;		    /* CLOCK_BOOTTIME, nanoseconds */
	bool sink_failed[AGENT_SINKS];	    /* said so already */
	uint64_t sink_refused[AGENT_SINKS]; /* lines, when looked at last */
	bool gap; /* sessions were gone on with that nobody watched meanwhile */
	const char *stop_reason;
};

/* agent.c */
int agent_watch_signals(struct agent *agent);
int agent_say_start(struct agent *agent);

/* build.c: return 0 or negative errno, and have said what failed. */
int agent_build(struct agent *agent);
/* Takes the control socket: whoever has it is the agent. */
int agent_serve(struct agent *agent);
/* The directory below the state directory that is the agent's own. The caller frees *ret. */
int agent_handover_directory(const struct config *config, char **ret);

/* probes.c: all return 0 or negative errno, and have said what failed. */
int agent_load(struct agent *agent);
/* Sets agent->pin to the directory of the pins and locks it, or leaves it NULL where there is none. */
int agent_lock_pins(struct agent *agent);
int agent_attach(struct agent *agent);
/* What is to be attached already without a session. Returns 0 or negative errno, which has been said. */
int agent_attach_early(struct agent *agent);
/* There is no session any more. */
void agent_detach_idle(struct agent *agent);
void agent_detach_probes(struct agent *agent);
/* Tells the probes which kinds of events the configuration wants. */
void agent_choose(struct agent *agent);

/* reader.c */
int agent_reader_start(struct agent *agent);
void agent_reader_stop(struct agent *agent);
/* Reads what is there now, to the last record; not more than a few batches. */
void agent_drain(struct agent *agent);
/* Records may be there, or sessions may be about to end: look at once, and again until nothing more comes. */
void agent_look(struct agent *agent);

/* outputs.c */
int agent_outputs_open(struct agent *agent);
/* Another configuration: replaces the sinks whose part of it differs. The old one stays where the new one fails. */
int agent_outputs_change(struct agent *agent, const struct config *config);
/* Where the journal listens. The caller frees *ret. Returns 0 or -ENOMEM. */
int agent_journal_socket(const struct config *config, char **ret);
/* To be called after anything was written: flushes, and comes back when a sink asks for it. */
void agent_outputs_flush(struct agent *agent);

/* reload.c */
int agent_reload(struct agent *agent, struct json_object *reply);
int agent_config_read(const struct agent_options *options, struct config *ret);

/* requests.c */
extern const struct server_operation agent_operations[];
extern const size_t agent_operations_count;

/* report.c: members of replies. Return 0 or -ENOMEM. */
int agent_report_status(struct agent *agent, struct json_object *reply);
int agent_report_sessions(struct agent *agent, int64_t after, struct json_object *reply);

#endif
