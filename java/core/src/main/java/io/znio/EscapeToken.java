// SPDX-License-Identifier: Apache-2.0
package io.znio;

/**
 * The liveness token of JDK 17, in the field {@code segment} of a direct buffer and of all its
 * views: the JDK asks {@link #checkValidState} before each access. Not used under this name: {@link
 * TokenClasses} defines it into java.nio, as a class of the boot loader, which alone may extend the
 * JDK's type and have its {@code ForceInline} honoured.
 *
 * <p>24 bytes, two fields:
 *
 * <pre>
 *   owner  SHARED          any thread may access
 *          id of a thread  escaping: only this thread has passed a check
 *                          --access of another thread--&gt; SHARED
 *          ~id             confined: only this thread may access
 *          all of them --close--&gt; DEAD, for good
 *   pins   how often it is acquired and not yet released;    0 --close--&gt; CLOSED, for good
 * </pre>
 *
 * <p>Closing takes {@code pins} first, which decides who closes and ends all acquiring, then {@code
 * owner}. The first access of another thread must change {@code owner} before it passes: if the
 * owner's close finds its own id, no other thread has ever passed a check, nor ever will, and the
 * memory may be used again at once. Otherwise a compiled loop may still run on a check made before,
 * and the memory must wait for {@link Handshake}.
 *
 * <p>Uses no lambda, string concatenation, assertion or switch: their code would need more of the
 * JDK than {@link Jdk17} outlines.
 */
final class EscapeToken extends Jdk17.MemorySegmentProxy implements Jdk17.Scope, Jdk17.Handle {
  private static final Jdk17.Unsafe UNSAFE = Jdk17.Unsafe.getUnsafe();
  private static final long OWNER = UNSAFE.objectFieldOffset(EscapeToken.class, "owner");
  private static final long PINS = UNSAFE.objectFieldOffset(EscapeToken.class, "pins");

  /** Thread.getId() can be overridden; the field cannot. Ids are not used twice. */
  private static final long THREAD_ID = UNSAFE.objectFieldOffset(Thread.class, "tid");

  private static final int SHARED = 0;
  private static final int DEAD = -1;
  private static final int CLOSED = -1;

  private int owner;
  private int pins;

  /**
   * Open.
   *
   * @param kind 0: shared, 1: escaping, 2: confined to the calling thread
   */
  EscapeToken(int kind) {
    long id = self();
    // An id past the range makes it shared, which is as safe.
    owner = kind == 0 || id > Integer.MAX_VALUE ? SHARED : kind == 1 ? (int) id : ~(int) id;
  }

  @Jdk17.ForceInline
  private static long self() {
    return UNSAFE.getLong(Thread.currentThread(), THREAD_ID);
  }

  /**
   * Closes.
   *
   * @return a result as of {@link Token#close}
   */
  int close() {
    int seen = UNSAFE.getIntVolatile(this, OWNER);
    if (seen < DEAD && ~seen != self()) {
      return Token.FOREIGN;
    }
    while (!UNSAFE.compareAndSetInt(this, PINS, 0, CLOSED)) {
      int count = UNSAFE.getIntVolatile(this, PINS);
      if (count != 0) { // else released meanwhile
        return count < 0 ? Token.CLOSED : Token.CLOSED - count;
      }
    }
    if (seen == SHARED) { // it stays so until this thread, which alone closes, says DEAD
      UNSAFE.putIntRelease(this, OWNER, DEAD);
      return Token.QUARANTINE;
    }
    int last = UNSAFE.getAndSetInt(this, OWNER, DEAD);
    boolean alone = last > SHARED && last == self() || last < DEAD;
    return alone ? Token.REUSABLE : Token.QUARANTINE;
  }

  boolean isOpen() {
    return UNSAFE.getIntVolatile(this, PINS) >= 0;
  }

  /*
   * A plain read, as the check of any buffer. What the JIT makes of the branches decides the cost
   * of each loop over a buffer. Throwing leaves the loop and costs nothing. But once escape() is
   * part of the compiled code, a loop has to load the fields of the buffer anew in each turn, and
   * byte loops take four times as long. The JIT leaves a branch out if its profile, of 40 turns or
   * more, has not seen it taken; so the tests on the way to escape() are those that every access
   * makes.
   */
  @Jdk17.ForceInline
  @Override
  public void checkValidState() {
    int seen = owner;
    if (seen > SHARED) {
      if (seen != self()) {
        escape(seen);
      }
    } else if (seen != SHARED && ~seen != self()) {
      throw refused(seen);
    }
  }

  private void escape(int seen) {
    if (!UNSAFE.compareAndSetInt(this, OWNER, seen, SHARED)
        && UNSAFE.getIntVolatile(this, OWNER) == DEAD) {
      throw refused(DEAD);
    } // else another thread was faster: it is shared
  }

  @Jdk17.ForceInline
  @Override
  public Jdk17.Scope scope() {
    return this;
  }

  /** Pins the memory for a channel; counts as an access. */
  @Override
  public Jdk17.Handle acquire() {
    checkValidState();
    while (true) {
      int seen = UNSAFE.getIntVolatile(this, PINS);
      if (seen < 0) {
        throw refused(DEAD);
      }
      if (seen == Integer.MAX_VALUE) {
        throw new IllegalStateException("The buffer is acquired too often");
      }
      if (UNSAFE.compareAndSetInt(this, PINS, seen, seen + 1)) {
        return this;
      }
    }
  }

  @Override
  public void release(Jdk17.Handle handle) {
    while (true) {
      int seen = UNSAFE.getIntVolatile(this, PINS);
      if (seen <= 0) {
        throw new IllegalStateException("The buffer is released more often than acquired");
      }
      if (UNSAFE.compareAndSetInt(this, PINS, seen, seen - 1)) {
        return;
      }
    }
  }

  /**
   * Two callers read opposite things into the answer: a buffer's {@code address()} (of checksums,
   * compression) refuses scopes without an owner, asynchronous channels refuse those with one. Both
   * may have this memory: the first because it checks next, which counts as an access; the second
   * because it acquires next (but not confined memory, which another thread would access).
   */
  @Jdk17.CallerSensitive
  @Override
  public Thread ownerThread() {
    Class<?> caller = Jdk17.Reflection.getCallerClass();
    return owner < DEAD || Jdk17.DirectBuffer.class.isAssignableFrom(caller)
        ? Thread.currentThread()
        : null;
  }

  @Override
  public boolean isImplicit() {
    return false;
  }

  private static IllegalStateException refused(int owner) {
    return new IllegalStateException(
        owner == DEAD
            ? "This buffer's memory is freed or unmapped"
            : "This buffer is confined to the thread that made it");
  }

  // A buffer never asks what follows; a segment would.

  @Override
  public void checkAccess(long offset, long length, boolean readOnly) {
    throw noSegment();
  }

  @Override
  public long unsafeGetOffset() {
    throw noSegment();
  }

  @Override
  public Object unsafeGetBase() {
    throw noSegment();
  }

  @Override
  public boolean isSmall() {
    throw noSegment();
  }

  private static UnsupportedOperationException noSegment() {
    return new UnsupportedOperationException("A token is not a memory segment");
  }
}
