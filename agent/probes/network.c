/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.network: a connection was asked for, or a datagram sent to an address.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "probes/members.h"
#include "probes/probes.h"
#include "record/names.h"

enum {
	NUMBER_SIZE = 12,
	ABSTRACT_SIZE = WIRE_PATH_SIZE + 1,
};

static bool is_inet(unsigned int family)
{
	return family == AF_INET || family == AF_INET6;
}

static void encode_protocol(struct json *json, unsigned int protocol)
{
	const char *name = names_protocol(protocol);
	char number[NUMBER_SIZE];

	if (!name) {
		snprintf(number, sizeof(number), "%u", protocol);
		name = number;
	}
	json_plain(json, "protocol", name);
}

static void encode_socket(struct json *json, const struct wire_network *network)
{
	static const char *const operations[WIRE_OPERATIONS] = {
		[WIRE_CONNECT] = "connect",
		[WIRE_SEND] = "send",
	};
	const char *family = names_family(network->family);
	const char *type = names_socket_type(network->type);

	if (network->operation < WIRE_OPERATIONS)
		json_plain(json, "operation", operations[network->operation]);
	json_uint(json, "family", network->family);
	if (family)
		json_plain(json, "family_name", family);
	if (type)
		json_plain(json, "socket_type", type);
	if (is_inet(network->socket_family))
		encode_protocol(json, network->protocol);
}

static void encode_address(struct json *json, unsigned int family, const char *key,
			   const char *port_key, const uint8_t *address, uint16_t port)
{
	char text[INET6_ADDRSTRLEN];

	if (!inet_ntop((int)family, address, text, sizeof(text)))
		return;
	json_plain(json, key, text);
	json_uint(json, port_key, port);
}

static const char *address_source(const struct wire_network *network)
{
	if (network->flags & WIRE_NET_DST)
		return "kernel";
	return network->flags & WIRE_NET_DST_REQUEST ? "request" : "unreadable";
}

static void encode_inet(struct json *json, const struct wire_network *network)
{
	json_uint(json, "version", network->family == AF_INET ? 4 : 6);
	if (network->flags & WIRE_NET_SRC)
		encode_address(json, network->family, "src_addr", "src_port", network->src_addr,
			       network->src_port);
	if (network->flags & (WIRE_NET_DST | WIRE_NET_DST_REQUEST)) {
		encode_address(json, network->family, "dst_addr", "dst_port", network->dst_addr,
			       network->dst_port);
		if (network->scope_id != 0)
			json_uint(json, "scope_id", network->scope_id);
	}
	json_plain(json, "address_source", address_source(network));
}

/* "@" and the name, as the socket tools show it; the name's own leading NUL is left out. */
static void encode_abstract(struct json *json, const struct record *record)
{
	struct bytes kernel = record_bytes(record, WIRE_PART_PATH);
	struct bytes name = kernel.data ? kernel : record_bytes(record, WIRE_PART_REQUEST);
	char path[ABSTRACT_SIZE] = "@";

	if (name.size > 0 && name.data[0] == '\0') {
		name.data++;
		name.size--;
	}
	if (name.size > 0)
		memcpy(path + 1, name.data, name.size);
	json_string(json, "path", (struct bytes){ .data = path, .size = name.size + 1 });
	json_plain(json, "path_source", kernel.data ? "kernel" : "request");
	json_boolean(json, "abstract", true);
}

static void encode_unix(struct json *json, const struct record *record)
{
	struct record_part request = record->parts[WIRE_PART_REQUEST];
	struct bytes path = record_bytes(record, WIRE_PART_PATH);
	bool unreadable = (record->network->flags & WIRE_NET_UNREADABLE) ||
			  (request.flags & WIRE_PART_UNREADABLE);

	if (unreadable && path.size == 0) {
		json_plain(json, "address_source", "unreadable");
		json_plain(json, "path_source", "unreadable");
		return;
	}
	if (record->network->flags & WIRE_NET_ABSTRACT) {
		encode_abstract(json, record);
		return;
	}
	/* A name ends at its NUL, however long the address was said to be (unix(7)). */
	if (request.data)
		request.size = strnlen(request.data, request.size);
	if ((path.size > 0 || request.size > 0) &&
	    members_path(json, path, &request, record_bytes(record, WIRE_PART_BASE)))
		members_place(json, "path", &record->parts[WIRE_PART_PATH],
			      &record->parts[WIRE_PART_BASE]);
}

static void encode_network(struct json *json, const struct probe_input *input)
{
	const struct record *record = input->record;
	const struct wire_network *network = record->network;

	encode_socket(json, network);
	if (is_inet(network->family))
		encode_inet(json, network);
	else if (network->family == AF_UNIX)
		encode_unix(json, record);
	else if (network->flags & WIRE_NET_UNREADABLE)
		json_plain(json, "address_source", "unreadable");
	if (!(network->flags & WIRE_NET_NO_RESULT))
		json_int(json, "return_code", network->return_code);
	members_via(json, network->via);
}

const struct probe probe_network = {
	.event = "session.network",
	.fixed_size = sizeof(struct wire_network),
	.encode = encode_network,
};
