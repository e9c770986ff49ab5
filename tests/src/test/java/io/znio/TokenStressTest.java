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

/**
 * Closing a token against its users; readers of real buffers: {@link ReuseRaceTest}. Each test
 * takes some seconds; {@code -Dio.znio.test.tokenTrials=N} multiplies it (N = 10 for a long run).
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
