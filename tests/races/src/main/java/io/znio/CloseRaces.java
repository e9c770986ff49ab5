// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;
import static org.openjdk.jcstress.annotations.Expect.FORBIDDEN;

import java.nio.ByteBuffer;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * Two threads and one block of memory, at the level {@code checked}: who closes, and what the other
 * sees. Not for {@code tests/run} alone: {@code tests/jcstress} runs them.
 */
public final class CloseRaces {
  private static final int SIZE = 16;

  /** What the owner has written; what the next owner of the same block writes. */
  private static final byte OLD = 7;

  private static final byte NEW = 9;

  /** A view said that it is dead. */
  private static final int STALE = -1;

  private CloseRaces() {}

  private static ByteBuffer open() {
    ByteBuffer buffer = DirectBuffers.allocateUninitialized(SIZE);
    buffer.put(0, OLD);
    return buffer;
  }

  /** 1: it was freed here; 0: refused. */
  private static int free(ByteBuffer buffer) {
    try {
      DirectBuffers.free(buffer);
      return 1;
    } catch (IllegalStateException refused) {
      return 0;
    }
  }

  private static int read(ByteBuffer view) {
    try {
      return view.get(0);
    } catch (IllegalStateException closed) {
      return STALE;
    }
  }

  /** Close against close: one of the two, and never both. */
  @JCStressTest
  @Outcome(
      id = {"1, 0", "0, 1"},
      expect = ACCEPTABLE,
      desc = "one freed it, the other was refused")
  @Outcome(expect = FORBIDDEN, desc = "freed twice, or by nobody")
  @State
  public static class FreeAndFree {
    private final ByteBuffer buffer = open();

    @Actor
    public void first(II_Result result) {
      result.r1 = free(buffer);
    }

    @Actor
    public void second(II_Result result) {
      result.r2 = free(buffer);
    }
  }

  /** Close against use, by a view that was there before. */
  @JCStressTest
  @Outcome(id = "7", expect = ACCEPTABLE, desc = "read before the end")
  @Outcome(id = "-1", expect = ACCEPTABLE, desc = "the view is dead")
  @Outcome(expect = FORBIDDEN, desc = "somebody else's bytes")
  @State
  public static class FreeAndRead {
    private final ByteBuffer buffer = open();
    private final ByteBuffer view = buffer.duplicate();

    @Actor
    public void owner() {
      free(buffer);
    }

    @Actor
    public void reader(I_Result result) {
      result.r1 = read(view);
    }
  }

  /** Reuse after a close: the same thread's next block is the likeliest to be the same. */
  @JCStressTest
  @Outcome(id = "7", expect = ACCEPTABLE, desc = "read before the end")
  @Outcome(id = "-1", expect = ACCEPTABLE, desc = "the view is dead")
  @Outcome(expect = FORBIDDEN, desc = "the next owner's bytes")
  @State
  public static class ReuseAndRead {
    private final ByteBuffer buffer = open();
    private final ByteBuffer view = buffer.duplicate();

    @Actor
    public void owner() {
      free(buffer);
      ByteBuffer next = DirectBuffers.allocateUninitialized(SIZE);
      next.put(0, NEW);
      DirectBuffers.free(next);
    }

    @Actor
    public void reader(I_Result result) {
      result.r1 = read(view);
    }
  }

  /** Slice against close: the new view is dead, too. */
  @JCStressTest
  @Outcome(id = "7", expect = ACCEPTABLE, desc = "sliced and read before the end")
  @Outcome(id = "-1", expect = ACCEPTABLE, desc = "the slice is dead, or could not be made")
  @Outcome(expect = FORBIDDEN, desc = "a view that outlives its memory")
  @State
  public static class CloseAndSlice {
    private final Region region = Region.allocateUninitialized(SIZE);

    public CloseAndSlice() {
      region.buffer().put(0, OLD);
    }

    @Actor
    public void owner() {
      region.close();
      ByteBuffer next = DirectBuffers.allocateUninitialized(SIZE);
      next.put(0, NEW);
      DirectBuffers.free(next);
    }

    @Actor
    public void slicer(I_Result result) {
      try {
        result.r1 = read(region.slice(0, SIZE / 2));
      } catch (IllegalStateException closed) {
        result.r1 = STALE;
      }
    }
  }

  /** A call that uses the memory against its end: one waits for nobody, and one is refused. */
  @JCStressTest
  @Outcome(
      id = {"7, 1, 0", "7, 0, 1"},
      expect = ACCEPTABLE,
      desc = "used; freed after that, or refused and freed later")
  @Outcome(id = "-1, 1, 0", expect = ACCEPTABLE, desc = "freed first: not to be had")
  @Outcome(expect = FORBIDDEN, desc = "freed under a call, freed twice, or by nobody")
  @State
  public static class FreeAndCall {
    private final ByteBuffer buffer = open();
    private final ByteBuffer view = buffer.duplicate();

    @Actor
    public void call(III_Result result) {
      try {
        JdkMemory.acquire(view);
      } catch (IllegalStateException closed) {
        result.r1 = STALE;
        return;
      }
      result.r1 = view.get(0);
      JdkMemory.release(view);
    }

    @Actor
    public void owner(III_Result result) {
      result.r2 = free(buffer);
    }

    @Arbiter
    public void end(III_Result result) {
      result.r3 = free(buffer);
    }
  }

  /** Mapping: close against close unmaps once, and counts once. */
  @JCStressTest
  @Outcome(id = "0, 0", expect = ACCEPTABLE, desc = "both return; it is closed")
  @Outcome(expect = FORBIDDEN, desc = "one returned before it was closed, or failed")
  @State
  public static class UnmapAndUnmap {
    private final Mapping mapping = map();

    private static Mapping map() {
      try {
        return Mapping.anonymous(SIZE);
      } catch (java.io.IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }

    private int close() {
      mapping.close();
      return mapping.isOpen() ? 1 : 0;
    }

    @Actor
    public void first(II_Result result) {
      result.r1 = close();
    }

    @Actor
    public void second(II_Result result) {
      result.r2 = close();
    }
  }
}
