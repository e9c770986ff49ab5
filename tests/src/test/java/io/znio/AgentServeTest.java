// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.Pipe;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The same program on the JDK's natives and on znio's: each result, each exception with its
 * message, each byte is the same.
 */
class AgentServeTest extends AgentFixture {
  /** Runs in a child JVM: prints what each operation does. Argument: a new directory. */
  public static final class Operations {
    private static final int SIZE = 300_000;

    private static Path home;

    public static void main(String[] arguments) throws Exception {
      home = Files.createDirectory(Path.of(arguments[0]));
      Path file = home.resolve("file");
      try (FileChannel channel =
          FileChannel.open(
              file,
              StandardOpenOption.CREATE_NEW,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE)) {
        readAndWrite(channel);
        sizes(channel);
        locks(channel);
        transfers(file, channel);
      }
      errors(file);
      pipes();
      sockets(file);
      interrupts();
    }

    private static void show(String name, Callable<?> operation) {
      try {
        System.out.println(name + ": " + operation.call());
      } catch (Throwable t) {
        System.out.println(name + ": " + t.getClass().getName() + ": " + t.getMessage());
      }
    }

    private static ByteBuffer random(int size) {
      byte[] bytes = new byte[size];
      new Random(size).nextBytes(bytes);
      return ByteBuffer.wrap(bytes);
    }

    private static String sum(ByteBuffer buffer) {
      CRC32 sum = new CRC32();
      sum.update(buffer.flip());
      return Long.toHexString(sum.getValue());
    }

    private static String sum(Path file) throws IOException {
      CRC32 sum = new CRC32();
      sum.update(Files.readAllBytes(file));
      return Long.toHexString(sum.getValue());
    }

    private static void readAndWrite(FileChannel channel) {
      ByteBuffer large = ByteBuffer.allocateDirect(SIZE * 2);
      ByteBuffer[] parts = {ByteBuffer.allocate(10), ByteBuffer.allocateDirect(1000)};
      show("read of nothing", () -> channel.read(ByteBuffer.allocate(10)));
      show("write", () -> channel.write(random(SIZE)));
      show("write at", () -> channel.write(random(100), SIZE + 50));
      show("write parts", () -> channel.write(new ByteBuffer[] {random(7), random(9)}));
      show("write none", () -> channel.write(ByteBuffer.allocate(0)));
      show("read at", () -> channel.read(large, 10) + " " + sum(large));
      show("read at the end", () -> channel.read(ByteBuffer.allocate(1), SIZE * 4));
      show("position", () -> channel.position());
      show("to", () -> channel.position(SIZE - 100).position());
      show("read parts", () -> channel.read(parts) + " " + sum(parts[0]) + " " + sum(parts[1]));
      show("read parts at the end", () -> channel.read(new ByteBuffer[] {ByteBuffer.allocate(1)}));
    }

    private static void sizes(FileChannel channel) {
      show("size", () -> channel.size());
      show("longer", () -> channel.truncate(SIZE * 2).size());
      show("shorter", () -> channel.truncate(SIZE).size() + " " + channel.position());
      channel(channel, "force", true);
      channel(channel, "force", false);
    }

    private static void channel(FileChannel channel, String name, boolean metadata) {
      show(
          name,
          () -> {
            channel.force(metadata);
            return metadata;
          });
    }

    private static void locks(FileChannel channel) {
      show("lock", () -> release(channel.lock()));
      show("lock of a range", () -> release(channel.tryLock(10, 20, true)));
      show("lock of nothing", () -> release(channel.tryLock(10, 0, false)));
      show("lock to the end", () -> release(channel.lock(5, Long.MAX_VALUE - 5, false)));
    }

    private static String release(FileLock lock) throws IOException {
      lock.release();
      return lock.position() + " " + lock.size() + " " + lock.isShared() + " " + lock.isValid();
    }

