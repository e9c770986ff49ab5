// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.znio.bench.TransferSeries;
import io.znio.bench.TransferWork;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** From a socket or a pipe, which is never empty, to a file. */
public class TransferFrom extends Transfers {
  /** From a socket. */
  public static class FromSocket extends Sized {
    @Param({"jdk", "jdk-heap", "jdk-direct", "znio", "znio-channel", "netty-epoll", "c"})
    public String by;

    @Param({"tcp", "unix"})
    public String from;

    @Override
    TransferSeries series() throws Exception {
      return TransferFrom.series(by, TransferWork.of(from, "file", size));
    }
  }

  /** From a pipe. */
  public static class FromPipe extends Sized {
    @Param({"jdk", "jdk-heap", "jdk-direct", "znio", "znio-channel", "c"})
    public String by;

    @Override
    TransferSeries series() throws Exception {
      return TransferFrom.series(by, TransferWork.of("pipe", "file", size));
    }
  }

  static TransferSeries series(String by, TransferWork work) throws Exception {
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

  @Benchmark
  public void socket(FromSocket series) throws Exception {
    series.move(COUNT);
  }

  @Benchmark
  public void pipe(FromPipe series) throws Exception {
    series.move(COUNT);
  }
}
