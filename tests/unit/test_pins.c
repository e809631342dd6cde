/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes that outlive the process that attached them, in a BPF file system that only a child of the test has mounted.
 */
#include "pins_fixture.h"

static void child_outlive(void)
{
	struct audited audited = audited_start();
	struct attached_seen seen = { 0 };
	struct loader *loader;
	struct ring *ring;
	uint64_t key = 0;

	attached_mount();
	leave_attached(&audited);
	/* Nobody is there, and the probes go on. */
	audited_go(&audited, OPENS);

	loader = load_pinned();
	child_check(loader_attached(loader));
	child_check(attached_accounts(loader).numbered == UINT64_C(2) * OPENS);
	child_check(attached_accounts(loader).processes == 1);
	child_check(scope_find(loader, audited.pidfd, &key) == 0 && key == ATTACHED_KEY);
	audited_go(&audited, OPENS);
	audited_finish(&audited);
	ring = attached_ring(loader, &seen);
	child_check(ring_read(ring) > 0);
	/* From before, from meanwhile, and from now: each once. */
	child_check(seen.numbered == UINT64_C(3) * OPENS + 1);
	child_check(seen.sum == seen.numbered * (seen.numbered + 1) / 2);
	child_check(attached_accounts(loader).processes == 0);
	ring_free(ring);
	loader_free(loader);
}

static void pinned_probes_go_on_without_a_process(void **state)
{
	(void)state;
	child_run(child_outlive);
}

static void child_twice(void)
{
	struct audited audited = audited_start();
	struct loader *loader;

	attached_mount();
	leave_attached(&audited);
	for (uint64_t i = 2; i <= 4; i++) {
		loader = load_pinned();
		child_check(loader_attached(loader));
		audited_go(&audited, OPENS);
		/* Attached once, whoever has it: each open is seen once. */
		child_check(attached_accounts(loader).numbered == i * OPENS);
		loader_free(loader);
	}
	audited_finish(&audited);
}

static void they_can_be_taken_over_again_and_again(void **state)
{
	(void)state;
	child_run(child_twice);
}

/* Detaches what is pinned, and sees that it is. */
static void check_detach(struct loader *loader, const struct audited *audited)
{
	uint64_t numbered = attached_accounts(loader).numbered;

	loader_detach(loader);
	child_check(!loader_attached(loader));
	child_check(entries(ATTACHED_PIN) == 0);
	audited_go(audited, OPENS);
	child_check(attached_accounts(loader).numbered == numbered);
}

static void child_detach(void)
{
	struct audited audited = audited_start();
	struct loader *loader;
	char *folder;

	attached_mount();
	loader = load_pinned();
	child_check(entries(ATTACHED_PIN) == 0); /* loading pins nothing */
	attached_attach(loader);
	folder = own_folder();
	child_check(entries(ATTACHED_PIN) == 1 && entries(folder) > 0);
	audited_mark(loader, &audited);
	check_detach(loader, &audited);
	/* Attached again it is pinned again. */
	attached_attach(loader);
	audited_go(&audited, 1);
	child_check(attached_accounts(loader).numbered == 1);
	loader_free(loader);
	loader = load_pinned();
	child_check(loader_attached(loader));
	check_detach(loader, &audited);
	attached_attach(loader);
	audited_go(&audited, 1);
	child_check(attached_accounts(loader).numbered == 2);
	loader_quiesce(loader);
	child_check(entries(ATTACHED_PIN) == 0);
	loader_free(loader);
	audited_finish(&audited);
	free(folder);
}

static void detaching_removes_the_pins(void **state)
{
	(void)state;
	child_run(child_detach);
}

/* The result of a probe. */
static const struct loader_result *result_of(const struct loader *loader, const char *probe)
{
	size_t count;
	const struct loader_result *results = loader_results(loader, &count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(results[i].entry->probe, probe) == 0)
			return &results[i];
	child_check(false);
	return NULL;
}

static void child_optional(void)
{
	char reason[LOADER_REASON_SIZE] = "";
	struct loader *loader;

	attached_mount();
	loader = load_pinned();
	/* No hierarchy to attach them to. */
	child_check(loader_attach(loader, -1, reason) == 0);
	child_check(result_of(loader, "connect4")->error < 0);
	child_check(result_of(loader, "open")->error == 0);
	loader_free(loader);
	loader = load_pinned();
	child_check(loader_attached(loader));
	child_check(result_of(loader, "open")->error == 0);
	child_check(result_of(loader, "connect4")->error < 0);
	child_check(result_of(loader, "connect4")->reason[0] != '\0');
	/* What could not be had then, may be had now. */
	loader_detach(loader);
	attached_attach(loader);
	child_check(result_of(loader, "connect4")->error == 0);
	loader_detach(loader);
	loader_free(loader);
}

