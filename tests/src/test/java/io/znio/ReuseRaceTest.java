// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The race that the level checked must win: buffers are freed under hot readers, their blocks pass
 * the quarantine, are given out again and filled by their next owners. No reader may see a byte of
 * those, and each ends by an exception. {@code -Dio.znio.test.tokenTrials=N} multiplies the trials.
 */
@ExtendWith(Leaks.class)
class ReuseRaceTest {
  private static final int FACTOR = Integer.getInteger("io.znio.test.tokenTrials", 1);

  /** What lies in memory before it is freed, and after it went to someone else. */
  private static final byte OLD = 1;

  private static final byte NEW = 2;

  private static final int HANDED_OVER = 64;
  private static final int STOCK_BYTES = 512 << 10;

  @BeforeEach
  void viewsAreChecked() {
    assumeTrue(SafetyLevel.IS_CHECKED, "below checked nothing is promised");
  }

  private static void fill(ByteBuffer memory, byte value) {
    for (int i = 0; i + 8 <= memory.capacity(); i += 8) {
      memory.putLong(i, value * 0x0101010101010101L);
    }
  }

  /** How a reader goes over the memory; each returns whether it saw a byte of the new owner. */
  enum Lap {
    BYTES(4096) {
      @Override
      boolean run(ByteBuffer buffer, byte[] copy) {
        int sum = 0;
        for (int i = 0; i < buffer.capacity(); i++) {
          sum += buffer.get(i);
        }
        return sum != buffer.capacity();
      }
    },
    MANY_BYTES(1 << 20) {
      @Override
      boolean run(ByteBuffer buffer, byte[] copy) {
        return BYTES.run(buffer, copy);
      }
    },
    ALLOCATING(4096) {
      @Override
      boolean run(ByteBuffer buffer, byte[] copy) {
        Integer[] seen = null;
        boolean strange = false;
        for (int i = 0; i < buffer.capacity(); i++) {
          seen = new Integer[] {(int) buffer.get(i)};
          sink = seen;
          strange |= seen[0] != OLD;
        }
        return strange;
      }
    },
    LONGS(4096) {
      @Override
      boolean run(ByteBuffer buffer, byte[] copy) {
        boolean strange = false;
        for (int i = 0; i < buffer.capacity(); i += 8) {
          strange |= buffer.getLong(i) != 0x0101010101010101L;
        }
        return strange;
      }
    },
    BULK(4096) {
      @Override
      boolean run(ByteBuffer buffer, byte[] copy) {
        buffer.get(0, copy);
        for (byte b : copy) {
          if (b != OLD) {
            return true;
          }
        }
        return false;
      }
    },
    MISMATCH(4096) {
      @Override
      boolean run(ByteBuffer buffer, byte[] copy) {
        return buffer.mismatch(ByteBuffer.wrap(copy)) >= 0;
      }
    };

    static Object sink;
    final int bytes;

    Lap(int bytes) {
      this.bytes = bytes;
    }

    /** One lap over memory that holds {@link #OLD} only; {@code copy} has its size and content. */
    abstract boolean run(ByteBuffer buffer, byte[] copy);
  }

  /** A thread that reads until it is told that the buffer is freed. */
  private static final class Reader extends Thread {
    private final ByteBuffer buffer;
    private final Lap lap;
    private final byte[] copy;
    final AtomicInteger laps = new AtomicInteger();
    volatile int strangeLaps;
    volatile Throwable end;

    Reader(ByteBuffer buffer, Lap lap) {
      this.buffer = buffer;
      this.lap = lap;
      this.copy = new byte[buffer.capacity()];
      Arrays.fill(copy, OLD);
    }

    @Override
    public void run() {
      int strange = 0;
      try {
        while (true) {
          strange += lap.run(buffer, copy) ? 1 : 0;
          laps.lazySet(laps.get() + 1);
        }
      } catch (Throwable t) {
        end = t;
      }
      strangeLaps = strange;
    }
  }

  @ParameterizedTest
  @EnumSource(Lap.class)
  void noLapReadsReusedMemory(Lap lap) {
    int trials = (lap == Lap.MANY_BYTES ? 10 : 60) * FACTOR;
    for (int trial = 0; trial < trials; trial++) {
      int hot = trial % 10 == 0 ? 300 : 20; // from code that is not yet compiled to code that is
      race(List.of(lap), hot);
    }
  }

  /** One flush of the quarantine serves all; the readers share the processors. */
  @Test
  void noneOfManyReadersReadsReusedMemory() {
    for (int trial = 0; trial < 15 * FACTOR; trial++) {
      race(List.of(Lap.BYTES, Lap.ALLOCATING, Lap.BULK, Lap.LONGS), 20);
    }
  }

  private static void race(List<Lap> laps, int hot) {
    List<ByteBuffer> buffers = new ArrayList<>();
    List<Reader> readers = new ArrayList<>();
    Map<Long, Integer> freed = new HashMap<>();
    for (Lap lap : laps) {
      ByteBuffer buffer = DirectBuffers.allocateUninitialized(lap.bytes);
      fill(buffer, OLD);
      buffers.add(buffer);
      freed.put(BufferFactory.address(buffer), lap.bytes);
      Reader reader = new Reader(buffer.slice(), lap);
      readers.add(reader);
      reader.start();
    }
    for (Reader reader : readers) {
      Await.until("a reader in its loop", () -> reader.laps.get() >= hot);
    }
    buffers.forEach(DirectBuffers::free);
    reuse(freed);
    for (Reader reader : readers) {
      Await.end(reader);
      assertThat(reader.end).isInstanceOf(IllegalStateException.class);
      assertThat(reader.strangeLaps).as("laps that read the next owner's bytes").isZero();
    }
  }

  /** Allocates until each of these addresses has been given out again, and fills what comes. */
  private static void reuse(Map<Long, Integer> freed) {
    List<ByteBuffer> next = new ArrayList<>();
    Map<Long, Integer> waiting = new HashMap<>(freed);
    Await.until(
        "the freed blocks are given out again",
        () -> {
          for (int i = 0;
              i < HANDED_OVER;
              i++) { // this thread's dead go to the quarantine by so many
            DirectBuffers.free(DirectBuffers.allocateUninitialized(16));
          }
          Quarantine.flush();
          for (int bytes : List.copyOf(waiting.values())) {
            // Before it come those that the magazine still has.
            for (int i = 0; i < 4 + STOCK_BYTES / bytes && waiting.containsValue(bytes); i++) {
              ByteBuffer buffer = DirectBuffers.allocateUninitialized(bytes);
              fill(buffer, NEW);
              next.add(buffer);
              waiting.remove(BufferFactory.address(buffer));
            }
          }
          return waiting.isEmpty();
        });
    next.forEach(DirectBuffers::free);
  }
}
