// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static java.lang.invoke.MethodType.methodType;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * The arenas of JDK 22 and newer, by method handles, since this is compiled for 17. Being constants
 * they cost what direct calls do.
 */
final class Arenas {
  private static final MethodHandle CONFINED;
  private static final MethodHandle SHARED;
  private static final MethodHandle AUTO;
  private static final MethodHandle ALLOCATE;
  private static final MethodHandle MAP;
  private static final MethodHandle AS_BUFFER;
  private static final MethodHandle CLOSE;

  static {
    MethodHandle[] found;
    try {
      found = find();
    } catch (ReflectiveOperationException e) {
      found = new MethodHandle[7]; // an older JDK
    }
    CONFINED = found[0];
    SHARED = found[1];
    AUTO = found[2];
    ALLOCATE = found[3];
    MAP = found[4];
    AS_BUFFER = found[5];
    CLOSE = found[6];
  }

  private static final Arenas INSTANCE = new Arenas();

  private Arenas() {}

  private static MethodHandle[] find() throws ReflectiveOperationException {
    MethodHandles.Lookup lookup = MethodHandles.publicLookup();
    Class<?> arena = Class.forName("java.lang.foreign.Arena");
    Class<?> segment = Class.forName("java.lang.foreign.MemorySegment");
    return new MethodHandle[] {
      lookup
          .findStatic(arena, "ofConfined", methodType(arena))
          .asType(methodType(AutoCloseable.class)),
      lookup
          .findStatic(arena, "ofShared", methodType(arena))
          .asType(methodType(AutoCloseable.class)),
      lookup.findStatic(arena, "ofAuto", methodType(arena)).asType(methodType(AutoCloseable.class)),
      lookup
          .findVirtual(arena, "allocate", methodType(segment, long.class))
          .asType(methodType(Object.class, AutoCloseable.class, long.class)),
      lookup
          .findVirtual(
              FileChannel.class,
              "map",
              methodType(segment, FileChannel.MapMode.class, long.class, long.class, arena))
          .asType(
              methodType(
                  Object.class,
                  FileChannel.class,
                  FileChannel.MapMode.class,
                  long.class,
                  long.class,
                  AutoCloseable.class)),
      lookup
          .findVirtual(segment, "asByteBuffer", methodType(ByteBuffer.class))
          .asType(methodType(ByteBuffer.class, Object.class)),
      lookup
          .findVirtual(arena, "close", methodType(void.class))
          .asType(methodType(void.class, AutoCloseable.class)),
    };
  }

  static Arenas require() throws SkippedException {
    if (CLOSE == null) {
      throw new SkippedException("arenas came with JDK 22");
    }
    return INSTANCE;
  }

  /** Opens one arena. */
  interface Opener {
    AutoCloseable open() throws Throwable;
  }

  Opener confined() {
    return () -> (AutoCloseable) CONFINED.invokeExact();
  }

  Opener shared() {
    return () -> (AutoCloseable) SHARED.invokeExact();
  }

  Allocator<ByteBuffer> automatic() {
    return new Automatic();
  }

  /** An arena and the one buffer in it: a program that closes it has to keep both. */
  record Held(AutoCloseable arena, ByteBuffer buffer) {}

  /** An arena for each buffer. */
  private abstract static class Closing implements Allocator<Held> {
    @Override
    public final ByteBuffer buffer(Held held) {
      return held.buffer;
    }

    @Override
    public final void free(Held held) {
      try {
        CLOSE.invokeExact(held.arena);
      } catch (Throwable t) {
        throw failure(t);
      }
    }
  }

  static final class Memory extends Closing {
    private final Opener opener;

    Memory(Opener opener) {
      this.opener = opener;
    }

    @Override
    public Held allocate(int size) {
      try {
        AutoCloseable arena = opener.open();
        Object segment = (Object) ALLOCATE.invokeExact(arena, (long) size);
        return new Held(arena, (ByteBuffer) AS_BUFFER.invokeExact(segment));
      } catch (Throwable t) {
        throw failure(t);
      }
    }
  }

  /** Memory that the garbage collector gives back: its arena cannot be closed. */
  static final class Automatic implements Allocator<ByteBuffer> {
    @Override
    public ByteBuffer allocate(int size) {
      try {
        AutoCloseable arena = (AutoCloseable) AUTO.invokeExact();
        return (ByteBuffer)
            AS_BUFFER.invokeExact((Object) ALLOCATE.invokeExact(arena, (long) size));
      } catch (Throwable t) {
        throw failure(t);
      }
    }

    @Override
    public ByteBuffer buffer(ByteBuffer held) {
      return held;
    }

    @Override
    public void free(ByteBuffer held) {
      // The garbage collector finds it.
    }
  }

  static final class Files extends Closing {
    private final Opener opener;
    private final FileChannel file;

    Files(Opener opener, FileChannel file) {
      this.opener = opener;
      this.file = file;
    }

    @Override
    public Held allocate(int size) {
      try {
        AutoCloseable arena = opener.open();
        Object segment =
            (Object) MAP.invokeExact(file, FileChannel.MapMode.READ_ONLY, 0L, (long) size, arena);
        return new Held(arena, (ByteBuffer) AS_BUFFER.invokeExact(segment));
      } catch (Throwable t) {
        throw failure(t);
      }
    }
  }

  private static RuntimeException failure(Throwable t) {
    if (t instanceof Error error) {
      throw error;
    }
    return t instanceof RuntimeException e ? e : new IllegalStateException(t);
  }
}
