// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.znio.bench.LiveBuffers;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What one of 100,000 live buffers of 64 bytes takes: {@code heapBytes} of the heap and {@code
 * nativeBytes} of memory outside of it, its own bytes included. The time in the row is that of the
 * looking, and says nothing. Looked at once in each JVM: what lived before leaves room for what
 * comes after.
 */
@BenchmarkMode(Mode.SingleShotTime)
@Warmup(iterations = 0)
@Measurement(iterations = 1)
@Fork(value = 3, jvmArgsPrepend = "-XX:+AlwaysPreTouch")
public class LiveBuffer extends Comparison {
  private static final int COUNT = 100_000;
  private static final int SIZE = 64;

  private static LiveBuffers.Share share;

  /** Secondary results of the row. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.EVENTS)
  public static class Bytes {
    public double heapBytes;
    public double nativeBytes;
  }

  @Benchmark
  public void bytes(Zeroed memory, Bytes bytes) throws Exception {
    if (share == null) {
      share = LiveBuffers.measure(memory.allocator(), SIZE, COUNT);
    }
    bytes.heapBytes = share.heapBytes();
    bytes.nativeBytes = share.nativeBytes();
  }
}
