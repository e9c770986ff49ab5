// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import io.znio.NativeFileChannel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * What a run reads and writes. Only the fields that the plan's kinds call for are set; whoever made
 * the ends closes them.
 */
final class Ends implements AutoCloseable {
  /**
   * The impl of a plan whose files are opened as NativeFileChannel, and used as any FileChannel.
   */
  static final String CHANNEL = "channel";

  /** The source file: set for sources file and memory. */
  FileChannel file;

  /** The target file, at position 0: set for target file. */
  FileChannel made;

  Path madePath;

  /** Where bytes are written to: the link's end, or the target file. */
  WritableByteChannel out;

  /** The second target of tee. */
  WritableByteChannel tee;

  /** Where bytes are read from: the link's end. */
  ReadableByteChannel in;

  /** The target memory, which mirrors the file from its start. */
  ByteBuffer memory;

  /** The source memory: the file's first bytes, mapped once and populated. */
  MappedByteBuffer mapped;

  /** What a probe changes instead of the file: source memory that is no mapping of it. */
  ByteBuffer changeable;

  void openFile(Plan plan) throws IOException, SkippedException {
    file = open(plan, plan.file());
    if (file.size() < plan.size()) {
      throw new SkippedException(
          "the file has " + file.size() + " bytes, which is less than " + plan.size());
    }
  }

  void makeFile(Plan plan) throws IOException {
    madePath = Files.createTempFile(plan.scratch(), "znio-target-", ".bin");
    made = open(plan, madePath, StandardOpenOption.READ, StandardOpenOption.WRITE);
    out = made;
  }

  private static FileChannel open(Plan plan, Path path, OpenOption... options) throws IOException {
    return plan.impl().equals(CHANNEL)
        ? NativeFileChannel.open(path, options)
        : FileChannel.open(path, options);
  }

  void mapSource(long bytes) throws IOException, SkippedException {
    if (bytes > Integer.MAX_VALUE) {
      throw new SkippedException("a ByteBuffer holds at most 2 GiB - 1 of a mapping");
    }
    mapped = file.map(FileChannel.MapMode.READ_ONLY, 0, bytes);
    mapped.load();
  }

  @Override
  public void close() {
    closeQuietly(file);
    closeQuietly(made);
    if (mapped != null) {
      JdkUnsafe.free(mapped);
    }
    if (madePath != null) {
      try {
        Files.deleteIfExists(madePath);
      } catch (IOException e) {
        madePath.toFile().deleteOnExit();
      }
    }
  }

  private static void closeQuietly(FileChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        // Its bytes were checked already, or the run has failed for a better reason.
      }
    }
  }
}
