// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Closing against running readers. Each test takes some seconds; {@code
 * -Dio.znio.test.tokenTrials=N} multiplies it (N = 10 for a long run).
 */
class TokenStressTest {
  private static final int FACTOR = Integer.getInteger("io.znio.test.tokenTrials", 1);

  /** What lies in memory before it is freed, and after it went to someone else. */
  private static final byte OLD = 1;

  private static final byte NEW = 2;

  @BeforeEach
  void tokensWork() {
    assumeTrue(TokenSupport.isAvailable(), TokenSupport.REASON);
  }

  private static Token kind() {
    return TokenKind.KIND;
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
      java.util.Arrays.fill(copy, OLD);
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
    int trials = (lap == Lap.MANY_BYTES ? 15 : 100) * FACTOR;
    ByteBuffer memory = ByteBuffer.allocateDirect(lap.bytes);
    long address = BufferFactory.address(memory);
    int strange = 0;
    for (int trial = 0; trial < trials; trial++) {
      fill(memory, OLD);
      Object token = kind().open();
      Reader reader = new Reader(BufferFactory.direct(address, lap.bytes, token, token), lap);
      reader.start();
      int hot = trial % 10 == 0 ? 300 : 20; // from code that is not yet compiled to code that is
      Await.until("a reader in its loop", () -> reader.laps.get() >= hot);
      assertThat(kind().close(token)).isEqualTo(Token.QUARANTINE);
      reuse(memory);
      Await.end(reader);
      assertThat(reader.end).isInstanceOf(IllegalStateException.class);
      strange += reader.strangeLaps;
    }
    assertThat(strange).as("laps of %d trials that read the new owner's bytes", trials).isZero();
  }

  private static void reuse(ByteBuffer memory) {
    Await.until("a handshake that finds nobody inside", Handshake::run);
    fill(memory, NEW);
  }

  /** Many tokens, one handshake, as the quarantine has it; the readers share the two cores. */
  @Test
  void oneHandshakeServesABatch() {
    int readers = 4;
    int bytes = 4096;
    for (int trial = 0; trial < 15 * FACTOR; trial++) {
      List<ByteBuffer> memory = new ArrayList<>();
      List<Object> tokens = new ArrayList<>();
      List<Reader> threads = new ArrayList<>();
      for (int i = 0; i < readers; i++) {
        memory.add(ByteBuffer.allocateDirect(bytes));
        fill(memory.get(i), OLD);
        tokens.add(kind().open());
        long address = BufferFactory.address(memory.get(i));
        Reader reader =
            new Reader(
                BufferFactory.direct(address, bytes, tokens.get(i), tokens.get(i)),
                Lap.values()[i % 2 * 2]);
        threads.add(reader);
        reader.start();
      }
      for (Reader reader : threads) {
        Await.until("a reader in its loop", () -> reader.laps.get() >= 20);
      }
      tokens.forEach(token -> assertThat(kind().close(token)).isEqualTo(Token.QUARANTINE));
      Await.until("a handshake that finds nobody inside", Handshake::run);
      memory.forEach(block -> fill(block, NEW));
      for (Reader reader : threads) {
        Await.end(reader);
        assertThat(reader.end).isInstanceOf(IllegalStateException.class);
        assertThat(reader.strangeLaps).isZero();
      }
    }
  }

  private static final int TURN_READ = 1;
  private static final int TURN_DONE = 2;
  private static final int TURN_STOP = 3;

