/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <linux/capability.h>

static struct wire_builder *const builder = &fixture.builder;

#define IDS(uid, euid, gid)                                                                    \
	"{\"uid\":" uid ",\"euid\":" euid ",\"suid\":" euid ",\"fsuid\":" euid ",\"gid\":" gid \
	",\"egid\":" gid ",\"sgid\":" gid ",\"fsgid\":" gid "}"

static struct wire_rights rights(uint32_t uid, uint32_t euid, uint64_t permitted)
{
	return (struct wire_rights){
		.uid = uid,
		.euid = euid,
		.suid = euid,
		.fsuid = euid,
		.gid = 100,
		.egid = 100,
		.sgid = 100,
		.fsgid = 100,
		.permitted = permitted,
		.user_ns = 0xEFFFFFFD,
	};
}

static void a_set_user_id_program_tells_the_ids_and_what_was_gained(void **state)
{
	struct wire_privilege privilege = {
		.operation = WIRE_PRIVILEGE_EXEC,
		.before = rights(1000, 1000, 1 << CAP_NET_RAW),
		.after = rights(1000, 0, 1 << CAP_NET_RAW | 1 << CAP_CHOWN),
	};

	(void)state;
	privilege.after.effective = UINT64_C(1) << CAP_BPF | UINT64_C(1) << 63;
	FIXTURE_BEGIN(WIRE_PRIVILEGE, privilege);
	fixture_check_own(
		"session.privilege",
		"\"operation\":\"exec\",\"before\":" IDS("1000", "1000", "100") ",\"after\":" IDS(
			"1000", "0",
			"100") ",\"capabilities_gained\":[\"cap_chown\",\"cap_bpf\",\"cap_63\"]");
}

static void a_call_is_named_and_ids_alone_are_enough(void **state)
{
	struct wire_privilege privilege = {
		.operation = WIRE_PRIVILEGE_SETID,
		.call = WIRE_CALL_SETRESGID,
		.before = rights(1000, 1000, 7),
		.after = rights(1000, 1000, 3),
	};

	(void)state;
	privilege.after.gid = privilege.after.egid = privilege.after.sgid = 0;
	privilege.after.fsgid = 0;
	FIXTURE_BEGIN(WIRE_PRIVILEGE, privilege);
	fixture_check_own("session.privilege",
			  "\"operation\":\"setid\",\"call\":\"setresgid\",\"before\":" IDS(
				  "1000", "1000", "100") ",\"after\":" IDS("1000", "1000", "0"));
}

static void another_user_namespace_is_told_by_its_number(void **state)
{
	struct wire_privilege privilege = {
		.operation = WIRE_PRIVILEGE_USER_NAMESPACE,
		.call = WIRE_CALL_UNSHARE,
		.before = rights(1000, 1000, 0),
		.after = rights(1000, 1000, 1 << CAP_SYS_ADMIN),
	};

	(void)state;
	privilege.after.user_ns = 4026532177;
	FIXTURE_BEGIN(WIRE_PRIVILEGE, privilege);
	fixture_check_own(
		"session.privilege",
		"\"operation\":\"user_namespace\",\"call\":\"unshare\",\"before\":" IDS(
			"1000", "1000",
			"100") ",\"after\":" IDS("1000", "1000",
						 "100") ",\"capabilities_gained\":[\"cap_sys_admin\"],"
							"\"user_namespace\":4026532177");
}

static struct wire_ptrace attach(void)
{
	return (struct wire_ptrace){
		.operation = WIRE_PTRACE_ATTACH,
		.requested = 812,
		.target_pid = 812,
		.target_tid = 812,
		.notes = WIRE_PTRACE_TARGET | WIRE_PTRACE_SESSION,
		.target_comm = "sshd",
	};
}

