/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.network: a connection was asked for, offered or taken, a datagram sent to an address, a socket received.
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

/* A call without an address, on a descriptor that is no socket, has none. */
static bool has_family(const struct wire_network *network)
{
	return network->family != AF_UNSPEC ||
	       (network->operation != WIRE_LISTEN && network->operation != WIRE_ACCEPT);
}

static void encode_socket(struct json *json, const struct wire_network *network)
{
	static const char *const operations[WIRE_OPERATIONS] = {
		[WIRE_CONNECT] = "connect",	[WIRE_SEND] = "send",
		[WIRE_CONNECTED] = "connected", [WIRE_BIND] = "bind",
		[WIRE_LISTEN] = "listen",	[WIRE_ACCEPT] = "accept",
		[WIRE_RECEIVE] = "receive",
	};
	const char *family = names_family(network->family);
	const char *type = names_socket_type(network->type);

	if (network->operation < WIRE_OPERATIONS)
		json_plain(json, "operation", operations[network->operation]);
	if (has_family(network))
		json_uint(json, "family", network->family);
	if (family && has_family(network))
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

/* Whose word the address is that the call was given; the kernel's own for the calls that are given none. */
static const char *address_source(const struct wire_network *network)
{
	bool given = network->operation == WIRE_CONNECT || network->operation == WIRE_SEND ||
		     network->operation == WIRE_BIND;
	unsigned int kernels = network->operation == WIRE_BIND ? WIRE_NET_SRC : WIRE_NET_DST;

	if (network->flags & (WIRE_NET_DST_REQUEST | WIRE_NET_SRC_REQUEST))
		return "request";
	return !given || (network->flags & kernels) ? "kernel" : "unreadable";
}

static void encode_inet(struct json *json, const struct wire_network *network)
{
	json_uint(json, "version", network->family == AF_INET ? 4 : 6);
	if (network->flags & (WIRE_NET_SRC | WIRE_NET_SRC_REQUEST))
		encode_address(json, network->family, "src_addr", "src_port", network->src_addr,
			       network->src_port);
	if (network->flags & (WIRE_NET_DST | WIRE_NET_DST_REQUEST))
		encode_address(json, network->family, "dst_addr", "dst_port", network->dst_addr,
			       network->dst_port);
	if (network->scope_id != 0)
		json_uint(json, "scope_id", network->scope_id);
	json_plain(json, "address_source", address_source(network));
}

/* One end of a vsock: a context id and a port. */
static void encode_vsock_end(struct json *json, const char *key, const char *port_key,
			     const uint8_t *address)
{
	uint32_t parts[2];

	memcpy(parts, address, sizeof(parts));
	json_uint(json, key, parts[0]);
	json_uint(json, port_key, parts[1]);
}

static void encode_vsock(struct json *json, const struct wire_network *network)
{
	if (network->flags & (WIRE_NET_SRC | WIRE_NET_SRC_REQUEST))
		encode_vsock_end(json, "src_cid", "src_port", network->src_addr);
	if (network->flags & (WIRE_NET_DST | WIRE_NET_DST_REQUEST))
		encode_vsock_end(json, "dst_cid", "dst_port", network->dst_addr);
	json_plain(json, "address_source", address_source(network));
}

/* "@" and the name, as the socket tools show it; the name's own leading NUL is left out. */
static void encode_abstract_name(struct json *json, const char *key, struct bytes name)
{
	char path[ABSTRACT_SIZE] = "@";

	if (name.size > 0 && name.data[0] == '\0') {
		name.data++;
		name.size--;
	}
	if (name.size > 0)
		memcpy(path + 1, name.data, name.size);
	json_string(json, key, (struct bytes){ .data = path, .size = name.size + 1 });
}

static void encode_abstract(struct json *json, const struct record *record)
{
	struct bytes kernel = record_bytes(record, WIRE_PART_PATH);

	encode_abstract_name(json, "path",
			     kernel.data ? kernel : record_bytes(record, WIRE_PART_REQUEST));
	json_plain(json, "path_source", kernel.data ? "kernel" : "request");
	json_boolean(json, "abstract", true);
}

/* The other end's name, where it has one: a path, or "@" and an abstract name. */
static void encode_peer(struct json *json, const struct record *record)
{
	struct bytes peer = record_bytes(record, WIRE_PART_NEW_PATH);

	if (peer.size > 0 && peer.data[0] == '\0')
		encode_abstract_name(json, "peer_path", peer);
	else
		json_path(json, "peer_path", &record->parts[WIRE_PART_NEW_PATH]);
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

static void encode_addresses(struct json *json, const struct record *record)
{
	const struct wire_network *network = record->network;

	if (is_inet(network->family)) {
		encode_inet(json, network);
	} else if (network->family == AF_UNIX) {
		encode_unix(json, record);
		encode_peer(json, record);
	} else if (network->flags & WIRE_NET_UNREADABLE) {
		json_plain(json, "address_source", "unreadable");
	} else if (network->family == AF_VSOCK) {
		encode_vsock(json, network);
	}
}

static void encode_network(struct json *json, const struct probe_input *input)
{
	const struct record *record = input->record;
	const struct wire_network *network = record->network;

	encode_socket(json, network);
	encode_addresses(json, record);
	if (network->inode != 0)
		json_uint(json, "socket_inode", network->inode);
	if (network->net_ns != 0)
		json_uint(json, "network_namespace", network->net_ns);
	if (!(network->flags & WIRE_NET_NO_RESULT))
		json_int(json, "return_code", network->return_code);
	members_via(json, network->via);
}

const struct probe probe_network = {
	.event = "session.network",
	.fixed_size = sizeof(struct wire_network),
	.encode = encode_network,
};
