// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.znio.bench.TransferSeries;
import io.znio.bench.TransferWork;
import org.openjdk.jmh.annotations.Param;

/** From a file, which is in the page cache, to a socket, a pipe or another file. */
public class TransferTo extends Transfers {
  @Param({
    "jdk",
    "jdk-heap",
    "jdk-direct",
    "znio",
    "znio-channel",
    "netty-epoll",
    "netty-io_uring",
    "one-nio",
    "c"
  })
  public String by;

  @Param({"tcp", "unix", "pipe", "file"})
  public String to;

  @Override
  String source() {
    return "file";
  }

  @Override
  String target() {
    return to;
  }

  @Override
  TransferSeries series(TransferWork work) throws Exception {
    return switch (by) {
      case "jdk" -> TransferSeries.java(work, "jdk", "transferTo");
      case "jdk-heap" -> TransferSeries.java(work, "jdk", "heap-loop");
      case "jdk-direct" -> TransferSeries.java(work, "jdk", "direct-loop");
      case "znio" -> TransferSeries.java(work, "znio", "auto");
      case "znio-channel" -> TransferSeries.java(work, "channel", "transferTo");
      case "c" -> TransferSeries.c(work);
      case "one-nio" -> TransferSeries.foreign(work, new OneNioMover());
      default -> TransferSeries.foreign(work, new NettyMover(by, false));
    };
  }
}
