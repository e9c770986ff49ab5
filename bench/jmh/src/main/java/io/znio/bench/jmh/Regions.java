// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.znio.bench.ForeignMover;
import io.znio.bench.SkippedException;
import io.znio.bench.TransferSeries;
import io.znio.bench.TransferWork;
import java.io.IOException;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.TearDown;

/**
 * 1,000 regions of a file, drawn at random, and headers of 16 bytes, to a socket; the time is that
 * of one region. {@code headers=each}: a header before each region; {@code one}: one before all.
 *
 * <p>{@code jdk}: write and transferTo for each; {@code jdk-mapped}: gathering writes from a
 * mapping that is kept, at the price of a copy; {@code znio}: one call of transferRegions for a
 * header and what follows it; {@code znio-header-file}: one call for the batch, where the headers
 * are regions of a second file; {@code netty-*}: buffers and regions written, flushed once and
 * awaited once, in the event loop. The peer verifies as in {@link Transfers}.
 */
@OperationsPerInvocation(RegionBatches.REGIONS)
public class Regions extends Transfers {
  /** To a socket. */
  public static class Batches extends Series {
    @Param({"jdk", "jdk-mapped", "znio", "znio-header-file", "netty-epoll", "netty-io_uring"})
    public String by;

    @Param({"one", "each"})
    public String headers;

    @Param({"4096"})
    public int size;

    @Param({"tcp"})
    public String to;

    private RegionBatches batches;

    @Override
    TransferSeries series() throws Exception {
      return series(TransferWork.of("file", to, size));
    }

    final TransferSeries series(TransferWork work) throws Exception {
      batches = new RegionBatches(work, headers.equals("each"));
      return TransferSeries.foreign(batches.work(), mover());
    }

    private ForeignMover mover() throws SkippedException {
      return switch (by) {
        case "jdk" -> new RegionMovers.Jdk(batches);
        case "jdk-mapped" -> new RegionMovers.JdkMapped(batches);
        case "znio" -> new RegionMovers.Znio(batches);
        case "znio-header-file" -> new RegionMovers.ZnioHeaderFile(batches);
        default -> new NettyRegionMover(by, batches);
      };
    }

    @TearDown(Level.Trial)
    public void delete() throws IOException {
      batches.delete();
    }
  }

  @Benchmark
  public void send(Batches series) throws Exception {
    series.move(1);
  }
}
