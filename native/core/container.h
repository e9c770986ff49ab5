/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ZN_CORE_CONTAINER_H
#define ZN_CORE_CONTAINER_H

#include "znio/limit.h"

/* zn_limit_read_machine, with /proc and the mounts of control groups below root ("": the real
 * ones). */
int zn_container_read(const char *root, struct zn_limit_machine *machine);

#endif
