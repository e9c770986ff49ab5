// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Several buffers as the parts of one scattering read or gathering write of {@link
 * NativeFileChannel}: direct buffers are held, heap buffers get a block of their own, until {@link
 * #close}. Used once, by one thread.
 */
final class FileParts implements AutoCloseable {
  /** What the kernel moves in one call at most (MAX_RW_COUNT of Linux). */
  private static final long BYTES_MAX = 0x7ffff000L;

  private static final int LONGS = 2; // a part: address and size

  private final NativeFileChannel file;
  private final boolean write;
  private final ByteBuffer[] buffers;
  private final long[] blocks; // of heap buffers; 0: a direct one
  private final long[] parts;
  private int count;
  private long bytes;

  /** Takes buffers in until there are as many, or as many bytes, as one call can move. */
  FileParts(NativeFileChannel file, ByteBuffer[] all, int offset, int length, boolean write)
      throws IOException {
    int most = Math.min(length, Native.PARTS_MAX);
    this.file = file;
    this.write = write;
    this.buffers = new ByteBuffer[most];
    this.blocks = new long[most];
    this.parts = new long[LONGS * most];
    boolean complete = false;
    try {
      for (int i = offset; i < offset + length && count < most && bytes < BYTES_MAX; i++) {
        add(all[i]);
      }
      complete = true;
    } finally {
      if (!complete) {
        close();
      }
    }
  }

  private void add(ByteBuffer buffer) throws IOException {
    if (!write && buffer.isReadOnly()) {
      throw FileBuffers.readOnly();
    }
    int size = (int) Math.min(buffer.remaining(), BYTES_MAX - bytes);
    FileBuffers.checkSize(file, size);
    if (size == 0) {
      return;
    }
    long address = buffer.isDirect() ? hold(buffer) : copy(buffer, size);
    parts[LONGS * count] = address;
    parts[LONGS * count + 1] = size;
    buffers[count++] = buffer;
    bytes += size;
    FileBuffers.checkAddress(file, address, buffer.position());
  }

  private static long hold(ByteBuffer buffer) {
    JdkMemory.acquire(buffer);
    return JdkMemory.address(buffer) + buffer.position();
  }

  private long copy(ByteBuffer buffer, int size) {
    long block = Blocks.openTemporary(size, file.alignment());
    blocks[count] = block;
    if (write) {
      FileBuffers.view(Blocks.address(block), size).put(0, buffer, buffer.position(), size);
    }
    return Blocks.address(block);
  }

  /** Bytes that were taken in. */
  long bytes() {
    return bytes;
  }

  /** One call of C. */
  long call() {
    int fd = file.descriptor();
    return write ? Native.fileWritev(fd, parts, count) : Native.fileReadv(fd, parts, count);
  }

  /** This many bytes were moved: moves the positions, and fills heap buffers that were read. */
  void advance(long moved) {
    long left = moved;
    for (int i = 0; i < count && left > 0; i++) {
      ByteBuffer buffer = buffers[i];
      int n = (int) Math.min(left, parts[LONGS * i + 1]);
      if (!write && blocks[i] != 0) {
        ByteBuffer copy = FileBuffers.view(parts[LONGS * i], n);
        buffer.put(buffer.position(), copy, 0, n);
      }
      buffer.position(buffer.position() + n);
      left -= n;
    }
  }

  /** An exception for a call that gave ZN_EDAMAGED. */
  DamagedMappingException damaged(String operation) {
    int i = 0;
    while (i < count - 1 && !MappedMemory.isDamaged(parts[LONGS * i], parts[LONGS * i + 1])) {
      i++;
    }
    return MappedMemory.damagedAt(operation, parts[LONGS * i], parts[LONGS * i + 1]);
  }

  @Override
  public void close() {
    for (int i = 0; i < blocks.length; i++) {
      if (blocks[i] != 0) {
        Blocks.closeTemporary(blocks[i]);
      } else if (i < count) {
        JdkMemory.release(buffers[i]);
      }
    }
  }
}
