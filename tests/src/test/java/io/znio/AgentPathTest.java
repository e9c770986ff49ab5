// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The report tells which way transfers went: the natives', and what the JDK does in Java. */
class AgentPathTest extends AgentFixture {
  /** Runs in a child JVM: one transfer of each kind, and what is none. Files of so many bytes: */
  public static final class Transfers {
    static final int TO_SOCKET = 100_000;
    static final int TO_FILE = 50_000;
    static final int TO_COPY = 8 * 8192;
    static final int FROM_FILE = 30_000;
    static final int FROM_COPY = 16 * 8192;
    static final int TO_APPEND = 20_000;

    public static void main(String[] arguments) throws Exception {
      Path file = Files.write(Path.of(arguments[0]), new byte[TO_SOCKET]);
      Path other = Path.of(arguments[0] + ".other");
      try (FileChannel source = FileChannel.open(file, StandardOpenOption.READ);
          FileChannel target =
              FileChannel.open(other, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        toSocket(source);
        check(source.transferTo(0, TO_FILE, target), TO_FILE);
        check(target.transferFrom(source.position(0), 0, FROM_FILE), FROM_FILE);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        check(source.transferTo(0, TO_COPY, Channels.newChannel(bytes)), TO_COPY);
        ByteArrayInputStream from = new ByteArrayInputStream(new byte[FROM_COPY]);
        check(target.transferFrom(Channels.newChannel(from), 0, FROM_COPY), FROM_COPY);
        source.map(FileChannel.MapMode.READ_ONLY, 0, 4096);
        source.read(ByteBuffer.allocate(8192), 0);
        target.write(ByteBuffer.allocate(8192), 0);
      }
      // The last, for JDK 17 does not try the native again after it.
      try (FileChannel source = FileChannel.open(file, StandardOpenOption.READ);
          FileChannel target = FileChannel.open(other, StandardOpenOption.APPEND)) {
        check(source.transferTo(0, TO_APPEND, target), TO_APPEND);
      }
    }

    private static void check(long moved, long expected) {
      if (moved != expected) {
        System.out.println(moved + " of " + expected);
      }
    }

    private static void toSocket(FileChannel source) throws Exception {
      InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
      try (ServerSocketChannel server = ServerSocketChannel.open().bind(any);
          SocketChannel sender = SocketChannel.open(server.getLocalAddress());
          SocketChannel receiver = server.accept()) {
        Thread reader = new Thread(() -> receive(receiver));
        reader.start();
        check(source.transferTo(0, TO_SOCKET, sender), TO_SOCKET);
        reader.join();
      }
    }

    private static void receive(SocketChannel receiver) {
      ByteBuffer all = ByteBuffer.allocate(TO_SOCKET);
      try {
        while (all.hasRemaining() && receiver.read(all) > 0) {
          continue;
        }
      } catch (IOException e) {
        System.out.println(e);
      }
    }

    private Transfers() {}
  }

  /** What is the same for all: done by the JDK in Java. */
  private static Map<String, String> inJava() {
    Map<String, String> expected = new TreeMap<>();
    expected.put("transferTo copy (estimated)", "8 " + Transfers.TO_COPY);
    expected.put("transferFrom copy (estimated)", "16 " + Transfers.FROM_COPY);
    expected.put("transferTo mmap", "1 " + Transfers.TO_APPEND);
    expected.put("transferTo0 refused", "1 0");
    return expected;
  }

  private static Map<String, String> expected(String mode) {
    Map<String, String> expected = inJava();
    boolean is17 = Runtime.version().feature() == 17;
    if (is17) {
      expected.put("transferFrom mmap", "1 " + Transfers.FROM_FILE);
    } else {
      expected.put("transferFrom0 copy_file_range", "1 " + Transfers.FROM_FILE);
    }
    String toFile = is17 ? "sendfile" : "copy_file_range or sendfile";
    if (mode.equals("io")) {
      toFile = "copy_file_range";
    }
    if (toFile.equals("sendfile")) {
      expected.put("transferTo0 sendfile", "2 " + (Transfers.TO_SOCKET + Transfers.TO_FILE));
    } else {
      expected.put("transferTo0 sendfile", "1 " + Transfers.TO_SOCKET);
      expected.put("transferTo0 " + toFile, "1 " + Transfers.TO_FILE);
    }
    return expected;
  }

  @ParameterizedTest
  @ValueSource(strings = {"observe", "io"})
  void eachPathIsNamed(String mode) throws Exception {
    String agent = "-agentpath:" + library + "=" + mode + ",stacks=all,json=" + json;
    Path file = directory.resolve(mode);
    assertThat(run(List.of(agent), Transfers.class, file.toString())).isEqualTo(new Child(0, ""));
    Map<String, String> paths = new TreeMap<>();
    for (Map<String, String> row : AgentReport.read(json).objects("transfers")) {
      String name = row.get("native") + " " + row.get("path");
      paths.put(name.replace("\"", ""), row.get("calls") + " " + row.get("bytes"));
    }
    assertThat(paths).containsExactlyInAnyOrderEntriesOf(expected(mode));
  }
}
