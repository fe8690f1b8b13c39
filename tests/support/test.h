/* SPDX-License-Identifier: Apache-2.0 */
/* Included by every test program: cmocka, the headers that it needs first, and TEST. */
#ifndef ONRUSH_TESTS_TEST_H
#define ONRUSH_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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
        test_add(&test);                                                                           \
    }                                                                                              \
    static void name(void)

struct test {
    const char *name;
    int line;
    void (*run)(void), (*before)(void), (*after)(void);
};

/* test_add: adds a test; the compiler's order of the calls does not matter. */
void test_add(struct test *test);

/* test_run: runs all tests, between `up` and `down` (NULL: none). Returns the exit code. A program
 * without a main() of its own gets one that calls test_run(NULL, NULL). */
int test_run(void (*up)(void), void (*down)(void));

#endif
