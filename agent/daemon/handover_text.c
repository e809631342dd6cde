/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/handover_text.h"

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "control/message.h"
#include "control/protocol.h"
#include "daemon/sessions.h"
#include "session/ssh_auth.h"

/* The texts of a login, by what they are called. */
static const struct {
	const char *name;
	size_t offset;
	bool required;
} TEXTS[] = {
	{ "login", offsetof(struct login, login), true },
	{ "user", offsetof(struct login, user), true },
	{ "service", offsetof(struct login, service), true },
	{ "ruser", offsetof(struct login, ruser), false },
	{ "rhost", offsetof(struct login, rhost), false },
	{ "tty", offsetof(struct login, tty), false },
	{ "logind_session", offsetof(struct login, logind_session), false },
	{ "src_addr", offsetof(struct login, connection.src_addr), false },
	{ "dst_addr", offsetof(struct login, connection.dst_addr), false },
	{ "key_type", offsetof(struct login, auth.key.type), false },
	{ "key_id", offsetof(struct login, auth.key.key_id), false },
};

static const char *text_get(const struct login *login, size_t i)
{
	return *(const char *const *)((const char *)login + TEXTS[i].offset);
}

static char **text_at(struct login *login, size_t i)
{
	return (char **)((char *)login + TEXTS[i].offset);
}

static int add_int(struct json_object *object, const char *key, uint64_t value)
{
	return control_add(object, key, json_object_new_uint64(value));
}

static int write_login(const struct login *login, struct json_object *object)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(TEXTS); i++)
		r = control_add_string(object, TEXTS[i].name, text_get(login, i));
	if (r == 0)
		r = add_int(object, "src_port", login->connection.src_port);
	if (r == 0)
		r = add_int(object, "dst_port", login->connection.dst_port);
	if (r == 0 && login->auth.key.fingerprint[0])
		r = control_add_string(object, "key_fingerprint", login->auth.key.fingerprint);
	return r;
}

static int write_methods(const struct login_auth *auth, struct json_object *object)
{
	struct json_object *methods = json_object_new_array();
	int r = methods ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < auth->methods_count; i++) {
		struct json_object *method = json_object_new_string(auth->methods[i]);

		if (!method || json_object_array_add(methods, method) < 0) {
			json_object_put(method);
			r = -ENOMEM;
		}
	}
	if (r < 0) {
		json_object_put(methods);
		return r;
	}
	return control_add(object, "auth_method", methods);
}

int handover_text_write(const struct agent_session *session, struct json_object **ret)
{
	_cleanup_(control_message_freep) struct json_object *object = json_object_new_object();
	int r = object ? 0 : -ENOMEM;

	if (r == 0)
		r = control_add_string(object, "sid", session->sid);
	if (r == 0)
		r = control_add_string(object, "cgroup_path", session->cgroup.path);
	if (r == 0)
		r = add_int(object, "key", session->key);
	if (r == 0)
		r = add_int(object, "leader_pid", (uint64_t)session->leader);
	if (r == 0)
		r = add_int(object, "slot", session->slot);
	if (r == 0)
		r = add_int(object, "start_time", session->start_time);
	if (r == 0)
		r = add_int(object, "audit_session", session->audit_session);
	if (r == 0)
		r = write_login(&session->login, object);
	if (r == 0)
		r = write_methods(&session->login.auth, object);
	if (r == 0)
		*ret = TAKE_PTR(object);
	return r;
}

/* One that must be there, and no larger than that. */
static int read_int(struct json_object *object, const char *key, int64_t max, uint64_t *ret)
{
	int64_t value = 0;

	if (control_get_int(object, key, 0, max, &value) != 1)
		return -EBADMSG;
	*ret = (uint64_t)value;
	return 0;
}

static int read_login(struct json_object *object, struct login *login)
{
	_cleanup_free_ char *fingerprint = NULL;
	uint64_t src = 0, dst = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(TEXTS); i++) {
		r = control_get_string(object, TEXTS[i].name, CONTROL_AUTH_INFO_MAX,
				       text_at(login, i));
		if (r == 0 && TEXTS[i].required && !*text_at(login, i))
			r = -EBADMSG;
	}
	if (r == 0)
		r = read_int(object, "src_port", UINT16_MAX, &src);
	if (r == 0)
		r = read_int(object, "dst_port", UINT16_MAX, &dst);
	if (r == 0)
		r = control_get_string(object, "key_fingerprint", LOGIN_FINGERPRINT_SIZE - 1,
				       &fingerprint);
	if (r < 0)
		return r;
	login->connection.src_port = (uint16_t)src;
	login->connection.dst_port = (uint16_t)dst;
	if (fingerprint)
		memcpy(login->auth.key.fingerprint, fingerprint, strlen(fingerprint) + 1);
	return 0;
}

static int read_methods(struct json_object *object, struct login_auth *auth)
{
	struct json_object *methods = NULL;
	int r = 0;

	if (!json_object_object_get_ex(object, "auth_method", &methods) ||
	    !json_object_is_type(methods, json_type_array) ||
	    json_object_array_length(methods) > LOGIN_METHODS)
		return -EBADMSG;
	for (size_t i = 0; r == 0 && i < json_object_array_length(methods); i++) {
		r = control_bytes_get(json_object_array_get_idx(methods, i), SSH_AUTH_METHOD_MAX,
				      &auth->methods[i], NULL);
		auth->methods_count += r == 0;
	}
	return r;
}

static int read_session(struct json_object *object, struct agent_session *session)
{
	_cleanup_free_ char *sid = NULL;
	uint64_t leader = 0, slot = 0, audit = 0;
	int r = control_get_string(object, "sid", UUID_SIZE - 1, &sid);

	if (r == 0 && (!sid || strlen(sid) != UUID_SIZE - 1))
		r = -EBADMSG;
	if (r == 0)
		r = control_get_string(object, "cgroup_path", PATH_MAX, &session->cgroup.path);
	if (r == 0)
		r = read_int(object, "key", INT64_MAX, &session->key);
	if (r == 0)
		r = read_int(object, "leader_pid", INT32_MAX, &leader);
	if (r == 0)
		r = read_int(object, "slot", UINT32_MAX, &slot);
	if (r == 0)
		r = read_int(object, "start_time", INT64_MAX, &session->start_time);
	if (r == 0)
		r = read_int(object, "audit_session", UINT32_MAX, &audit);
	if (r < 0)
		return r;
	memcpy(session->sid, sid, UUID_SIZE);
	session->leader = (pid_t)leader;
	session->slot = slot;
	session->audit_session = (uint32_t)audit;
	return 0;
}

int handover_text_read(const char *text, size_t size, struct agent_session *session)
{
	_cleanup_(control_message_freep) struct json_object *object = NULL;
	int r = control_message_parse(text, size, &object);

	if (r == 0)
		r = read_session(object, session);
	if (r == 0)
		r = read_login(object, &session->login);
	if (r == 0)
		r = read_methods(object, &session->login.auth);
	return r == -ENOMEM || r == 0 ? r : -EBADMSG;
}
