// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.netty.channel.ChannelFuture;
import io.netty.channel.epoll.AbstractEpollStreamChannel;
import io.netty.channel.unix.FileDescriptor;
import io.znio.bench.Pieces;
import io.znio.bench.SkippedException;
import java.net.SocketAddress;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;

/**
 * Netty's DefaultFileRegion to a socket, and spliceTo from a socket to a file, by epoll; regions by
 * io_uring, too. All within the event loop, each transfer when the last one is done.
 */
final class NettyMover extends NettyConnection {
  private final boolean receives;
  private FileChannel file;
  private FileDescriptor target;

  /**
   * Checks that Netty can do it.
   *
   * @param by {@code netty-epoll} or {@code netty-io_uring}
   * @throws SkippedException if it cannot here
   */
  NettyMover(String by, boolean receives) throws SkippedException {
    super(by);
    this.receives = receives;
    if (receives && isUring) {
      throw new SkippedException(
          "Netty's io_uring transport has no splice from a socket to a file");
    }
  }

  @Override
  public void open(SocketAddress address, Path path, Path made) throws Exception {
    connect(address);
    if (receives) {
      target = FileDescriptor.from(path.toFile());
    } else {
      file = FileChannel.open(path);
    }
  }

  @Override
  void start(int count, Pieces pieces, CompletableFuture<Void> done) {
    if (receives) {
      splice(count, pieces, done);
    } else {
      next(count, pieces, done);
    }
  }

  /** In the event loop: goes on as long as transfers are done at once, else when this one is. */
  private void next(int count, Pieces pieces, CompletableFuture<Void> done) {
    for (int left = count; left > 0; left--) {
      pieces.next();
      ChannelFuture moved = channel().writeAndFlush(new Region(file, pieces.from(), pieces.size()));
      if (!moved.isDone()) {
        int rest = left - 1;
        moved.addListener(
            future -> {
              if (future.isSuccess()) {
                next(rest, pieces, done);
              } else {
                done.completeExceptionally(future.cause());
              }
            });
        return;
      }
      if (!moved.isSuccess()) {
        done.completeExceptionally(moved.cause());
        return;
      }
    }
    done.complete(null);
  }

  /**
   * In the event loop: lines all of them up, and lets Netty read until the last one is done. The
   * listener stops it within the same round, so that nothing is read past it; a read that is asked
   * for within a round of splices is lost.
   */
  private void splice(int count, Pieces pieces, CompletableFuture<Void> done) {
    AbstractEpollStreamChannel from = (AbstractEpollStreamChannel) channel();
    for (int left = count; left > 0; left--) {
      pieces.next();
      ChannelFuture splice = from.spliceTo(target, (int) pieces.to(), (int) pieces.size());
      boolean isLast = left == 1;
      splice.addListener(
          future -> {
            if (!future.isSuccess()) {
              done.completeExceptionally(future.cause());
            } else if (isLast) {
              from.config().setAutoRead(false);
              done.complete(null);
            }
          });
    }
    from.config().setAutoRead(true);
  }

  @Override
  public void close() throws Exception {
    super.close();
    if (file != null) {
      file.close();
      file = null;
    }
    if (target != null) {
      target.close();
      target = null;
    }
  }
}
