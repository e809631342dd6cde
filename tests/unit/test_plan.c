/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <bpf/libbpf.h>

#include "bpf/state.h"
#include "kernel/object.h"
#include "kernel/plan.h"
#include "kernel/trampolines.h"

static struct bpf_object *object;
static const struct plan_entry *plan;
static size_t count;

static int setup(void **state)
{
	size_t size = 0;
	const void *elf = object_builtin(0, &size);

	(void)state;
	plan = plan_tracepoint(&count);
	object = bpf_object__open_mem(elf, size, NULL);
	return object ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	bpf_object__close(object);
	return 0;
}

static struct bpf_program *program_of(const struct plan_entry *entry)
{
	return bpf_object__find_program_by_name(object, entry->program);
}

static const struct plan_entry *entry_of(const char *program)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(plan[i].program, program) == 0)
			return &plan[i];
	return NULL;
}

static void every_program_of_the_plan_is_in_the_object(void **state)
{
	(void)state;
	assert_true(count > 0);
	for (size_t i = 0; i < count; i++)
		if (!program_of(&plan[i]))
			fail_msg("no program %s in the object", plan[i].program);
}

static void every_program_of_the_object_is_in_the_plan(void **state)
{
	struct bpf_program *program;
	size_t programs = 0;

	(void)state;
	bpf_object__for_each_program(program, object)
	{
		if (trampolines_has(bpf_program__name(program)))
			continue;
		programs++;
		if (!entry_of(bpf_program__name(program)))
			fail_msg("the plan does not name %s", bpf_program__name(program));
	}
	assert_int_equal(programs, count);
}

static void programs_are_unique_and_those_of_one_probe_stand_together(void **state)
{
	(void)state;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(plan[i].program, plan[k].program);
			if (strcmp(plan[i].probe, plan[k].probe) == 0)
				assert_string_equal(plan[i].probe, plan[i - 1].probe);
		}
}

static void every_slot_is_taken_once(void **state)
{
	size_t taken[SLOTS] = { 0 };

	(void)state;
	for (size_t i = 0; i < count; i++) {
		if (plan[i].how != PLAN_SYSCALL) {
			assert_int_equal(plan[i].slot, SLOT_NONE);
			continue;
		}
		if (plan[i].map) { /* another one than that of the system calls */
			assert_non_null(bpf_object__find_map_by_name(object, plan[i].map));
			continue;
		}
		assert_in_range(plan[i].slot, SLOT_NONE + 1, SLOTS - 1);
		taken[plan[i].slot]++;
	}
	for (size_t slot = SLOT_NONE + 1; slot < SLOTS; slot++)
		assert_int_equal(taken[slot], 1);
}

static void the_slots_have_room_in_their_map(void **state)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, "syscall_probes");

	(void)state;
	assert_non_null(map);
	assert_int_equal(bpf_map__type(map), BPF_MAP_TYPE_PROG_ARRAY);
	assert_true(bpf_map__max_entries(map) >= SLOTS);
}

static void sections_are_of_the_kind_that_is_planned(void **state)
{
	const char *section;

	(void)state;
	for (size_t i = 0; i < count; i++) {
		section = bpf_program__section_name(program_of(&plan[i]));
		switch (plan[i].how) {
		case PLAN_TRACE: /* raw_tp: a kernel that has no such tracepoint loads it all the same */
			assert_true(strncmp(section, "tp_btf/", 7) == 0 ||
				    strncmp(section, "raw_tp/", 7) == 0);
			break;
		case PLAN_SYSCALL: /* is called with what its caller has */
			assert_true(strcmp(section, "tp_btf/sys_exit") == 0 ||
				    (plan[i].map && strncmp(section, "raw_tp/", 7) == 0));
			break;
		case PLAN_CGROUP:
			assert_int_equal(strncmp(section, "cgroup/", 7), 0);
			break;
		}
		if (plan[i].attach_type)
			assert_int_equal(plan[i].how, PLAN_CGROUP);
	}
}

static void what_no_session_can_do_without_is_required(void **state)
{
	size_t required = 0;

	(void)state;
	for (size_t i = 0; i < count; i++)
		required += plan[i].required;
	assert_int_equal(required, 3);
	assert_true(entry_of("process_fork")->required);
	assert_true(entry_of("cgroup_attach")->required);
	assert_true(entry_of("process_exit")->required);
}

static void lineage_comes_first_and_the_exit_of_system_calls_last(void **state)
{
	(void)state;
	assert_string_equal(plan[0].program, "process_fork");
	assert_string_equal(plan[count - 1].program, "syscall_exit");
	assert_int_equal(plan[count - 1].how, PLAN_TRACE);
}

/* The maps that the agent speaks with, by the names that it knows them by, in the sizes that it reads. */
static void the_agents_maps_are_there(void **state)
{
	static const struct {
		const char *name;
		size_t value;
	} MAPS[] = {
		{ "sessions", sizeof(struct session_state) },
		{ "tasks", sizeof(struct task_state) },
		{ "cgroup_sessions", sizeof(uint64_t) },
		{ "ring", 0 },
	};
	struct bpf_map *map;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(MAPS); i++) {
		map = bpf_object__find_map_by_name(object, MAPS[i].name);
		assert_non_null(map);
		assert_int_equal(bpf_map__value_size(map), MAPS[i].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_program_of_the_plan_is_in_the_object),
		TEST(every_program_of_the_object_is_in_the_plan),
		TEST(programs_are_unique_and_those_of_one_probe_stand_together),
		TEST(every_slot_is_taken_once),
		TEST(the_slots_have_room_in_their_map),
		TEST(sections_are_of_the_kind_that_is_planned),
		TEST(what_no_session_can_do_without_is_required),
		TEST(lineage_comes_first_and_the_exit_of_system_calls_last),
		TEST(the_agents_maps_are_there),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
