// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channel;
import java.nio.channels.FileChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every path between every pair of ends: the bytes arrive, each once and in order, or the path says
 * by name that it cannot.
 */
@ExtendWith(Leaks.class)
class PathsTest {
  /** Odd, so that no path can rely on whole pages or blocks; more than a pipe or socket holds. */
  private static final int SIZE = 1_300_001;

  private static final byte[] CONTENT = TestFiles.bytes(SIZE);

  private static final Set<TransferPath> FILE_TO_STREAM =
      EnumSet.of(
          TransferPath.AUTO,
          TransferPath.READ_WRITE,
          TransferPath.MMAP_WRITE,
          TransferPath.SENDFILE,
          TransferPath.SPLICE,
          TransferPath.VMSPLICE,
          TransferPath.DIRECT_URING,
          TransferPath.URING_REGISTERED,
          TransferPath.PRIVATE_MAP);

  private static final Set<TransferPath> FILE_TO_FILE =
      EnumSet.of(
          TransferPath.AUTO,
          TransferPath.READ_WRITE,
          TransferPath.MMAP_WRITE,
          TransferPath.SENDFILE,
          TransferPath.SPLICE,
          TransferPath.VMSPLICE,
          TransferPath.COPY_FILE_RANGE,
          TransferPath.DIRECT_URING,
          TransferPath.URING_REGISTERED,
          TransferPath.PRIVATE_MAP);

  private static final Set<TransferPath> STREAM =
      EnumSet.of(TransferPath.AUTO, TransferPath.READ_WRITE, TransferPath.SPLICE);

  private static final Set<TransferPath> MEMORY =
      EnumSet.of(
          TransferPath.AUTO,
          TransferPath.READ_WRITE,
          TransferPath.VMSPLICE,
          TransferPath.URING_REGISTERED);

  private static final Set<TransferPath> LENDING =
      EnumSet.of(TransferPath.MSG_ZEROCOPY, TransferPath.URING_SEND_ZC);

  @TempDir Path directory;

  private Path file;

  @BeforeEach
  void writeSource() throws IOException {
    file = TestFiles.of(directory, CONTENT);
  }

  static Stream<Arguments> streams() {
    List<Arguments> cases = new ArrayList<>();
    for (TransferPath path : TransferPath.values()) {
      for (Ends ends : Ends.values()) {
        cases.add(Arguments.of(path, ends, true));
        cases.add(Arguments.of(path, ends, false));
      }
    }
    return cases.stream();
  }

  /** The reason why a path cannot join a pair; null if it can. */
  private static String refusal(TransferPath path, Set<TransferPath> possible, int targetKind) {
    boolean lends = LENDING.contains(path) && targetKind == Native.TCP && possible != STREAM;
    if (possible.contains(path) || lends) {
      return null;
    }
    return path == TransferPath.TEE && possible != MEMORY ? "ZN_ETEE" : "ZN_EPAIR";
  }

  @ParameterizedTest(name = "file by {0} to {1}, blocking {2}")
  @MethodSource("streams")
  void fileToStream(TransferPath path, Ends ends, boolean blocking) throws Exception {
    if (path == TransferPath.MEMFD && ends == Ends.UNIX) {
      return; // the peer gets the memory instead of the bytes: MemfdTest
    }
    String refusal = refusal(path, FILE_TO_STREAM, ends.kind);
    try (Ends.Pair pair = ends.open();
        FileChannel source = FileChannel.open(file)) {
      ((SelectableChannel) pair.writer).configureBlocking(blocking);
      if (refusal != null) {
        assertRefused(Transfer.from(source, 0).to(pair.writer).via(path), refusal, path, "file");
        return;
      }
      Ends.Collector collector = pair.collect();
      long moved = 0;
      TransferPath ran = null;
      while (moved < SIZE) {
        Receipt receipt = run(Transfer.from(source, moved).to(pair.writer).via(path), moved);
        if (receipt == null) {
          break; // not aligned any more: the rest goes by another path, below
        }
        moved += receipt.bytes();
        ran = receipt.bytes() > 0 ? receipt.path() : ran;
        assertThat(blocking && receipt.bytes() == 0)
            .as("a blocking transfer moves bytes")
            .isFalse();
      }
      while (moved < SIZE) {
        moved += Transfer.transferTo(source, moved, SIZE - moved, pair.writer);
      }
      assertThat(path == TransferPath.AUTO || ran == path).as("ran by " + ran).isTrue();
      assertThat(source.position()).as("position of the source").isZero();
      pair.writer.close();
      assertThat(collector.toEnd()).isEqualTo(CONTENT);
    }
  }

