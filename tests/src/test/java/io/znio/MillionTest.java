// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLongArray;
import org.junit.jupiter.api.Test;

/** A million live blocks are shown one by one: each once, in little memory, while others go on. */
class MillionTest {
  private static final int MANY = 1_000_000;
  private static final int OTHERS = 2;

  @Test
  void aMillionLiveBlocksAreShownOnceEachWhileOthersGoOn() throws Exception {
    Child child =
        Child.run(
            List.of(
                "-Xmx48m", // a list of that many entries would need more
                "-cp",
                Child.classPath(Walk.class),
                Walk.class.getName()));
    assertThat(child.output()).contains("seen 1000000 of 1000000, stopped nobody");
    assertThat(child.status()).as(child.output()).isZero();
  }

  /** The child. */
  public static final class Walk {
    private static final AtomicBoolean STOP = new AtomicBoolean();
    private static final AtomicLongArray ROUNDS = new AtomicLongArray(OTHERS);

    private Walk() {}

    public static void main(String[] arguments) {
      long[] handles = new long[MANY];
      long[] addresses = new long[MANY];
      for (int i = 0; i < MANY; i++) {
        handles[i] = Blocks.open(1 + i % 16, 0, false);
        addresses[i] = Blocks.address(handles[i]);
      }
      Arrays.sort(addresses);
      Thread[] others = new Thread[OTHERS];
      for (int i = 0; i < OTHERS; i++) {
        int number = i;
        others[i] = Threads.start("other " + i, () -> goOn(number));
      }
      BitSet seen = new BitSet(MANY);
      Ledger.live(entry -> look(entry, addresses, seen));
      // While they run, births between the reading of two counters are not yet deaths.
      check(live() >= MANY);
      STOP.set(true);
      for (Thread other : others) {
        Await.end(other);
      }
      check(live() == MANY);
      System.out.println("seen " + seen.cardinality() + " of " + MANY + ", stopped nobody");
      for (long handle : handles) {
        Blocks.close(handle, Native.CAUSE_CLOSED, false);
      }
    }

    private static long live() {
      return Ledger.snapshot().counts().get(Ledger.Kind.REGION).liveItems();
    }

    private static void check(boolean asExpected) {
      if (!asExpected) {
        throw new AssertionError("the ledger's sum is wrong; now " + live());
      }
    }

    private static void goOn(int number) {
      while (!STOP.get()) {
        DirectBuffers.free(DirectBuffers.allocate(5000));
        ROUNDS.incrementAndGet(number);
      }
    }

    private static void look(Ledger.Entry entry, long[] addresses, BitSet seen) {
      int place = Arrays.binarySearch(addresses, entry.address());
      if (place < 0) {
        return; // one of the others'
      }
      if (seen.get(place)) {
        throw new AssertionError(entry + " was shown twice");
      }
      seen.set(place);
      if (place % 300_000 == 0) {
        awaitOthers();
      }
    }

    /** In the middle of the walk: all others allocate and free. */
    private static void awaitOthers() {
      long[] goals = new long[OTHERS];
      Arrays.setAll(goals, i -> ROUNDS.get(i) + 1000);
      for (int i = 0; i < OTHERS; i++) {
        int number = i;
        Await.until("the others go on", () -> ROUNDS.get(number) >= goals[number]);
      }
    }
  }
}
