/* SPDX-License-Identifier: Apache-2.0 */
/* Included by every test program: cmocka, the headers that it needs first, and TEST. */
#ifndef ONRUSH_TESTS_TEST_H
#define ONRUSH_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shared/base/clock.h"
#include "tests/support/child.h"
#include "tests/support/text.h"

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

/* TEST: begins a test of this program, for example
 *
 *   TEST(test_ring)
 *   {
 *       assert_true(ring());
 *   }
 *
 * Tests run in the order of the file. TEST_WITH: a test with a function before it and one after it,
 * which also runs if the test fails; NULL: none. Both may assert. */
#define TEST(name) TEST_WITH(name, NULL, NULL)
#define TEST_WITH(name, set_up, tear_down)                                                         \
    static void name(void);                                                                        \
    __attribute__((constructor)) static void add_##name(void)                                      \
    {                                                                                              \
        static struct test test = {#name, __LINE__, name, set_up, tear_down};                      \
        tests_add(&test);                                                                          \
    }                                                                                              \
    static void name(void)

struct test {
    const char *name;
    int line;
    void (*run)(void), (*before)(void), (*after)(void);
};

/* tests_add: adds a test; the compiler's order of the calls does not matter. */
void tests_add(struct test *test);

/* BEFORE_ALL, AFTER_ALL: begin a function that runs before the first test, and one that runs after
 * the last. Both may assert. A program has at most one of each. */
#define BEFORE_ALL(name) AROUND_ALL(name, before_all_tests)
#define AFTER_ALL(name)  AROUND_ALL(name, after_all_tests)
#define AROUND_ALL(name, when)                                                                     \
    static void name(void);                                                                        \
    __attribute__((constructor)) static void set_##when(void)                                      \
    {                                                                                              \
        when = name;                                                                               \
    }                                                                                              \
    static void name(void)
extern void (*before_all_tests)(void), (*after_all_tests)(void);

/* tests_run: runs all tests; returns the exit code. A program without a main() of its own gets one
 * that calls it. */
int tests_run(void);

/* wait_for: waits until the condition is true; fails after 60 s, and prints the condition. For what
 * sends no event, such as another process. */
#define wait_for(condition)                                                                        \
    for (int64_t waits_since_us = clock_mono_us(); !(condition);)                                  \
    wait_or_fail(waits_since_us, #condition, __FILE__, __LINE__)
void wait_or_fail(int64_t since_us, const char *condition, const char *file, int line);

/* waited_enough: tells whether 60 s have passed, for loops with a message of their own. */
bool waited_enough(int64_t since_us);

#endif
