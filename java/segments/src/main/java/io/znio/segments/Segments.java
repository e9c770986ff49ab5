// SPDX-License-Identifier: Apache-2.0
package io.znio.segments;

import io.znio.Mapping;
import io.znio.Region;
import io.znio.SafetyLevel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.channels.FileChannel;

/**
 * Shows a {@link Region} or {@link Mapping} as one {@link MemorySegment}, whatever its size.
 *
 * <p><b>Who owns.</b> The region or mapping does, as a shared {@link Arena} owns its segments: its
 * {@code close()} ends the {@linkplain MemorySegment#scope scope} of all of them, of their slices,
 * and of the buffers made from them. Nothing has to be closed besides. As long as a segment can be
 * reached, its memory is not freed for having been dropped: that is a leak ({@link
 * io.znio.Ledger#leaks}) when owner, buffers and segments are all unreachable.
 *
 * <p><b>Threads.</b> Any thread may access, and any may close. An access that begins after that
 * throws {@link IllegalStateException}. While a call of the JDK or of znio has the memory (a
 * channel reads into it, a downcall was passed it), {@code close()} of the owner throws {@code
 * IllegalStateException} and does nothing.
 *
 * <p><b>{@linkplain SafetyLevel Safety levels.}</b> Segments are checked at each level, {@code
 * unchecked} too. At {@code checked} they ask what buffers ask, so what that level says of an
 * access that races with {@code close} holds for them as well. At the others a session of their own
 * is made for the first segment, and closing an owner that has one takes a handshake with all
 * threads, as the close of a shared arena does (some 10 to 100 µs).
 *
 * <p>Bounds, alignment and being read-only are checked as for every segment. Layouts of {@link
 * java.lang.foreign.ValueLayout} are in native order; buffers are big endian until they are told
 * otherwise. Two segments of one owner are equal.
 *
 * <p>For single buffers {@link MemorySegment#ofBuffer} does as well; at the level {@code checked}
 * what it returns is alive as long as the buffer's memory, at the others for ever, as the JDK sees
 * it.
 *
 * <p>On the module path {@code io.znio} opens its package to this module, and no native access has
 * to be enabled for this one.
 */
public final class Segments {
  private static final MethodHandle OF_REGION = viewer(Region.class);
  private static final MethodHandle OF_MAPPING = viewer(Mapping.class);

  private Segments() {}

  /** {@code owner}'s own method, which cannot name its result's type: it is compiled for JDK 17. */
  private static MethodHandle viewer(Class<?> owner) {
    try {
      return MethodHandles.privateLookupIn(owner, MethodHandles.lookup())
          .findVirtual(owner, "segment", MethodType.methodType(Object.class))
          .asType(MethodType.methodType(MemorySegment.class, owner));
    } catch (ReflectiveOperationException e) {
      throw new UnsupportedOperationException(
          "znio and znio-segments do not fit together; take the same version of both: " + e, e);
    }
  }

  /**
   * The whole region, from 0 to {@link Region#size}, for reading and writing. Mirrors what {@link
   * Arena#allocate(long)} returns; differs: it may be uninitialized, if the region is.
   *
   * @param region which stays the caller's, and whose {@code close} ends the segment
   * @return a new segment
   * @throws IllegalStateException if the region is closed
   * @throws UnsupportedOperationException if this JDK is one on which znio cannot make segments
   */
  public static MemorySegment of(Region region) {
    try {
      return (MemorySegment) OF_REGION.invokeExact(region);
    } catch (Throwable t) {
      throw unchecked(t);
    }
  }

  /**
   * The whole mapping, from 0 to {@link Mapping#size}; read-only in {@link Mapping.Mode#READ_ONLY}.
   * Mirrors what {@link FileChannel#map(FileChannel.MapMode, long, long, Arena)} returns: {@link
   * MemorySegment#force}, {@link MemorySegment#load} and {@link MemorySegment#isLoaded} work, and
   * {@link MemorySegment#asByteBuffer} is a {@link java.nio.MappedByteBuffer}.
   *
   * <p>{@link MemorySegment#force} is the JDK's and knows nothing of lost pages; {@link
   * Mapping#force()} does. An access to a page that cannot be had, because the file was cut short
   * or its disk is full, throws {@link InternalError}, as in segments of the JDK.
   *
   * @param mapping which stays the caller's, and whose {@code close} ends the segment
   * @return a new segment
   * @throws IllegalStateException if the mapping is closed
   * @throws UnsupportedOperationException if this JDK is one on which znio cannot make segments
   */
  public static MemorySegment of(Mapping mapping) {
    try {
      return (MemorySegment) OF_MAPPING.invokeExact(mapping);
    } catch (Throwable t) {
      throw unchecked(t);
    }
  }

  /** What the two methods throw is unchecked. */
  private static RuntimeException unchecked(Throwable t) {
    if (t instanceof Error e) {
      throw e;
    }
    return (RuntimeException) t;
  }
}
