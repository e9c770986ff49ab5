// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.znio.bench.Allocator;
import io.znio.bench.SkippedException;
import java.io.IOException;
import java.nio.file.Files;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Maps a file for reading, reads its first and last byte, unmaps: the range is gone from the
 * address space before the next turn. {@code open} maps what is open already; {@code closed} opens
 * the file and closes it too, which is all that some libraries offer.
 */
@State(Scope.Thread)
public class MapFile extends Comparison {
  @Param({"4096", "1048576", "67108864"})
  public int size;

  private SparseFile file;

  @Setup
  public void create() throws IOException {
    file = SparseFile.create(size);
  }

  @TearDown
  public void delete() throws IOException {
    Files.deleteIfExists(file.path());
  }

  /** Who maps a file that is open. */
  @State(Scope.Thread)
  public static class Open {
    @Param({
      "jdk",
      "znio-unchecked",
      "znio-tracked",
      "znio-checked",
      "arena-confined",
      "arena-shared",
      "chronicle",
      "lwjgl",
      "one-nio"
    })
    public String by;

    private PeerMaps.Source source;

    @Setup
    public void open(MapFile work) throws IOException, SkippedException {
      source = PeerMaps.open(by, work.file);
    }

    @TearDown
    public void close() throws IOException {
      source.close();
    }
  }

  /** Who opens and maps. */
  @State(Scope.Thread)
  public static class Closed {
    @Param({
      "jdk",
      "znio-unchecked",
      "znio-tracked",
      "znio-checked",
      "agrona",
      "chronicle",
      "one-nio"
    })
    public String by;

    private Allocator<?> allocator;

    @Setup
    public void open(MapFile work) throws SkippedException {
      allocator = PeerMaps.closed(by, work.file);
    }
  }

  @Benchmark
  public void open(Open by) {
    once(by.source.allocator());
  }

  @Benchmark
  public void closed(Closed by) {
    once(by.allocator);
  }

  private <H> void once(Allocator<H> from) {
    H held = from.allocate(size);
    Work.check(from, held, size, SparseFile.FIRST, SparseFile.LAST);
    from.free(held);
  }
}