static void what_could_not_be_attached_is_known_to_the_next(void **state)
{
	(void)state;
	child_run(child_optional);
}

static void child_nowhere(void)
{
	struct loader_config config = attached_config(ATTACHED_BPFFS "/none/such");
	char reason[LOADER_REASON_SIZE] = "";
	struct loader *loader;
	int root = attached_root();

	attached_mount();
	loader = attached_load(&config);
	child_check(!loader_attached(loader));
	child_check(loader_attach(loader, root, reason) == -ENOENT);
	child_check(strstr(reason, "/none/such/") && strstr(reason, "No such file or directory"));
	child_check(!loader_attached(loader) && !loader_replace(loader));
	loader_free(loader);
	fd_close(root);
}

static void pins_without_a_place_are_an_error(void **state)
{
	(void)state;
	child_run(child_nowhere);
}

static void child_plain_folder(void)
{
	char folder[] = "/var/tmp/seshat-test-XXXXXX", reason[LOADER_REASON_SIZE] = "";
	struct loader_config config = attached_config(folder);
	struct loader *loader;
	int root = attached_root();

	if (geteuid() != 0)
		child_unable("root");
	child_own_mounts();
	child_check(mount("tmpfs", "/var/tmp", "tmpfs", 0, NULL) == 0 && mkdtemp(folder));
	loader = attached_load(&config);
	child_check(loader_attach(loader, root, reason) < 0 && reason[0] != '\0');
	/* Nothing is left of it, and nothing is attached. */
	child_check(entries(folder) == 0 && !loader_attached(loader));
	loader_free(loader);
	fd_close(root);
}

static void pins_are_for_a_bpf_file_system(void **state)
{
	(void)state;
	child_run(child_plain_folder);
}

static void what_is_no_object_is_refused_for_what_it_is(void **state)
{
	static const char garbage[4096] = "\177ELF and nothing of the kind";
	struct loader_config config = attached_config("/none/such");
	char reason[LOADER_REASON_SIZE] = "";
	struct loader *none = NULL;
	int r;

	(void)state;
	config.elf = garbage;
	config.elf_size = sizeof(garbage);
	r = loader_new(&none, &config, reason);
	assert_true(r < 0);
	assert_null(none);
	assert_non_null(strstr(reason, strerror(-r)));
}

static void each_build_has_a_folder_of_its_own(void **state)
{
	char *one, *same, *other;

	(void)state;
	assert_int_equal(pins_folder(&one, "/base", "abcdef", 6), 0);
	assert_int_equal(pins_folder(&same, "/base", "abcdef", 6), 0);
	assert_int_equal(pins_folder(&other, "/base", "abcdeg", 6), 0);
	assert_string_equal(one, same);
	assert_string_not_equal(one, other);
	assert_int_equal(strncmp(one, "/base/", 6), 0);
	assert_null(strchr(one + 6, '/'));
	free(one);
	free(same);
	free(other);
}

static void a_pin_has_no_dot_in_its_name(void **state)
{
	char path[64] = "untouched";

	(void)state;
	assert_int_equal(pins_link(path, sizeof(path), "/a.b/c", "x.y.z"), 0);
	assert_string_equal(path, "/a.b/c/link_x_y_z");
	assert_int_equal(pins_link(path, 17, "/a.b/c", "x.y.z"), -ENAMETOOLONG);
	assert_int_equal(pins_link(path, 18, "/a.b/c", "x.y.z"), 0);
}

static void what_is_not_there_is_dropped_without_a_word(void **state)
{
	(void)state;
	pins_drop("/none/such");
	assert_false(pins_drop_others("/none/such", NULL));
	assert_false(pins_drop_others("/none/such", "/none/such/own"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pinned_probes_go_on_without_a_process),
		TEST(they_can_be_taken_over_again_and_again),
		TEST(detaching_removes_the_pins),
		TEST(what_could_not_be_attached_is_known_to_the_next),
		TEST(pins_without_a_place_are_an_error),
		TEST(pins_are_for_a_bpf_file_system),
		TEST(what_is_no_object_is_refused_for_what_it_is),
		TEST(each_build_has_a_folder_of_its_own),
		TEST(a_pin_has_no_dot_in_its_name),
		TEST(what_is_not_there_is_dropped_without_a_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