static void a_target_outside_every_session_is_told_as_such(void **state)
{
	struct wire_ptrace ptrace = attach();

	(void)state;
	ptrace.return_code = -1;
	FIXTURE_BEGIN(WIRE_PTRACE, ptrace);
	fixture_check_own(
		"session.ptrace",
		"\"operation\":\"attach\",\"target_pid\":812,\"target_uid\":0,"
		"\"target_program\":\"sshd\",\"target_in_session\":false,\"return_code\":-1");
}

static void a_target_in_a_session_is_told_with_that_session(void **state)
{
	struct wire_ptrace ptrace = attach();
	struct session_start other = fixture_start();

	(void)state;
	ptrace.target_session = WB_SESSION;
	FIXTURE_BEGIN(WIRE_PTRACE, ptrace);
	fixture_check_own(
		"session.ptrace",
		"\"operation\":\"attach\",\"target_pid\":812,\"target_uid\":0,"
		"\"target_program\":\"sshd\",\"target_in_session\":true,\"return_code\":0");

	other.key = WB_SESSION + 1;
	other.sid = "0d9d1f6a-52a4-4d83-8f5c-6d5d4c1f0a7e";
	assert_int_equal(pipeline_session_start(fixture.pipeline, &other), 0);
	ptrace.operation = WIRE_PTRACE_WRITE;
	ptrace.return_code = 64;
	ptrace.target_session = other.key;
	FIXTURE_BEGIN(WIRE_PTRACE, ptrace);
	fixture_check_own(
		"session.ptrace",
		"\"operation\":\"write_memory\",\"target_pid\":812,\"target_uid\":0,"
		"\"target_program\":\"sshd\",\"target_in_session\":false,"
		"\"target_sid\":\"0d9d1f6a-52a4-4d83-8f5c-6d5d4c1f0a7e\",\"return_code\":64");

	ptrace.target_session = WB_SESSION + 2;
	FIXTURE_BEGIN(WIRE_PTRACE, ptrace);
	fixture_check_own("session.ptrace",
			  "\"operation\":\"write_memory\",\"target_pid\":812,\"target_uid\":0,"
			  "\"target_program\":\"sshd\",\"target_in_session\":false,"
			  "\"return_code\":64");
}

static void a_thread_and_a_number_of_another_namespace_are_told(void **state)
{
	struct wire_ptrace ptrace = attach();

	(void)state;
	ptrace.operation = WIRE_PTRACE_SEIZE;
	ptrace.requested = 12;
	ptrace.target_tid = 815;
	ptrace.notes = WIRE_PTRACE_TARGET;
	FIXTURE_BEGIN(WIRE_PTRACE, ptrace);
	fixture_check_own(
		"session.ptrace",
		"\"operation\":\"seize\",\"target_pid\":812,\"target_tid\":815,\"target_uid\":0,"
		"\"target_program\":\"sshd\",\"requested_pid\":12,\"return_code\":0");
}

static void a_target_that_is_not_known_is_the_number_alone(void **state)
{
	struct wire_ptrace ptrace = { .return_code = -3,
				      .operation = WIRE_PTRACE_READ,
				      .requested = (uint32_t)-5 };

	(void)state;
	FIXTURE_BEGIN(WIRE_PTRACE, ptrace);
	fixture_check_own("session.ptrace",
			  "\"operation\":\"read_memory\",\"requested_pid\":-5,\"return_code\":-3");
	ptrace = (struct wire_ptrace){ .operation = WIRE_PTRACE_READ,
				       .requested = 9,
				       .target_pid = 9 };
	FIXTURE_BEGIN(WIRE_PTRACE, ptrace);
	fixture_check_own("session.ptrace",
			  "\"operation\":\"read_memory\",\"target_pid\":9,\"return_code\":0");
}

static void who_lets_himself_be_traced_is_the_target(void **state)
{
	struct wire_ptrace ptrace = attach();

	(void)state;
	ptrace.operation = WIRE_PTRACE_TRACEME;
	ptrace.requested = 99;
	ptrace.target_session = WB_SESSION;
	FIXTURE_BEGIN(WIRE_PTRACE, ptrace);
	fixture_check_own(
		"session.ptrace",
		"\"operation\":\"traceme\",\"target_pid\":812,\"target_uid\":0,"
		"\"target_program\":\"sshd\",\"target_in_session\":true,\"return_code\":0");
}

