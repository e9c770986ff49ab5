// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.util.Set;

/** Who makes a file channel: the contracts are run against each, the JDK first. */
enum FileChannels {
  JDK {
    @Override
    FileChannel open(Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
        throws IOException {
      return FileChannel.open(path, options, attributes);
    }

    @Override
    FileChannel open(Path path, OpenOption... options) throws IOException {
      return FileChannel.open(path, options);
    }
  },
  ZNIO {
    @Override
    FileChannel open(Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
        throws IOException {
      return NativeFileChannel.open(path, options, attributes);
    }

    @Override
    FileChannel open(Path path, OpenOption... options) throws IOException {
      return NativeFileChannel.open(path, options);
    }
  };

  abstract FileChannel open(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException;

  abstract FileChannel open(Path path, OpenOption... options) throws IOException;

  /**
   * True where the JDK's behaviour since a release is to be expected: ours is always the newest.
   */
  boolean isSince(int release) {
    return this == ZNIO || Runtime.version().feature() >= release;
  }
}
