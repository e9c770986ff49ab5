// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.znio.bench.ForeignMover;
import io.znio.bench.Pieces;
import io.znio.bench.SkippedException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import one.nio.net.Socket;
import one.nio.os.NativeLibrary;

/** one-nio's Socket.sendFile: sendfile by JNI on a blocking socket. */
final class OneNioMover implements ForeignMover {
  private RandomAccessFile file;
  private Socket socket;

  /**
   * Checks that one-nio is itself.
   *
   * @throws SkippedException if its natives do not load: its sockets would then be the JDK's
   */
  OneNioMover() throws SkippedException {
    if (!NativeLibrary.IS_SUPPORTED) {
      throw new SkippedException("one-nio's native library does not load on this system");
    }
  }

  @Override
  public void open(SocketAddress address, Path source, Path made)
      throws IOException, SkippedException {
    if (address instanceof InetSocketAddress tcp) {
      socket = Socket.connectInet(tcp.getAddress(), tcp.getPort());
      socket.setNoDelay(true);
    } else if (address instanceof UnixDomainSocketAddress unix) {
      socket = Socket.connectUnix(unix.getPath().toFile());
    } else {
      throw new SkippedException("one-nio sends files to sockets only");
    }
    file = new RandomAccessFile(source.toFile(), "r");
  }

  @Override
  public void move(int count, Pieces pieces) throws IOException {
    for (int i = 0; i < count; i++) {
      pieces.next();
      long at = pieces.from();
      long end = at + pieces.size();
      while (at < end) {
        long sent = socket.sendFile(file, at, end - at);
        if (sent <= 0) {
          throw new IOException("one-nio's sendFile returned " + sent);
        }
        at += sent;
      }
    }
  }

  @Override
  public void close() throws IOException {
    if (socket != null) {
      socket.close();
      socket = null;
    }
    if (file != null) {
      file.close();
      file = null;
    }
  }
}
