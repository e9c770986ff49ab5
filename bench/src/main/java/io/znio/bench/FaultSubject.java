// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.LongBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CharsetEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.zip.Adler32;
import java.util.zip.CRC32;
import java.util.zip.CRC32C;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * A buffer with all the views that accesses go through, made while it is alive, and the harmless
 * other sides of the accesses. One thread. Ends with the child.
 */
final class FaultSubject {
  /** Bytes of one call of channels, compressors and charsets. */
  static final int PIECE = 64;

  final ByteBuffer buffer;
  final ByteBuffer slice;
  final ByteBuffer duplicate;
  final ByteBuffer readOnly;
  final LongBuffer longs;

  /** A MemorySegment over it; null before JDK 22. */
  final Object segment;

  /** Of znio: the Mapping; null for all others. */
  final Object owner;

  final long address;

  /** A healthy buffer with the same content as the subject had. */
  final ByteBuffer other = ByteBuffer.allocateDirect(FaultMemory.BYTES);

  final Object otherSegment;
  final byte[] heap = new byte[FaultMemory.BYTES];
  final byte[] piece = new byte[PIECE];
  final CRC32 crc32 = new CRC32();
  final CRC32C crc32c = new CRC32C();
  final Adler32 adler32 = new Adler32();
  final CharBuffer text = CharBuffer.allocate(PIECE);
  final CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
  final CharsetEncoder encoder = StandardCharsets.UTF_8.newEncoder();

  private final Path scratch;
  private Deflater deflater;
  private Inflater inflater;
  private byte[] deflated;
  private FileChannel file;
  private SocketChannel socket;
  private SocketChannel peer;

  /**
   * Makes all views.
   *
   * @param fill whether to write the content; it is zero, ends with a zero byte, or is left alone
   */
  FaultSubject(ByteBuffer buffer, Object owner, Path scratch, boolean fill) {
    this.buffer = buffer;
    this.owner = owner;
    this.scratch = scratch;
    if (fill) {
      fill(buffer, (byte) 'a');
    }
    fill(other, (byte) 'a');
    Arrays.fill(heap, (byte) 'a');
    slice = buffer.slice(PIECE, PIECE);
    duplicate = buffer.duplicate();
    readOnly = buffer.asReadOnlyBuffer();
    longs = buffer.duplicate().order(ByteOrder.nativeOrder()).asLongBuffer();
    address = JdkUnsafe.address(buffer);
    boolean segments = Runtime.version().feature() >= FaultSegments.SINCE;
    segment = segments ? FaultSegments.of(buffer) : null;
    otherSegment = segments ? FaultSegments.of(other) : null;
  }

  /** Text that ends with a zero byte, as C has it. */
  static void fill(ByteBuffer buffer, byte value) {
    for (int i = 0; i < FaultMemory.BYTES - 1; i++) {
      buffer.put(i, value);
    }
    buffer.put(FaultMemory.BYTES - 1, (byte) 0);
  }

  /** Whether it holds what {@link #fill} wrote. */
  static boolean holds(ByteBuffer buffer, byte value) {
    for (int i = 0; i < FaultMemory.BYTES - 1; i++) {
      if (buffer.get(i) != value) {
        return false;
      }
    }
    return buffer.get(FaultMemory.BYTES - 1) == 0;
  }

  /** The subject from 0 to {@link #PIECE}. */
  ByteBuffer start() {
    return buffer.clear().limit(PIECE);
  }

  /** The healthy buffer from 0 to {@link #PIECE}. */
  ByteBuffer otherStart() {
    return other.clear().limit(PIECE);
  }

  Deflater deflater() {
    if (deflater == null) {
      deflater = new Deflater(Deflater.BEST_SPEED);
    }
    deflater.reset();
    return deflater;
  }

  /** An inflater that has {@link #PIECE} bytes to give. */
  Inflater inflater() {
    if (inflater == null) {
      Deflater packer = new Deflater();
      packer.setInput(heap, 0, PIECE);
      packer.finish();
      byte[] packed = new byte[2 * PIECE];
      deflated = Arrays.copyOf(packed, packer.deflate(packed));
      packer.end();
      inflater = new Inflater();
    }
    inflater.reset();
    inflater.setInput(deflated);
    return inflater;
  }

  /** A file of its own with {@link FaultMemory#BYTES} in it. */
  FileChannel file() throws IOException {
    if (file == null) {
      Path path = Files.write(scratch.resolve("other"), heap);
      file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }
    return file;
  }

  /** A connection over loopback. */
  SocketChannel socket() throws IOException {
    if (socket == null) {
      try (ServerSocketChannel server = ServerSocketChannel.open()) {
        server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        socket = SocketChannel.open(server.getLocalAddress());
        peer = server.accept();
      }
    }
    return socket;
  }

  /** Its other end. */
  SocketChannel peer() throws IOException {
    socket();
    return peer;
  }

  /** Takes out of the connection what was written to it. */
  void drain(long bytes) throws IOException {
    while (bytes > 0) {
      other.clear().limit((int) Math.min(bytes, FaultMemory.BYTES));
      bytes -= peer().read(other);
    }
  }
}
