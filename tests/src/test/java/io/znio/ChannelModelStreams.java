// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.WritableByteChannel;
import java.util.EnumMap;
import java.util.Map;

/** The channels that are no files, for transfers of one side of {@link ChannelModel}. */
final class ChannelModelStreams implements AutoCloseable {
  /** Each kind takes so many bytes while nobody reads. */
  static final int BYTES_MAX = 20_000;

  private static final Ends[] KINDS = {Ends.PIPE, Ends.PIPE, Ends.UNIX, Ends.TCP4};

  private final Map<Ends, Ends.Pair> pairs = new EnumMap<>(Ends.class);

  private Ends.Pair pair(Ends kind) throws IOException {
    Ends.Pair pair = pairs.get(kind);
    if (pair == null) {
      pair = kind.open();
      pairs.put(kind, pair);
    }
    return pair;
  }

  private void drop(Ends kind) throws IOException {
    Ends.Pair pair = pairs.remove(kind);
    if (pair != null) {
      pair.close();
    }
  }

  /** A transfer to or from one channel. */
  interface Use {
    long with(WritableByteChannel target, ReadableByteChannel source) throws IOException;
  }

  /**
   * Gives a target, and tells what has come out of it at its other end.
   *
   * @param moves there are bytes to be moved; else JDK 17 asks the target all the same
   */
  void to(ChannelModelDraw draw, boolean moves, StringBuilder text, Use use) throws IOException {
    if (draw.once(16)) {
      refuseTo(draw, moves, text, use);
      return;
    }
    Ends kind = draw.of(KINDS);
    Ends.Pair pair = pair(kind);
    boolean blocking = kind == Ends.TCP4 || draw.once(2);
    text.append(blocking ? "blocking " : "non-blocking ").append(kind);
    ((SelectableChannel) pair.writer).configureBlocking(blocking);
    long n = 0;
    try {
      n = use.with(pair.writer, null);
    } finally {
      text.append(" -> ").append(n).append(" sum ").append(drain(pair.reader, n));
    }
  }

  private static void refuseTo(ChannelModelDraw draw, boolean moves, StringBuilder text, Use use)
      throws IOException {
    boolean broken = draw.once(2) && moves;
    text.append(broken ? "broken pipe" : "closed pipe");
    try (Ends.Pair pipe = Ends.PIPE.open()) {
      (broken ? pipe.reader : pipe.writer).close();
      text.append(" -> ").append(use.with(pipe.writer, null));
    }
  }

  /** Gives a source that holds some bytes, and tells what is left in it. */
  void from(ChannelModelDraw draw, long count, StringBuilder text, Use use) throws IOException {
    int size = 1 + draw.below(BYTES_MAX);
    if (draw.once(8)) {
      fromEnded(draw, size, text, use);
      return;
    }
    Ends kind = draw.of(KINDS);
    // TCP hands over when it likes: so it must hold all, else the result is a matter of luck.
    boolean blocking = kind == Ends.TCP4 || draw.once(2);
    if (blocking) {
      size = (int) Math.max(size, Math.min(count, BYTES_MAX));
    }
    text.append(size).append(" bytes in ").append(blocking ? "blocking " : "non-blocking ");
    text.append(kind);
    Ends.Pair pair = pair(kind);
    ((SelectableChannel) pair.writer).configureBlocking(true);
    pair.writer.write(ChannelModelBuffers.noise(draw, size));
    ((SelectableChannel) pair.reader).configureBlocking(blocking);
    long n = 0;
    boolean lost = false;
    try {
      n = use.with(null, pair.reader);
    } catch (IOException e) {
      lost = !(e instanceof ClosedChannelException);
      throw e;
    } finally {
      if (lost) { // how much, differs: see java/CHANNEL.md
        drop(kind);
      } else {
        text.append(" -> ").append(n).append(" left ").append(drain(pair.reader, size - n));
      }
    }
  }

  private static void fromEnded(ChannelModelDraw draw, int size, StringBuilder text, Use use)
      throws IOException {
    boolean closed = draw.once(2);
    text.append(closed ? "closed pipe" : size + " bytes in a pipe that has ended");
    try (Ends.Pair pipe = Ends.PIPE.open()) {
      pipe.writer.write(ChannelModelBuffers.noise(draw, size));
      (closed ? pipe.reader : pipe.writer).close();
      text.append(" -> ").append(use.with(null, pipe.reader));
    }
  }

  /** Takes that many bytes out of a stream, and no more must be there. */
  private static String drain(ReadableByteChannel reader, long count) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate((int) count);
    SelectableChannel selectable = (SelectableChannel) reader;
    selectable.configureBlocking(true);
    while (bytes.hasRemaining()) {
      if (reader.read(bytes) < 0) {
        throw new AssertionError("the stream ends " + bytes.remaining() + " bytes too early");
      }
    }
    selectable.configureBlocking(false);
    if (reader.read(ByteBuffer.allocate(1)) != 0) {
      throw new AssertionError("the stream has more than " + count + " bytes");
    }
    return ChannelModelBuffers.sum(bytes.flip());
  }

  @Override
  public void close() throws IOException {
    for (Ends.Pair pair : pairs.values()) {
      pair.close();
    }
  }

  // ---- channels of anybody

  /** Takes at most some bytes at a time, or fails. */
  static final class Sink implements WritableByteChannel {
    private final int most;
    private final Exception failure;
    final ByteBuffer taken = ByteBuffer.allocate(1 << 17);

    Sink(int most, Exception failure) {
      this.most = most;
      this.failure = failure;
    }

    @Override
    public int write(ByteBuffer bytes) throws IOException {
      fail(failure);
      int n = Math.min(bytes.remaining(), most);
      taken.put(bytes.slice(bytes.position(), n));
      bytes.position(bytes.position() + n);
      return n;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  /** Gives at most some bytes at a time, and fails or ends after the last. */
  static final class Spring implements ReadableByteChannel {
    private final ByteBuffer bytes;
    private final int most;
    private final Exception failure;

    Spring(ByteBuffer bytes, int most, Exception failure) {
      this.bytes = bytes;
      this.most = most;
      this.failure = failure;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
      if (!bytes.hasRemaining()) {
        fail(failure);
        return -1;
      }
      int n = Math.min(Math.min(bytes.remaining(), most), target.remaining());
      target.put(bytes.slice(bytes.position(), n));
      bytes.position(bytes.position() + n);
      return n;
    }

    int left() {
      return bytes.remaining();
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  private static void fail(Exception failure) throws IOException {
    if (failure instanceof IOException e) {
      throw e;
    }
    if (failure instanceof RuntimeException e) {
      throw e;
    }
  }
}