    private static void transfers(Path file, FileChannel channel) throws IOException {
      Path copy = home.resolve("copy");
      Path appended = Files.write(home.resolve("appended"), new byte[10]);
      try (FileChannel target =
              FileChannel.open(copy, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileChannel end = FileChannel.open(appended, StandardOpenOption.APPEND)) {
        show("transfer", () -> channel.transferTo(0, SIZE, target) + " " + sum(copy));
        show("transfer of a part", () -> channel.transferTo(77, 1000, target) + " " + sum(copy));
        show("transfer of more", () -> channel.transferTo(SIZE - 5, SIZE, target));
        show("transfer from the end", () -> channel.transferTo(SIZE, 10, target));
        channel.position(100);
        show("from", () -> target.transferFrom(channel, 20, 5000) + " " + sum(copy));
        show("position after it", () -> channel.position() + " " + target.position());
        show("append", () -> channel.transferTo(0, 100_000, end) + " " + sum(appended));
        show("append from", () -> end.transferFrom(channel, 0, 100) + " " + sum(appended));
        show("onto itself", () -> channel.transferTo(0, 1000, channel.position(500)));
        show("sum", () -> sum(file));
        show("into itself", () -> channel.transferFrom(channel.position(0), SIZE, SIZE * 9L));
        show("longer by itself", () -> channel.size() + " " + channel.position());
      }
    }

    private static void errors(Path file) throws IOException {
      Path full = Path.of("/dev/full");
      try (FileChannel device = FileChannel.open(full, StandardOpenOption.WRITE);
          FileChannel folder = FileChannel.open(home, StandardOpenOption.READ);
          FileChannel source = FileChannel.open(file, StandardOpenOption.READ)) {
        show("full", () -> device.write(ByteBuffer.allocate(10)));
        show("full parts", () -> device.write(new ByteBuffer[] {ByteBuffer.allocate(10)}));
        show("full at", () -> device.write(ByteBuffer.allocate(10), 5));
        show("full transfer", () -> source.transferTo(0, 100, device));
        channel(device, "full force", true);
        show("full lock", () -> release(device.lock()));
        show("full truncate", () -> device.truncate(-1));
        show("full size", () -> device.size() + " " + device.truncate(0).size());
        show("folder", () -> folder.read(ByteBuffer.allocate(10)));
        show("folder at", () -> folder.read(ByteBuffer.allocate(10), 0));
        show("folder transfer", () -> folder.transferTo(0, 10, device));
        show("lock for writing", () -> source.lock());
        show("lock for reading", () -> release(source.lock(0, 10, true)));
      }
    }

    private static void pipes() throws Exception {
      Pipe pipe = Pipe.open();
      pipe.source().configureBlocking(false);
      pipe.sink().configureBlocking(false);
      show("empty pipe", () -> pipe.source().read(ByteBuffer.allocate(10)));
      show(
          "full pipe",
          () -> {
            long sum = 0;
            for (int written = 1; written > 0; ) {
              written = pipe.sink().write(ByteBuffer.allocateDirect(1 << 16));
              sum += written;
            }
            return sum;
          });
      show("pipe parts", () -> pipe.source().read(new ByteBuffer[] {ByteBuffer.allocate(99)}));
      pipe.sink().close();
      show("last of a pipe", () -> pipe.source().read(ByteBuffer.allocate(1 << 17)));
      show("end of a pipe", () -> pipe.source().read(ByteBuffer.allocate(10)));
      Pipe broken = Pipe.open();
      broken.source().close();
      show("broken pipe", () -> broken.sink().write(ByteBuffer.allocate(10)));
      Process made = new ProcessBuilder("mkfifo", home.resolve("fifo").toString()).start();
      made.waitFor();
      try (RandomAccessFile fifo = new RandomAccessFile(home.resolve("fifo").toFile(), "rw")) {
        show("place in a fifo", () -> fifo.getChannel().position());
        show("read at of a fifo", () -> fifo.getChannel().read(ByteBuffer.allocate(1), 0));
        show("size of a fifo", () -> fifo.getChannel().size());
      }
    }

    private static void sockets(Path file) throws Exception {
      InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
      try (ServerSocketChannel server = ServerSocketChannel.open().bind(any);
          SocketChannel sender = SocketChannel.open(server.getLocalAddress());
          SocketChannel receiver = server.accept();
          FileChannel source = FileChannel.open(file, StandardOpenOption.READ)) {
        ByteBuffer all = ByteBuffer.allocate(SIZE);
        Thread reader = new Thread(() -> receive(receiver, all));
        reader.start();
        show("to a socket", () -> source.transferTo(0, SIZE, sender) == SIZE);
        reader.join();
        show("received", () -> sum(all));
        sender.configureBlocking(false);
        show(
            "to a full socket",
            () -> {
              for (int i = 0; i < 10_000; i++) {
                if (source.transferTo(0, SIZE, sender) == 0) {
                  return "none";
                }
              }
              return "all";
            });
        sender.shutdownOutput();
        show("to a socket that is shut", () -> source.transferTo(0, 10, sender));
      }
    }

    private static void receive(SocketChannel receiver, ByteBuffer all) {
      try {
        while (all.hasRemaining() && receiver.read(all) > 0) {
          continue;
        }
      } catch (IOException e) {
        System.out.println(e);
      }
    }

    private static void interrupts() throws Exception {
      try (RandomAccessFile fifo = new RandomAccessFile(home.resolve("fifo").toFile(), "rw")) {
        Thread self = Thread.currentThread();
        CountDownLatch begun = new CountDownLatch(1);
        Thread other = new Thread(() -> interruptWhenBlocked(self, begun));
        other.start();
        begun.countDown();
        show("interrupted", () -> fifo.getChannel().read(ByteBuffer.allocate(10)));
        boolean flag = Thread.interrupted();
        other.join();
        show("flag", () -> flag + " " + fifo.getChannel().isOpen());
      }
      try (RandomAccessFile fifo = new RandomAccessFile(home.resolve("fifo").toFile(), "rw")) {
        Thread reader =
            new Thread(() -> show("closed", () -> fifo.getChannel().read(ByteBuffer.allocate(10))));
        reader.start();
        awaitNative(reader);
        fifo.getChannel().close();
        reader.join();
      }
    }

    private static void interruptWhenBlocked(Thread thread, CountDownLatch begun) {
      try {
        begun.await();
        awaitNative(thread);
      } catch (InterruptedException e) {
        return;
      }
      thread.interrupt();
    }

    /** Until a thread is in a read. */
    private static void awaitNative(Thread thread) {
      while (true) {
        StackTraceElement[] stack = thread.getStackTrace();
        if (stack.length > 0 && stack[0].getMethodName().equals("read0")) {
          return;
        }
        Thread.onSpinWait();
      }
    }

    private Operations() {}
  }

