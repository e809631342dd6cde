/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PAM module: tells the agent that a session begins and ends (pam_seshat(8)).
 *
 * It is a guest in sshd, login, su, sudo, cron: nothing is printed, no signal touched, no descriptor left
 * open, no state kept but what libpam keeps for it, and it waits no longer than its timeout.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <syslog.h>

#include <json-c/json.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>

#include "base/cleanup.h"
#include "control/client.h"
#include "control/message.h"
#include "control/protocol.h"
#include "contrib/pam/options.h"

#define EXPORT __attribute__((visibility("default")))

enum {
	SID_SIZE = 36, /* characters of a UUID */
};

static const char DATA_NAME[] = "seshat_session";

/* What pam_sm_close_session() must know. */
struct opened {
	bool switched; /* in a session that was open before, and stays so */
	char sid[SID_SIZE + 1];
};

static const char *item_of(pam_handle_t *pamh, int type)
{
	const void *item = NULL;

	return pam_get_item(pamh, type, &item) == PAM_SUCCESS ? item : NULL;
}

/* ---- the request --------------------------------------------------------------------------------- */

/* A name without which there is no session. Returns 0 or negative errno. */
static int add_name(struct json_object *request, const char *key, const char *name)
{
	if (!name || name[0] == '\0')
		return -EINVAL;
	if (strlen(name) > CONTROL_STRING_MAX)
		return -ENAMETOOLONG;
	return control_add_string(request, key, name);
}

/* Something that may be missing; what is longer than it can be is left out, not cut to something else. */
static int add_detail(pam_handle_t *pamh, struct json_object *request, const char *key,
		      const char *value)
{
	if (!value || value[0] == '\0')
		return 0;
	if (strlen(value) > CONTROL_STRING_MAX) {
		pam_syslog(pamh, LOG_WARNING, "%s is too long, ignoring", key);
		return 0;
	}
	return control_add_string(request, key, value);
}

static int add_auth_info(pam_handle_t *pamh, struct json_object *request)
{
	const char *info = pam_getenv(pamh, "SSH_AUTH_INFO_0");
	struct json_object *value;
	size_t size;
	int r;

	if (!info)
		return 0;
	/* One byte too many tells the agent that there was more. */
	size = strnlen(info, CONTROL_AUTH_INFO_MAX + 1);
	r = control_bytes_new(info, size, &value);
	return r < 0 ? r : control_add(request, "ssh_auth_info", value);
}

static int add_details(pam_handle_t *pamh, struct json_object *request)
{
	const struct {
		const char *key, *value;
	} details[] = {
		{ "ruser", item_of(pamh, PAM_RUSER) },
		{ "rhost", item_of(pamh, PAM_RHOST) },
		{ "tty", item_of(pamh, PAM_TTY) },
		{ "logind_session", pam_getenv(pamh, "XDG_SESSION_ID") },
		{ "ssh_connection", pam_getenv(pamh, "SSH_CONNECTION") },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(details) / sizeof(details[0]); i++)
		r = add_detail(pamh, request, details[i].key, details[i].value);
	return r < 0 ? r : add_auth_info(pamh, request);
}

static int make_open(pam_handle_t *pamh, struct json_object **ret)
{
	_cleanup_(control_message_freep) struct json_object *request = json_object_new_object();
	int r;

	if (!request)
		return -ENOMEM;
	r = control_add_string(request, "op", "session.open");
	if (r == 0)
		r = add_name(request, "service", item_of(pamh, PAM_SERVICE));
	if (r == 0)
		r = add_name(request, "user", item_of(pamh, PAM_USER));
	if (r == 0)
		r = add_details(pamh, request);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(request);
	return 0;
}

static int make_close(const char *sid, struct json_object **ret)
{
	_cleanup_(control_message_freep) struct json_object *request = json_object_new_object();
	int r;

	if (!request)
		return -ENOMEM;
	r = control_add_string(request, "op", "session.close");
	if (r == 0)
		r = control_add_string(request, "sid", sid);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(request);
	return 0;
}

/* ---- the reply ----------------------------------------------------------------------------------- */

/*
 * Asks the agent. Returns 0 when it did so; else negative errno, after a line that says what failed.
 */
static int ask(pam_handle_t *pamh, const struct options *options, struct json_object *request,
	       struct json_object **ret)
{
	_cleanup_(control_message_freep) struct json_object *reply = NULL;
	const char *text = "";
	int r;

