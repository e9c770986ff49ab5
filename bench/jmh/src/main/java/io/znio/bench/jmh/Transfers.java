// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Transfers of one size after the other; the time is that of one of them.
 *
 * <p>The other side of sockets and pipes is {@code znio-bench-peer}, one C process, the same for
 * all rows. It reads with a buffer of 256 KiB and hashes all; a row whose bytes are not what was
 * sent fails. Sockets have TCP_NODELAY and nothing else set. Each iteration has a connection of its
 * own, which is full all the time: what is measured is the slower of both sides, and the one
 * process's work in it is the same for all.
 *
 * <p>Before the next transfer begins, the kernel has taken the last one wholly, in every row. What
 * differs:
 *
 * <ul>
 *   <li>{@code znio}, {@code jdk}, {@code one-nio} call from the benchmark's own thread and block
 *       in the kernel.
 *   <li>{@code netty-*} works in an event loop, as it always does, on non-blocking sockets: one hop
 *       from the benchmark's thread to the loop's and back for 256 transfers; within the loop the
 *       next one is written when the last one's future is done, and splices stand in line.
 *   <li>{@code c} is the same C core without a JVM, in a process of its own, which is told to make
 *       256 transfers by a line on a pipe. The next line is already there when it is done, so it
 *       never waits for the JVM.
 * </ul>
 *
 * <p>Target files are written over and over, and are in the page cache after the first time round.
 */
@OperationsPerInvocation(Transfers.COUNT)
@Warmup(iterations = 3, time = 400, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 3, time = 400, timeUnit = TimeUnit.MILLISECONDS)
public abstract class Transfers extends Comparison {
  static final int COUNT = 256;

  Transfers() {}

  /** A series whose transfers have a size. */
  public abstract static class Sized extends Series {
    /** Bytes of a transfer. */
    @Param({"4096", "65536", "1048576"})
    public int size;
  }
}