  /**
   * The owner frees while another thread makes its first access. If the close says that memory may
   * be used at once, that access must have been refused; here it is used at once.
   */
  @Test
  void aFirstForeignAccessAndTheOwnersCloseExcludeEachOther() {
    ByteBuffer memory = ByteBuffer.allocateDirect(64);
    long address = BufferFactory.address(memory);
    AtomicInteger turn = new AtomicInteger(TURN_DONE);
    AtomicReference<ByteBuffer> shared = new AtomicReference<>();
    int[] read = new int[1];
    int[] delay = new int[1];
    Thread foreign =
        new Thread(
            () -> {
              for (int now; (now = turn.get()) != TURN_STOP; ) {
                if (now != TURN_READ) {
                  Thread.yield();
                  continue;
                }
                ByteBuffer buffer = shared.get();
                spin(delay[0]);
                try {
                  read[0] = buffer.get(3);
                } catch (IllegalStateException e) {
                  read[0] = 0;
                }
                turn.set(TURN_DONE);
              }
            });
    foreign.start();
    int reused = 0;
    int escaped = 0;
    try {
      for (int trial = 0; trial < 12_800 * FACTOR; trial++) {
        fill(memory, OLD);
        Object token = kind().openEscaping();
        shared.set(BufferFactory.direct(address, 64, token, token));
        // The last two are certain to go one way each, so that both ways are tried on any machine.
        int way = trial % 64;
        delay[0] = way == 62 ? 20_000 : way % 8;
        turn.set(TURN_READ);
        if (way == 63) {
          awaitDone(turn);
        }
        spin(way % 11);
        int result = kind().close(token);
        if (result == Token.REUSABLE) {
          fill(memory, NEW);
        }
        awaitDone(turn);
        assertThat(result).isIn(Token.REUSABLE, Token.QUARANTINE);
        if (result == Token.REUSABLE) {
          assertThat(read[0]).as("a foreign access to memory that was reused at once").isZero();
          reused++;
        } else {
          assertThat(read[0]).isIn(0, (int) OLD);
          escaped += read[0] == OLD ? 1 : 0;
        }
      }
    } finally {
      turn.set(TURN_STOP);
      Await.end(foreign);
    }
    assertThat(escaped).isPositive();
    if (kind() instanceof Token17) {
      assertThat(reused).isPositive();
    } else {
      assertThat(reused).isZero(); // a shared token is never reused at once there
    }
  }

  private static void awaitDone(AtomicInteger turn) {
    long end = System.nanoTime() + Await.LIMIT.toNanos();
    while (turn.get() != TURN_DONE) {
      Thread.yield();
      if (System.nanoTime() - end > 0) {
        throw new AssertionError("The foreign thread does not answer");
      }
    }
  }

  private static void spin(int turns) {
    for (int i = 0; i < turns; i++) {
      Thread.onSpinWait();
    }
  }

  /** Closing succeeds only while nobody has acquired, and nobody acquires after it. */
  @Test
  void acquireAndCloseExcludeEachOther() {
    ByteBuffer memory = ByteBuffer.allocateDirect(64);
    long address = BufferFactory.address(memory);
    for (int trial = 0; trial < 300 * FACTOR; trial++) {
      Object token = kind().open();
      ByteBuffer buffer = BufferFactory.direct(address, 64, token, token);
      AtomicInteger holders = new AtomicInteger();
      List<Thread> users = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        Thread user = new Thread(() -> use(buffer.slice(), holders));
        users.add(user);
        user.start();
      }
      spin(trial % 50 * 100);
      int refused = 0;
      int result;
      while ((result = kind().close(token)) < 0) {
        assertThat(result).isBetween(Token.CLOSED - 3, Token.CLOSED - 1);
        Thread.yield(); // no user holds it for long
        refused++;
        assertThat(refused).isLessThan(10_000_000);
      }
      assertThat(holders.get()).as("users at the moment of closing").isZero();
      users.forEach(Await::end); // each ends when it is refused
      assertThat(holders.get()).isZero();
      assertThat(kind().close(token)).isEqualTo(Token.CLOSED);
    }
  }

  private static void use(ByteBuffer view, AtomicInteger holders) {
    while (true) {
      Object proof;
      try {
        proof = kind().acquire(view);
      } catch (IllegalStateException closed) {
        return;
      }
      holders.incrementAndGet();
      view.put(0, (byte) 1); // allowed as long as it is held
      holders.decrementAndGet();
      kind().release(view, proof);
      Thread.yield();
    }
  }
}