  /** Runs a transfer; null if it can no longer go by this path because of its offset. */
  private static Receipt run(Transfer transfer, long moved) throws IOException {
    try {
      return transfer.transferWithReceipt();
    } catch (TransferException e) {
      if (moved > 0 && e.codeName().equals("ZN_EALIGN")) {
        return null;
      }
      throw skipOrRethrow(e);
    }
  }

  /** What a machine may lack is skipped, and visibly so. */
  private static TransferException skipOrRethrow(TransferException e) {
    if (Set.of("ZN_EKERNEL", "ZN_EFORBIDDEN", "ZN_EMEMLOCK").contains(e.codeName())) {
      abort("SKIPPED on this machine: " + e.getMessage());
    }
    return e;
  }

  private static void assertRefused(
      Transfer transfer, String code, TransferPath path, String sourceKind) {
    TransferException e =
        catchThrowableOfType(TransferException.class, transfer::transferWithReceipt);
    assertThat(e).as(path + " must be refused").isNotNull();
    assertThat(e.codeName()).isEqualTo(code);
    assertThat(e.isRefusal()).isTrue();
    assertThat(e.path()).isEqualTo(path);
    assertThat(e.source()).isEqualTo(sourceKind);
    assertThat(e.getMessage()).contains(path.text()).contains(" from " + sourceKind + " to ");
    assertThat(e.reason()).isNotBlank();
  }

  @ParameterizedTest(name = "file by {0} to file")
  @EnumSource(TransferPath.class)
  void fileToFile(TransferPath path) throws Exception {
    Path copy = directory.resolve("copy");
    Transfer transfer = Transfer.from(file, 0).to(copy).via(path);
    if (path == TransferPath.REFLINK) {
      try {
        assertThat(transfer.transfer()).isEqualTo(SIZE);
      } catch (TransferException e) {
        assertThat(e.codeName()).isEqualTo("ZN_EFILESYSTEM");
        abort("SKIPPED: no reflink on the file system of " + directory);
      }
    }
    String refusal = refusal(path, FILE_TO_FILE, Native.FILE);
    if (refusal != null) {
      assertRefused(transfer, refusal, path, "file");
      return;
    }
    Receipt receipt = run(transfer, 0);
    assertThat(receipt.bytes()).isEqualTo(SIZE);
    assertThat(receipt.systemCalls()).isPositive();
    assertThat(Files.readAllBytes(copy)).isEqualTo(CONTENT);
  }

