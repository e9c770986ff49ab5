// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;

/**
 * A short walk through everything that a platform can break, without JUnit: for JVMs in which that
 * would take too long, as under an emulator. {@code tests/cross} runs it; the platform that it must
 * find itself on is named.
 */
public final class PlatformSmoke {
  private static final int BYTES = 1 << 20;

  private PlatformSmoke() {}

  public static void main(String[] arguments) throws Exception {
    expect(arguments[0], Platform.current().toString());
    buffers();
    Path file = Files.createTempFile("znio-smoke-", ".data");
    try {
      byte[] bytes = new byte[BYTES];
      new Random(BYTES).nextBytes(bytes);
      mapping(file, bytes);
      String paths = toFile(file, bytes) + ", " + toSocket(file, bytes);
      truncated(file);
      expect(0, Ledger.live().size());
      System.out.printf(
          "%s: JDK %s, %s, safety %s; moved by %s%n",
          Platform.current(),
          Runtime.version().feature(),
          Native.version(),
          SafetyLevel.CURRENT,
          paths);
    } finally {
      Files.delete(file);
    }
  }

  private static void buffers() {
    for (int size = 1; size <= BYTES; size *= 2) {
      ByteBuffer buffer = DirectBuffers.allocate(size);
      expect(0, (int) buffer.get(size - 1));
      buffer.put(size - 1, (byte) size);
      DirectBuffers.free(buffer);
      try {
        DirectBuffers.free(buffer);
      } catch (IllegalStateException e) {
        continue;
      }
      throw new AssertionError("a second free was not refused");
    }
  }

  private static void mapping(Path file, byte[] bytes) throws IOException {
    Files.write(file, new byte[bytes.length]);
    try (Mapping mapping = Mapping.map(file, Mapping.Mode.READ_WRITE)) {
      mapping.buffer().put(bytes);
      mapping.buffer().force();
    }
    same(bytes, Files.readAllBytes(file));
  }

  private static TransferPath toFile(Path file, byte[] bytes) throws IOException {
    Path copy = Files.createTempFile("znio-smoke-", ".copy");
    try (FileChannel source = FileChannel.open(file);
        FileChannel target = FileChannel.open(copy, StandardOpenOption.WRITE)) {
      Receipt receipt = Transfer.from(source, 0).to(target, 0).transferWithReceipt();
      same(bytes, Files.readAllBytes(copy));
      return receipt.path();
    } finally {
      Files.delete(copy);
    }
  }

  private static TransferPath toSocket(Path file, byte[] bytes) throws Exception {
    byte[] received = new byte[bytes.length];
    InetAddress loopback = InetAddress.getLoopbackAddress();
    try (ServerSocketChannel server = ServerSocketChannel.open();
        FileChannel source = FileChannel.open(file)) {
      server.bind(new InetSocketAddress(loopback, 0));
      try (SocketChannel sender = SocketChannel.open(server.getLocalAddress());
          SocketChannel receiver = server.accept()) {
        Thread reader = new Thread(() -> readFully(receiver, ByteBuffer.wrap(received)));
        reader.start();
        Receipt receipt = Transfer.from(source, 0).to(sender).transferWithReceipt();
        sender.shutdownOutput();
        reader.join();
        same(bytes, received);
        return receipt.path();
      }
    }
  }

  private static void readFully(SocketChannel channel, ByteBuffer buffer) {
    try {
      while (buffer.hasRemaining() && channel.read(buffer) >= 0) {}
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Pages of the mapping that are gone are an exception, and the JVM lives. */
  private static void truncated(Path file) throws IOException {
    Path copy = Files.createTempFile("znio-smoke-", ".copy");
    try (Mapping mapping = Mapping.map(file, Mapping.Mode.READ_ONLY);
        FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
        FileChannel target = FileChannel.open(copy, StandardOpenOption.WRITE)) {
      channel.truncate(0);
      Transfer.from(mapping, 0).to(target, 0).transferWithReceipt();
    } catch (IOException e) {
      return;
    } finally {
      Files.delete(copy);
    }
    throw new AssertionError("a file cut short was not noticed");
  }

  private static void expect(Object expected, Object actual) {
    if (!expected.equals(actual)) {
      throw new AssertionError("expected " + expected + ", found " + actual);
    }
  }

  private static void same(byte[] expected, byte[] actual) {
    if (!Arrays.equals(expected, actual)) {
      throw new AssertionError(
          "the bytes are others, first at " + Arrays.mismatch(expected, actual));
    }
  }
}
