// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/** Makes channels of the class that this JDK needs. Stateless; any thread. */
final class FileChannelMaker {
  /** The first whose {@code FileChannel} maps into an arena, not as a preview. */
  private static final int ARENAS_SINCE = 22;

  private static final MethodHandle NEW = constructor();

  private FileChannelMaker() {}

  private static MethodHandle constructor() {
    MethodType type =
        MethodType.methodType(void.class, int.class, int.class, int.class, String.class);
    MethodHandles.Lookup lookup = MethodHandles.lookup();
    try {
      Class<?> made =
          Runtime.version().feature() < ARENAS_SINCE
              ? NativeFileChannel.class
              : lookup.defineClass(Outlines.fill(ArenaFileChannel.class, Jdk22.NAMES));
      return lookup
          .findConstructor(made, type)
          .asType(type.changeReturnType(NativeFileChannel.class));
    } catch (ReflectiveOperationException | IOException e) {
      throw new IllegalStateException("znio's jar is not whole: " + e, e);
    }
  }

  /** Of {@link NativeFileChannel}'s constructor. */
  static NativeFileChannel make(int fd, int flags, int alignment, String name) {
    try {
      return (NativeFileChannel) NEW.invokeExact(fd, flags, alignment, name);
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }
}
