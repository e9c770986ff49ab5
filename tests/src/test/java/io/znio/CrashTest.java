// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The other side, or this one, is killed (SIGKILL) in the middle. */
@ExtendWith(Leaks.class)
@Timeout(120)
class CrashTest {
  /** More than sockets hold. */
  private static final int SIZE = 32 << 20;

  /** What the peer takes or gives before it is killed. */
  private static final int PART = 3_000_001;

  private static final byte[] CONTENT = TestFiles.bytes(SIZE);

  @TempDir Path directory;

  private Path file;

  @BeforeEach
  void writeSource() throws IOException {
    file = TestFiles.of(directory, CONTENT);
  }

  /** A process at the other end of a TCP connection, which ends by SIGKILL. */
  private record Peer(Process process, SocketChannel socket) implements AutoCloseable {
    /** {@code script} finds the connection as descriptor 3. */
    static Peer start(String script) throws IOException {
      try (ServerSocketChannel server =
          ServerSocketChannel.open().bind(new InetSocketAddress("127.0.0.1", 0))) {
        int port = ((InetSocketAddress) server.getLocalAddress()).getPort();
        String command = "exec 3<>/dev/tcp/127.0.0.1/" + port + "; " + script + "; kill -9 $$";
        Process process = new ProcessBuilder("bash", "-c", command).inheritIO().start();
        return new Peer(process, server.accept());
      }
    }

    void awaitKilled() throws InterruptedException {
      assertThat(process.waitFor(50, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).as("killed by SIGKILL").isEqualTo(128 + 9);
    }

    @Override
    public void close() throws IOException {
      process.destroyForcibly();
      socket.close();
    }
  }

  /** How the bytes go to the peer; each is called until it throws. */
  enum Way {
    SENDFILE {
      @Override
      long send(FileChannel source, long at, SocketChannel target) throws IOException {
        return Transfer.transferTo(source, at, SIZE - at, target);
      }
    },
    READ_WRITE,
    SPLICE,
    MMAP_WRITE,
    CHANNEL {
      @Override
      long send(FileChannel source, long at, SocketChannel target) throws IOException {
        return source.transferTo(at, SIZE - at, target);
      }
    },
    REGIONS {
      @Override
      long send(FileChannel source, long at, SocketChannel target) throws IOException {
        FileRegion[] regions = new FileRegion[1000];
        long size = (SIZE - at) / regions.length;
        Arrays.setAll(regions, i -> new FileRegion(source, at + i * size, size));
        return Transfer.transferRegions(regions, null, target);
      }
    },
    MSG_ZEROCOPY {
      @Override
      long send(FileChannel source, long at, SocketChannel target) throws IOException {
        return lend(TransferPath.MSG_ZEROCOPY, at, target);
      }
    },
    URING_SEND_ZC {
      @Override
      long send(FileChannel source, long at, SocketChannel target) throws IOException {
        return lend(TransferPath.URING_SEND_ZC, at, target);
      }
    };

    long send(FileChannel source, long at, SocketChannel target) throws IOException {
      TransferPath path = TransferPath.valueOf(name());
      return Transfer.from(source, at).to(target).via(path).transfer();
    }

