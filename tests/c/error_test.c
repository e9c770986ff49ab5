/* SPDX-License-Identifier: Apache-2.0 */
/* Names and sentences of error codes: the kernel's as the C library has them, and ours. */
#include "znio/error.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "support/check.h"

static void test_every_errno_has_its_name_and_text(void **state) {
  int named = 0;
  for (int code = 1; code < 200; code++) {
    const char *name = zn_error_name(-code);
    bool known = strcmp(name, "EUNKNOWN") != 0;
    named += known;
    assert_string_equal(zn_error_text(-code), known ? strerror(code) : "unknown error");
#ifdef __GLIBC_PREREQ
#if __GLIBC_PREREQ(2, 32)
    const char *expected = strerrorname_np(code);
    assert_string_equal(name, expected != NULL ? expected : "EUNKNOWN");
#endif
#endif
  }
  assert_int_equal(named, 131); /* of asm-generic/errno.h, without second names */
  assert_string_equal(zn_error_name(-EAGAIN), "EAGAIN");
}

static void test_what_is_no_errno(void **state) {
  static const int codes[] = {0, 1, -4095, -4096, -100000, INT32_MIN, INT32_MAX};
  for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
    assert_string_equal(zn_error_name(codes[i]), "EUNKNOWN");
    assert_string_equal(zn_error_text(codes[i]), "unknown error");
  }
}

static void test_private_codes(void **state) {
  assert_string_equal(zn_error_name(ZN_EPAIR), "ZN_EPAIR");
  assert_non_null(strstr(zn_error_text(ZN_EAPPEND), "append"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_errno_has_its_name_and_text),
      cmocka_unit_test(test_what_is_no_errno),
      cmocka_unit_test(test_private_codes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
