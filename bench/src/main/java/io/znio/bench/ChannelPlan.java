// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import io.znio.NativeFileChannel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;

/**
 * What a worker was told to do: the words of a command {@code channel}, checked.
 *
 * @param op a name of {@link ChannelRows} that is no transfer
 * @param buffer {@link #HEAP}, {@link #DIRECT} or {@link #AS_ALLOCATED}; null where there is none
 * @param size bytes of one operation
 * @param count operations of each thread
 * @param scratch a directory for the files
 * @param flip whether every byte shall be taken for another
 */
record ChannelPlan(
    String op,
    String impl,
    String buffer,
    int size,
    int threads,
    long count,
    Path scratch,
    boolean flip) {
  /** So many bytes the files have. */
  static final int FILE_BYTES = 8 << 20;

  static final int SIZE_MAX = FILE_BYTES;
  static final String HEAP = "heap";
  static final String DIRECT = "direct";

  /** Direct, where allocateDirect puts it. */
  static final String AS_ALLOCATED = "as-allocated";

  private static final int PAGE = 4096;

  static ChannelPlan of(Wire wire) {
    ChannelPlan plan =
        new ChannelPlan(
            wire.need("op"),
            wire.need("impl"),
            wire.get("buffer"),
            Math.toIntExact(wire.needLong("size")),
            wire.has("threads") ? (int) wire.needLong("threads") : 1,
            wire.needLong("count"),
            Path.of(wire.need("scratch")),
            "1".equals(wire.get("flip")));
    if (plan.size < 1 || plan.size > SIZE_MAX || plan.count < 1 || plan.threads < 1) {
      throw new IllegalArgumentException(
          "size is 1 to " + SIZE_MAX + ", count and threads are 1 or more");
    }
    return plan;
  }

  /** Opens a file by whom the row is of. */
  FileChannel open(Path path, OpenOption... options) throws IOException, SkippedException {
    return switch (impl) {
      case "znio" -> NativeFileChannel.open(path, options);
      case "jdk" -> FileChannel.open(path, options);
      default -> throw new SkippedException("nobody knows channels of '" + impl + "'");
    };
  }

  ByteBuffer allocate(int bytes) {
    return switch (buffer) {
      case HEAP -> ByteBuffer.allocate(bytes);
      case AS_ALLOCATED -> ByteBuffer.allocateDirect(bytes);
      case DIRECT -> aligned(bytes);
      default -> throw new IllegalArgumentException("there is no buffer '" + buffer + "'");
    };
  }

  /**
   * A direct buffer that begins on a page. Where malloc has put it decides on some processors
   * whether the kernel copies at a tenth of its speed, and that is nobody's channel.
   */
  private static ByteBuffer aligned(int bytes) {
    int pages = (bytes + PAGE - 1) / PAGE;
    return ByteBuffer.allocateDirect((pages + 1) * PAGE).alignedSlice(PAGE).slice(0, bytes);
  }

  /** How many pieces of the row's size a file has. */
  int slots() {
    return FILE_BYTES / size;
  }
}