	r = control_call(options->socket, request, options->timeout_ms, &reply);
	if (r < 0) {
		pam_syslog(pamh, LOG_ERR, "%s: %s", options->socket, strerrordesc_np(-r));
		return r;
	}
	r = control_reply_error(reply, &text);
	if (r < 0) {
		pam_syslog(pamh, LOG_ERR, "the agent says: %s", text);
		return r;
	}
	*ret = TAKE_PTR(reply);
	return 0;
}

static int read_opened(struct json_object *reply, struct opened *ret)
{
	_cleanup_free_ char *sid = NULL;
	struct json_object *switched = NULL;
	int r;

	r = control_get_string(reply, "sid", SID_SIZE, &sid);
	if (r < 0 || !sid || strlen(sid) != SID_SIZE)
		return -EPROTO;
	memcpy(ret->sid, sid, SID_SIZE + 1);
	ret->switched = json_object_object_get_ex(reply, "switched", &switched) &&
			json_object_get_boolean(switched);
	return 0;
}

static void forget(pam_handle_t *pamh, void *data, int status)
{
	(void)pamh;
	(void)status;
	free(data);
}

/* What the agent has opened is kept in libpam's hands. */
static int keep(pam_handle_t *pamh, struct json_object *reply, const struct options *options)
{
	struct opened *opened = calloc(1, sizeof(*opened));
	int r;

	if (!opened)
		return -ENOMEM;
	r = read_opened(reply, opened);
	if (r == 0 && options->debug)
		pam_syslog(pamh, LOG_DEBUG, "audit session %s%s", opened->sid,
			   opened->switched ? ", open before" : "");
	if (r == 0 && pam_set_data(pamh, DATA_NAME, opened, forget) != PAM_SUCCESS)
		r = -ENOMEM;
	if (r < 0) {
		pam_syslog(pamh, LOG_ERR, "the reply of %s: %s", options->socket,
			   strerrordesc_np(-r));
		free(opened);
	}
	return r;
}

/* ---- libpam's way in ----------------------------------------------------------------------------- */

static int open_session(pam_handle_t *pamh, const struct options *options)
{
	_cleanup_(control_message_freep) struct json_object *request = NULL, *reply = NULL;
	int r;

	r = make_open(pamh, &request);
	if (r < 0) {
		pam_syslog(pamh, LOG_ERR, "cannot ask for an audit session: %s",
			   strerrordesc_np(-r));
		return r;
	}
	r = ask(pamh, options, request, &reply);
	return r < 0 ? r : keep(pamh, reply, options);
}

static void close_session(pam_handle_t *pamh, const struct options *options,
			  const struct opened *opened)
{
	_cleanup_(control_message_freep) struct json_object *request = NULL, *reply = NULL;

	if (opened->switched || make_close(opened->sid, &request) < 0)
		return;
	(void)ask(pamh, options, request, &reply); /* which says what failed */
}

/* Returns false when the arguments are wrong and that must not be. */
static bool get_options(pam_handle_t *pamh, int argc, const char **argv, struct options *ret)
{
	const char *service = item_of(pamh, PAM_SERVICE);

	options_read(ret, service ? service : "", argc, argv);
	if (ret->bad)
		pam_syslog(pamh, LOG_ERR, "bad option: %s%s", ret->bad,
			   ret->closed ? "" : ", ignoring");
	return !ret->bad || !ret->closed;
}

/*
 * Without an audit the session goes on all the same, unless it must not. It is PAM_SUCCESS then, not PAM_IGNORE:
 * a stack in which every module is ignored refuses the session.
 */
EXPORT int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct options options;

	(void)flags;
	if (!get_options(pamh, argc, argv, &options))
		return PAM_SESSION_ERR;
	if (!options.chosen)
		return PAM_SUCCESS;
	if (open_session(pamh, &options) == 0)
		return PAM_SUCCESS;
	pam_syslog(pamh, LOG_ERR, "%s",
		   options.closed ? "the session is refused: it could not be audited" :
				    "the session goes on without an audit");
	return options.closed ? PAM_SESSION_ERR : PAM_SUCCESS;
}

/* Whatever goes wrong here, the agent notices by itself when the processes are gone. */
EXPORT int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	const void *data = NULL;
	struct options options;

	(void)flags;
	if (pam_get_data(pamh, DATA_NAME, &data) != PAM_SUCCESS || !data)
		return PAM_SUCCESS;		       /* none was opened, and that was told */
	(void)get_options(pamh, argc, argv, &options); /* which pam_sm_open_session() has judged */
	close_session(pamh, &options, data);
	(void)pam_set_data(pamh, DATA_NAME, NULL, NULL); /* it is closed once */
	return PAM_SUCCESS;
}
