/* SPDX-License-Identifier: Apache-2.0 */
#include "znio/znio.h"

#include "sys.h"

/* Tells one loaded copy of znio from another: a second copy finds this symbol in the first. */
ZN_API extern const char zn_core_marker[];
const char zn_core_marker[] = "znio " ZN_VERSION;

const char *zn_version(void) { return ZN_VERSION; }

int zn_abi(void) { return ZN_ABI; }

int64_t zn_process_id(void) { return zn_sys_process_id(); }
