/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/connections.h"

#include <stddef.h>

void connections_append(struct connections *connections, struct connection *connection,
			uint64_t now)
{
	connection->last = now;
	connection->prev = connections->newest;
	connection->next = NULL;
	if (connections->newest)
		connections->newest->next = connection;
	else
		connections->oldest = connection;
	connections->newest = connection;
}

void connections_remove(struct connections *connections, struct connection *connection)
{
	if (connection->prev)
		connection->prev->next = connection->next;
	else
		connections->oldest = connection->next;
	if (connection->next)
		connection->next->prev = connection->prev;
	else
		connections->newest = connection->prev;
}

struct connection *connections_find(const struct connections *connections, uid_t uid,
				    unsigned int *ret_count)
{
	struct connection *oldest = NULL;
	unsigned int count = 0;

	for (struct connection *each = connections->oldest; each; each = each->next) {
		if (each->peer.right == PEER_ALL || (uid != (uid_t)-1 && each->peer.uid != uid))
			continue;
		if (!oldest)
			oldest = each;
		count++;
	}
	*ret_count = count;
	return oldest;
}
