/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static struct wire_builder *const builder = &fixture.builder;

static const struct wire_network tcp = {
	.return_code = -115,
	.family = AF_INET,
	.socket_family = AF_INET,
	.type = SOCK_STREAM,
	.protocol = IPPROTO_TCP,
	.src_port = 41234,
	.dst_port = 8080,
	.flags = WIRE_NET_SRC | WIRE_NET_DST,
	.src_addr = { 192, 0, 2, 10 },
	.dst_addr = { 198, 51, 100, 7 },
};

static void begin(const struct wire_network *network)
{
	wb_begin(builder, WIRE_NETWORK, 1, network, sizeof(*network));
}

static struct json_object *told(const struct wire_network *network)
{
	begin(network);
	return fixture_encode();
}

static void a_tcp_connection_is_told(void **state)
{
	struct json_object *record;

	(void)state;
	fixture_name_image();
	record = told(&tcp);
	check_keys(record,
		   FIXTURE_TASK " operation family family_name socket_type protocol version "
				"src_addr src_port dst_addr dst_port address_source return_code");
	check_string(record, "event", "session.network");
	check_string(record, "operation", "connect");
	check_int(record, "family", AF_INET);
	check_string(record, "family_name", "AF_INET");
	check_string(record, "socket_type", "stream");
	check_string(record, "protocol", "tcp");
	check_int(record, "version", 4);
	check_string(record, "src_addr", "192.0.2.10");
	check_int(record, "src_port", 41234);
	check_string(record, "dst_addr", "198.51.100.7");
	check_int(record, "dst_port", 8080);
	check_string(record, "address_source", "kernel");
	check_int(record, "return_code", -115);
}

static void an_ipv6_send_is_told_with_its_scope(void **state)
{
	struct wire_network network = {
		.operation = WIRE_SEND,
		.family = AF_INET6,
		.socket_family = AF_INET6,
		.type = SOCK_DGRAM,
		.protocol = IPPROTO_UDP,
		.dst_port = 53,
		.flags = WIRE_NET_DST | WIRE_NET_NO_RESULT,
		.dst_addr = { 0xfe, 0x80, [15] = 1 },
		.scope_id = 2,
		.via = WIRE_VIA_IO_URING,
	};
	struct json_object *record;

	(void)state;
	fixture_name_image();
	record = told(&network);
	check_keys(record,
		   FIXTURE_TASK " operation family family_name socket_type protocol version "
				"dst_addr dst_port scope_id address_source via");
	check_string(record, "operation", "send");
	check_int(record, "version", 6);
	check_string(record, "dst_addr", "fe80::1");
	check_int(record, "scope_id", 2);
	check_string(record, "protocol", "udp");
	check_string(record, "via", "io_uring");
}

static void the_source_of_an_address_is_told(void **state)
{
	struct wire_network network = tcp;
	struct json_object *record;

	(void)state;
	network.flags = WIRE_NET_DST_REQUEST;
	record = told(&network);
	check_string(record, "address_source", "request");
	check_string(record, "dst_addr", "198.51.100.7");
	assert_false(check_has(record, "src_addr"));
	network.flags = WIRE_NET_UNREADABLE;
	record = told(&network);
	check_string(record, "address_source", "unreadable");
	assert_false(check_has(record, "dst_addr"));
	assert_false(check_has(record, "dst_port"));
	network.flags = 0;
	check_string(told(&network), "address_source", "unreadable");
}

static void a_disconnect_has_no_addresses(void **state)
{
	struct wire_network network = { .socket_family = AF_INET,
					.type = SOCK_DGRAM,
					.protocol = IPPROTO_UDP };
	struct json_object *record;

	(void)state;
	fixture_name_image();
	record = told(&network);
	check_keys(record,
		   FIXTURE_TASK " operation family family_name socket_type protocol return_code");
	check_int(record, "family", 0);
	check_string(record, "family_name", "AF_UNSPEC");
}

static void numbers_without_a_name_are_told_as_numbers(void **state)
{
	struct wire_network network = { .family = 12345,
					.socket_family = AF_INET,
					.type = 99,
					.protocol = 253,
					.return_code = -97 };
	struct json_object *record;

	(void)state;
	record = told(&network);
	check_int(record, "family", 12345);
	assert_false(check_has(record, "family_name"));
	assert_false(check_has(record, "socket_type"));
	check_string(record, "protocol", "253");
	assert_false(check_has(record, "address_source"));
}

