// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.OutputStream;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
class TransferSeriesTest {
  private static final int SIZE = 4096;

  /** Pieces of the file: transfers go round it three times, and end somewhere within. */
  private static final int SLOTS = 9;

  private static final int TRANSFERS = 31;

  @TempDir Path scratch;
  private Path file;

  @BeforeEach
  void makeFile() throws Exception {
    file = scratch.resolve("source");
    byte[] bytes = new byte[SLOTS * SIZE + 100];
    new Random(7).nextBytes(bytes);
    try (OutputStream out = Files.newOutputStream(file)) {
      out.write(bytes);
    }
  }

  private TransferWork work(String source, String target, boolean flip) {
    return new TransferWork(source, target, file, scratch, SIZE, flip);
  }

  private static TransferSeries series(TransferWork work, String impl, String path)
      throws Exception {
    return impl.equals("c") ? TransferSeries.c(work) : TransferSeries.java(work, impl, path);
  }

  @ParameterizedTest
  @CsvSource({
    "znio, auto, file, tcp",
    "znio, auto, file, file",
    "znio, auto, tcp, file",
    "znio, auto, pipe, file",
    "channel, transferTo, file, unix",
    "channel, transferTo, file, file",
    "channel, transferFrom, tcp, file",
    "jdk, transferTo, file, pipe",
    "jdk, transferTo, file, file",
    "jdk, transferFrom, unix, file",
    "jdk, heap-loop, file, tcp",
    "jdk, direct-loop, file, file",
    "c, auto, file, tcp",
    "c, auto, file, file",
    "c, auto, unix, file",
  })
  void whatIsMovedIsVerifiedAndAWrongBitIsFound(
      String impl, String path, String source, String target) throws Exception {
    try (TransferSeries series = series(work(source, target, false), impl, path)) {
      for (int round = 0; round < 2; round++) {
        series.begin();
        series.move(TRANSFERS - 1);
        series.move(1);
        series.end();
      }
    }
    try (TransferSeries series = series(work(source, target, true), impl, path)) {
      series.begin();
      series.move(TRANSFERS);
      assertThatThrownBy(series::end)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("transfers of 4096 bytes");
    }
    try (Stream<Path> left = Files.list(scratch)) {
      assertThat(left).containsExactly(file);
    }
  }

  /** Sends with the JDK, but leaves out one transfer, or sends another piece in its place. */
  private static final class Forgetful implements ForeignMover {
    private final String fault;
    private SocketChannel socket;
    private FileChannel from;
    private FileChannel to;
    private int count;

    Forgetful(String fault) {
      this.fault = fault;
    }

    @Override
    public void open(SocketAddress address, Path source, Path made) throws Exception {
      count = 0;
      from = FileChannel.open(source);
      if (address == null) {
        to = FileChannel.open(made, StandardOpenOption.WRITE);
        return;
      }
      boolean unix = address instanceof UnixDomainSocketAddress;
      socket = unix ? SocketChannel.open(StandardProtocolFamily.UNIX) : SocketChannel.open();
      socket.connect(address);
    }

    @Override
    public void move(int pieces, Pieces next) throws Exception {
      for (int i = 0; i < pieces; i++) {
        next.next();
        count++;
        if (count != 20 || !fault.equals("skip")) {
          move(next);
        }
      }
    }

    private void move(Pieces piece) throws Exception {
      long bytes = piece.size();
      boolean other = count == 20 && fault.equals("other");
      long at = other ? (piece.from() + bytes) % (SLOTS * bytes) : piece.from();
      from.transferTo(at, bytes, to == null ? socket : to.position(piece.to()));
    }

    @Override
    public void close() throws Exception {
      if (from != null) {
        from.close();
      }
      if (socket != null) {
        socket.close();
      }
      if (to != null) {
        to.close();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "tcp, none, ",
    "unix, none, ",
    "file, none, ",
    "tcp, skip, have arrived",
    "tcp, other, is not what was sent",
    "file, other, is not what transfer",
    "file, skip, is not what transfer",
  })
  void aForeignMoverIsHeldToTheSame(String target, String fault, String problem) throws Exception {
    Forgetful mover = new Forgetful(fault);
    try (TransferSeries series = TransferSeries.foreign(work("file", target, false), mover)) {
      series.begin();
      series.move(24);
      if (problem == null) {
        series.end();
      } else {
        assertThatThrownBy(series::end).hasMessageContaining(problem);
      }
    }
  }

  @Test
  void whatCannotBeIsSaid() throws Exception {
    assertThatThrownBy(() -> work("tcp", "unix", false)).hasMessageContaining("one end is a file");
    assertThatThrownBy(() -> work("file", "tape", false)).hasMessageContaining("tape");
    TransferWork large = work("file", "file", false).about(file, Files.size(file));
    try (TransferSeries series = TransferSeries.java(large, "znio", "auto")) {
      assertThatThrownBy(series::begin)
          .isInstanceOf(SkippedException.class)
          .hasMessageContaining("2 pieces");
    }
    ForeignMover mover = new Forgetful("none");
    try (TransferSeries series = TransferSeries.foreign(work("pipe", "file", false), mover)) {
      assertThatThrownBy(series::begin).isInstanceOf(SkippedException.class);
    }
  }
}
