// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.SplittableRandom;
import java.util.zip.CRC32;

/**
 * Appends records to a file, forces every few, and tells on standard output up to which they are
 * flushed, until it is killed: the shape of a message broker's log. Arguments: {@code mapping} or
 * {@code channel}, the file.
 */
final class AppendMain {
  static final int FILE_BYTES = 64 << 20;

  /** Length, number and sum, then the payload. */
  static final int HEADER_BYTES = 16;

  private static final int PAYLOAD_MAX = 600;
  private static final int FLUSHED_EVERY = 7;

  private AppendMain() {}

  /** Where records go. */
  private interface Log extends AutoCloseable {
    void append(ByteBuffer record, int position) throws IOException;

    void force(int from, int to) throws IOException;

    @Override
    void close() throws IOException;
  }

  public static void main(String[] arguments) throws Exception {
    Path file = Path.of(arguments[1]);
    try (Log log = arguments[0].equals("mapping") ? mapped(file) : written(file)) {
      int position = 0;
      int forced = 0;
      for (int number = 0; position < FILE_BYTES - HEADER_BYTES - PAYLOAD_MAX; number++) {
        ByteBuffer record = record(number);
        log.append(record, position);
        position += record.capacity();
        if (number % FLUSHED_EVERY == FLUSHED_EVERY - 1) {
          log.force(forced, position);
          forced = position;
          System.out.println("flushed " + number);
          System.out.flush();
        }
      }
    }
  }

  /** The record with this number; every run the same. */
  static ByteBuffer record(int number) {
    SplittableRandom random = new SplittableRandom(number);
    byte[] payload = new byte[random.nextInt(PAYLOAD_MAX)];
    random.nextBytes(payload);
    CRC32 sum = new CRC32();
    sum.update(payload);
    ByteBuffer record = ByteBuffer.allocate(HEADER_BYTES + payload.length);
    return record
        .putInt(record.capacity())
        .putInt(number)
        .putLong(sum.getValue())
        .put(payload)
        .flip();
  }

  private static Log mapped(Path file) throws IOException {
    Mapping mapping;
    try (NativeFileChannel channel = open(file)) {
      Mapping.Options options = Mapping.Options.NONE.preallocate();
      mapping = Mapping.map(channel, Mapping.Mode.READ_WRITE, 0, FILE_BYTES, options);
    }
    ByteBuffer buffer = mapping.buffer();
    return new Log() {
      @Override
      public void append(ByteBuffer record, int position) {
        buffer.put(position, record, 0, record.remaining());
      }

      @Override
      public void force(int from, int to) throws IOException {
        mapping.force(from, to - from);
      }

      @Override
      public void close() {
        mapping.close();
      }
    };
  }

  private static NativeFileChannel open(Path file) throws IOException {
    return NativeFileChannel.open(
        file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  private static Log written(Path file) throws IOException {
    NativeFileChannel channel = open(file);
    return new Log() {
      @Override
      public void append(ByteBuffer record, int position) throws IOException {
        channel.write(record, position);
      }

      @Override
      public void force(int from, int to) throws IOException {
        channel.force(false);
      }

      @Override
      public void close() throws IOException {
        channel.close();
      }
    };
  }
}