static void other_families_have_no_protocol(void **state)
{
	struct wire_network network = { .family = AF_NETLINK,
					.socket_family = AF_NETLINK,
					.type = SOCK_RAW,
					.protocol = 9,
					.flags = WIRE_NET_UNREADABLE };
	struct json_object *record;

	(void)state;
	record = told(&network);
	check_string(record, "family_name", "AF_NETLINK");
	check_string(record, "socket_type", "raw");
	assert_false(check_has(record, "protocol"));
	check_string(record, "address_source", "unreadable");
}

static const struct wire_network local = { .family = AF_UNIX,
					   .socket_family = AF_UNIX,
					   .type = SOCK_STREAM };

static void a_unix_peer_is_told_by_its_path(void **state)
{
	struct json_object *record;

	(void)state;
	fixture_name_image();
	begin(&local);
	wb_string(builder, WIRE_PART_PATH, "/run/x.sock");
	wb_part(builder, WIRE_PART_REQUEST, 0, "x.sock\0\0\0\0", 10);
	wb_string(builder, WIRE_PART_BASE, "/run");
	record = fixture_encode();
	check_keys(record, FIXTURE_TASK " operation family family_name socket_type path "
					"requested_path path_source return_code");
	check_string(record, "path", "/run/x.sock");
	check_string(record, "requested_path", "x.sock");
	check_string(record, "path_source", "kernel");
}

static void a_unix_request_is_made_absolute(void **state)
{
	struct json_object *record;

	(void)state;
	begin(&local);
	wb_string(builder, WIRE_PART_REQUEST, "x.sock");
	wb_string(builder, WIRE_PART_BASE, "/run");
	record = fixture_encode();
	check_string(record, "path", "/run/x.sock");
	check_string(record, "path_source", "request");
}

static void an_abstract_name_is_told_with_an_at(void **state)
{
	struct wire_network network = local;
	struct json_object *record;

	(void)state;
	network.flags = WIRE_NET_ABSTRACT;
	fixture_name_image();
	begin(&network);
	wb_part(builder, WIRE_PART_REQUEST, 0, "\0bus\0x", 6);
	record = fixture_encode();
	check_keys(record,
		   FIXTURE_TASK " operation family family_name socket_type path path_source "
				"abstract return_code");
	check_bytes(check_member(record, "path"), "@bus\0x", 6);
	check_string(record, "path_source", "request");
	check_true(record, "abstract");

	begin(&network);
	wb_part(builder, WIRE_PART_PATH, 0, "\0bus", 4);
	record = fixture_encode();
	check_string(record, "path", "@bus");
	check_string(record, "path_source", "kernel");
}

static void a_unix_address_that_cannot_be_read_is_named_as_such(void **state)
{
	struct wire_network network = local;
	struct json_object *record;

	(void)state;
	network.flags = WIRE_NET_UNREADABLE;
	record = told(&network);
	check_string(record, "address_source", "unreadable");
	check_string(record, "path_source", "unreadable");
	assert_false(check_has(record, "path"));
}

static void a_unix_address_without_a_name_has_no_path(void **state)
{
	struct json_object *record;

	(void)state;
	begin(&local);
	wb_string(builder, WIRE_PART_REQUEST, "");
	wb_string(builder, WIRE_PART_BASE, "/run");
	record = fixture_encode();
	assert_false(check_has(record, "path"));
	assert_false(check_has(record, "path_source"));
}

static void the_other_direction_is_told(void **state)
{
	static const struct {
		uint16_t operation;
		const char *name;
	} operations[] = {
		{ WIRE_CONNECTED, "connected" },
		{ WIRE_ACCEPT, "accept" },
	};
	struct wire_network network = tcp;
	struct json_object *record;

	(void)state;
	network.inode = 4711;
	network.net_ns = 4026532283;
	network.return_code = 0;
	fixture_name_image();
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		network.operation = operations[i].operation;
		record = told(&network);
		check_keys(record, FIXTURE_TASK
			   " operation family family_name socket_type protocol version "
			   "src_addr src_port dst_addr dst_port address_source "
			   "socket_inode network_namespace return_code");
		check_string(record, "operation", operations[i].name);
		check_string(record, "address_source", "kernel");
		check_int(record, "socket_inode", 4711);
		check_int(record, "network_namespace", 4026532283);
	}
}

static void a_socket_that_was_received_says_how(void **state)
{
	struct wire_network network = tcp;
	struct json_object *record;

	(void)state;
	network.operation = WIRE_RECEIVE;
	network.return_code = 7;
	network.inode = 4711;
	network.via = WIRE_VIA_SCM_RIGHTS;
	fixture_name_image();
	record = told(&network);
	check_keys(record,
		   FIXTURE_TASK " operation family family_name socket_type protocol version "
				"src_addr src_port dst_addr dst_port address_source "
				"socket_inode return_code via");
	check_string(record, "operation", "receive");
	check_string(record, "via", "scm_rights");
	network.via = WIRE_VIA_PIDFD_GETFD;
	check_string(told(&network), "via", "pidfd_getfd");
}

