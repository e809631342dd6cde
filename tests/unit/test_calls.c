/* SPDX-License-Identifier: Apache-2.0 */
/* The probes' tables of system calls, held against each other and against the kernel's own headers. */
#include "check.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "bpf/state.h"
#include "kernel/object.h"

enum {
	NATIVE_NUMBERS = 1024,
	COMPAT_NUMBERS = 512,
	NAME_SIZE = 64,
};

static const char *const NAMES[WIRE_CALLS] = {
	[WIRE_CALL_SETUID] = "setuid",
	[WIRE_CALL_SETGID] = "setgid",
	[WIRE_CALL_SETREUID] = "setreuid",
	[WIRE_CALL_SETREGID] = "setregid",
	[WIRE_CALL_SETRESUID] = "setresuid",
	[WIRE_CALL_SETRESGID] = "setresgid",
	[WIRE_CALL_SETFSUID] = "setfsuid",
	[WIRE_CALL_SETFSGID] = "setfsgid",
	[WIRE_CALL_CAPSET] = "capset",
	[WIRE_CALL_UNSHARE] = "unshare",
	[WIRE_CALL_SETNS] = "setns",
	[WIRE_CALL_PTRACE] = "ptrace",
	[WIRE_CALL_PROCESS_VM_READV] = "process_vm_readv",
	[WIRE_CALL_PROCESS_VM_WRITEV] = "process_vm_writev",
	[WIRE_CALL_INIT_MODULE] = "init_module",
	[WIRE_CALL_FINIT_MODULE] = "finit_module",
	[WIRE_CALL_DELETE_MODULE] = "delete_module",
	[WIRE_CALL_KEXEC_LOAD] = "kexec_load",
	[WIRE_CALL_KEXEC_FILE_LOAD] = "kexec_file_load",
	[WIRE_CALL_BPF] = "bpf",
	[WIRE_CALL_TRUNCATE] = "truncate",
	[WIRE_CALL_RENAME] = "rename",
	[WIRE_CALL_RENAMEAT] = "renameat",
	[WIRE_CALL_RENAMEAT2] = "renameat2",
	[WIRE_CALL_RMDIR] = "rmdir",
	[WIRE_CALL_LINK] = "link",
	[WIRE_CALL_LINKAT] = "linkat",
	[WIRE_CALL_UNLINK] = "unlink",
	[WIRE_CALL_UNLINKAT] = "unlinkat",
	[WIRE_CALL_SYMLINK] = "symlink",
	[WIRE_CALL_SYMLINKAT] = "symlinkat",
	[WIRE_CALL_PIVOT_ROOT] = "pivot_root",
	[WIRE_CALL_CHROOT] = "chroot",
	[WIRE_CALL_MOUNT] = "mount",
	[WIRE_CALL_UMOUNT] = "umount",
	[WIRE_CALL_UMOUNT2] = "umount2",
	[WIRE_CALL_MOVE_MOUNT] = "move_mount",
};

static struct bpf_object *object;

static int setup(void **state)
{
	size_t size = 0;
	const void *elf = object_builtin(0, &size);

	(void)state;
	object = bpf_object__open_mem(elf, size, NULL);
	return object ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	bpf_object__close(object);
	return 0;
}

/* A constant table of the probes, of that many bytes. */
static const unsigned char *table(const char *name, size_t size)
{
	const struct btf *btf = bpf_object__btf(object);
	const struct btf_type *section = btf__type_by_id(
		btf, (__u32)btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC));
	const struct btf_var_secinfo *variables = btf_var_secinfos(section);
	size_t total;
	const unsigned char *data =
		bpf_map__initial_value(bpf_object__find_map_by_name(object, ".rodata"), &total);

	for (unsigned int i = 0; i < btf_vlen(section); i++) {
		const struct btf_type *variable = btf__type_by_id(btf, variables[i].type);

		if (strcmp(btf__name_by_offset(btf, variable->name_off), name) != 0)
			continue;
		assert_int_equal(variables[i].size, size);
		assert_true(variables[i].offset + size <= total);
		return data + variables[i].offset;
	}
	fail_msg("no table %s", name);
	return NULL;
}

/* Do these probes tell calls apart by the second table? */
static bool has_calls(unsigned int slot)
{
	return slot == SLOT_PRIVILEGE || slot == SLOT_PTRACE || slot == SLOT_KERNEL ||
	       slot == SLOT_FILE;
}

static void check_same_numbers(const unsigned char *slots, const unsigned char *calls, size_t size)
{
	for (size_t number = 0; number < size; number++)
		if (has_calls(slots[number]) != (calls[number] != WIRE_CALL_NONE))
			fail_msg("number %zu has slot %u and call %u", number, slots[number],
				 calls[number]);
}

static void a_number_with_a_probe_is_a_call_and_no_other(void **state)
{
	(void)state;
	check_same_numbers(table("arch_native", NATIVE_NUMBERS),
			   table("arch_native_calls", NATIVE_NUMBERS), NATIVE_NUMBERS);
	check_same_numbers(table("arch_compat_slots", COMPAT_NUMBERS),
			   table("arch_compat_calls", COMPAT_NUMBERS), COMPAT_NUMBERS);
}

/* Is it the call's name, or that of its variant with larger numbers (setuid32, truncate64)? */
static bool is_name(const char *name, const char *call)
{
	size_t size = strlen(call);

	return strncmp(name, call, size) == 0 &&
	       (!name[size] || strcmp(name + size, "32") == 0 || strcmp(name + size, "64") == 0);
}

/* Each number of the table that the header names has that name. Returns how many these were. */
static size_t check_header(const char *header, const unsigned char *calls, size_t size)
{
	char path[NAME_SIZE], line[256], name[NAME_SIZE];
	unsigned int number;
	size_t count = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/usr/include/x86_64-linux-gnu/asm/%s", header);
	file = fopen(path, "re");
	if (!file)
		skip();
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "#define __NR_%63s %u", name, &number) != 2 &&
		    sscanf(line, "#define __NR_%63s (__X32_SYSCALL_BIT + %u)", name, &number) != 2)
			continue;
		if (number >= size || calls[number] == WIRE_CALL_NONE)
			continue;
		if (!is_name(name, NAMES[calls[number]]))
			fail_msg("%s: %u is %s, not %s", header, number, name,
				 NAMES[calls[number]]);
		count++;
	}
	assert_int_equal(fclose(file), 0);
	return count;
}

static void numbers_are_those_of_the_kernels_headers(void **state)
{
	const unsigned char *native = table("arch_native_calls", NATIVE_NUMBERS);
	const unsigned char *compat = table("arch_compat_calls", COMPAT_NUMBERS);

	(void)state;
	assert_int_equal(check_header("unistd_64.h", native, NATIVE_NUMBERS), 36);
	assert_int_equal(check_header("unistd_32.h", compat, COMPAT_NUMBERS), 45);
	assert_int_equal(check_header("unistd_x32.h", native, NATIVE_NUMBERS), 36);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_number_with_a_probe_is_a_call_and_no_other),
		TEST(numbers_are_those_of_the_kernels_headers),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
