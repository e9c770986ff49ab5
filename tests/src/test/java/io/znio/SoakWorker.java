// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/** One life of a thread of {@link Soak}: its random numbers, its directory, its stale views. */
final class SoakWorker {
  /** How long a peer may take before the run fails. */
  private static final long PATIENCE_SECONDS = 60;

  /** How an exchange of bytes with a peer is cut in the middle. */
  enum Cut {
    NONE,
    PEER,
    CLOSE,
    INTERRUPT
  }

  final SplittableRandom random;
  final SoakTally tally;

  /** This slot's own; the source, the file that is cut, and the file that all lock are shared. */
  final Path directory;

  final Soak.Shared shared;

  /** Views whose owners were closed. */
  final Deque<ByteBuffer> stale = new ArrayDeque<>();

  final Stress.Thing[] seen = new Stress.Thing[1];

  SoakWorker(SplittableRandom random, SoakTally tally, Path directory, Soak.Shared shared) {
    this.random = random;
    this.tally = tally;
    this.directory = directory;
    this.shared = shared;
  }

  /** A size, mostly small; never 0. */
  int size() {
    return 1 + random.nextInt(1 << random.nextInt(4, 19));
  }

  /** Where so many bytes of the shared content begin. */
  int position(int size) {
    return random.nextInt(shared.content().length - size);
  }

  Cut cut() {
    return random.nextBoolean() ? Cut.NONE : Cut.values()[random.nextInt(1, 4)];
  }

  Path scratch() {
    return directory.resolve("scratch");
  }

  static void require(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError(what);
    }
  }

  /** What a cut exchange threw must be what the cut brings about. */
  void judge(Cut cut, IOException met) {
    if (met == null) {
      return;
    }
    boolean fits =
        switch (cut) {
          case NONE -> false;
          case PEER -> !(met instanceof java.nio.channels.ClosedChannelException);
          case CLOSE, INTERRUPT -> isClosed(met);
        };
    if (!fits) {
      throw new AssertionError(cut + " brought this about", met);
    }
  }

  /** Bytes that were taken and could not go where the closed file was are an exception of ours. */
  private static boolean isClosed(IOException met) {
    return met instanceof java.nio.channels.ClosedChannelException;
  }

  void count(Cut cut) {
    switch (cut) {
      case NONE -> {}
      case PEER -> tally.met(SoakTally.Fault.PEER_CLOSED);
      case CLOSE -> tally.met(SoakTally.Fault.CLOSED);
      default -> tally.met(SoakTally.Fault.INTERRUPTED);
    }
  }

  /** Closes with a reset, where the stream has such a thing. */
  static void reset(WritableByteChannel writer) throws IOException {
    if (writer instanceof SocketChannel socket
        && socket.getLocalAddress() instanceof java.net.InetSocketAddress) {
      socket.setOption(java.net.StandardSocketOptions.SO_LINGER, 0);
    }
    writer.close();
  }

  /** The other side of a stream, on a thread of its own. */
  abstract static class Peer implements Runnable {
    final Ends.Pair pair;
    private final Thread mover = Thread.currentThread();
    private final Thread thread = new Thread(this, "peer");
    private volatile Throwable failure;

    /** What came, or went. */
    volatile int moved;

    Peer(Ends.Pair pair) {
      this.pair = pair;
    }

    abstract void exchange() throws IOException;

    final void start() {
      thread.setDaemon(true);
      thread.start();
    }

    @Override
    public void run() {
      try {
        exchange();
      } catch (Throwable t) {
        failure = t;
      }
    }

    final void interrupt() {
      mover.interrupt();
    }

    /** Waits for its end; then no interrupt is on its way, and none is pending. */
    final void end() {
      long latest = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
      while (thread.isAlive()) {
        try {
          thread.join(100);
        } catch (InterruptedException e) {
          continue; // its own
        }
        if (System.nanoTime() - latest > 0) {
          AssertionError stuck = new AssertionError("the peer did not end; it is at:");
          stuck.setStackTrace(thread.getStackTrace());
          throw stuck;
        }
      }
      Thread.interrupted();
      if (failure != null) {
        throw new AssertionError("the peer failed", failure);
      }
    }
  }

  /** Reads, compares, and cuts after so many bytes. */
  static final class Receiver extends Peer {
    private final byte[] expected;
    private final int offset;
    private final Cut cut;
    private final int until;

    Receiver(Ends.Pair pair, byte[] expected, int offset, Cut cut, int until) {
      super(pair);
      this.expected = expected;
      this.offset = offset;
      this.cut = cut;
      this.until = until;
    }

    @Override
    void exchange() throws IOException {
      ByteBuffer buffer = ByteBuffer.allocate(1 << 14);
      boolean hasCut = cut == Cut.NONE;
      try {
        while (true) {
          if (!hasCut && moved >= until) {
            hasCut = true;
            cut();
            if (cut == Cut.PEER) {
              return;
            }
          }
          int most = hasCut ? buffer.capacity() : Math.min(buffer.capacity(), until - moved);
          if (pair.reader.read(buffer.clear().limit(most)) < 0) {
            return;
          }
          compare(buffer.flip());
        }
      } catch (IOException e) {
        // A connection that was cut may end by a reset.
        require(cut != Cut.NONE, "the stream ended by " + e);
      }
    }

    private void cut() throws IOException {
      switch (cut) {
        case PEER -> pair.reader.close();
        case CLOSE -> pair.writer.close();
        default -> interrupt();
      }
    }

    private void compare(ByteBuffer came) {
      int at = offset + moved;
      require(at + came.remaining() <= expected.length, "more came than was sent");
      int wrong = came.mismatch(ByteBuffer.wrap(expected, at, came.remaining()));
      require(wrong < 0, "byte " + (moved + wrong) + " of the stream is wrong");
      moved += came.remaining();
    }
  }

  /** Writes so many bytes, then cuts or ends. */
  static final class Sender extends Peer {
    private final ByteBuffer bytes;
    private final Cut cut;
    private final boolean resets;

    Sender(Ends.Pair pair, ByteBuffer bytes, Cut cut, boolean resets) {
      super(pair);
      this.bytes = bytes;
      this.cut = cut;
      this.resets = resets;
    }

    @Override
    void exchange() throws IOException {
      try {
        while (bytes.hasRemaining()) {
          moved += pair.writer.write(bytes);
        }
        switch (cut) {
          case CLOSE -> pair.reader.close();
          case INTERRUPT -> interrupt();
          case PEER -> {
            if (resets) {
              reset(pair.writer);
            }
            pair.writer.close();
          }
          default -> pair.writer.close();
        }
      } catch (IOException e) {
        require(cut != Cut.NONE, "writing ended by " + e);
      }
    }
  }

  /** Reads what is left in a stream. */
  static void drain(ReadableByteChannel reader, ByteBuffer into) throws IOException {
    while (into.hasRemaining() && reader.read(into) >= 0) {
      continue;
    }
  }
}
