// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Bytes that were taken from a source and have not reached the target. They lie in a region of C
 * until they are delivered, or handed to the caller. One owner.
 */
final class PendingBytes {
  private long address;
  private long capacity;
  private long from;
  private long to;

  boolean isEmpty() {
    return from == to;
  }

  /** Bytes that wait. */
  long size() {
    return to - from;
  }

  /** Where the first byte that waits lies; after {@link #reserve}, where to put bytes. */
  long address() {
    return address + from;
  }

  /** Makes room for bytes. pre: there are none. */
  void reserve(long size) {
    from = 0;
    to = 0;
    if (capacity >= size) {
      return;
    }
    free();
    Limit.set();
    long allocated = Native.regionAllocate(size, 0);
    if (allocated < 0) {
      throw Limit.outOfMemory(size, (int) allocated);
    }
    address = allocated;
    capacity = size;
  }

  /** This many bytes were put behind those that wait. */
  void filled(long size) {
    to += size;
  }

  /** This many of the first bytes were delivered. */
  void delivered(long size) {
    from += size;
  }

  /** Takes size bytes out of a pipe of C, and gives the pipe back. */
  void drain(long pipe, long size) throws IOException {
    try {
      reserve(size);
      while (to < size) {
        long got = Native.pipeDrain(pipe, address + to, size - to);
        if (got <= 0 && got != Errors.EINTR) {
          throw Errors.io("Reading " + (size - to) + " stranded bytes", (int) got);
        }
        filled(Math.max(got, 0));
      }
    } finally {
      Native.pipeRelease(pipe);
    }
  }

  /** Hands the bytes over; null if there are none. */
  ByteBuffer take() {
    if (isEmpty()) {
      return null;
    }
    int size = Math.toIntExact(size());
    ByteBuffer bytes = ByteBuffer.allocate(size);
    bytes.put(Native.newByteBuffer(address(), size)).flip();
    from = to;
    return bytes;
  }

  /** Gives the memory back. */
  void free() {
    if (capacity > 0) {
      Native.regionFree(address, capacity, 0);
      capacity = 0;
    }
  }
}
