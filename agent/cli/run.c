/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/run.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/size.h"
#include "cli/agent.h"
#include "cli/command.h"
#include "cli/front.h"
#include "cli/preflight.h"
#include "cli/recorder.h"
#include "cli/status.h"
#include "cli/streams.h"

enum {
	KEY_PRETTY = 256,
	KEY_NO_WAIT,
	KEY_BUFFER_SIZE,
	KEY_EVENTS,
	KEY_STRATEGY,
	KEY_AGENT,
	KEY_SID_FILE,

	BUFFER_DEFAULT = 16 << 20,
	BUFFER_MIN = 64 << 10,
	BUFFER_MAX = 1 << 30,
	FILE_MODE = 0600,
};

struct run_options {
	const char *output; /* NULL: standard error; "-": standard output */
	bool pretty;
	bool no_wait;
	size_t buffer_size;
	struct choices choices;
	enum strategy_choice strategy;
	bool by_agent;
	struct agent_options agent;
	const char *sid_file; /* or NULL */
	const char
		*without; /* an option that was given and has no meaning with an agent, or NULL */
	char **command;	  /* ends with NULL */
};

static const struct argp_option OPTIONS[] = {
	{ "output", 'o', "FILE", 0,
	  "append the records to FILE, as JSON lines; - is standard output, "
	  "and standard error the default",
	  0 },
	{ "pretty", KEY_PRETTY, NULL, 0,
	  "show the records on standard error, one readable line each; with -o "
	  "beside the JSON, else instead of it",
	  0 },
	{ "no-wait", KEY_NO_WAIT, NULL, 0,
	  "end the session with COMMAND; without this, processes that outlive "
	  "COMMAND are waited for and recorded until they end",
	  0 },
	{ "buffer-size", KEY_BUFFER_SIZE, "SIZE", 0,
	  "of the ring buffer between kernel and recorder: a power of "
	  "two, from 64K to 1G (default: 16M)",
	  0 },
	{ "events", KEY_EVENTS, "LIST", 0,
	  "turn kinds of records on (NAME) and off (-NAME): privilege, ptrace, kernel, file, or all; "
	  "all but file are on by default",
	  0 },
	{ "strategy", KEY_STRATEGY, "STRATEGY", 0,
	  "see system calls at the exit of all of them (tracepoint), or at the functions of those that are "
	  "recorded (trampoline), so that most others cost nothing more; auto, the default, is the former, which "
	  "starts faster",
	  0 },
	{ "agent", KEY_AGENT, "SOCKET", OPTION_ARG_OPTIONAL,
	  "have the running agent audit COMMAND: its log has the records, and no other "
	  "option but --no-wait and --sid-file applies (default: as its configuration says)",
	  0 },
	{ "sid-file", KEY_SID_FILE, "FILE", 0,
	  "with --agent: write the session's id to FILE before COMMAND begins", 0 },
	{ 0 },
};

static void parse_events(const char *list, struct run_options *options, struct argp_state *state)
{
	const char *word;
	size_t size;

	if (choices_parse(&options->choices, list, &word, &size) < 0)
		argp_error(state,
			   "no such kind of events: %.*s (privilege, ptrace, kernel, file, all)",
			   (int)size, word);
}

static void parse_strategy(const char *name, struct run_options *options, struct argp_state *state)
{
	for (size_t i = 0; STRATEGY_NAMES[i]; i++) {
		if (strcmp(name, STRATEGY_NAMES[i]) == 0) {
			options->strategy = (enum strategy_choice)i;
			return;
		}
	}
	argp_error(state, "no such strategy: %s (auto, tracepoint, trampoline)", name);
}

