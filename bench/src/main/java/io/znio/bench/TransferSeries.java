// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Transfers of one size, one after the other, under somebody else's clock (JMH's), verified at the
 * end.
 *
 * <p>{@link #begin}, {@link #move} any number of times, {@link #end}; and again. Transfer i takes
 * the file's bytes from {@code (i % K) * size}, K of them being in the file. Whatever moves the
 * bytes, the other side of sockets and pipes is {@code znio-bench-peer}, a process of its own, with
 * the options of sockets that {@code bench/PROTOCOL.md} names: TCP_NODELAY, and nothing else. It
 * hashes all that it gets. Target files are written over and over, with {@code K - 1} pieces: so
 * each piece goes each time to where others lie, and whoever does not write is found out.
 *
 * <p>One thread.
 */
public abstract class TransferSeries implements AutoCloseable {
  final TransferWork work;

  /** Transfers since {@link #begin}. */
  long moved;

  TransferSeries(TransferWork work) {
    this.work = work;
  }

  /**
   * By what {@code bench/compare} knows.
   *
   * @param impl znio, jdk, or {@code channel}: the JDK's paths on a NativeFileChannel
   * @param path {@code auto} for znio; {@code transferTo}, {@code transferFrom}, {@code heap-loop}
   *     or {@code direct-loop}
   */
  public static TransferSeries java(TransferWork work, String impl, String path)
      throws IOException {
    return new JavaSeries(work, impl, path);
  }

  /** By a library with channels of its own. */
  public static TransferSeries foreign(TransferWork work, ForeignMover mover) throws IOException {
    return new ForeignSeries(work, mover);
  }

  /** By the C core without a JVM: the C runner. */
  public static TransferSeries c(TransferWork work) throws IOException {
    return new CSeries(work);
  }

  /**
   * Opens the ends.
   *
   * @throws SkippedException if the machine or the library cannot do this
   */
  public final void begin() throws Exception {
    moved = 0;
    open();
  }

  /** Makes the next transfers, each of them whole; {@link #c} may be one such step ahead. */
  public final void move(int count) throws Exception {
    step(count);
    moved += count;
  }

  /**
   * Closes the ends and compares what has arrived with what was sent.
   *
   * @throws IllegalStateException if it is not the same
   */
  public final void end() throws Exception {
    String problem = finish();
    if (problem != null) {
      throw new IllegalStateException(
          problem + " (" + moved + " transfers of " + work.size() + " bytes)");
    }
  }

  abstract void open() throws Exception;

  abstract void step(int count) throws Exception;

  /** Closes the ends. Returns what is wrong with what has arrived, or null. */
  abstract String finish() throws Exception;

  /** Ends what is still open, without a check, and the peer. */
  @Override
  public abstract void close() throws Exception;

  /** What is wrong with what the peer says of a stream, or null. */
  final String compare(Peer peer, Wire done) throws IOException {
    long bytes = moved * work.size();
    if (done.needLong("bytes") != bytes) {
      return done.needLong("bytes") + " bytes have arrived, and " + bytes + " were sent";
    }
    Wire request =
        new Wire("hash")
            .with("file", work.file())
            .with("bytes", bytes)
            .with("size", work.size())
            .with("wrap", 1);
    return peer.hash(request).equals(done.need("hash"))
        ? null
        : "what has arrived is not what was sent";
  }

  /** The peer, started. */
  static Peer startPeer() throws IOException {
    return new Peer(BenchPrograms.find("znio-bench-peer").toString());
  }

  /** What is wrong with the target file, or null. */
  final String compare(Path made) throws Exception {
    if (work.flip()) {
      TargetFile.spoil(made, work.size());
    }
    return TargetFile.problem(work, made, moved);
  }
}
