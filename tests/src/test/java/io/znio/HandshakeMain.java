// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Run by {@link TokenTest} in an interpreter of its own: a thread that copies large buffers stands
 * in the JDK's accessor nearly all the time, so a handshake must be put off, until the thread has
 * ended. Compiled code is never seen there: it does not stop in the middle of a copy.
 */
final class HandshakeMain {
  private HandshakeMain() {}

  public static void main(String[] arguments) throws InterruptedException {
    ByteBuffer large = ByteBuffer.allocateDirect(128 << 20);
    ByteBuffer from = large.slice(0, 64 << 20);
    ByteBuffer to = large.slice(64 << 20, 64 << 20);
    AtomicBoolean enough = new AtomicBoolean();
    CountDownLatch started = new CountDownLatch(1);
    Thread copier =
        new Thread(
            () -> {
              while (!enough.get()) {
                started.countDown();
                to.duplicate().put(from.duplicate());
              }
            });
    copier.start();
    started.await();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    boolean putOff = false;
    while (!putOff && System.nanoTime() < end) {
      putOff = !Handshake.run();
    }
    enough.set(true);
    copier.join();
    System.out.println("put off: " + putOff + ", then done: " + Handshake.run());
  }
}
