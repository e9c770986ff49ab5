// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.DatagramChannel;
import java.nio.channels.FileChannel;
import java.nio.channels.Pipe;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.zip.CRC32;

/**
 * Runs in a child JVM: every case of FileChannel.transferFrom that has no file for a source. Prints
 * what comes of each, which must be the same with the option fast. Argument: a new directory.
 */
public final class FastTransfers {
  private static final int SIZE = 100_000;
  private static final long MANY = 1 << 20;

  private static Path home;

  /** How a case's thread is started: a platform thread, or a virtual one. */
  private static boolean virtual;

  public static void main(String[] arguments) throws Exception {
    home = Files.createDirectory(Path.of(arguments[0]));
    for (Ends kind : List.of(Ends.TCP4, Ends.UNIX, Ends.PIPE)) {
      streams(kind);
    }
    resets();
    urgent();
    others();
    many();
    if (Runtime.version().feature() >= 21) {
      virtual = true;
      for (Ends kind : List.of(Ends.TCP4, Ends.UNIX, Ends.PIPE)) {
        streams(kind);
      }
      resets();
      urgent();
      many();
    }
  }

  private static void streams(Ends kind) throws Exception {
    for (int size : new int[] {0, 1, 8191, 8192, 8193, 65_537, 3 << 20}) {
      show(kind + " " + size, () -> whole(kind, size, MANY, StandardOpenOption.WRITE));
    }
    for (int i = 0; i < 20; i++) {
      show(kind + " by 10000", () -> whole(kind, SIZE, 10_000, StandardOpenOption.WRITE));
    }
    show(kind + " appended", () -> whole(kind, 3 << 20, MANY, StandardOpenOption.APPEND));
    show(kind + " appended by 9000", () -> whole(kind, SIZE, 9000, StandardOpenOption.APPEND));
    show(kind + " slowly", () -> slowly(kind));
    show(kind + " in part", () -> part(kind));
    show(kind + " placed", () -> placed(kind));
    show(kind + " non-blocking", () -> nonBlocking(kind));
    show(kind + " source closed", () -> blocked(kind, 0, Break.CLOSE_SOURCE));
    show(kind + " source closed late", () -> blocked(kind, 20_000, Break.CLOSE_SOURCE));
    show(kind + " file closed", () -> blocked(kind, 0, Break.CLOSE_FILE));
    show(kind + " file closed late", () -> blocked(kind, 20_000, Break.CLOSE_FILE));
    show(kind + " interrupted", () -> blocked(kind, 0, Break.INTERRUPT));
    show(kind + " interrupted late", () -> blocked(kind, 20_000, Break.INTERRUPT));
    show(kind + " interrupted before", () -> interruptedBefore(kind));
    show(kind + " peer closed", () -> blocked(kind, 20_000, Break.CLOSE_PEER));
    show(kind + " full", () -> full(kind));
    show(kind + " direct", () -> direct(kind));
  }

  private static synchronized void show(String name, Callable<?> operation) {
    String said;
    try {
      said = operation.call().toString();
    } catch (Throwable t) {
      said = t.getClass().getName() + ": " + t.getMessage();
    }
    System.out.println((virtual ? "virtual " : "") + name + ": " + said);
  }

  private static byte[] random(int size) {
    byte[] bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    return bytes;
  }

  private static String sum(byte[] bytes) {
    CRC32 sum = new CRC32();
    sum.update(bytes);
    return bytes.length + " " + Long.toHexString(sum.getValue());
  }

  private static FileChannel open(Path file, OpenOption option) throws IOException {
    Files.write(file, new byte[10]);
    return FileChannel.open(file, option);
  }

  private static Path file() {
    return home.resolve("file");
  }

