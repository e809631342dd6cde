/* SPDX-License-Identifier: Apache-2.0 */
#include "session/login.h"

#include <stdlib.h>

void login_connection_free(struct login_connection *connection)
{
	free(connection->src_addr);
	free(connection->dst_addr);
	*connection = (struct login_connection){ 0 };
}

void login_key_free(struct login_key *key)
{
	for (size_t i = 0; i < key->principals_count; i++)
		free(key->principals[i]);
	free(key->principals);
	free(key->type);
	free(key->key_id);
	free(key->ca_type);
	*key = (struct login_key){ 0 };
}

void login_auth_free(struct login_auth *auth)
{
	for (size_t i = 0; i < auth->methods_count; i++)
		free(auth->methods[i]);
	login_key_free(&auth->key);
	*auth = (struct login_auth){ 0 };
}
