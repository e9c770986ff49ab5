/* SPDX-License-Identifier: Apache-2.0 */
#include "znio/error.h"

#include <string.h>

#define ZN_ERRNO_MAX 4095

const char *zn_error_name(int code) {
  switch (code) {
#define ZN_ERROR_CASE(name, number, text)                                                          \
  case name:                                                                                       \
    return #name;
    ZN_ERROR_MAP(ZN_ERROR_CASE)
#undef ZN_ERROR_CASE
  }
  const char *name = code < 0 && code >= -ZN_ERRNO_MAX ? strerrorname_np(-code) : NULL;
  return name != NULL ? name : "EUNKNOWN";
}

const char *zn_error_text(int code) {
  switch (code) {
#define ZN_ERROR_CASE(name, number, text)                                                          \
  case name:                                                                                       \
    return text;
    ZN_ERROR_MAP(ZN_ERROR_CASE)
#undef ZN_ERROR_CASE
  }
  const char *text = code < 0 && code >= -ZN_ERRNO_MAX ? strerrordesc_np(-code) : NULL;
  return text != NULL ? text : "unknown error";
}
