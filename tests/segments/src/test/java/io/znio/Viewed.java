// SPDX-License-Identifier: Apache-2.0
package io.znio;

import io.znio.segments.Segments;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/** A region or a mapping, and the segment over it. */
abstract class Viewed implements AutoCloseable {
  /** What segments are tried on. */
  enum Kind {
    REGION {
      @Override
      Viewed open(Path directory, long size) {
        return of(Region.allocate(size));
      }
    },
    MAPPING {
      @Override
      Viewed open(Path directory, long size) throws IOException {
        Path file = Files.createTempFile(directory, "mapped", ".bin");
        Mapping.Options longer = Mapping.Options.NONE.extend();
        return of(Mapping.map(file, Mapping.Mode.READ_WRITE, 0, size, longer));
      }
    },
    ANONYMOUS {
      @Override
      Viewed open(Path directory, long size) throws IOException {
        return of(Mapping.anonymous(size));
      }
    };

    /** Zeroed memory. */
    abstract Viewed open(Path directory, long size) throws IOException;
  }

  /** The segment made first. */
  final MemorySegment segment = view();

  abstract MemorySegment view();

  abstract ByteBuffer buffer();

  abstract long address();

  abstract boolean isOpen();

  @Override
  public abstract void close();

  static Viewed of(Region region) {
    return new Viewed() {
      @Override
      MemorySegment view() {
        return Segments.of(region);
      }

      @Override
      ByteBuffer buffer() {
        return region.buffer();
      }

      @Override
      long address() {
        return region.address();
      }

      @Override
      boolean isOpen() {
        return region.isOpen();
      }

      @Override
      public void close() {
        region.close();
      }
    };
  }

  static Viewed of(Mapping mapping) {
    return new Viewed() {
      @Override
      MemorySegment view() {
        return Segments.of(mapping);
      }

      @Override
      ByteBuffer buffer() {
        return mapping.buffer();
      }

      @Override
      long address() {
        return mapping.address();
      }

      @Override
      boolean isOpen() {
        return mapping.isOpen();
      }

      @Override
      public void close() {
        mapping.close();
      }
    };
  }
}
