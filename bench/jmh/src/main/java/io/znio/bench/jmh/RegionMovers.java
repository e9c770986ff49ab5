// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.znio.FileRegion;
import io.znio.Transfer;
import io.znio.bench.ForeignMover;
import io.znio.bench.JdkUnsafe;
import io.znio.bench.Pieces;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/** The ways to send a {@link RegionBatches} over the JDK's blocking SocketChannel. */
final class RegionMovers {
  private RegionMovers() {}

  private abstract static class OnSocket implements ForeignMover {
    final RegionBatches batches;
    FileChannel file;
    SocketChannel out;

    OnSocket(RegionBatches batches) {
      this.batches = batches;
    }

    @Override
    public void open(SocketAddress address, Path source, Path made) throws IOException {
      file = batches.open();
      if (address instanceof InetSocketAddress) {
        out = SocketChannel.open();
        out.setOption(StandardSocketOptions.TCP_NODELAY, true);
      } else {
        out = SocketChannel.open(StandardProtocolFamily.UNIX);
      }
      out.connect(address);
    }

    @Override
    public final void move(int count, Pieces pieces) throws IOException {
      for (int i = 0; i < count; i++) {
        pieces.next();
        send(batches.batch(pieces.from()));
      }
    }

    abstract void send(int batch) throws IOException;

    final void sent(long moved, long wanted) throws IOException {
      if (moved != wanted) {
        throw new IOException(moved + " bytes were sent, and not " + wanted);
      }
    }

    @Override
    public void close() throws IOException {
      if (out != null) {
        out.close();
      }
      if (file != null) {
        file.close();
      }
    }
  }

  /** Write of the header, then transferTo, for each region. */
  static final class Jdk extends OnSocket {
    Jdk(RegionBatches batches) {
      super(batches);
    }

    @Override
    void send(int batch) throws IOException {
      ByteBuffer[] headers = batches.headers(batch);
      long[] offsets = batches.offsets(batch);
      for (int i = 0; i < offsets.length; i++) {
        if (i < headers.length) {
          sent(out.write(headers[i].duplicate()), RegionBatches.HEADER_BYTES);
        }
        sent(file.transferTo(offsets[i], batches.size(), out), batches.size());
      }
    }
  }

  /** Gathering writes of the headers and of slices of a mapping that is kept. */
  static final class JdkMapped extends OnSocket {
    private MappedByteBuffer mapped;

    JdkMapped(RegionBatches batches) {
      super(batches);
    }

    @Override
    public void open(SocketAddress address, Path source, Path made) throws IOException {
      super.open(address, source, made);
      mapped = file.map(FileChannel.MapMode.READ_ONLY, 0, file.size());
      mapped.load();
    }

    @Override
    void send(int batch) throws IOException {
      ByteBuffer[] headers = batches.headers(batch);
      long[] offsets = batches.offsets(batch);
      ByteBuffer[] all = new ByteBuffer[headers.length + offsets.length];
      int used = 0;
      for (int i = 0; i < offsets.length; i++) {
        if (i < headers.length) {
          all[used++] = headers[i].duplicate();
        }
        all[used++] = mapped.slice((int) offsets[i], batches.size());
      }
      int first = 0;
      while (first < used) {
        out.write(all, first, used - first);
        while (first < used && !all[first].hasRemaining()) {
          first++;
        }
      }
    }

    @Override
    public void close() throws IOException {
      super.close();
      if (mapped != null) {
        JdkUnsafe.free(mapped);
        mapped = null;
      }
    }
  }

  /** One call of transferRegions for a header and all that follows it. */
  static final class Znio extends OnSocket {
    Znio(RegionBatches batches) {
      super(batches);
    }

    @Override
    void send(int batch) throws IOException {
      ByteBuffer[] headers = batches.headers(batch);
      long[] offsets = batches.offsets(batch);
      int each = offsets.length / headers.length;
      for (int h = 0; h < headers.length; h++) {
        FileRegion[] regions = new FileRegion[each];
        for (int i = 0; i < each; i++) {
          regions[i] = new FileRegion(file, offsets[h * each + i], batches.size());
        }
        sent(
            Transfer.transferRegions(regions, headers[h].duplicate(), out),
            RegionBatches.HEADER_BYTES + each * (long) batches.size());
      }
    }
  }

  /** One call for a batch: the headers lie in a file and are regions, too. */
  static final class ZnioHeaderFile extends OnSocket {
    private FileChannel headers;

    ZnioHeaderFile(RegionBatches batches) {
      super(batches);
    }

    @Override
    public void open(SocketAddress address, Path source, Path made) throws IOException {
      super.open(address, source, made);
      headers = batches.openHeaders();
    }

    @Override
    void send(int batch) throws IOException {
      int heads = batches.headers(batch).length;
      long[] offsets = batches.offsets(batch);
      FileRegion[] regions = new FileRegion[heads + offsets.length];
      int used = 0;
      for (int i = 0; i < offsets.length; i++) {
        if (i < heads) {
          long at = batches.headerOffset(batch, i);
          regions[used++] = new FileRegion(headers, at, RegionBatches.HEADER_BYTES);
        }
        regions[used++] = new FileRegion(file, offsets[i], batches.size());
      }
      sent(
          Transfer.transferRegions(regions, null, out),
          heads * (long) RegionBatches.HEADER_BYTES + offsets.length * (long) batches.size());
    }

    @Override
    public void close() throws IOException {
      super.close();
      if (headers != null) {
        headers.close();
      }
    }
  }
}
