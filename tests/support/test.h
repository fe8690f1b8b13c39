/* SPDX-License-Identifier: Apache-2.0 */
/* What every test program includes: cmocka with the headers that it wants before it. */
#ifndef ONRUSH_TESTS_TEST_H
#define ONRUSH_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

#endif
