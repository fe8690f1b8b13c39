/* SPDX-License-Identifier: Apache-2.0 */
/* Included by every test program: cmocka, and the headers that it needs first. */
#ifndef ONRUSH_TESTS_TEST_H
#define ONRUSH_TESTS_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

#endif