/* Who records says where to, and what. */
static void check_agent(const struct run_options *options, struct argp_state *state)
{
	if (options->by_agent && options->without)
		argp_error(state, "%s is the agent's to decide, and cannot be given with --agent",
			   options->without);
	if (!options->by_agent && options->sid_file)
		argp_error(state, "--sid-file is for --agent: the first record has the id");
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct run_options *options = state->input;

	switch (key) {
	case 'o':
		options->output = argument;
		options->without = "--output";
		return 0;
	case KEY_PRETTY:
		options->pretty = true;
		options->without = "--pretty";
		return 0;
	case KEY_NO_WAIT:
		options->no_wait = true;
		return 0;
	case KEY_BUFFER_SIZE:
		if (size_parse_power(argument, BUFFER_MIN, BUFFER_MAX, &options->buffer_size) < 0)
			argp_error(state, "bad buffer size: %s (a power of two, from 64K to 1G)",
				   argument);
		options->without = "--buffer-size";
		return 0;
	case KEY_EVENTS:
		parse_events(argument, options, state);
		options->without = "--events";
		return 0;
	case KEY_STRATEGY:
		parse_strategy(argument, options, state);
		options->without = "--strategy";
		return 0;
	case KEY_AGENT:
		options->by_agent = true;
		options->agent.socket = argument;
		return 0;
	case KEY_SID_FILE:
		options->sid_file = argument;
		return 0;
	case ARGP_KEY_ARG:
		/* Options end here: what follows is COMMAND's. */
		options->command = &state->argv[state->next - 1];
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "no COMMAND given");
		return 0;
	case ARGP_KEY_SUCCESS:
		check_agent(options, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp PARSER = {
	.options = OPTIONS,
	.parser = parse_option,
	.args_doc = "COMMAND [ARG...]",
	.doc = "Run COMMAND as an audited session: every program that it and its descendants execute, every file "
	       "they open and every connection they make becomes a JSON record."
	       "\vThe exit status is COMMAND's, 128+N when signal N ended it; 119 to 127 say what kept it from "
	       "running, see seshat(1).",
};

/* Somebody was stopped in the middle of a line: the first record must not be glued to that. */
static int end_line(int fd, const char *name)
{
	_cleanup_close_ int reader = -1;
	struct stat st;
	char last = '\n';

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return 0;
	reader = open(name, O_RDONLY | O_CLOEXEC);
	/* Who may write but not read the file has to trust it. */
	if (reader < 0 || pread(reader, &last, 1, st.st_size - 1) != 1 || last == '\n')
		return 0;
	return fd_write_all(fd, "\n", 1);
}

static int open_file(const char *name)
{
	_cleanup_close_ int fd =
		open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, FILE_MODE);
	int r;

	if (fd < 0)
		return -errno;
	r = end_line(fd, name);
	return r < 0 ? r : TAKE_FD(fd);
}

/* A descriptor of the recorder's own, not COMMAND's. */
static int open_output(const char *name, const struct streams *streams)
{
	int stream = name ? STDOUT_FILENO : STDERR_FILENO;
	int fd;

	if (name && strcmp(name, "-") != 0)
		return open_file(name);
	if (streams->closed[stream])
		return -EBADF;
	fd = fcntl(stream, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? -errno : fd;
}

static int open_outputs(const struct run_options *options, const struct streams *streams,
			struct recorder_config *config)
{
	if (options->output || !options->pretty) {
		config->json = open_output(options->output, streams);
		if (config->json < 0) {
			log_error("cannot write %s: %s",
				  options->output ? options->output : "standard error",
				  strerror(-config->json));
			return STATUS_FILE;
		}
	}
	if (options->pretty) {
		config->pretty = open_output(NULL, streams);
		if (config->pretty < 0) {
			log_error("cannot write standard error: %s", strerror(-config->pretty));
			return STATUS_FILE;
		}
	}
	return 0;
}

/* The recorder's working directory is another one. Takes the path over. */
static char *absolute(char *path)
{
	_cleanup_free_ char *relative = path, *here = NULL;
	char *all;

	if (path[0] == '/')
		return TAKE_PTR(relative);
	here = getcwd(NULL, 0);
	return here && asprintf(&all, "%s/%s", here, path) >= 0 ? all : NULL;
}

static int find_agent(const struct run_options *options, struct recorder_config *config, char **ret)
{
	char *path = NULL;
	int status = agent_socket(&options->agent, &path);

	if (status)
		return status;
	*ret = absolute(path);
	if (!*ret) {
		log_error("cannot find the agent: %s", strerror(errno));
		return STATUS_FAILED;
	}
	config->agent = *ret;
	config->tty = config->interactive ? ttyname(STDIN_FILENO) : NULL;
	if (!options->sid_file)
		return 0;
	config->sid = open(options->sid_file, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC | O_NOCTTY,
			   FILE_MODE);
	if (config->sid >= 0)
		return 0;
	log_error("cannot write %s: %s", options->sid_file, strerror(errno));
	return STATUS_FILE;
}

static int audit_command(struct command *command, const struct run_options *options,
			 struct recorder_config *config)
{
	struct recorder recorder;
	struct signals signals;
	int r;

	signals_take(&signals);
	r = command_spawn(command, &signals);
	if (r == 0) {
		config->command = command;
		r = recorder_spawn(&recorder, config);
	}
	if (r < 0) {
		log_error("cannot start a process: %s", strerror(-r));
		return STATUS_FAILED;
	}
	if (!recorder_wait_ready(&recorder))
		return recorder_wait(&recorder);
	signals_pass_on(command->pid);
	command_go(command);
	return front_wait(command, &recorder, options->no_wait);
}

/* Everything that may fail before a process is started. */
static int prepare(const struct run_options *options, const struct streams *streams,
		   struct recorder_config *config, char **ret_socket)
{
	int status;

	config->ring_size = options->buffer_size;
	config->choices = options->choices;
	config->strategy = options->strategy;
	config->interactive = isatty(STDIN_FILENO);
	if (options->by_agent)
		return find_agent(options, config, ret_socket);
	status = preflight();
	return status ? status : open_outputs(options, streams, config);
}

int run_main(int argc, char **argv)
{
	struct run_options options = {
		.buffer_size = BUFFER_DEFAULT,
		.choices = CHOICES_DEFAULT,
	};
	struct recorder_config config = { .json = -1, .pretty = -1, .sid = -1 };
	_cleanup_free_ char *socket = NULL;
	struct command command;
	struct streams streams;
	char name[] = "seshat run";
	int status, r = streams_reserve(&streams);

	argv[0] = name;
	argp_err_exit_status = STATUS_FAILED;
	if (argp_parse(&PARSER, argc, argv, ARGP_IN_ORDER, NULL, &options))
		return STATUS_FAILED;
	if (r < 0) {
		log_error("cannot open /dev/null: %s", strerror(-r));
		return STATUS_FAILED;
	}
	status = command_find(&command, options.command);
	if (status)
		return status;
	status = prepare(&options, &streams, &config, &socket);
	if (!status)
		status = audit_command(&command, &options, &config);
	command_discard(&command);
	fd_close(config.json);
	fd_close(config.pretty);
	fd_close(config.sid);
	return status;
}
