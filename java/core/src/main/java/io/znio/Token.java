// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.nio.Buffer;
import java.nio.ByteBuffer;

/**
 * Liveness tokens: what a direct buffer and all its views ask before each access, so that all of
 * them throw {@link IllegalStateException} once the token is closed.
 *
 * <p>A token is an object of the JDK's making, passed here as an {@link Object}; this class is its
 * operations, one subclass per form that the JDK knows. {@link TokenKind#KIND} is the one of this
 * JDK; being a constant, its calls are inlined. Any thread may call, except where it is said.
 *
 * <p>What is promised: a stale view throws; a racing access from another thread may finish once,
 * and could meet reused memory only if its thread stood inside one accessor (or an allocation slow
 * path) across the whole batch of {@link Handshake}.
 */
abstract class Token {
  /** Result of {@link #close}: no other thread can access the memory, which may be used at once. */
  static final int REUSABLE = 0;

  /** Result of {@link #close}: the memory must wait for a {@link Handshake} before it is reused. */
  static final int QUARANTINE = 1;

  /** Result of {@link #close}: it was closed before. {@code CLOSED - n}: acquired n times. */
  static final int CLOSED = -1;

  /** Result of {@link #close}: confined to another thread, which alone may close it. */
  static final int FOREIGN = Integer.MIN_VALUE;

  /** A new token, open, for any thread. */
  abstract Object open();

  /**
   * A new token, open, for any thread, that says {@link #REUSABLE} when its maker closes it and no
   * other thread has accessed the memory (JDK 17; on newer JDKs the same as {@link #open}). Once
   * other threads do access such memory, every loop over a direct buffer with a token, in the whole
   * process, is compiled to code up to four times as slow.
   */
  abstract Object openEscaping();

  /**
   * A new token that says {@link #REUSABLE} when it is closed. Only the calling thread may access
   * and close; others get {@link IllegalStateException} (JDK 17) or the {@code
   * WrongThreadException} of a confined arena.
   */
  abstract Object openConfined();

  /**
   * Closes, if it is open and not acquired.
   *
   * @return {@link #REUSABLE}, {@link #QUARANTINE}; or, with nothing done, {@link #CLOSED}, {@link
   *     #CLOSED}{@code - n}, {@link #FOREIGN}
   */
  abstract int close(Object token);

  abstract boolean isOpen(Object token);

  /** The token of a buffer or of any view of it; null if it has none, or one that is not ours. */
  abstract Object of(Buffer buffer);

  /**
   * Keeps the memory of a direct buffer from being freed during a native call: ours, and that of a
   * JDK arena. Counts as an access.
   *
   * @return a proof for {@link #release}, null if the buffer has no token
   * @throws IllegalStateException if the memory is freed, or confined to another thread
   */
  abstract Object acquire(ByteBuffer direct);

  /** Gives back; {@code proof} is what {@link #acquire} has returned. */
  abstract void release(ByteBuffer direct, Object proof);

  /**
   * What a buffer of {@code size} bytes at {@code address} holds in its field {@code segment}. On
   * JDK 22 and newer that is a {@code MemorySegment} of any size.
   */
  abstract Object segment(long address, long size, boolean readOnly, Object token);

  /** Once through all threads; see {@link Handshake}. */
  final void handshake() {
    Object dummy = open();
    close(dummy);
    handshake(dummy);
  }

  /**
   * The same for one closed token: after it no platform or virtual thread is inside an access to
   * this memory.
   *
   * @return false if a thread still is (JDK 17): try again later
   */
  abstract boolean handshake(Object closed);

  /**
   * What to throw for a negative result of {@link #close}.
   *
   * @param noun what the caller would close, "buffer"
   */
  static IllegalStateException refusal(int result, String noun) {
    if (result == FOREIGN) {
      return new IllegalStateException(
          "This "
              + noun
              + " is confined to the thread that made it; only that thread may close it");
    }
    if (result == CLOSED) {
      return new IllegalStateException("This " + noun + " is closed already");
    }
    return new IllegalStateException(
        "This "
            + noun
            + " is in use by "
            + (CLOSED - result)
            + " running I/O operation(s); close it when they have ended");
  }
}