  private static Thread start(Runnable task) throws ReflectiveOperationException {
    if (virtual) {
      return (Thread)
          Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, task);
    }
    Thread thread = new Thread(task);
    thread.start();
    return thread;
  }

  /** Runs it in a thread of the kind that is asked for. */
  private static String inThread(Callable<String> task) throws Exception {
    String[] said = new String[1];
    Thread thread = start(() -> said[0] = outcome(task));
    Await.end(thread);
    return said[0];
  }

  private static String outcome(Callable<?> task) {
    try {
      return String.valueOf(task.call());
    } catch (Throwable t) {
      return t.getClass().getName() + ": " + t.getMessage();
    }
  }

  /** To the end of the stream, by pieces. */
  private static String whole(Ends kind, int size, long piece, OpenOption option) throws Exception {
    try (Ends.Pair pair = kind.open();
        FileChannel file = open(file(), option)) {
      Thread sender = pair.send(random(size));
      String sum = inThread(() -> String.valueOf(drain(pair.reader, file, 0, piece)));
      Await.end(sender);
      return sum + " " + file.position() + " " + sum(Files.readAllBytes(file()));
    }
  }

  private static long drain(ReadableByteChannel source, FileChannel file, long position, long piece)
      throws IOException {
    long sum = 0;
    long moved;
    do {
      moved = file.transferFrom(source, position + sum, piece);
      sum += moved;
    } while (moved > 0);
    return sum;
  }

  /** Each piece is in the file before the next one is sent. */
  private static String slowly(Ends kind) throws Exception {
    try (Ends.Pair pair = kind.open();
        FileChannel file = open(file(), StandardOpenOption.WRITE)) {
      file.truncate(0);
      String[] said = new String[1];
      Thread thread = start(() -> said[0] = outcome(() -> file.transferFrom(pair.reader, 0, SIZE)));
      byte[] bytes = random(SIZE);
      for (int at = 0; at < SIZE; at += 5000) {
        pair.writer.write(ByteBuffer.wrap(bytes, at, 5000));
        long sent = at + 5000;
        Await.until(sent + " bytes", () -> file().toFile().length() == sent);
      }
      Await.end(thread);
      return said[0] + " " + sum(Files.readAllBytes(file()));
    }
  }

  /** What is not asked for stays in the source. */
  private static String part(Ends kind) throws Exception {
    try (Ends.Pair pair = kind.open();
        FileChannel file = open(file(), StandardOpenOption.WRITE)) {
      Thread sender = pair.send(random(SIZE));
      String said = inThread(() -> "" + file.transferFrom(pair.reader, 5, 60_001));
      byte[] rest = pair.collect().toEnd();
      Await.end(sender);
      return said + " " + sum(Files.readAllBytes(file())) + " " + sum(rest);
    }
  }

  private static String placed(Ends kind) throws Exception {
    try (Ends.Pair pair = kind.open();
        FileChannel file = open(file(), StandardOpenOption.WRITE)) {
      pair.write(random(40_000));
      String none = outcome(() -> file.transferFrom(pair.reader, 0, 0));
      String hole = outcome(() -> file.transferFrom(pair.reader, 100, 10_000));
      String before = outcome(() -> file.transferFrom(pair.reader, -1, 10_000));
      String inside = outcome(() -> file.transferFrom(pair.reader, 3, 10_000));
      String far = outcome(() -> file.transferFrom(pair.reader, Long.MAX_VALUE - 5, 10_000));
      String said = String.join(", ", none, hole, before, inside, far);
      return said + ", " + sum(Files.readAllBytes(file()));
    }
  }

  private static String nonBlocking(Ends kind) throws Exception {
    try (Ends.Pair pair = kind.open();
        Selector selector = Selector.open();
        FileChannel file = open(file(), StandardOpenOption.WRITE)) {
      SelectableChannel source = (SelectableChannel) pair.reader;
      source.configureBlocking(false);
      source.register(selector, SelectionKey.OP_READ);
      final long nothing = file.transferFrom(pair.reader, 0, MANY);
      Thread sender = pair.send(random(SIZE));
      long sum = 0;
      while (sum < SIZE) {
        selector.select(Await.LIMIT.toMillis());
        selector.selectedKeys().clear();
        sum += file.transferFrom(pair.reader, sum, MANY);
      }
      Await.end(sender);
      selector.select(Await.LIMIT.toMillis());
      long end = file.transferFrom(pair.reader, sum, MANY);
      return nothing + " " + sum + " " + end + " " + sum(Files.readAllBytes(file()));
    }
  }

  private enum Break {
    CLOSE_SOURCE,
    CLOSE_FILE,
    INTERRUPT,
    CLOSE_PEER,
    RESET
  }

  /** A thread is blocked in a transfer, after so many bytes, when something happens. */
  private static String blocked(Ends kind, int sent, Break event) throws Exception {
    try (Ends.Pair pair = kind.open();
        FileChannel file = open(file(), StandardOpenOption.WRITE)) {
      String[] said = new String[1];
      Thread thread = start(() -> said[0] = twice(file, pair.reader));
      pair.write(random(sent));
      Await.until("all is in the file", () -> file().toFile().length() >= sent);
      Await.until("the thread waits", () -> waits(thread));
      switch (event) {
        case CLOSE_SOURCE -> pair.reader.close();
        case CLOSE_FILE -> file.close();
        case INTERRUPT -> thread.interrupt();
        case CLOSE_PEER -> pair.writer.close();
        default ->
            ((SocketChannel) pair.writer).setOption(StandardSocketOptions.SO_LINGER, 0).close();
      }
      if (event == Break.CLOSE_FILE) {
        /* which wakes nobody who reads */
        pair.write(random(50_000));
        pair.writer.close();
      }
      Await.end(thread);
      return said[0] + ", " + pair.reader.isOpen() + " " + file.isOpen();
    }
  }

  /** The first transfer's outcome, and the next one's. */
  private static String twice(FileChannel file, ReadableByteChannel source) {
    String first = outcome(() -> file.transferFrom(source, 0, MANY));
    boolean interrupted = Thread.interrupted();
    String second = outcome(() -> file.transferFrom(source, 0, MANY));
    return first + ", " + interrupted + ", " + second;
  }

  private static boolean waits(Thread thread) {
    StackTraceElement[] stack = thread.getStackTrace();
    if (virtual) {
      return thread.getState() == Thread.State.WAITING;
    }
    return stack.length > 0 && stack[0].getMethodName().equals("read0");
  }

  private static String interruptedBefore(Ends kind) throws Exception {
    try (Ends.Pair pair = kind.open();
        FileChannel file = open(file(), StandardOpenOption.WRITE)) {
      pair.write(random(20_000));
      String said =
          inThread(
              () -> {
                Thread.currentThread().interrupt();
                return twice(file, pair.reader);
              });
      return said + ", " + pair.reader.isOpen() + " " + file.isOpen();
    }
  }

  /** A device that takes nothing, and cannot be spliced to. */
  private static String full(Ends kind) throws Exception {
    try (Ends.Pair pair = kind.open();
        FileChannel file = FileChannel.open(Path.of("/dev/full"), StandardOpenOption.WRITE)) {
      pair.write(random(20_000));
      return inThread(() -> "" + file.transferFrom(pair.reader, 0, 20_000));
    }
  }

  /**
   * O_DIRECT, which asks for whole blocks. In a thread of its own: JDK 21 keeps an aligned buffer
   * for the thread, or for the carrier of a virtual one, and cannot free it (NullPointerException).
   */
  private static String direct(Ends kind) throws Exception {
    OpenOption option = com.sun.nio.file.ExtendedOpenOption.DIRECT;
    Files.write(file(), new byte[10]);
    try (Ends.Pair pair = kind.open();
        FileChannel file = FileChannel.open(file(), StandardOpenOption.WRITE, option)) {
      pair.write(random(1 << 15));
      long said = Threads.call("direct", () -> file.transferFrom(pair.reader, 0, 1 << 15)).get();
      return said + " " + sum(Files.readAllBytes(file()));
    }
  }

  private static void resets() throws Exception {
    show("reset", () -> blocked(Ends.TCP4, 0, Break.RESET));
    show("reset late", () -> blocked(Ends.TCP4, 20_000, Break.RESET));
  }

  /** A byte out of band, which a reader does not see, in the middle of a stream. */
  private static void urgent() throws Exception {
    show(
        "urgent",
        () -> {
          try (Ends.Pair pair = Ends.TCP4.open();
              FileChannel file = open(file(), StandardOpenOption.WRITE)) {
            SocketChannel writer = (SocketChannel) pair.writer;
            writer.setOption(StandardSocketOptions.TCP_NODELAY, true);
            pair.write(random(20_000));
            writer.socket().sendUrgentData(1);
            pair.write(random(30_000));
            writer.close();
            String said = inThread(() -> "" + drain(pair.reader, file, 0, MANY));
            return said + " " + sum(Files.readAllBytes(file()));
          }
        });
  }

  // --- sources that are neither sockets nor pipes ---

  private static void others() throws Exception {
    try (FileChannel file = open(file(), StandardOpenOption.WRITE)) {
      InputStream stream = new ByteArrayInputStream(random(SIZE));
      ReadableByteChannel bytes = Channels.newChannel(stream);
      show("bytes", () -> drain(bytes, file, 0, 30_000) + " " + sum(Files.readAllBytes(file())));
      List<String> seen = new ArrayList<>();
      show("own", () -> file.transferFrom(new Own(seen, 3), 0, SIZE) + " " + seen);
      show("own at once", () -> file.transferFrom(new Own(seen, 0), 0, SIZE));
      show("own, closed", () -> file.transferFrom(Channels.newChannel(closed(stream)), 0, 10));
      show("datagrams", () -> datagrams(file));
      show("null", () -> file.transferFrom(null, 0, 10));
    }
    try (FileChannel zero = FileChannel.open(Path.of("/proc/self/maps"), StandardOpenOption.READ);
        FileChannel file = open(file(), StandardOpenOption.WRITE)) {
      show("file of no size", () -> file.transferFrom(zero, 0, SIZE) > 0);
      Pipe pipe = Pipe.open();
      show("read-only", () -> zero.transferFrom(pipe.source(), 0, SIZE));
      pipe.source().close();
      show("closed", () -> file.transferFrom(pipe.source(), 0, SIZE));
      pipe.sink().close();
    }
  }

  private static InputStream closed(InputStream stream) throws IOException {
    stream.close();
    return stream;
  }

  /** Tells what it sees of the buffers that it is handed; fails after some. */
  private static final class Own implements ReadableByteChannel {
    private final List<String> seen;
    private int left;

    Own(List<String> seen, int left) {
      this.seen = seen;
      this.left = left;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
      seen.add(target.hasArray() + " " + target.remaining());
      if (left-- == 0) {
        throw new IOException("no more");
      }
      int size = target.remaining();
      target.put(new byte[size]);
      return size;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  /** What a datagram has beyond the JDK's buffer is lost. */
  private static String datagrams(FileChannel file) throws IOException {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    try (DatagramChannel sender = DatagramChannel.open().bind(any);
        DatagramChannel receiver = DatagramChannel.open().bind(any)) {
      sender.connect(receiver.getLocalAddress());
      receiver.connect(sender.getLocalAddress());
      receiver.configureBlocking(false);
      sender.write(ByteBuffer.wrap(random(9000)));
      sender.write(ByteBuffer.wrap(random(100)));
      return file.transferFrom(receiver, 0, SIZE) + " " + file.transferFrom(receiver, 0, SIZE);
    }
  }

  /** More transfers at a time than there are ghosts. */
  private static void many() throws Exception {
    int count = 270;
    List<Ends.Pair> pairs = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    String[] said = new String[count];
    for (int i = 0; i < count; i++) {
      Ends.Pair pair = Ends.PIPE.open();
      Path file = home.resolve("many" + i);
      int index = i;
      pairs.add(pair);
      threads.add(start(() -> said[index] = outcome(() -> saved(pair.reader, file))));
    }
    for (Thread thread : threads) {
      Await.until("the thread waits", () -> waits(thread));
    }
    for (int i = 0; i < count; i++) {
      try (WritableByteChannel writer = pairs.get(i).writer) {
        pairs.get(i).write(random(10_000 + i));
      }
    }
    for (int i = 0; i < count; i++) {
      Await.end(threads.get(i));
      pairs.get(i).reader.close();
      int index = i;
      show("many " + i, () -> said[index]);
    }
  }

  private static String saved(ReadableByteChannel source, Path path) throws IOException {
    try (FileChannel file = open(path, StandardOpenOption.WRITE)) {
      long moved = file.transferFrom(source, 0, SIZE);
      return moved + " " + sum(Files.readAllBytes(path));
    }
  }

  private FastTransfers() {}
}
