/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sys/syscall.h>

#include "bpf/state.h"
#include "kernel/calls.h"
#include "kernel/object.h"
#include "kernel/strategy.h"
#include "kernel/targets.h"
#include "kernel/trampolines.h"

enum { ALL = (1 << SLOTS) - 1 };

/* Type information of a kernel that has the functions in `names`, each with its own prototype where the index differs. */
static struct btf *kernel_of(const char *const *names, const int *prototypes, size_t count)
{
	struct btf *btf = btf__new_empty();
	int number, ids[8], id;

	assert_non_null(btf);
	number = btf__add_int(btf, "long", 8, BTF_INT_SIGNED);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		char name[16];

		ids[i] = btf__add_func_proto(btf, number);
		(void)snprintf(name, sizeof(name), "regs%zu", i);
		assert_int_equal(btf__add_func_param(btf, name, number), 0);
	}
	for (size_t i = 0; i < count; i++) {
		id = btf__add_func(btf, names[i], BTF_FUNC_STATIC, ids[prototypes[i]]);
		assert_true(id > 0);
	}
	return btf;
}

static const struct target *target_of(const struct targets *targets, const char *name)
{
	for (size_t i = 0; i < targets->count; i++)
		if (strcmp(targets->list[i].name, name) == 0)
			return &targets->list[i];
	return NULL;
}

#if defined(__x86_64__)

static void functions_are_found_with_their_slots(void **state)
{
	const char *const names[] = { "__x64_sys_openat", "__x64_sys_connect", "__x64_sys_getppid",
				      "do_sys_openat2" };
	const int prototypes[] = { 0, 1, 0, 0 };
	struct btf *kernel = kernel_of(names, prototypes, ARRAY_SIZE(names));
	struct targets targets;

	(void)state;
	assert_int_equal(targets_find(&targets, kernel, ALL, false), 0);
	assert_int_equal(targets.count, 2);
	assert_int_equal(target_of(&targets, "__x64_sys_openat")->slot, SLOT_OPEN);
	assert_int_equal(target_of(&targets, "__x64_sys_connect")->slot, SLOT_NETWORK);
	assert_int_not_equal(target_of(&targets, "__x64_sys_openat")->group,
			     target_of(&targets, "__x64_sys_connect")->group);
	targets_free(&targets);
	btf__free(kernel);
}

static void functions_of_32_bit_calls_are_found_where_they_are_needed(void **state)
{
	const char *const names[] = { "__ia32_sys_openat2", "__ia32_compat_sys_socketcall",
				      "__x64_sys_socketcall" };
	const int prototypes[] = { 0, 0, 0 };
	struct btf *kernel = kernel_of(names, prototypes, ARRAY_SIZE(names));
	struct targets targets;

	(void)state;
	assert_int_equal(targets_find(&targets, kernel, ALL, false), 0);
	assert_int_equal(targets.count, 0);
	targets_free(&targets);
	assert_int_equal(targets_find(&targets, kernel, ALL, true), 0);
	assert_int_equal(targets.count, 2);
	assert_null(target_of(&targets, "__x64_sys_socketcall"));
	targets_free(&targets);
	btf__free(kernel);
}

static void functions_of_x32_calls_without_a_native_number_are_found(void **state)
{
	const char *const names[] = { "__x64_compat_sys_recvmmsg_time64", "__x64_sys_setuid16" };
	const int prototypes[] = { 0, 0 };
	struct btf *kernel = kernel_of(names, prototypes, ARRAY_SIZE(names));
	struct targets targets;

	(void)state;
	assert_int_equal(targets_find(&targets, kernel, ALL, false), 0);
	assert_int_equal(targets.count, 1);
	assert_int_equal(target_of(&targets, names[0])->slot, SLOT_RECEIVE);
	targets_free(&targets);
	btf__free(kernel);
}

static void slots_that_nobody_wants_are_left_out(void **state)
{
	const char *const names[] = { "__x64_sys_rename", "__x64_sys_openat" };
	const int prototypes[] = { 0, 0 };
	struct btf *kernel = kernel_of(names, prototypes, ARRAY_SIZE(names));
	struct targets targets;

	(void)state;
	assert_int_equal(targets_find(&targets, kernel, 1 << SLOT_OPEN, false), 0);
	assert_int_equal(targets.count, 1);
	assert_string_equal(targets.list[0].name, "__x64_sys_openat");
	assert_int_equal(targets.missing & ~(1u << SLOT_OPEN), 0);
	targets_free(&targets);
	btf__free(kernel);
}

/* The kernel that runs this has rename(2), and here no function for it. */
static void a_call_without_its_function_is_missed(void **state)
{
	const char *const names[] = { "__x64_sys_unlink" };
	const int prototypes[] = { 0 };
	struct btf *kernel = kernel_of(names, prototypes, ARRAY_SIZE(names));
	struct targets targets;

	(void)state;
	assert_int_equal(targets_find(&targets, kernel, 1 << SLOT_FILE, false), 0);
	assert_int_equal(targets.missing, 1u << SLOT_FILE);
	targets_free(&targets);
	btf__free(kernel);
}

