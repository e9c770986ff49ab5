// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.GatheringByteChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.List;

/** The JDK's own ways to move bytes, written as its users write them. */
final class JdkMovers {
  /** As large as the buffer of znio's read + write. */
  private static final int BUFFER_BYTES = 256 * 1024;

  private JdkMovers() {}

  static Mover of(Plan plan, Ends ends) throws SkippedException {
    boolean receives = plan.peerSends();
    Mover mover =
        switch (plan.path()) {
          case "transferTo" -> receives ? null : new TransferTo(ends.file, ends.out);
          case "transferTo-loop" -> new TransferToLoop(ends.file, ends.out);
          case "transferFrom" -> transferFrom(plan, ends);
          case "map-write" -> receives ? null : mapWrite(plan, ends);
          case "heap-loop" -> loop(plan, ends, ByteBuffer.allocate(BUFFER_BYTES));
          case "direct-loop" -> loop(plan, ends, ByteBuffer.allocateDirect(BUFFER_BYTES));
          case "mapped-writev" -> new MappedWritev(ends);
          default -> throw new SkippedException("the JDK has no path '" + plan.path() + "'");
        };
    if (mover == null) {
      throw new SkippedException("the JDK cannot do " + plan.label());
    }
    return mover;
  }

  private static Mover transferFrom(Plan plan, Ends ends) {
    if (plan.peerSends()) {
      return new TransferFromStream(ends.in, ends.made);
    }
    return plan.target().equals("file") ? new TransferFromFile(ends.file, ends.made) : null;
  }

  private static Mover mapWrite(Plan plan, Ends ends) {
    if (plan.target().equals("memory")) {
      return null;
    }
    return plan.source().equals("memory")
        ? new WriteMapped(ends.mapped, ends.out)
        : new MapWrite(ends.file, ends.out);
  }

  private static Mover loop(Plan plan, Ends ends, ByteBuffer buffer) {
    if (plan.peerSends()) {
      return new LoopFromStream(ends.in, ends.made, buffer);
    }
    if (plan.target().equals("memory")) {
      return new ReadIntoMemory(ends.file, ends.memory);
    }
    return new Loop(ends.file, ends.out, buffer);
  }

  private static void writeAll(WritableByteChannel out, ByteBuffer buffer) throws IOException {
    while (buffer.hasRemaining()) {
      out.write(buffer);
    }
  }

  private static class TransferTo extends Mover {
    final FileChannel file;
    final WritableByteChannel out;

    TransferTo(FileChannel file, WritableByteChannel out) {
      this.file = file;
      this.out = out;
    }

    @Override
    final void move(long offset, long count) throws IOException {
      long position = offset;
      long left = count;
      while (left > 0) {
        long moved = file.transferTo(position, left, out);
        if (moved <= 0) {
          ended(left);
        }
        position += moved;
        left -= moved;
      }
    }
  }

  private static final class TransferToLoop extends TransferTo {
    TransferToLoop(FileChannel file, WritableByteChannel out) {
      super(file, out);
    }

    @Override
    void moveList(long[] offsets, long[] counts, int pieces) throws IOException {
      for (int i = 0; i < pieces; i++) {
        move(offsets[i], counts[i]);
      }
    }
  }

  private static final class TransferFromFile extends Mover {
    private final FileChannel file;
    private final FileChannel made;
    private long position;

    TransferFromFile(FileChannel file, FileChannel made) {
      this.file = file;
      this.made = made;
    }

    @Override
    void rewind() {
      position = 0;
    }

    @Override
    void move(long offset, long count) throws IOException {
      file.position(offset);
      long left = count;
      while (left > 0) {
        long moved = made.transferFrom(file, position, left);
        if (moved <= 0) {
          ended(left);
        }
        position += moved;
        left -= moved;
      }
    }
  }

  private static final class TransferFromStream extends Mover {
    private final ReadableByteChannel in;
    private final FileChannel made;
    private long position;

    TransferFromStream(ReadableByteChannel in, FileChannel made) {
      this.in = in;
      this.made = made;
    }

    @Override
    void rewind() {
      position = 0;
    }

    @Override
    void move(long offset, long count) throws IOException {
      long left = count;
      while (left > 0) {
        long moved = made.transferFrom(in, position, left);
        if (moved <= 0) {
          ended(left);
        }
        position += moved;
        left -= moved;
      }
    }
  }