  @ParameterizedTest(name = "{1} by {0} to file, blocking {2}")
  @MethodSource("streams")
  void streamToFile(TransferPath path, Ends ends, boolean blocking) throws Exception {
    Path copy = directory.resolve("copy");
    try (Ends.Pair pair = ends.open();
        FileChannel target =
            FileChannel.open(copy, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      String refusal = refusal(path, STREAM, Native.FILE);
      if (refusal != null) {
        String kind = Errors.kindName(ends.kind);
        assertRefused(Transfer.from(pair.reader).to(target, 0).via(path), refusal, path, kind);
        return;
      }
      ((SelectableChannel) pair.reader).configureBlocking(blocking);
      Thread sender = pair.send(CONTENT);
      long moved = 0;
      while (moved < SIZE) {
        moved += Transfer.from(pair.reader).to(target, moved).via(path).transfer();
        assertThat(!blocking || moved == SIZE).as("blocking reads to the end").isTrue();
      }
      Await.end(sender);
      assertThat(Transfer.from(pair.reader).to(target, moved).transfer()).isZero();
      assertThat(target.position()).as("position of the target").isZero();
    }
    assertThat(Files.readAllBytes(copy)).isEqualTo(CONTENT);
  }

  @ParameterizedTest(name = "{1} to pipe by {0}, blocking {2}")
  @MethodSource("streams")
  void streamToStream(TransferPath path, Ends ends, boolean blocking) throws Exception {
    String refusal = refusal(path, STREAM, Native.PIPE);
    try (Ends.Pair from = ends.open();
        Ends.Pair to = Ends.PIPE.open()) {
      if (refusal != null) {
        String kind = Errors.kindName(ends.kind);
        assertRefused(Transfer.from(from.reader).to(to.writer).via(path), refusal, path, kind);
        return;
      }
      ((SelectableChannel) from.reader).configureBlocking(blocking);
      Thread sender = from.send(CONTENT);
      Ends.Collector collector = to.collect();
      long moved = 0;
      while (moved < SIZE) {
        moved += Transfer.from(from.reader).to(to.writer).via(path).transfer();
      }
      Await.end(sender);
      to.writer.close();
      assertThat(collector.toEnd()).isEqualTo(CONTENT);
    }
  }

  @ParameterizedTest(name = "mapping by {0} to {1}, blocking {2}")
  @MethodSource("streams")
  void mappingToStream(TransferPath path, Ends ends, boolean blocking) throws Exception {
    if (path == TransferPath.MEMFD && ends == Ends.UNIX) {
      return; // MemfdTest
    }
    String refusal = refusal(path, MEMORY, ends.kind);
    try (Ends.Pair pair = ends.open();
        Mapping mapping = Mapping.anonymous(SIZE)) {
      mapping.buffer().put(CONTENT);
      ((SelectableChannel) pair.writer).configureBlocking(blocking);
      if (refusal != null) {
        Transfer transfer = Transfer.from(mapping, 0).to(pair.writer).via(path);
        assertRefused(transfer, refusal, path, "memory");
        return;
      }
      Ends.Collector collector = pair.collect();
      long moved = 0;
      while (moved < SIZE) {
        // Whole pages only for vmsplice: the rest of a page goes by a plain write.
        boolean whole = moved % 4096 == 0;
        Transfer transfer = Transfer.from(mapping, moved).to(pair.writer);
        if (whole) {
          transfer.via(path);
        } else {
          transfer.count(4096 - moved % 4096);
        }
        try {
          moved += transfer.transfer();
        } catch (TransferException e) {
          throw skipOrRethrow(e);
        }
        assertThat(!blocking || moved == SIZE).as("all at once when blocking").isTrue();
      }
      pair.writer.close();
      assertThat(collector.toEnd()).isEqualTo(CONTENT);
    }
  }

  @ParameterizedTest(name = "file by {0} to memory")
  @EnumSource(TransferPath.class)
  void fileToMemory(TransferPath path) throws Exception {
    Set<TransferPath> possible =
        EnumSet.of(
            TransferPath.AUTO,
            TransferPath.READ_WRITE,
            TransferPath.DIRECT_URING,
            TransferPath.URING_REGISTERED);
    ByteBuffer target = ByteBuffer.allocateDirect(SIZE + 100);
    Transfer transfer = Transfer.from(file, 0).to(target).via(path);
    if (!possible.contains(path)) {
      assertRefused(transfer, "ZN_EPAIR", path, "file");
      return;
    }
    assertThat(run(transfer, 0).bytes()).isEqualTo(SIZE);
    assertThat(target.position()).isEqualTo(SIZE);
    byte[] bytes = new byte[SIZE];
    target.flip().get(bytes);
    assertThat(bytes).isEqualTo(CONTENT);
  }

  @ParameterizedTest(name = "{0} to memory and back")
  @EnumSource(Ends.class)
  void buffersOfBothKindsMoveBothWays(Ends ends) throws Exception {
    for (boolean direct : new boolean[] {true, false}) {
      try (Ends.Pair pair = ends.open()) {
        ByteBuffer from =
            direct ? ByteBuffer.allocateDirect(SIZE + 20) : ByteBuffer.allocate(SIZE + 20);
        from.position(7).put(CONTENT).limit(7 + SIZE).position(7);
        Threads.Started<Long> sender =
            Threads.call("sender", () -> Transfer.from(from.slice()).to(pair.writer).transfer());
        ByteBuffer to =
            direct ? ByteBuffer.allocateDirect(SIZE + 9) : ByteBuffer.allocate(SIZE + 9);
        to.position(9);
        assertThat(Transfer.from(pair.reader).to(to).transfer()).isEqualTo(SIZE);
        assertThat(sender.get()).isEqualTo(SIZE);
        assertThat(to.hasRemaining()).isFalse();
        byte[] bytes = new byte[SIZE];
        to.position(9).get(bytes);
        assertThat(bytes).isEqualTo(CONTENT);
      }
    }
  }

  @Test
  void bufferPositionsMovePastWhatWasMoved() throws Exception {
    try (Ends.Pair pair = Ends.UNIX.open()) {
      ByteBuffer from = ByteBuffer.wrap(CONTENT, 10, 1000);
      assertThat(Transfer.from(from).to(pair.writer).count(600).transfer()).isEqualTo(600);
      assertThat(from.position()).isEqualTo(610);
      ByteBuffer to = ByteBuffer.allocateDirect(500);
      assertThat(Transfer.from(pair.reader).to(to).transfer()).isEqualTo(500);
      assertThat(to.position()).isEqualTo(500);
      assertThat(Transfer.from(pair.reader).to(to.rewind().limit(100)).transfer()).isEqualTo(100);
      assertThat(to.get(99)).isEqualTo(CONTENT[10 + 599]);
    }
  }

  @ParameterizedTest(name = "tee from {0}")
  @EnumSource(Ends.class)
  void teeGivesBothTargetsEveryByte(Ends ends) throws Exception {
    try (Ends.Pair from = ends.open();
        Ends.Pair first = Ends.PIPE.open();
        Ends.Pair second = Ends.UNIX.open()) {
      Thread sender = from.send(CONTENT);
      Ends.Collector one = first.collect();
      Ends.Collector two = second.collect();
      Receipt receipt =
          Transfer.from(from.reader).to(first.writer).tee(second.writer).transferWithReceipt();
      Await.end(sender);
      assertThat(receipt.bytes()).isEqualTo(SIZE);
      assertThat(receipt.path()).isEqualTo(TransferPath.TEE);
      first.writer.close();
      second.writer.close();
      assertThat(one.toEnd()).isEqualTo(CONTENT);
      assertThat(two.toEnd()).isEqualTo(CONTENT);
    }
  }

  @ParameterizedTest(name = "{0}")
  @EnumSource(
      value = TransferPath.class,
      names = {"MSG_ZEROCOPY", "URING_SEND_ZC"})
  void lentMemoryIsReturnedAndTold(TransferPath path) throws Exception {
    try (Ends.Pair pair = Ends.TCP4.open()) {
      ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16).put(CONTENT, 0, 1 << 16).flip();
      Ends.Collector collector = pair.collect();
      Receipt receipt = run(Transfer.from(buffer).to(pair.writer).via(path), 0);
      assertThat(receipt.bytes()).isEqualTo(1 << 16);
      assertThat(receipt.path()).isEqualTo(path);
      assertThat(collector.awaitBytes(1 << 16))
          .isEqualTo(java.util.Arrays.copyOf(CONTENT, 1 << 16));
      Await.until("the loan is returned", () -> receipt.loan().isReturned());
      // Loopback has no card to read from: the kernel copies, and says so.
      assertThat(receipt.kernelCopied()).isEqualTo(KernelCopied.YES);
    }
  }

