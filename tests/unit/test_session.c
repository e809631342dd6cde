/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "session/table.h"

static struct session_start start_of(uint64_t key)
{
	return (struct session_start){
		.key = key,
		.time = 77,
		.sid = "8c2f4b1e-7a53-4d0e-9b61-2f7f0c5f1a9d",
		.login = "alice",
		.user = "alice@example.org",
	};
}

static void a_session_keeps_copies_of_what_it_was_given(void **state)
{
	struct session_start start = start_of(3);
	struct session *session;
	char login[] = "alice";

	(void)state;
	start.login = login;
	assert_int_equal(session_new(&session, &start), 0);
	login[0] = 'x';
	assert_int_equal(session->key, 3);
	assert_int_equal(session->start_time, 77);
	assert_string_equal(session->sid, "8c2f4b1e-7a53-4d0e-9b61-2f7f0c5f1a9d");
	assert_string_equal(session->login, "alice");
	assert_string_equal(session->user, "alice@example.org");
	assert_int_equal(session->ei, 0);
	session_free(session);
	session_free(NULL);
}

static void a_sid_of_another_length_is_refused(void **state)
{
	struct session_start start = start_of(3);
	struct session *session = NULL;

	(void)state;
	start.sid = "8c2f4b1e";
	assert_int_equal(session_new(&session, &start), -EINVAL);
	start.sid = "8c2f4b1e-7a53-4d0e-9b61-2f7f0c5f1a9dx";
	assert_int_equal(session_new(&session, &start), -EINVAL);
	assert_null(session);
}

static void only_numbered_records_count_as_written(void **state)
{
	struct session_start start = start_of(3);
	struct session *session;

	(void)state;
	assert_int_equal(session_new(&session, &start), 0);
	session->records[WIRE_EXEC] = 1;
	session->records[WIRE_TTY] = 2;
	session->records[EVENT_START] = 4;
	session->records[EVENT_LOST] = 8;
	assert_int_equal(session_written(session), 3);
	session_free(session);
}

static void progress_goes_from_one_session_to_another(void **state)
{
	struct session_progress progress = { .start_time = 11,
					     .ei = 1,
					     .counted = 3,
					     .highest = 4 },
				got;
	struct session_start start = start_of(3);
	struct session *session;

	(void)state;
	for (size_t kind = 0; kind < EVENT_KINDS; kind++)
		progress.records[kind] = 100 + kind;
	for (size_t kind = 0; kind < WIRE_KINDS; kind++)
		progress.taken.by_kind[kind] = 200 + kind;
	progress.taken.numbered = 5;
	assert_int_equal(session_new(&session, &start), 0);
	session_progress_set(session, &progress);
	assert_int_equal(session->start_time, 11);
	assert_int_equal(session->ei, 1);
	assert_int_equal(session->losses.counted, 3);
	assert_int_equal(session->gaps.highest, 4);
	assert_int_equal(session->records[EVENT_AGENT_CONFIG], 100 + EVENT_AGENT_CONFIG);
	/* Whose session it is has nothing to do with it. */
	assert_int_equal(session->key, 3);
	assert_string_equal(session->login, "alice");
	memset(&got, 0xff, sizeof(got));
	session_progress_get(session, &got);
	assert_int_equal(got.start_time, 11);
	assert_int_equal(got.ei, 1);
	assert_int_equal(got.counted, 3);
	assert_int_equal(got.highest, 4);
	assert_memory_equal(got.records, progress.records, sizeof(got.records));
	assert_memory_equal(&got.taken, &progress.taken, sizeof(got.taken));
	session_free(session);
}

static void a_thousand_sessions_are_found_by_their_keys(void **state)
{
	struct session_table table = { 0 };

	(void)state;
	for (uint64_t key = 1; key <= 1000; key++) {
		struct session_start start = start_of(key << 32);
		struct session *session;

		assert_int_equal(session_new(&session, &start), 0);
		assert_int_equal(session_table_add(&table, session), 0);
	}
	for (uint64_t key = 1; key <= 1000; key++)
		assert_int_equal(session_table_find(&table, key << 32)->key, key << 32);
	assert_null(session_table_find(&table, 5));
	session_table_clear(&table);
	assert_null(session_table_find(&table, 1ULL << 32));
}

static void a_removed_session_is_not_found_again(void **state)
{
	struct session_table table = { 0 };
	struct session_start start = start_of(1);
	struct session *session, *other;

	(void)state;
	assert_int_equal(session_new(&session, &start), 0);
	assert_int_equal(session_table_add(&table, session), 0);
	assert_int_equal(session_new(&other, &start), 0);
	assert_int_equal(session_table_add(&table, other), -EEXIST);
	session_free(other);
	assert_ptr_equal(session_table_find(&table, 1), session);
	session_table_remove(&table, session);
	assert_null(session_table_find(&table, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_session_keeps_copies_of_what_it_was_given),
		TEST(a_sid_of_another_length_is_refused),
		TEST(only_numbered_records_count_as_written),
		TEST(progress_goes_from_one_session_to_another),
		TEST(a_thousand_sessions_are_found_by_their_keys),
		TEST(a_removed_session_is_not_found_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