static void a_module_tells_its_file(void **state)
{
	struct wire_kernel kernel = {
		.return_code = -1, .flags = 2, .inode = 12, .dev = 8 << 20 | 1
	};

	(void)state;
	FIXTURE_BEGIN(WIRE_KERNEL, kernel);
	wb_string(builder, WIRE_PART_PATH, "/root/hide.ko");
	fixture_check_own("session.kernel",
			  "\"operation\":\"module_load\",\"path\":\"/root/hide.ko\",\"flags\":2,"
			  "\"return_code\":-1,\"inode\":12,\"dev\":\"8:1\"");
	FIXTURE_BEGIN(WIRE_KERNEL, kernel);
	wb_place(builder, WIRE_PART_PATH, "/mnt/hide.ko", 4026532291, 0);
	fixture_check_own("session.kernel",
			  "\"operation\":\"module_load\",\"path\":\"/mnt/hide.ko\",\"flags\":2,"
			  "\"return_code\":-1,\"inode\":12,\"dev\":\"8:1\","
			  "\"mount_namespaces\":{\"/path\":4026532291}");
	kernel = (struct wire_kernel){ .operation = WIRE_KERNEL_MODULE_UNLOAD };
	FIXTURE_BEGIN(WIRE_KERNEL, kernel);
	wb_string(builder, WIRE_PART_NAME, "wireguard");
	fixture_check_own(
		"session.kernel",
		"\"operation\":\"module_unload\",\"name\":\"wireguard\",\"return_code\":0");
	kernel.operation = WIRE_KERNEL_KEXEC;
	FIXTURE_BEGIN(WIRE_KERNEL, kernel);
	fixture_check_own("session.kernel", "\"operation\":\"kexec\",\"return_code\":0");
}

static void a_bpf_program_tells_its_type_and_name(void **state)
{
	struct wire_kernel kernel = {
		.operation = WIRE_KERNEL_BPF_LOAD, .return_code = 4, .type = 1, .id = 92
	};

	(void)state;
	FIXTURE_BEGIN(WIRE_KERNEL, kernel);
	wb_string(builder, WIRE_PART_NAME, "watch");
	fixture_check_own(
		"session.kernel",
		"\"operation\":\"bpf_load\",\"name\":\"watch\",\"program_type\":1,"
		"\"program_type_name\":\"socket_filter\",\"program_id\":92,\"return_code\":4");
	kernel = (struct wire_kernel){ .operation = WIRE_KERNEL_BPF_LOAD,
				       .return_code = -22,
				       .type = 4711 };
	FIXTURE_BEGIN(WIRE_KERNEL, kernel);
	wb_part(builder, WIRE_PART_NAME, WIRE_PART_UNREADABLE, NULL, 0);
	fixture_check_own("session.kernel",
			  "\"operation\":\"bpf_load\",\"program_type\":4711,\"return_code\":-22");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(a_set_user_id_program_tells_the_ids_and_what_was_gained),
		FIXTURE_TEST(a_call_is_named_and_ids_alone_are_enough),
		FIXTURE_TEST(another_user_namespace_is_told_by_its_number),
		FIXTURE_TEST(a_target_outside_every_session_is_told_as_such),
		FIXTURE_TEST(a_target_in_a_session_is_told_with_that_session),
		FIXTURE_TEST(a_thread_and_a_number_of_another_namespace_are_told),
		FIXTURE_TEST(a_target_that_is_not_known_is_the_number_alone),
		FIXTURE_TEST(who_lets_himself_be_traced_is_the_target),
		FIXTURE_TEST(a_module_tells_its_file),
		FIXTURE_TEST(a_bpf_program_tells_its_type_and_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
