// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultFileRegion;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.AbstractEpollStreamChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringDomainSocketChannel;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringSocketChannel;
import io.netty.util.ReferenceCountUtil;
import io.znio.bench.ForeignMover;
import io.znio.bench.Pieces;
import io.znio.bench.SkippedException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Netty's DefaultFileRegion to a socket, and spliceTo from a socket to a file, by epoll; regions by
 * io_uring, too. All within the event loop, each transfer when the last one is done.
 */
final class NettyMover implements ForeignMover {
  private static final long TIMEOUT_SECONDS = 90;

  private final boolean isUring;
  private final boolean receives;
  private final Class<? extends Channel> tcp;
  private final Class<? extends Channel> unix;
  private EventLoopGroup group;
  private Channel channel;
  private FileChannel file;
  private FileDescriptor target;

  /**
   * Checks that Netty can do it.
   *
   * @param by {@code netty-epoll} or {@code netty-io_uring}
   * @throws SkippedException if it cannot here
   */
  NettyMover(String by, boolean receives) throws SkippedException {
    this.receives = receives;
    switch (by) {
      case "netty-epoll" -> {
        require(by, Epoll.unavailabilityCause());
        isUring = false;
        tcp = EpollSocketChannel.class;
        unix = EpollDomainSocketChannel.class;
      }
      case "netty-io_uring" -> {
        require(by, IoUring.unavailabilityCause());
        isUring = true;
        tcp = IoUringSocketChannel.class;
        unix = IoUringDomainSocketChannel.class;
      }
      default -> throw new IllegalArgumentException("there is no '" + by + "'");
    }
    if (receives && isUring) {
      throw new SkippedException(
          "Netty's io_uring transport has no splice from a socket to a file");
    }
  }

  private static void require(String by, Throwable cause) throws SkippedException {
    if (cause != null) {
      throw new SkippedException(by + " does not load here: " + cause);
    }
  }

  @Override
  public void open(SocketAddress address, Path path, Path made) throws Exception {
    if (address == null) {
      throw new SkippedException("Netty moves nothing from file to file");
    }
    group =
        new MultiThreadIoEventLoopGroup(
            1, isUring ? IoUringIoHandler.newFactory() : EpollIoHandler.newFactory());
    boolean isTcp = address instanceof InetSocketAddress;
    Bootstrap bootstrap = new Bootstrap().group(group).channel(isTcp ? tcp : unix);
    if (isTcp) {
      bootstrap.option(ChannelOption.TCP_NODELAY, true);
    }
    // Nothing is read but by splices.
    bootstrap.option(ChannelOption.AUTO_READ, false);
    bootstrap.handler(new Refuse());
    SocketAddress to =
        isTcp
            ? address
            : new DomainSocketAddress(((UnixDomainSocketAddress) address).getPath().toFile());
    channel = bootstrap.connect(to).sync().channel();
    if (receives) {
      target = FileDescriptor.from(path.toFile());
    } else {
      file = FileChannel.open(path);
    }
  }

  /** What no splice has taken must not be lost in silence. */
  private static final class Refuse extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ReferenceCountUtil.release(message);
      context.close(); // every splice that comes now fails
    }
  }

  @Override
  public void move(int count, Pieces pieces) throws Exception {
    CompletableFuture<Void> done = new CompletableFuture<>();
    channel
        .eventLoop()
        .execute(
            () -> {
              if (receives) {
                splice(count, pieces, done);
              } else {
                next(count, pieces, done);
              }
            });
    done.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
  }

  /** In the event loop: goes on as long as transfers are done at once, else when this one is. */
  private void next(int count, Pieces pieces, CompletableFuture<Void> done) {
    for (int left = count; left > 0; left--) {
      pieces.next();
      ChannelFuture moved = channel.writeAndFlush(new Region(file, pieces.from(), pieces.size()));
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
    AbstractEpollStreamChannel from = (AbstractEpollStreamChannel) channel;
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

  /** Netty would close the file after each region. */
  private static final class Region extends DefaultFileRegion {
    Region(FileChannel file, long position, long count) {
      super(file, position, count);
    }

    @Override
    protected void deallocate() {
      // The file is used again.
    }
  }

  @Override
  public void close() throws Exception {
    if (channel != null) {
      channel.close().sync();
      channel = null;
    }
    if (group != null) {
      group.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
      group = null;
    }
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
