// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/** The kinds of streams that join two ends of a test. */
enum Ends {
  TCP4(Native.TCP),
  TCP6(Native.TCP),
  UNIX(Native.UNIX),
  PIPE(Native.PIPE);

  /** The kind of an end in {@link Native}. */
  final int kind;

  Ends(int kind) {
    this.kind = kind;
  }

  /** Opens a connected pair, both ends in blocking mode. */
  Pair open() throws IOException {
    switch (this) {
      case TCP4:
        return connect(ServerSocketChannel.open(), new InetSocketAddress("127.0.0.1", 0));
      case TCP6:
        return connect(ServerSocketChannel.open(), new InetSocketAddress("::1", 0));
      case UNIX:
        Path directory = Files.createTempDirectory("zn");
        Path socket = directory.resolve("s");
        try {
          return connect(
              ServerSocketChannel.open(StandardProtocolFamily.UNIX),
              UnixDomainSocketAddress.of(socket));
        } finally {
          Files.deleteIfExists(socket);
          Files.delete(directory);
        }
      default:
        Pipe pipe = Pipe.open();
        return new Pair(pipe.sink(), pipe.source());
    }
  }

  private static Pair connect(ServerSocketChannel server, SocketAddress address)
      throws IOException {
    try (server) {
      server.bind(address);
      SocketChannel writer = SocketChannel.open(server.getLocalAddress());
      return new Pair(writer, server.accept());
    }
  }

  /** Two ends of one stream: what goes into the writer comes out of the reader. */
  static final class Pair implements AutoCloseable {
    final WritableByteChannel writer;
    final ReadableByteChannel reader;

    Pair(WritableByteChannel writer, ReadableByteChannel reader) {
      this.writer = writer;
      this.reader = reader;
    }

    /** Writes all bytes by the JDK, in blocking mode. */
    void write(byte[] bytes) throws IOException {
      writer.write(ByteBuffer.wrap(bytes));
    }

    /**
     * Fills the stream until it takes no more, by the JDK; the writer stays in blocking mode. TCP
     * hands bytes over at a pace of its own, and makes room by that: so it is full only when it has
     * taken nothing for a while.
     */
    long fill() throws IOException {
      SelectableChannel selectable = (SelectableChannel) writer;
      selectable.configureBlocking(false);
      long filled = 0;
      for (int refusals = 0; refusals < 30; refusals++) {
        long before = filled;
        // Small writes last: a unix socket or pipe with room for a little refuses a large one.
        for (int size = 1 << 16; size > 0; size /= 16) {
          int n;
          while ((n = writer.write(ByteBuffer.allocate(size))) > 0) {
            filled += n;
          }
        }
        refusals = filled > before ? 0 : refusals;
        LockSupport.parkNanos(1_000_000);
      }
      selectable.configureBlocking(true);
      return filled;
    }

    /** Reads to the end of the stream on a thread of its own, from now on. */
    Collector collect() {
      return new Collector(reader);
    }

    /** Writes on a thread of its own, then closes the writer. */
    Thread send(byte[] bytes) {
      return Threads.start(
          "sender",
          () -> {
            try (WritableByteChannel end = writer) {
              ByteBuffer buffer = ByteBuffer.wrap(bytes);
              while (buffer.hasRemaining()) {
                end.write(buffer);
              }
            }
          });
    }

    @Override
    public void close() throws IOException {
      try {
        writer.close();
      } finally {
        reader.close();
      }
    }
  }

  /** Reads a stream to its end. */
  static final class Collector {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final AtomicReference<IOException> failure = new AtomicReference<>();
    private final Thread thread;

    Collector(ReadableByteChannel reader) {
      thread =
          Threads.start(
              "collector",
              () -> {
                ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
                try {
                  while (reader.read(buffer.clear()) >= 0) {
                    synchronized (bytes) {
                      bytes.write(buffer.array(), 0, buffer.position());
                    }
                  }
                } catch (IOException e) {
                  failure.set(e);
                }
              });
    }

    int size() {
      synchronized (bytes) {
        return bytes.size();
      }
    }

    /** All bytes, when the stream has ended. */
    byte[] toEnd() {
      Await.end(thread);
      if (failure.get() != null) {
        throw new UncheckedIOException(failure.get());
      }
      return bytes.toByteArray();
    }

    /** The first bytes that come; the stream need not end. */
    byte[] awaitBytes(int count) {
      Await.until(count + " bytes have come", () -> size() >= count || !thread.isAlive());
      synchronized (bytes) {
        return bytes.toByteArray();
      }
    }
  }
}