  /** A fresh mapping for each piece; it is freed after the clock has stopped. */
  private static final class MapWrite extends Mover {
    /** Far below what Linux lets a process map (65,530). */
    private static final int KEPT_MAX = 8192;

    private final FileChannel file;
    private final WritableByteChannel out;
    private final List<MappedByteBuffer> kept = new ArrayList<>();

    MapWrite(FileChannel file, WritableByteChannel out) {
      this.file = file;
      this.out = out;
    }

    @Override
    void move(long offset, long count) throws IOException {
      long position = offset;
      long left = count;
      while (left > 0) {
        long piece = Math.min(left, Integer.MAX_VALUE);
        MappedByteBuffer mapped = file.map(FileChannel.MapMode.READ_ONLY, position, piece);
        kept.add(mapped);
        writeAll(out, mapped);
        position += piece;
        left -= piece;
      }
      if (kept.size() >= KEPT_MAX) {
        close();
      }
    }

    @Override
    public void close() {
      kept.forEach(JdkUnsafe::free);
      kept.clear();
    }
  }

  /** Slices of a mapping that is kept. */
  private static final class WriteMapped extends Mover {
    private final MappedByteBuffer mapped;
    private final WritableByteChannel out;

    WriteMapped(MappedByteBuffer mapped, WritableByteChannel out) {
      this.mapped = mapped;
      this.out = out;
    }

    @Override
    void move(long offset, long count) throws IOException {
      writeAll(out, mapped.slice((int) offset, (int) count));
    }
  }

  private static final class Loop extends Mover {
    private final FileChannel file;
    private final WritableByteChannel out;
    private final ByteBuffer buffer;

    Loop(FileChannel file, WritableByteChannel out, ByteBuffer buffer) {
      this.file = file;
      this.out = out;
      this.buffer = buffer;
    }

    @Override
    void move(long offset, long count) throws IOException {
      long position = offset;
      long left = count;
      while (left > 0) {
        buffer.clear().limit((int) Math.min(left, buffer.capacity()));
        int got = file.read(buffer, position);
        if (got <= 0) {
          ended(left);
        }
        writeAll(out, buffer.flip());
        position += got;
        left -= got;
      }
    }
  }

  private static final class LoopFromStream extends Mover {
    private final ReadableByteChannel in;
    private final FileChannel made;
    private final ByteBuffer buffer;

    LoopFromStream(ReadableByteChannel in, FileChannel made, ByteBuffer buffer) {
      this.in = in;
      this.made = made;
      this.buffer = buffer;
    }

    @Override
    void move(long offset, long count) throws IOException {
      long left = count;
      while (left > 0) {
        buffer.clear().limit((int) Math.min(left, buffer.capacity()));
        int got = in.read(buffer);
        if (got < 0) {
          ended(left);
        }
        writeAll(made, buffer.flip());
        left -= got;
      }
    }
  }

  /** Reads into a buffer that holds all the bytes of a pass, heap or direct. */
  private static final class ReadIntoMemory extends Mover {
    private final FileChannel file;
    private final ByteBuffer memory;

    ReadIntoMemory(FileChannel file, ByteBuffer memory) {
      this.file = file;
      this.memory = memory;
    }

    @Override
    void move(long offset, long count) throws IOException {
      ByteBuffer piece = memory.slice((int) offset, (int) count);
      while (piece.hasRemaining()) {
        if (file.read(piece, offset + piece.position()) <= 0) {
          ended(piece.remaining());
        }
      }
    }
  }

  private static final class MappedWritev extends Mover {
    private final MappedByteBuffer mapped;
    private final GatheringByteChannel out;

    MappedWritev(Ends ends) {
      this.mapped = ends.mapped;
      this.out = (GatheringByteChannel) ends.out;
    }

    @Override
    void move(long offset, long count) throws IOException {
      writeAll(out, mapped.slice((int) offset, (int) count));
    }

    @Override
    void moveList(long[] offsets, long[] counts, int pieces) throws IOException {
      ByteBuffer[] slices = new ByteBuffer[pieces];
      for (int i = 0; i < pieces; i++) {
        slices[i] = mapped.slice((int) offsets[i], (int) counts[i]);
      }
      int first = 0;
      while (first < pieces) {
        out.write(slices, first, pieces - first);
        while (first < pieces && !slices[first].hasRemaining()) {
          first++;
        }
      }
    }
  }
}