static void more_prototypes_than_programs_leave_slots_out(void **state)
{
	const char *const names[] = { "__x64_sys_openat", "__x64_sys_connect", "__x64_sys_bind" };
	const int prototypes[] = { 0, 1, 2 };
	struct btf *kernel = kernel_of(names, prototypes, ARRAY_SIZE(names));
	struct targets targets;

	(void)state;
	assert_int_equal(targets_find(&targets, kernel, ALL, false), 0);
	assert_int_equal(targets.count, 2);
	assert_true(targets.missing & (1u << SLOT_SOCKET));
	targets_free(&targets);
	btf__free(kernel);
}

static void calls_of_sockets_are_left_out_together(void **state)
{
	const uint32_t sockets = 1u << SLOT_NETWORK | 1u << SLOT_SOCKET | 1u << SLOT_RECEIVE;
	struct targets targets = { 0 };

	(void)state;
	targets_miss(&targets, SLOT_OPEN);
	assert_int_equal(targets.missing, 1u << SLOT_OPEN);
	targets_miss(&targets, SLOT_RECEIVE);
	assert_int_equal(targets.missing, 1u << SLOT_OPEN | sockets);
}

#endif

static void a_call_that_no_kernel_has_does_not_exist(void **state)
{
	(void)state;
	assert_true(call_exists(&(struct call){ .name = "openat", .number = SYS_openat }));
	assert_false(call_exists(&(struct call){ .name = "none", .number = 0xFFFF }));
	assert_false(call_exists(&(struct call){ .name = "narrow", .number = CALL_NONE }));
}

static void calls_are_named_once_and_every_slot_has_some(void **state)
{
	uint32_t slots = 0;
	size_t count;
	const struct call *calls = calls_all(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		slots |= UINT32_C(1) << calls[i].slot;
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(calls[i].name, calls[k].name);
	}
	assert_int_equal(slots, ALL & ~(1 << SLOT_NONE));
}

/* In each of the objects, with the map that holds the way to it. */
static void every_program_has_its_map(void **state)
{
	size_t size, programs;
	const void *elf;

	(void)state;
	for (size_t i = 0; (elf = object_builtin(i, &size)); i++) {
		struct bpf_object *object = bpf_object__open_mem(elf, size, NULL);
		struct bpf_program *program;

		assert_non_null(object);
		programs = 0;
		bpf_object__for_each_program(program, object)
		{
			char map[64];

			if (!trampolines_has(bpf_program__name(program)))
				continue;
			programs++;
			(void)snprintf(map, sizeof(map), "%s_jump", bpf_program__name(program));
			assert_non_null(bpf_object__find_map_by_name(object, map));
		}
		assert_int_equal(programs, 7);
		bpf_object__close(object);
	}
}

static void what_was_demanded_is_not_replaced(void **state)
{
	struct strategy strategy = { .choice = STRATEGY_TRAMPOLINE };

	(void)state;
	assert_int_equal(strategy_refuse(&strategy, -EPERM, "no"), -EPERM);
	strategy.choice = STRATEGY_AUTO;
	assert_int_equal(strategy_refuse(&strategy, -EPERM, "no"), 0);
	assert_string_equal(strategy_name(&strategy), "tracepoint");
	assert_string_equal(strategy.reason, "no");
}

static void the_tracepoint_is_taken_as_configured(void **state)
{
	struct strategy strategy;

	(void)state;
	assert_int_equal(strategy_choose(&strategy, STRATEGY_TRACEPOINT, ALL), 0);
	assert_string_equal(strategy_name(&strategy), "tracepoint");
	assert_string_equal(strategy.reason, "as configured");
	assert_int_equal(strategy_slots(&strategy), 0);
}

static void a_single_command_takes_the_tracepoint(void **state)
{
	struct strategy strategy;

	(void)state;
	assert_int_equal(strategy_choose(&strategy, STRATEGY_SINGLE, ALL), 0);
	assert_string_equal(strategy_name(&strategy), "tracepoint");
	assert_string_equal(strategy.reason, "a single command: it starts faster");
	assert_null(STRATEGY_NAMES[STRATEGY_SINGLE]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#if defined(__x86_64__)
		TEST(functions_are_found_with_their_slots),
		TEST(functions_of_32_bit_calls_are_found_where_they_are_needed),
		TEST(functions_of_x32_calls_without_a_native_number_are_found),
		TEST(slots_that_nobody_wants_are_left_out),
		TEST(a_call_without_its_function_is_missed),
		TEST(more_prototypes_than_programs_leave_slots_out),
		TEST(calls_of_sockets_are_left_out_together),
#endif
		TEST(a_call_that_no_kernel_has_does_not_exist),
		TEST(calls_are_named_once_and_every_slot_has_some),
		TEST(every_program_has_its_map),
		TEST(what_was_demanded_is_not_replaced),
		TEST(the_tracepoint_is_taken_as_configured),
		TEST(a_single_command_takes_the_tracepoint),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
