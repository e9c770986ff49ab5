/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which natives the JDK has, by release; checked with 17, 21 and 25. They are bound in this order:
 * a release of memory before its birth, so that no birth is counted whose death could be missed.
 */
#include "agent.h"
#include "agent_calls.h"

#define FILES17 "sun/nio/ch/FileDispatcherImpl"
#define FILES21 "sun/nio/ch/UnixFileDispatcherImpl"
#define CHANNEL17 "sun/nio/ch/FileChannelImpl"
#define TRANSFERS21 "sun/nio/ch/FileDispatcherImpl"
#define UNSAFE "jdk/internal/misc/Unsafe"
#define F "Ljava/io/FileDescriptor;"

/* The same in all releases but for its class. */
#define MOVED(native, name, signature, suffix)                                                     \
  {native, 17, 17, FILES17, name, signature, SERVED(suffix)}, {                                    \
    native, 21, 25, FILES21, name, signature, SERVED(suffix)                                       \
  }
#define COUNTED(suffix) (const void *)agent_count_##suffix, NULL
#define SERVED(suffix) (const void *)agent_count_##suffix, (const void *)agent_serve_##suffix

static const struct agent_row rows[] = {
    {AGENT_FREE, 17, 25, UNSAFE, "freeMemory0", "(J)V", SERVED(free)},
    {AGENT_REALLOCATE, 17, 25, UNSAFE, "reallocateMemory0", "(JJ)J", SERVED(reallocate)},
    {AGENT_ALLOCATE, 17, 25, UNSAFE, "allocateMemory0", "(J)J", SERVED(allocate)},
    {AGENT_UNMAP, 17, 17, CHANNEL17, "unmap0", "(JJ)I", COUNTED(unmap)},
    {AGENT_UNMAP, 21, 25, FILES21, "unmap0", "(JJ)I", COUNTED(unmap)},
    {AGENT_MAP, 17, 17, CHANNEL17, "map0", "(IJJZ)J", COUNTED(map_of_channel)},
    {AGENT_MAP, 21, 25, FILES21, "map0", "(" F "IJJZ)J", COUNTED(map)},
    {AGENT_TRANSFER_TO, 17, 17, CHANNEL17, "transferTo0", "(" F "JJ" F ")J",
     SERVED(transfer_to_of_channel)},
    {AGENT_TRANSFER_TO, 21, 25, TRANSFERS21, "transferTo0", "(" F "JJ" F "Z)J",
     SERVED(transfer_to)},
    {AGENT_TRANSFER_FROM, 21, 25, TRANSFERS21, "transferFrom0", "(" F F "JJZ)J",
     SERVED(transfer_from)},
    MOVED(AGENT_READ, "read0", "(" F "JI)I", read),
    MOVED(AGENT_PREAD, "pread0", "(" F "JIJ)I", pread),
    MOVED(AGENT_READV, "readv0", "(" F "JI)J", readv),
    MOVED(AGENT_WRITE, "write0", "(" F "JI)I", write),
    MOVED(AGENT_PWRITE, "pwrite0", "(" F "JIJ)I", pwrite),
    MOVED(AGENT_WRITEV, "writev0", "(" F "JI)J", writev),
    MOVED(AGENT_FORCE, "force0", "(" F "Z)I", force),
    MOVED(AGENT_SEEK, "seek0", "(" F "J)J", seek),
    MOVED(AGENT_TRUNCATE, "truncate0", "(" F "J)I", truncate),
    MOVED(AGENT_SIZE, "size0", "(" F ")J", size),
    MOVED(AGENT_LOCK, "lock0", "(" F "ZJJZ)I", lock),
    MOVED(AGENT_RELEASE, "release0", "(" F "JJ)V", release),
};

bool agent_is_known(int jdk) { return jdk == 17 || jdk == 21 || jdk == 25; }

const struct agent_row *agent_row(size_t i) {
  return i < sizeof rows / sizeof rows[0] ? &rows[i] : NULL;
}