  @ParameterizedTest(name = "{0}")
  @EnumSource(
      value = TransferPath.class,
      names = {"MSG_ZEROCOPY", "URING_SEND_ZC"})
  void lentMemoryStaysUntilTheKernelIsDoneAlsoIfTheSocketIsClosed(TransferPath path)
      throws Exception {
    int size = 1 << 18;
    try (Ends.Pair pair = Ends.TCP4.open()) {
      Receipt receipt = null;
      long sent = 0;
      ((SocketChannel) pair.writer).configureBlocking(false);
      for (int i = 0; i < 1000 && sent < (8 << 20); i++) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(size).put(CONTENT, 0, size).flip();
        Receipt next = run(Transfer.from(buffer).to(pair.writer).via(path), 0);
        if (next.bytes() == 0) {
          break;
        }
        sent += next.bytes();
        receipt = next;
      }
      assertThat(receipt).isNotNull();
      assertThat(Transfer.pinned()).as("unsent bytes are still lent").isPositive();
      pair.writer.close();
      System.gc();
      // The peer still gets every byte, and then the end of the stream.
      assertThat((long) pair.collect().toEnd().length).isEqualTo(sent);
      Await.until("nothing is lent any more", () -> Transfer.pinned() == 0);
      assertThat(receipt.loan().isReturned()).isTrue();
    }
  }

  @Test
  void pagesOfOtherMemoryAreNotLent() throws Exception {
    try (Ends.Pair pair = Ends.PIPE.open()) {
      ByteBuffer buffer = ByteBuffer.allocateDirect(8192);
      assertRefused(
          Transfer.from(buffer).to(pair.writer).via(TransferPath.VMSPLICE),
          "ZN_EPAGES",
          TransferPath.VMSPLICE,
          "memory");
      assertThat(buffer.position()).isZero();
    }
  }

  @Test
  void mutationAfterVmspliceReachesThePeer() throws Exception {
    try (Ends.Pair pair = Ends.PIPE.open();
        Mapping mapping = Mapping.anonymous(8192)) {
      mapping.buffer().put(CONTENT, 0, 8192);
      Receipt receipt =
          Transfer.from(mapping, 0)
              .to(pair.writer)
              .via(TransferPath.VMSPLICE)
              .transferWithReceipt();
      assertThat(receipt.bytes()).isEqualTo(8192);
      mapping.buffer().put(5, (byte) (CONTENT[5] ^ 1));
      pair.writer.close();
      assertThat(pair.collect().toEnd()[5])
          .as("shared, not copied")
          .isEqualTo((byte) (CONTENT[5] ^ 1));
    }
  }

  @Test
  void endsOfEveryKindAreNamed() {
    for (Ends ends : Ends.values()) {
      try (Ends.Pair pair = ends.open()) {
        assertThat(JdkChannels.kind((Channel) pair.writer, "Target")).isEqualTo(ends.kind);
        assertThat(JdkChannels.kind((Channel) pair.reader, "Source")).isEqualTo(ends.kind);
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }
  }
}
