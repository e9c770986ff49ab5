// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The JDK's direct and mapped buffers, ended at once, as programs do that cannot wait for GC. */
final class FaultMemoryJdk implements FaultMemory {
  @Override
  public ByteBuffer allocate() {
    return ByteBuffer.allocateDirect(BYTES);
  }

  @Override
  public void free(ByteBuffer buffer) {
    JdkUnsafe.invokeCleaner(buffer);
  }

  @Override
  public ByteBuffer map(Path file) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return channel.map(MapMode.READ_WRITE, OFFSET, BYTES);
    }
  }

  @Override
  public void unmap(ByteBuffer buffer) {
    JdkUnsafe.invokeCleaner(buffer);
  }
}
