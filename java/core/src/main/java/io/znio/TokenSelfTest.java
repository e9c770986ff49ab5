// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.nio.MappedByteBuffer;
import java.util.zip.CRC32;

/**
 * Tries what tokens promise on real memory, some ms at load: accesses of each kind of view before
 * and after closing, in code that has just been loaded and in loops run often enough for the JVM's
 * first compiler; states and pins; the handshake. It cannot show that a race is impossible: the
 * table of {@link TokenSupport} and the stress tests stand for that.
 */
final class TokenSelfTest {
  private static final int BYTES = 64;

  /** Calls until the first compiler takes a loop of {@link #BYTES} turns (200 by default). */
  private static final int WARM = 220;

  private static final int ACCESSES = 7;

  private final Token kind = TokenKind.KIND;
  private final long address;

  private TokenSelfTest(long address) {
    this.address = address;
  }

  /** Runs all; returns null if it passed, else what failed. Leaves nothing behind. */
  static String run() {
    try {
      ByteBuffer memory = ByteBuffer.allocateDirect(BYTES); // the JDK's: ours is what is on trial
      String failure = new TokenSelfTest(BufferFactory.address(memory)).check();
      Reference.reachabilityFence(memory);
      return failure;
    } catch (RuntimeException | LinkageError | AssertionError | OutOfMemoryError e) {
      return "the self-test of liveness tokens failed: " + e;
    }
  }

  private String check() {
    views(kind.open(), Token.QUARANTINE);
    views(kind.openConfined(), Token.REUSABLE);
    pins();
    loops();
    mapped();
    if (!Handshake.run()) {
      return "the self-test's handshake found a thread inside an access";
    }
    return null;
  }

  private ByteBuffer buffer(Object token) {
    return BufferFactory.direct(address, BYTES, token, token);
  }

  private static void require(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError(what);
    }
  }

  /** Everything that a JDK API does with a buffer: reads, writes, bulk, views of views. */
  private void views(Object token, int closes) {
    ByteBuffer root = buffer(token);
    ByteBuffer slice = root.slice(8, 16);
    LongBuffer longs = root.asLongBuffer();
    root.putLong(0, 0x0102030405060708L).putLong(8, 42);
    require(slice.getLong(0) == 42 && longs.get(1) == 42, "a view reads what was written");
    require(kind.of(longs) == token && kind.of(slice) == token, "a view has the buffer's token");
    require(BufferFactory.attachment(slice) == token, "a view has the buffer's attachment");
    require(kind.isOpen(token), "a new token is open");
    ByteBuffer[] bytes = {root, slice, root.duplicate(), root.asReadOnlyBuffer().duplicate()};
    for (ByteBuffer view : bytes) {
      for (int i = 0; i < ACCESSES; i++) {
        require(isAllowed(view, i), "an open buffer is accessible");
      }
    }
    require(kind.close(token) == closes, "closing tells whether the memory may be used again");
    require(!kind.isOpen(token), "a closed token is not open");
    require(kind.close(token) == Token.CLOSED, "closing twice is told");
    for (ByteBuffer view : bytes) {
      for (int i = 0; i < ACCESSES; i++) {
        require(!isAllowed(view, i), "a closed buffer refuses access " + i);
      }
    }
    require(!isAllowed(longs) && !isAllowed(longs.slice()), "a closed view refuses access");
  }

  /** False if the access was refused as that to a closed buffer. */
  private static boolean isAllowed(ByteBuffer buffer, int access) {
    try {
      switch (access) {
        case 0 -> buffer.get(0);
        case 1 -> buffer.get(1, new byte[4]);
        case 2 -> buffer.slice().getInt(4);
        case 3 -> buffer.duplicate().getLong();
        case 4 -> buffer.mismatch(ByteBuffer.allocate(16));
        case 5 -> new CRC32().update(buffer.duplicate());
        default -> {
          if (!buffer.isReadOnly()) {
            buffer.put(0, (byte) 1);
            buffer.slice().put(0, new byte[4]);
          } else {
            buffer.getChar(0);
          }
        }
      }
      return true;
    } catch (IllegalStateException e) {
      return false;
    }
  }

  private static boolean isAllowed(LongBuffer buffer) {
    try {
      buffer.put(0, buffer.get(0));
      return true;
    } catch (IllegalStateException e) {
      return false;
    }
  }

  /** While a call has the memory, it cannot be closed. */
  private void pins() {
    Object token = kind.open();
    ByteBuffer root = buffer(token);
    Object first = kind.acquire(root);
    Object second = kind.acquire(root.slice());
    require(kind.close(token) == Token.CLOSED - 2, "an acquired token is not closed");
    root.put(0, (byte) 7);
    kind.release(root, second);
    require(kind.close(token) == Token.CLOSED - 1, "an acquired token is not closed");
    kind.release(root, first);
    require(kind.close(token) >= 0, "a released token is closed");
    try {
      kind.acquire(root);
      throw new AssertionError("a closed token is not acquired");
    } catch (IllegalStateException expected) {
      // as it should be
    }
  }

  /** Warm code: the same loops read an open buffer first, then a closed one. */
  private void loops() {
    Object token = kind.open();
    ByteBuffer root = buffer(token);
    LongBuffer longs = root.asLongBuffer();
    for (int i = 0; i < BYTES; i++) {
      root.put(i, (byte) 1);
    }
    long sum = 0;
    long written = 0; // both wrap around
    for (int i = 0; i < WARM; i++) {
      sum += sum(root) + sum(longs);
      written += BYTES + BYTES / 8 * 0x0101010101010101L;
    }
    require(sum == written, "a loop reads what was written");
    require(kind.close(token) >= 0, "a token is closed");
    for (int i = 0; i < 2; i++) {
      try {
        sum = i == 0 ? sum(root) : sum(longs);
        throw new AssertionError("a warm loop read a closed buffer");
      } catch (IllegalStateException expected) {
        // as it should be
      }
    }
  }

  private static long sum(ByteBuffer buffer) {
    long sum = 0;
    for (int i = 0; i < BYTES; i++) {
      sum += buffer.get(i);
    }
    return sum;
  }

  private static long sum(LongBuffer buffer) {
    long sum = 0;
    for (int i = 0; i < BYTES / 8; i++) {
      sum += buffer.get(i);
    }
    return sum;
  }

  private void mapped() {
    Object token = kind.open();
    MappedByteBuffer root = BufferFactory.mapped(address, BYTES, false, token, token);
    MappedByteBuffer readOnly = BufferFactory.mapped(address, BYTES, true, token, token);
    root.putInt(0, 17);
    require(readOnly.getInt(0) == 17 && readOnly.isReadOnly(), "a mapped view reads");
    require(kind.close(token) >= 0, "a token is closed");
    for (int i = 0; i < ACCESSES; i++) {
      require(
          !isAllowed(root, i) && !isAllowed(readOnly, i), "a closed mapping refuses access " + i);
    }
  }
}
