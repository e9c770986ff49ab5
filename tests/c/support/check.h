/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka, with the headers that it wants included before it. */
#ifndef ZN_TESTS_CHECK_H
#define ZN_TESTS_CHECK_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#endif
