/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include "tests/support/must.h"

#define TESTS_MAX   100
#define PATIENCE_US (60 * INT64_C(1000000))

/* In the order of the file. */
static struct test *tests[TESTS_MAX];
static size_t n_tests;

void (*before_all_tests)(void), (*after_all_tests)(void);
static bool is_down;

void tests_add(struct test *test)
{
    size_t i = n_tests++;
    must(n_tests <= TESTS_MAX);
    for (; i > 0 && tests[i - 1]->line > test->line; i--)
        tests[i] = tests[i - 1];
    tests[i] = test;
}

static void run(void **state)
{
    ((struct test *)*state)->run();
}

static int before(void **state)
{
    ((struct test *)*state)->before();
    return 0;
}

static int after(void **state)
{
    ((struct test *)*state)->after();
    return 0;
}

static int before_all(void **state)
{
    (void)state;
    before_all_tests();
    return 0;
}

static int after_all(void **state)
{
    (void)state;
    after_all_tests();
    is_down = true;
    return 0;
}

int tests_run(void)
{
    struct CMUnitTest list[TESTS_MAX];
    must(n_tests > 0);
    for (size_t i = 0; i < n_tests; i++)
        list[i] = (struct CMUnitTest){.name = tests[i]->name,
                                      .test_func = run,
                                      .setup_func = tests[i]->before != NULL ? before : NULL,
                                      .teardown_func = tests[i]->after != NULL ? after : NULL,
                                      .initial_state = tests[i]};
    int failed = _cmocka_run_group_tests("tests", list, n_tests,
                                         before_all_tests != NULL ? before_all : NULL,
                                         after_all_tests != NULL ? after_all : NULL);
    /* cmocka does not count a failure of the group's tear-down. */
    return failed != 0 || after_all_tests == NULL || is_down ? failed : 1;
}

bool waited_enough(int64_t since_us)
{
    return clock_mono_us() - since_us > PATIENCE_US;
}

void wait_or_fail(int64_t since_us, const char *condition, const char *file, int line)
{
    if (waited_enough(since_us)) {
        print_error("waited in vain for %s\n", condition);
        _fail(file, line);
    }
    wait_a_moment();
}
