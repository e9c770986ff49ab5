// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.IdentityHashMap;
import java.util.Map;

/** Shared arenas of JDK 22 and later, one for each buffer; by reflection, for builds on JDK 17. */
final class FaultMemoryArena implements FaultMemory {
  private static final Method OF_SHARED;
  private static final Method ALLOCATE;
  private static final Method CLOSE;
  private static final Method MAP;
  private static final Method AS_BUFFER;

  static {
    try {
      Class<?> arena = Class.forName("java.lang.foreign.Arena");
      Class<?> segment = Class.forName("java.lang.foreign.MemorySegment");
      OF_SHARED = arena.getMethod("ofShared");
      ALLOCATE = arena.getMethod("allocate", long.class, long.class);
      CLOSE = arena.getMethod("close");
      MAP = FileChannel.class.getMethod("map", MapMode.class, long.class, long.class, arena);
      AS_BUFFER = segment.getMethod("asByteBuffer");
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Map<ByteBuffer, Object> arenas = new IdentityHashMap<>();

  @Override
  public ByteBuffer allocate() {
    Object arena = call(OF_SHARED, null);
    return own(call(ALLOCATE, arena, (long) BYTES, 16L), arena);
  }

  @Override
  public void free(ByteBuffer buffer) {
    call(CLOSE, arenas.get(buffer));
  }

  @Override
  public ByteBuffer map(Path file) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      Object arena = call(OF_SHARED, null);
      return own(call(MAP, channel, MapMode.READ_WRITE, OFFSET, (long) BYTES, arena), arena);
    }
  }

  @Override
  public void unmap(ByteBuffer buffer) {
    free(buffer);
  }

  private ByteBuffer own(Object segment, Object arena) {
    ByteBuffer buffer = (ByteBuffer) call(AS_BUFFER, segment);
    arenas.put(buffer, arena);
    return buffer;
  }

  private static Object call(Method method, Object target, Object... arguments) {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof RuntimeException exception) {
        throw exception;
      }
      throw new IllegalStateException(e.getCause());
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(e);
    }
  }
}
