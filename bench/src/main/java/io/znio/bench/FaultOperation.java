// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.lang.invoke.LambdaMetafactory;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.invoke.MethodType;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/**
 * What a program does with the bytes of a buffer: the one list of it. The accesses themselves are
 * methods of {@link FaultAccesses}.
 */
enum FaultOperation {
  GET,
  PUT,
  GET_LONG,
  PUT_LONG,
  BYTE_LOOP,
  RELATIVE_GET,
  RELATIVE_PUT,
  SLICE_GET,
  SLICE_PUT,
  NEW_SLICE_GET,
  DUPLICATE_GET,
  READ_ONLY_GET,
  LONG_VIEW_GET,
  LONG_VIEW_PUT,
  VAR_HANDLE_GET,
  VAR_HANDLE_SET,
  VAR_HANDLE_GET_VOLATILE,
  VAR_HANDLE_SET_VOLATILE,
  VAR_HANDLE_CAS,
  BULK_GET,
  BULK_PUT,
  PUT_FROM_BUFFER,
  PUT_INTO_BUFFER,
  COMPACT,
  BUFFER_HASH_CODE,
  MISMATCH,
  COMPARE_TO,
  BUFFER_EQUALS,
  CRC32,
  CRC32C,
  ADLER32,
  DEFLATE,
  INFLATE,
  DECODE,
  ENCODE,
  FILE_WRITE,
  FILE_GATHER,
  FILE_READ,
  SOCKET_WRITE,
  SOCKET_READ,
  UNSAFE_COPY_OUT(Needs.UNSAFE),
  UNSAFE_COPY_IN(Needs.UNSAFE),
  UNSAFE_SET_MEMORY(Needs.UNSAFE),
  LOAD(Needs.MAPPED),
  IS_LOADED(Needs.MAPPED),
  FORCE(Needs.MAPPED),
  SEGMENT_GET(Needs.SEGMENTS),
  SEGMENT_SET(Needs.SEGMENTS),
  SEGMENT_COPY_FROM(Needs.SEGMENTS),
  SEGMENT_COPY_TO(Needs.SEGMENTS),
  SEGMENT_TO_ARRAY(Needs.SEGMENTS),
  SEGMENT_FILL(Needs.SEGMENTS),
  SEGMENT_MISMATCH(Needs.SEGMENTS),
  SEGMENT_GET_STRING(Needs.SEGMENTS),
  TRANSFER_OUT(Needs.ZNIO),
  TRANSFER_IN(Needs.ZNIO),
  MAPPING_TRANSFER(Needs.ZNIO, Needs.MAPPED),
  MAPPING_LOAD(Needs.ZNIO, Needs.MAPPED);

  static final Set<FaultOperation> ALL = EnumSet.allOf(FaultOperation.class);

  /** One operation of each kind, where there is no time for all. */
  static final Set<FaultOperation> SAMPLE =
      EnumSet.of(
          GET, PUT, SLICE_PUT, BULK_GET, MISMATCH, CRC32, FILE_WRITE, SEGMENT_GET, TRANSFER_OUT);

  /** The least that shows the differences. */
  static final Set<FaultOperation> QUICK = EnumSet.of(GET, SLICE_PUT, CRC32, FILE_WRITE);

  /** What is asked of holes: mostly writes, which are what meets a full disk. */
  static final Set<FaultOperation> ON_A_FULL_DISK =
      EnumSet.of(
          GET,
          PUT,
          PUT_LONG,
          SLICE_PUT,
          VAR_HANDLE_CAS,
          BULK_PUT,
          CRC32,
          INFLATE,
          ENCODE,
          FILE_READ,
          SOCKET_READ,
          UNSAFE_COPY_IN,
          UNSAFE_SET_MEMORY,
          LOAD,
          SEGMENT_FILL,
          SEGMENT_COPY_TO,
          TRANSFER_OUT,
          TRANSFER_IN,
          MAPPING_LOAD);

  /** An access to a subject. */
  interface Access {
    long run(FaultSubject subject) throws Throwable;
  }

  /** What an operation cannot do without. */
  enum Needs {
    MAPPED,
    SEGMENTS,
    UNSAFE,
    ZNIO
  }

  private final Set<Needs> needs;

  FaultOperation(Needs... needs) {
    this.needs = Set.of(needs);
  }

  boolean needs(Needs what) {
    return needs.contains(what);
  }

  String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * Its method in {@link FaultAccesses}: what {@code FaultAccesses::name} would be, but made for
   * one operation alone, since each of them costs a child a class.
   */
  Access access() {
    MethodType type = MethodType.methodType(long.class, FaultSubject.class);
    Lookup lookup = MethodHandles.lookup();
    try {
      MethodHandle method = lookup.findStatic(FaultAccesses.class, method(), type);
      return (Access)
          LambdaMetafactory.metafactory(
                  lookup, "run", MethodType.methodType(Access.class), type, method, type)
              .getTarget()
              .invokeExact();
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  /** The name of that method. */
  String method() {
    StringBuilder name = new StringBuilder();
    for (String part : word().split("-")) {
      name.append(
          name.isEmpty() ? part : Character.toUpperCase(part.charAt(0)) + part.substring(1));
    }
    return name.toString();
  }
}
