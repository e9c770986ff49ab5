// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.nio.ByteBuffer;
import java.nio.channels.Channel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Memory that is lent to the kernel, kept strongly reachable until its completion has come. One
 * daemon thread looks for completions; it lives only while something is lent. Any thread.
 */
final class Pins {
  private static final int WAIT_MILLIS = 20;

  private static final Object LOCK = new Object();
  private static final List<Pin> LIVE = new ArrayList<>();
  private static Thread watcher;

  private Pins() {}

  /** One pin of C, and what it keeps alive. Used by the watcher alone. */
  private static final class Pin {
    private final long handle;
    private final Loan loan;
    private final ByteBuffer session; // its arena is held open; null if there is none
    private final Object memory; // only to be reachable
    private final Channel target;
    private boolean shutDown;

    Pin(long handle, Loan loan, Object memory, ByteBuffer session, Channel target) {
      this.handle = handle;
      this.loan = loan;
      this.memory = memory;
      this.session = session;
      this.target = target;
    }

    /** 1: returned; 0: not yet; an error. */
    int poll(int timeoutMillis) {
      if (!shutDown && !target.isOpen()) {
        // The duplicate that the pin holds would keep the connection open: the peer must see its
        // end.
        Native.pinShutdown(handle);
        shutDown = true;
      }
      int result = Native.pinPoll(handle, timeoutMillis);
      if (result == 1) {
        KernelCopied copied = KernelCopied.of(Native.pinCopied(handle));
        Native.pinRelease(handle);
        if (session != null) {
          JdkMemory.release(session);
        }
        java.lang.ref.Reference.reachabilityFence(memory);
        loan.giveBack(copied);
      }
      return result;
    }
  }

  /**
   * Takes over a pin.
   *
   * @param loan is told when the memory is free
   * @param memory what must stay reachable
   * @param session a buffer whose arena must stay open, or null; a share of it was acquired for us
   * @param target the socket
   */
  static void add(long handle, Loan loan, Object memory, ByteBuffer session, Channel target) {
    loan.lend();
    int lender = (int) Thread.currentThread().getId();
    Native.ledgerSetBirth(Native.pinRecord(handle), lender, Sites.here());
    synchronized (LOCK) {
      LIVE.add(new Pin(handle, loan, memory, session, target));
      if (watcher == null) {
        Thread thread = new Thread(null, Pins::watch, "znio-pins", 0, false);
        thread.setDaemon(true);
        thread.start();
        watcher = thread;
      }
    }
  }

  /** Pins that are not yet returned. */
  static int count() {
    synchronized (LOCK) {
      return LIVE.size();
    }
  }

  private static void watch() {
    while (true) {
      Pin[] pins;
      synchronized (LOCK) {
        if (LIVE.isEmpty()) {
          watcher = null;
          return;
        }
        pins = LIVE.toArray(new Pin[0]);
      }
      boolean progress = false;
      for (Pin pin : pins) {
        progress |= check(pin, 0) == 1;
      }
      if (!progress && check(pins[0], WAIT_MILLIS) < 0) {
        LockSupport.parkNanos(WAIT_MILLIS * 1_000_000L);
      }
    }
  }

  private static int check(Pin pin, int timeoutMillis) {
    int result = pin.poll(timeoutMillis);
    if (result == 1) {
      synchronized (LOCK) {
        LIVE.remove(pin);
      }
    }
    return result;
  }
}
