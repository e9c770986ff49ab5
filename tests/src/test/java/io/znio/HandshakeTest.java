// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.reflect.Method;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** When freed memory may be used again without stopping anybody. */
class HandshakeTest {
  private static final int LOOKS = 200;

  private final AtomicBoolean enough = new AtomicBoolean();
  private final CountDownLatch started = new CountDownLatch(1);

  @BeforeEach
  void theOthersAreIdle() {
    assumeTrue(Handshake.canLook(), "This JVM has no JVMTI, or this is not x86-64");
    Await.until("all other threads are idle", Handshake::isNeedless);
  }

  @AfterEach
  void end() {
    enough.set(true);
  }

  private void spin() {
    while (!enough.get()) {
      started.countDown();
    }
  }

  private void checkNeverNeedless() throws InterruptedException {
    started.await();
    for (int i = 0; i < LOOKS; i++) {
      assertThat(Handshake.isNeedless()).isFalse();
    }
  }

  @Test
  void aThreadInJavaCodeMustBeStopped() throws Exception {
    Thread thread = Threads.start("spinner", this::spin);
    checkNeverNeedless();
    enough.set(true);
    Await.end(thread);
    Await.until("it has ended", Handshake::isNeedless);
  }

  @Test
  void aThreadThatWaitsNeedNot() throws Exception {
    Threads.Started<Boolean> parked =
        Threads.call(
            "parked",
            () -> {
              while (!enough.get()) {
                LockSupport.park();
              }
              return true;
            });
    Threads.Started<Boolean> asleep =
        Threads.call(
            "asleep",
            () -> {
              synchronized (enough) {
                while (!enough.get()) {
                  enough.wait();
                }
              }
              return true;
            });
    Await.until("both wait", Handshake::isNeedless);
    synchronized (enough) {
      enough.set(true);
      enough.notifyAll();
    }
    LockSupport.unpark(parked.thread());
    assertThat(parked.get()).isTrue();
    assertThat(asleep.get()).isTrue();
  }

  /** Java says of it that it is runnable. */
  @Test
  void aThreadInANativeThatTakesNoBufferNeedNot() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread accepter = Threads.start("accepter", () -> server.accept());
      Await.until(
          "it accepts",
          () ->
              accepter.getStackTrace().length > 0
                  && accepter.getStackTrace()[0].isNativeMethod()
                  && Handshake.isNeedless());
      assertThat(accepter.isAlive()).isTrue();
    }
  }

  /** On JDK 17 the native gets a bare address. */
  @Test
  void aThreadInChecksumsMustBeStopped() throws Exception {
    ByteBuffer large = ByteBuffer.allocateDirect(64 << 20);
    Thread thread =
        Threads.start(
            "checksum",
            () -> {
              CRC32 crc = new CRC32();
              while (!enough.get()) {
                crc.update(large.duplicate());
                started.countDown();
              }
            });
    checkNeverNeedless();
    enough.set(true);
    Await.end(thread);
  }

  @Test
  void aVirtualThreadMustBeStoppedWhileItRuns() throws Exception {
    assumeTrue(
        Runtime.version().feature() >= 21, "virtual threads came with JDK 21, this is older");
    Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
    Method start = Class.forName("java.lang.Thread$Builder").getMethod("start", Runnable.class);
    Thread runs = (Thread) start.invoke(builder, (Runnable) this::spin);
    checkNeverNeedless();
    enough.set(true);
    Await.end(runs);
    Thread waits = (Thread) start.invoke(builder, (Runnable) LockSupport::park);
    Await.until("it waits", Handshake::isNeedless);
    LockSupport.unpark(waits);
    Await.end(waits);
  }
}
