// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.znio.bench.TransferSeries;
import io.znio.bench.TransferWork;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/** From a file, which is in the page cache, to a socket, a pipe or another file. */
public class TransferTo extends Transfers {
  /** To a socket. */
  public static class ToSocket extends Sized {
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

    @Param({"tcp", "unix"})
    public String to;

    @Override
    TransferSeries series() throws Exception {
      return TransferTo.series(by, TransferWork.of("file", to, size));
    }
  }

  /** To a pipe. */
  public static class ToPipe extends Sized {
    @Param({"jdk", "jdk-heap", "jdk-direct", "znio", "znio-channel", "c"})
    public String by;

    @Override
    TransferSeries series() throws Exception {
      return TransferTo.series(by, TransferWork.of("file", "pipe", size));
    }
  }

  /** To a file. */
  public static class ToFile extends Sized {
    @Param({"jdk", "jdk-heap", "jdk-direct", "znio", "znio-channel", "c"})
    public String by;

    @Override
    TransferSeries series() throws Exception {
      return TransferTo.series(by, TransferWork.of("file", "file", size));
    }
  }

  static TransferSeries series(String by, TransferWork work) throws Exception {
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

  @Benchmark
  public void socket(ToSocket series) throws Exception {
    series.move(COUNT);
  }

  @Benchmark
  public void pipe(ToPipe series) throws Exception {
    series.move(COUNT);
  }

  @Benchmark
  public void file(ToFile series) throws Exception {
    series.move(COUNT);
  }
}
