// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import io.znio.Mapping;
import io.znio.Transfer;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * The accesses of {@link FaultOperation}, one static method each, so that HotSpot compiles each on
 * its own. They return something of what they saw.
 */
final class FaultAccesses {
  private static final VarHandle LONGS =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());

  private FaultAccesses() {}

  // ---- scalar

  static long get(FaultSubject s) {
    return s.buffer.get(8);
  }

  static long put(FaultSubject s) {
    s.buffer.put(8, (byte) 'b');
    return 0;
  }

  static long getLong(FaultSubject s) {
    return s.buffer.getLong(8);
  }

  static long putLong(FaultSubject s) {
    s.buffer.putLong(8, 42);
    return 0;
  }

  static long byteLoop(FaultSubject s) {
    ByteBuffer buffer = s.buffer;
    long sum = 0;
    for (int i = 0; i < FaultMemory.BYTES; i++) {
      sum += buffer.get(i);
    }
    return sum;
  }

  static long relativeGet(FaultSubject s) {
    return s.buffer.clear().get();
  }

  static long relativePut(FaultSubject s) {
    s.buffer.clear().putInt(7);
    return 0;
  }

  // ---- views

  static long sliceGet(FaultSubject s) {
    return s.slice.get(8);
  }

  static long slicePut(FaultSubject s) {
    s.slice.put(8, (byte) 'b');
    return 0;
  }

  static long newSliceGet(FaultSubject s) {
    return s.slice.slice(8, 8).get(0);
  }

  static long duplicateGet(FaultSubject s) {
    return s.duplicate.get(8);
  }

  static long readOnlyGet(FaultSubject s) {
    return s.readOnly.get(8);
  }

  static long longViewGet(FaultSubject s) {
    return s.longs.get(1);
  }

  static long longViewPut(FaultSubject s) {
    s.longs.put(1, 42);
    return 0;
  }

  // ---- VarHandles

  static long varHandleGet(FaultSubject s) {
    return (long) LONGS.get(s.buffer, 8);
  }

  static long varHandleSet(FaultSubject s) {
    LONGS.set(s.buffer, 8, 42L);
    return 0;
  }

  static long varHandleGetVolatile(FaultSubject s) {
    return (long) LONGS.getVolatile(s.buffer, 8);
  }

  static long varHandleSetVolatile(FaultSubject s) {
    LONGS.setVolatile(s.buffer, 8, 42L);
    return 0;
  }

  static long varHandleCas(FaultSubject s) {
    long seen = (long) LONGS.compareAndExchange(s.buffer, 8, 41L, 43L);
    return LONGS.compareAndSet(s.buffer, 8, seen, 41L) ? 1 : 0;
  }

  // ---- bulk

  static long bulkGet(FaultSubject s) {
    s.buffer.get(0, s.heap);
    return s.heap[8];
  }

  static long bulkPut(FaultSubject s) {
    s.buffer.put(0, s.heap);
    return 0;
  }

  static long putFromBuffer(FaultSubject s) {
    s.buffer.clear().put(s.other.clear());
    return 0;
  }

  static long putIntoBuffer(FaultSubject s) {
    s.other.clear().put(s.buffer.clear());
    return s.other.get(8);
  }

  static long compact(FaultSubject s) {
    s.buffer.clear().position(8).compact();
    return 0;
  }

  static long bufferHashCode(FaultSubject s) {
    return s.buffer.clear().hashCode();
  }

  static long mismatch(FaultSubject s) {
    return s.buffer.clear().mismatch(s.other.clear());
  }

  static long compareTo(FaultSubject s) {
    return s.buffer.clear().compareTo(s.other.clear());
  }

  static long bufferEquals(FaultSubject s) {
    return s.buffer.clear().equals(s.other.clear()) ? 1 : 0;
  }

  // ---- native code of the JDK, and what takes the bare address

  static long crc32(FaultSubject s) {
    s.crc32.reset();
    s.crc32.update(s.buffer.clear());
    return s.crc32.getValue();
  }

  static long crc32c(FaultSubject s) {
    s.crc32c.reset();
    s.crc32c.update(s.buffer.clear());
    return s.crc32c.getValue();
  }

  static long adler32(FaultSubject s) {
    s.adler32.reset();
    s.adler32.update(s.buffer.clear());
    return s.adler32.getValue();
  }

  static long deflate(FaultSubject s) {
    Deflater deflater = s.deflater();
    deflater.setInput(s.start());
    deflater.finish();
    return deflater.deflate(s.heap);
  }

  static long inflate(FaultSubject s) throws Exception {
    Inflater inflater = s.inflater();
    return inflater.inflate(s.start());
  }

  static long decode(FaultSubject s) {
    s.text.clear();
    s.decoder.reset().decode(s.start(), s.text, true);
    return s.text.get(0);
  }

  static long encode(FaultSubject s) {
    s.text.clear();
    s.encoder.reset().encode(s.text, s.buffer.clear(), true);
    return 0;
  }

  // ---- channels

  static long fileWrite(FaultSubject s) throws Exception {
    return s.file().write(s.start(), 0);
  }

  static long fileGather(FaultSubject s) throws Exception {
    FileChannel file = s.file().position(0);
    ByteBuffer[] buffers = {s.otherStart(), s.start()};
    // A short count is no silence: the program writes the rest, and is told then.
    long bytes = 0;
    while (bytes < 2L * FaultSubject.PIECE) {
      bytes += file.write(buffers);
    }
    return bytes;
  }

  static long fileRead(FaultSubject s) throws Exception {
    return s.file().read(s.start(), 0);
  }

  static long socketWrite(FaultSubject s) throws Exception {
    long bytes = s.socket().write(s.start());
    s.drain(bytes);
    return bytes;
  }

  static long socketRead(FaultSubject s) throws Exception {
    s.peer().write(s.otherStart());
    return s.socket().read(s.start());
  }

  // ---- sun.misc.Unsafe

  static long unsafeCopyOut(FaultSubject s) throws Throwable {
    JdkUnsafe.copyOut(s.address, s.piece);
    return s.piece[8];
  }

  static long unsafeCopyIn(FaultSubject s) throws Throwable {
    JdkUnsafe.copyIn(s.piece, s.address);
    return 0;
  }

  static long unsafeSetMemory(FaultSubject s) throws Throwable {
    JdkUnsafe.setMemory(s.address, FaultSubject.PIECE, (byte) 'b');
    return 0;
  }

  // ---- MappedByteBuffer

  static long load(FaultSubject s) {
    ((MappedByteBuffer) s.buffer).load();
    return 0;
  }

  static long isLoaded(FaultSubject s) {
    return ((MappedByteBuffer) s.buffer).isLoaded() ? 1 : 0;
  }

  static long force(FaultSubject s) {
    ((MappedByteBuffer) s.buffer).force();
    return 0;
  }

  // ---- MemorySegment

  static long segmentGet(FaultSubject s) throws Throwable {
    return FaultSegments.get(s.segment, 8);
  }

  static long segmentSet(FaultSubject s) throws Throwable {
    FaultSegments.set(s.segment, 8, (byte) 'b');
    return 0;
  }

  static long segmentCopyFrom(FaultSubject s) throws Throwable {
    FaultSegments.copy(s.otherSegment, s.segment);
    return s.other.get(8);
  }

  static long segmentCopyTo(FaultSubject s) throws Throwable {
    FaultSegments.copy(s.segment, s.otherSegment);
    return 0;
  }

  static long segmentToArray(FaultSubject s) throws Throwable {
    return FaultSegments.toArray(s.segment)[8];
  }

  static long segmentFill(FaultSubject s) throws Throwable {
    FaultSegments.fill(s.segment, (byte) 'b');
    return 0;
  }

  static long segmentMismatch(FaultSubject s) throws Throwable {
    return FaultSegments.mismatch(s.segment, s.otherSegment);
  }

  static long segmentGetString(FaultSubject s) throws Throwable {
    return FaultSegments.getString(s.segment, 0).length();
  }

  // ---- znio

  static long transferOut(FaultSubject s) throws Exception {
    long bytes = Transfer.from(s.start()).to(s.socket()).transfer();
    s.drain(bytes);
    return bytes;
  }

  static long transferIn(FaultSubject s) throws Exception {
    return Transfer.from(s.file(), 0).to(s.start()).transfer();
  }

  static long mappingTransfer(FaultSubject s) throws Exception {
    long bytes = Transfer.from((Mapping) s.owner, 0).to(s.socket()).transfer();
    s.drain(bytes);
    return bytes;
  }

  static long mappingLoad(FaultSubject s) throws Exception {
    ((Mapping) s.owner).load(0, FaultMemory.BYTES);
    return 0;
  }
}
