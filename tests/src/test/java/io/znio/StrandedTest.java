// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static java.nio.file.StandardOpenOption.CREATE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.EnumSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A file system that is full in the middle: every byte is in the file or in the caller's hands. */
@ExtendWith(Leaks.class)
class StrandedTest {
  private static final int SIZE = 3 << 20;

  @TempDir Path directory;

  static Stream<Arguments> cases() {
    return EnumSet.of(TransferPath.AUTO, TransferPath.READ_WRITE, TransferPath.SPLICE).stream()
        .flatMap(path -> Stream.of(Ends.values()).map(ends -> Arguments.of(path, ends)));
  }

  @ParameterizedTest(name = "{1} to a full file system by {0}")
  @MethodSource("cases")
  void bytesThatFindNoRoomAreHandedOut(TransferPath path, Ends ends) throws Exception {
    byte[] content = TestFiles.bytes(SIZE);
    Path mount = Files.createDirectory(directory.resolve("small"));
    try (Mounted mounted = Mounted.tmpfs(mount, "size=1m")) {
      assumeTrue(mounted.isMounted(), "SKIPPED: tmpfs cannot be mounted: " + mounted.reason());
      ByteBuffer all = ByteBuffer.allocate(SIZE);
      try (Ends.Pair pair = ends.open();
          FileChannel target =
              FileChannel.open(
                  mount.resolve("target"),
                  StandardOpenOption.CREATE,
                  StandardOpenOption.READ,
                  StandardOpenOption.WRITE)) {
        Thread sender = pair.send(content);
        TransferException failure = moveUntilFailure(path, pair, target);
        assertThat(failure.codeName()).isEqualTo("ENOSPC");
        assertThat(failure.errno()).isEqualTo(28);
        assertThat(failure.getMessage()).contains("ENOSPC");
        while (target.read(all) > 0) {
          // what reached the file
        }
        all.put(failure.stranded());
        while (pair.reader.read(all) > 0) {
          // what is still in the stream
        }
        Await.end(sender);
      }
      assertThat(all.hasRemaining()).as("bytes missing: " + all.remaining()).isFalse();
      assertThat(all.array()).isEqualTo(content);
    }
  }

  /** Gives what it is asked for, and does something before. */
  private record Giver(ByteBuffer content, Closeable before) implements ReadableByteChannel {
    @Override
    public int read(ByteBuffer target) throws IOException {
      before.close();
      int n = Math.min(target.remaining(), content.remaining());
      target.put(content.slice(content.position(), n));
      content.position(content.position() + n);
      return n;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  @Test
  void bytesOfAnyChannelAreHandedOut() throws Exception {
    ByteBuffer content = ByteBuffer.wrap(TestFiles.bytes(SIZE));
    Path mount = Files.createDirectory(directory.resolve("small"));
    try (Mounted mounted = Mounted.tmpfs(mount, "size=1m")) {
      assumeTrue(mounted.isMounted(), "SKIPPED: tmpfs cannot be mounted: " + mounted.reason());
      ByteBuffer all = ByteBuffer.allocate(SIZE);
      try (FileChannel target =
          NativeFileChannel.open(
              mount.resolve("target"), CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        Giver source = new Giver(content.slice(), () -> {});
        // The last piece fits in part.
        target.write(ByteBuffer.allocate(1), 0);
        TransferException failure =
            catchThrowableOfType(
                TransferException.class, () -> target.transferFrom(source, 10_000, SIZE));
        assertThat(failure.codeName()).isEqualTo("ENOSPC");
        assertThat(failure.source()).isEqualTo("another channel");
        assertThat(failure.bytes()).isEqualTo(target.size() - 10_000);
        target.position(10_000);
        while (target.read(all) > 0) {
          // what reached the file
        }
        all.put(failure.stranded()).put(source.content);
      }
      assertThat(all.array()).isEqualTo(content.array());
    }
  }

  @Test
  void closingTheFileMeanwhileLosesNothing() throws Exception {
    byte[] content = TestFiles.bytes(1000);
    FileChannel target =
        NativeFileChannel.open(directory.resolve("target"), CREATE, StandardOpenOption.WRITE);
    Giver source = new Giver(ByteBuffer.wrap(content), target::close);
    AsynchronousCloseException closed =
        catchThrowableOfType(
            AsynchronousCloseException.class, () -> target.transferFrom(source, 0, 1000));
    TransferException told = (TransferException) closed.getSuppressed()[0];
    assertThat(told.stranded()).isEqualTo(ByteBuffer.wrap(content));
    assertThat(told.bytes()).isZero();
  }

  private static TransferException moveUntilFailure(
      TransferPath path, Ends.Pair pair, FileChannel target) throws IOException {
    long moved = 0;
    while (moved < SIZE) {
      try {
        moved += Transfer.from(pair.reader).to(target, moved).via(path).transfer();
      } catch (TransferException e) {
        assertThat(target.size())
            .as("bytes told and bytes in the file")
            .isEqualTo(moved + e.bytes());
        return e;
      }
    }
    throw new AssertionError("a file system of 1 MiB took " + moved + " bytes");
  }
}
