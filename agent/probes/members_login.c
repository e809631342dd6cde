/* SPDX-License-Identifier: Apache-2.0 */
/* From where a login came, and how it was authenticated. */
#include <inttypes.h>
#include <stdio.h>

#include "probes/members.h"

void members_connection(struct json *json, const struct login_connection *connection)
{
	if (!connection || !connection->src_addr)
		return;
	json_string(json, "src_addr", bytes_of(connection->src_addr));
	json_uint(json, "src_port", connection->src_port);
	if (!connection->dst_addr)
		return;
	json_string(json, "dst_addr", bytes_of(connection->dst_addr));
	json_uint(json, "dst_port", connection->dst_port);
}

static void encode_certificate(struct json *json, const struct login_key *key)
{
	char serial[24];

	members_text(json, "key_id", key->key_id);
	/* As text: CAs use all 64 bits, and many readers of JSON keep 53. */
	(void)snprintf(serial, sizeof(serial), "%" PRIu64, key->serial);
	json_plain(json, "serial", serial);
	json_array_begin(json, "principals");
	for (size_t i = 0; i < key->principals_count; i++)
		json_string(json, NULL, bytes_of(key->principals[i]));
	json_array_end(json);
	members_text(json, "ca_type", key->ca_type);
	members_text(json, "ca_fingerprint", key->ca_fingerprint);
	if (key->valid_after > 0)
		members_seconds(json, "valid_after", key->valid_after);
	if (key->valid_before != UINT64_MAX)
		members_seconds(json, "valid_before", key->valid_before);
}

void members_auth(struct json *json, const struct login_auth *auth)
{
	if (!auth)
		return;
	if (auth->methods_count > 0) {
		json_array_begin(json, "auth_method");
		for (size_t i = 0; i < auth->methods_count; i++)
			json_string(json, NULL, bytes_of(auth->methods[i]));
		json_array_end(json);
	}
	if (auth->key.type) {
		json_string(json, "key_type", bytes_of(auth->key.type));
		members_text(json, "key_fingerprint", auth->key.fingerprint);
		if (auth->key.certificate)
			encode_certificate(json, &auth->key);
	}
	if (auth->bad)
		json_boolean(json, "auth_incomplete", true);
}