static void a_bind_has_one_end(void **state)
{
	struct wire_network network = tcp;
	struct json_object *record;

	(void)state;
	network.operation = WIRE_BIND;
	network.flags = WIRE_NET_SRC;
	fixture_name_image();
	record = told(&network);
	check_keys(record,
		   FIXTURE_TASK " operation family family_name socket_type protocol version "
				"src_addr src_port address_source return_code");
	check_string(record, "address_source", "kernel");
	network.flags = WIRE_NET_SRC_REQUEST;
	record = told(&network);
	check_string(record, "src_addr", "192.0.2.10");
	check_string(record, "address_source", "request");
	network.flags = WIRE_NET_UNREADABLE;
	record = told(&network);
	check_string(record, "address_source", "unreadable");
	assert_false(check_has(record, "src_addr"));
}

static void a_vsock_has_context_ids(void **state)
{
	struct wire_network network = {
		.operation = WIRE_ACCEPT,
		.family = AF_VSOCK,
		.socket_family = AF_VSOCK,
		.type = SOCK_STREAM,
		.flags = WIRE_NET_SRC | WIRE_NET_DST,
	};
	static const uint32_t src[] = { 3, 70000 }, dst[] = { 2, 1024 };
	struct json_object *record;

	(void)state;
	memcpy(network.src_addr, src, sizeof(src));
	memcpy(network.dst_addr, dst, sizeof(dst));
	fixture_name_image();
	record = told(&network);
	check_keys(record,
		   FIXTURE_TASK " operation family family_name socket_type src_cid src_port "
				"dst_cid dst_port address_source return_code");
	check_int(record, "src_cid", 3);
	check_int(record, "src_port", 70000);
	check_int(record, "dst_cid", 2);
	check_int(record, "dst_port", 1024);
	network.operation = WIRE_CONNECT;
	network.flags = WIRE_NET_DST_REQUEST;
	record = told(&network);
	check_string(record, "address_source", "request");
	assert_false(check_has(record, "src_cid"));
}

static void the_other_end_of_a_unix_socket_is_told(void **state)
{
	struct wire_network network = local;
	struct json_object *record;

	(void)state;
	network.operation = WIRE_ACCEPT;
	fixture_name_image();
	begin(&network);
	wb_string(builder, WIRE_PART_PATH, "/run/x.sock");
	wb_part(builder, WIRE_PART_NEW_PATH, 0, "\0peer", 5);
	record = fixture_encode();
	check_keys(record,
		   FIXTURE_TASK " operation family family_name socket_type path path_source "
				"peer_path return_code");
	check_string(record, "peer_path", "@peer");

	begin(&network);
	wb_string(builder, WIRE_PART_NEW_PATH, "/run/client");
	record = fixture_encode();
	check_string(record, "peer_path", "/run/client");
	assert_false(check_has(record, "path"));

	begin(&network);
	wb_place(builder, WIRE_PART_NEW_PATH, "/run/client", 4026532291, 0);
	check_value(fixture_encode(), "mount_namespaces", "{\"/peer_path\":4026532291}");
}

static void what_is_no_socket_has_no_family(void **state)
{
	struct wire_network network = { .operation = WIRE_LISTEN, .return_code = -88 };

	(void)state;
	fixture_name_image();
	check_keys(told(&network), FIXTURE_TASK " operation return_code");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_tcp_connection_is_told),
		FIXTURE_TEST(an_ipv6_send_is_told_with_its_scope),
		FIXTURE_TEST(the_source_of_an_address_is_told),
		FIXTURE_TEST(a_disconnect_has_no_addresses),
		FIXTURE_TEST(numbers_without_a_name_are_told_as_numbers),
		FIXTURE_TEST(other_families_have_no_protocol),
		FIXTURE_TEST(a_unix_peer_is_told_by_its_path),
		FIXTURE_TEST(a_unix_request_is_made_absolute),
		FIXTURE_TEST(an_abstract_name_is_told_with_an_at),
		FIXTURE_TEST(a_unix_address_that_cannot_be_read_is_named_as_such),
		FIXTURE_TEST(a_unix_address_without_a_name_has_no_path),
		FIXTURE_TEST(the_other_direction_is_told),
		FIXTURE_TEST(a_socket_that_was_received_says_how),
		FIXTURE_TEST(a_bind_has_one_end),
		FIXTURE_TEST(a_vsock_has_context_ids),
		FIXTURE_TEST(the_other_end_of_a_unix_socket_is_told),
		FIXTURE_TEST(what_is_no_socket_has_no_family),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