    private static long lend(TransferPath path, long at, SocketChannel target) throws IOException {
      ByteBuffer bytes = DirectBuffers.allocateUninitialized((int) (SIZE - at));
      bytes.put(0, CONTENT, (int) at, bytes.capacity());
      try {
        return Transfer.from(bytes).to(target).via(path).transfer();
      } finally {
        Await.until(
            "the memory comes back",
            () -> {
              try {
                DirectBuffers.free(bytes);
                return true;
              } catch (IllegalStateException lent) {
                return false;
              }
            });
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  void aPeerThatIsKilledWhileItReads(Way way) throws Exception {
    Path got = directory.resolve("got");
    long told = 0;
    IOException end = null;
    try (FileChannel source = NativeFileChannel.open(file);
        Peer peer = Peer.start("head -c " + PART + " <&3 >" + got)) {
      try {
        while (told < SIZE) {
          long sent = way.send(source, told, peer.socket);
          assertThat(sent).as("a blocking transfer moves bytes or throws").isPositive();
          told += sent;
        }
      } catch (TransferException e) {
        assertThat(e.errno()).as(e.getMessage()).isIn(32 /* EPIPE */, 104 /* ECONNRESET */);
        end = e;
      }
      peer.awaitKilled();
    }
    assertThat(end).as("the connection is gone: an IOException, as the JDK's").isNotNull();
    assertThat(told).as("what the peer took had been told").isGreaterThanOrEqualTo(PART);
    assertThat(Files.readAllBytes(got)).isEqualTo(Arrays.copyOf(CONTENT, PART));
  }

  /** The JDK's own, on the same: what ours is held to. */
  @Test
  void theJdkThrowsAnIoExceptionToo() throws Exception {
    try (FileChannel source = FileChannel.open(file);
        Peer peer = Peer.start("head -c " + PART + " <&3 >/dev/null")) {
      IOException end = null;
      try {
        for (long told = 0; told < SIZE; ) {
          told += source.transferTo(told, SIZE - told, peer.socket);
        }
      } catch (IOException e) {
        end = e;
      }
      assertThat(end).isNotNull();
      assertThat(end.getMessage()).containsAnyOf("Broken pipe", "Connection reset");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"AUTO", "SPLICE", "READ_WRITE"})
  void aPeerThatIsKilledWhileItWrites(String path) throws Exception {
    Path target = directory.resolve("target");
    try (FileChannel to =
            NativeFileChannel.open(target, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        Peer peer = Peer.start("head -c " + PART + " <" + file + " >&3")) {
      long told = 0;
      long moved;
      do {
        moved =
            Transfer.from(peer.socket)
                .to(to, told)
                .via(TransferPath.valueOf(path))
                .count(SIZE)
                .transfer();
        told += moved;
      } while (moved > 0);
      peer.awaitKilled();
      assertThat(told).as("each byte that it wrote").isEqualTo(PART);
    }
    assertThat(Files.readAllBytes(target)).isEqualTo(Arrays.copyOf(CONTENT, PART));
  }

  /** A JVM is killed while it appends; what it had told to be flushed is there, whole, in order. */
  @ParameterizedTest
  @ValueSource(strings = {"mapping", "channel"})
  void whatWasFlushedSurvivesTheKillOfTheJvm(String way) throws Exception {
    for (int round = 0; round < 3; round++) {
      Path log = directory.resolve("log-" + round);
      int flushed = appendUntilKilled(way, log, 100 + 400 * round);
      int found = records(log);
      assertThat(found).as("whole records, in order, from the first").isGreaterThan(flushed);
    }
  }

  private static int appendUntilKilled(String way, Path log, int lines) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx64m", "--enable-native-access=ALL-UNNAMED", "-cp"));
    command.addAll(List.of(Child.classPath(AppendMain.class), AppendMain.class.getName()));
    command.addAll(List.of(way, log.toString()));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    int flushed = -1;
    try (BufferedReader said = process.inputReader()) {
      for (int i = 0; i < lines; i++) {
        String line = said.readLine();
        assertThat(line).as("it goes on until it is killed").startsWith("flushed ");
        flushed = Integer.parseInt(line.substring("flushed ".length()));
      }
      process.toHandle().destroyForcibly(); // and leaves what it has written to be read
      assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).as("killed by SIGKILL").isEqualTo(128 + 9);
      for (String line; (line = said.readLine()) != null && line.matches("flushed \\d+"); ) {
        flushed = Math.max(flushed, Integer.parseInt(line.substring("flushed ".length())));
      }
    } finally {
      process.destroyForcibly();
    }
    return flushed;
  }

  /** How many records are whole, from the first on; this JVM is the new one. */
  private static int records(Path log) throws IOException {
    int number = 0;
    try (Mapping mapping = Mapping.map(log, Mapping.Mode.READ_ONLY)) {
      ByteBuffer left = mapping.buffer();
      while (left.remaining() >= AppendMain.HEADER_BYTES) {
        ByteBuffer expected = AppendMain.record(number);
        if (left.remaining() < expected.remaining()
            || left.slice(left.position(), expected.remaining()).mismatch(expected) >= 0) {
          break;
        }
        left.position(left.position() + expected.remaining());
        number++;
      }
    }
    return number;
  }
}
