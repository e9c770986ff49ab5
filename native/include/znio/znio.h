/* SPDX-License-Identifier: Apache-2.0 */
/* znio: zero-copy I/O and off-heap memory. This header includes all others. */
#ifndef ZNIO_ZNIO_H
#define ZNIO_ZNIO_H

#include <stdint.h>

#include "znio/error.h"
#include "znio/file.h"
#include "znio/foreign.h"
#include "znio/guard.h"
#include "znio/ledger.h"
#include "znio/life.h"
#include "znio/limit.h"
#include "znio/magazine.h"
#include "znio/mapping.h"
#include "znio/memfd.h"
#include "znio/meter.h"
#include "znio/pin.h"
#include "znio/pipe.h"
#include "znio/quarantine.h"
#include "znio/region.h"
#include "znio/timeline.h"
#include "znio/transfer.h"

#define ZN_VERSION "0.1.0"

/* Changes with every incompatible change of this API or of the natives of io.znio.Native. */
#define ZN_ABI 1

#ifdef __cplusplus
extern "C" {
#endif

/* Returns ZN_VERSION of the library. */
ZN_API const char *zn_version(void);

/* Returns ZN_ABI of the library. */
ZN_API int zn_abi(void);

/* Returns the number of this process. Any thread. */
ZN_API int64_t zn_process_id(void);

#ifdef __cplusplus
}
#endif
#endif