  private String stock() throws Exception {
    Child stock = run(List.of(), Operations.class, directory.resolve("stock").toString());
    assertThat(stock.status()).as(stock.output()).isZero();
    return stock.output();
  }

  @Test
  void allIsAsOnTheJdksNatives() throws Exception {
    String agent = "-agentpath:" + library + "=io,json=" + json;
    Child ours = run(List.of(agent), Operations.class, directory.resolve("ours").toString());
    assertThat(ours.output()).isEqualTo(stock()).hasLineCount(61);
    AgentReport report = AgentReport.read(json);
    for (String name : List.of("read0", "pread0", "readv0", "write0", "pwrite0", "writev0")) {
      assertThat(report.servedBy(name)).as(name).isEqualTo("znio");
      assertThat(report.of(name, "calls")).as(name).isPositive();
    }
    for (String name : List.of("force0", "seek0", "truncate0", "size0", "lock0", "release0")) {
      assertThat(report.servedBy(name)).as(name).isEqualTo("znio");
      assertThat(report.of(name, "calls")).as(name).isPositive();
    }
    assertThat(report.servedBy("transferTo0")).isEqualTo("znio");
    assertThat(report.of("transferTo0", "bytes")).isGreaterThan(Operations.SIZE * 2);
    assertThat(report.servedBy("map0")).isEqualTo("jdk");
    assertThat(report.servedBy("allocateMemory0")).isEqualTo("jdk");
  }

  @ParameterizedTest
  @ValueSource(strings = {"io", "observe"})
  void whoServesCanBeChanged(String last) throws Exception {
    String first = last.equals("io") ? "observe" : "io";
    String agent = "-agentpath:" + library + "=" + first;
    Child child = run(List.of(agent), Change.class, last + ",json=" + json);
    assertThat(child).isEqualTo(new Child(0, "10\n"));
    AgentReport report = AgentReport.read(json);
    assertThat(report.servedBy("pread0")).isEqualTo(last.equals("io") ? "znio" : "jdk");
    assertThat(report.of("pread0", "calls")).isEqualTo(10);
  }

  /** Runs in a child JVM: reads, installs the agent with other options, reads. */
  public static final class Change {
    public static void main(String[] arguments) throws Exception {
      Path file = Files.write(Files.createTempFile("change", ""), new byte[10]);
      int sum = 0;
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
        for (int i = 0; i < 10; i++) {
          if (i == 5) {
            Agent.install(arguments[0]);
          }
          sum += channel.read(ByteBuffer.allocate(1), i);
        }
      }
      Files.delete(file);
      System.out.println(sum);
    }

    private Change() {}
  }
}
