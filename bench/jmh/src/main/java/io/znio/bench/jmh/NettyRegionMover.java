// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.znio.bench.Pieces;
import io.znio.bench.SkippedException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/** Headers as buffers and regions as DefaultFileRegion, flushed once for each batch. */
final class NettyRegionMover extends NettyConnection {
  private final RegionBatches batches;
  private FileChannel file;

  NettyRegionMover(String by, RegionBatches batches) throws SkippedException {
    super(by);
    this.batches = batches;
  }

  @Override
  public void open(SocketAddress address, Path path, Path made) throws Exception {
    connect(address);
    file = batches.open();
  }

  @Override
  void start(int count, Pieces pieces, CompletableFuture<Void> done) {
    pieces.next();
    write(batches.batch(pieces.from()))
        .addListener(
            future -> {
              if (!future.isSuccess()) {
                done.completeExceptionally(future.cause());
              } else if (count == 1) {
                done.complete(null);
              } else {
                start(count - 1, pieces, done);
              }
            });
  }

  private ChannelFuture write(int batch) {
    Channel channel = channel();
    ByteBuffer[] headers = batches.headers(batch);
    long[] offsets = batches.offsets(batch);
    ChannelFuture last = null;
    for (int i = 0; i < offsets.length; i++) {
      if (i < headers.length) {
        channel.write(Unpooled.wrappedBuffer(headers[i].duplicate()), channel.voidPromise());
      }
      Region region = new Region(file, offsets[i], batches.size());
      if (i < offsets.length - 1) {
        channel.write(region, channel.voidPromise());
      } else {
        last = channel.write(region);
      }
    }
    channel.flush();
    return last;
  }

  @Override
  public void close() throws Exception {
    super.close();
    if (file != null) {
      file.close();
      file = null;
    }
  }
}
