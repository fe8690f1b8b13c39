/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ONRUSH_TESTS_TEXT_H
#define ONRUSH_TESTS_TEXT_H

/* textf: formats a text, which lives as long as the program. Thread safe. */
const char *textf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
