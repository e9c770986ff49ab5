// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultFileRegion;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Netty's side of a connection: one channel on an event loop of its own, by epoll or io_uring. */
abstract class NettyConnection implements ForeignMover {
  private static final long TIMEOUT_SECONDS = 90;

  final boolean isUring;
  private final Class<? extends Channel> tcp;
  private final Class<? extends Channel> unix;
  private EventLoopGroup group;
  private Channel channel;

  /**
   * Checks that Netty can do it.
   *
   * @param by {@code netty-epoll} or {@code netty-io_uring}
   * @throws SkippedException if it cannot here
   */
  NettyConnection(String by) throws SkippedException {
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
  }

  private static void require(String by, Throwable cause) throws SkippedException {
    if (cause != null) {
      throw new SkippedException(by + " does not load here: " + cause);
    }
  }

  /** Connects. */
  final void connect(SocketAddress address) throws Exception {
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
  }

  /** What no splice has taken must not be lost in silence. */
  private static final class Refuse extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ReferenceCountUtil.release(message);
      context.close(); // every splice that comes now fails
    }
  }

  final Channel channel() {
    return channel;
  }

  @Override
  public final void move(int count, Pieces pieces) throws Exception {
    CompletableFuture<Void> done = new CompletableFuture<>();
    channel.eventLoop().execute(() -> start(count, pieces, done));
    done.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
  }

  /** In the event loop: begins to move. */
  abstract void start(int count, Pieces pieces, CompletableFuture<Void> done);

  /** Netty would close the file after each region. */
  static final class Region extends DefaultFileRegion {
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
  }
}
