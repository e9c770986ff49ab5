// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.znio.bench.TransferSeries;
import io.znio.bench.TransferWork;
import org.openjdk.jmh.annotations.Param;

/** From a socket or a pipe, which is never empty, to a file. */
public class TransferFrom extends Transfers {
  @Param({"jdk", "jdk-heap", "jdk-direct", "znio", "znio-channel", "netty-epoll", "c"})
  public String by;

  @Param({"tcp", "unix", "pipe"})
  public String from;

  @Override
  String source() {
    return from;
  }

  @Override
  String target() {
    return "file";
  }

  @Override
  TransferSeries series(TransferWork work) throws Exception {
    return switch (by) {
      case "jdk" -> TransferSeries.java(work, "jdk", "transferFrom");
      case "jdk-heap" -> TransferSeries.java(work, "jdk", "heap-loop");
      case "jdk-direct" -> TransferSeries.java(work, "jdk", "direct-loop");
      case "znio" -> TransferSeries.java(work, "znio", "auto");
      case "znio-channel" -> TransferSeries.java(work, "channel", "transferFrom");
      case "c" -> TransferSeries.c(work);
      default -> TransferSeries.foreign(work, new NettyMover(by, true));
    };
  }
}
