/* SPDX-License-Identifier: Apache-2.0 */
/* In a file of its own: the linker takes it only if the program has no main(). */
#include "tests/support/test.h"

int main(void)
{
    return tests_run();
}
