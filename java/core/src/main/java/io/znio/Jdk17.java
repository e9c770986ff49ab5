// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;

/**
 * What {@link EscapeToken} needs of the inside of JDK 17, in outline: names and signatures only.
 *
 * <p>Newer JDKs do not have these types, so that a compiler of theirs could not see them; here any
 * JDK compiles the token. Nothing in this file is ever run: {@link Outlines} writes the name of the
 * JDK's type ({@link #NAMES}) in the place of each of these into the class file of the token, and
 * {@link TokenClasses} defines that.
 */
final class Jdk17 {
  /** Binary name of each type here and of the token, and what it is called inside the JDK. */
  static final String[][] NAMES = {
    {MemorySegmentProxy.class.getName(), "jdk.internal.access.foreign.MemorySegmentProxy"},
    {Scope.class.getName(), "jdk.internal.misc.ScopedMemoryAccess$Scope"},
    {Handle.class.getName(), "jdk.internal.misc.ScopedMemoryAccess$Scope$Handle"},
    {Unsafe.class.getName(), "jdk.internal.misc.Unsafe"},
    {ForceInline.class.getName(), "jdk.internal.vm.annotation.ForceInline"},
    {CallerSensitive.class.getName(), "jdk.internal.reflect.CallerSensitive"},
    {Reflection.class.getName(), "jdk.internal.reflect.Reflection"},
    {DirectBuffer.class.getName(), "sun.nio.ch.DirectBuffer"},
    {EscapeToken.class.getName(), "java.nio.ZnioToken"},
  };

  private Jdk17() {}

  private static UnsupportedOperationException outline() {
    return new UnsupportedOperationException("an outline of a type of the JDK");
  }

  /** What a buffer holds in its field {@code segment}. */
  abstract static class MemorySegmentProxy {
    public MemorySegmentProxy() {}

    public abstract void checkAccess(long offset, long length, boolean readOnly);

    public abstract long unsafeGetOffset();

    public abstract Object unsafeGetBase();

    public abstract boolean isSmall();

    public abstract Scope scope();
  }

  /** Asked before each access to memory. */
  interface Scope {
    void checkValidState();

    Thread ownerThread();

    boolean isImplicit();

    Handle acquire();

    void release(Handle handle);
  }

  /** A proof that a scope was acquired. */
  interface Handle {
    Scope scope();
  }

  /** Compare-and-set without the start-up cost of a VarHandle. */
  static final class Unsafe {
    private Unsafe() {}

    static Unsafe getUnsafe() {
      throw outline();
    }

    long objectFieldOffset(Class<?> owner, String field) {
      throw outline();
    }

    long getLong(Object owner, long offset) {
      throw outline();
    }

    int getIntVolatile(Object owner, long offset) {
      throw outline();
    }

    void putIntRelease(Object owner, long offset, int value) {
      throw outline();
    }

    int getAndSetInt(Object owner, long offset, int value) {
      throw outline();
    }

    boolean compareAndSetInt(Object owner, long offset, int expected, int value) {
      throw outline();
    }
  }

  /** Inline whatever the profile says. */
  @Retention(RetentionPolicy.RUNTIME)
  @interface ForceInline {}

  /** May ask for its caller. */
  @Retention(RetentionPolicy.RUNTIME)
  @interface CallerSensitive {}

  /** Tells the caller's class. */
  static final class Reflection {
    private Reflection() {}

    static Class<?> getCallerClass() {
      throw outline();
    }
  }

  /** Implemented by each direct buffer. */
  interface DirectBuffer {}
}
