// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The agent's report names the place that leaks, of a program that knows nothing of it. */
class AgentSitesTest extends AgentFixture {
  /** Runs in a child JVM: one place forgets its buffers, another frees as many, by turns. */
  public static final class Leak {
    static final int LEAKED = 4000;
    static final int SIZE = 8192;

    static final List<ByteBuffer> FORGOTTEN = new ArrayList<>();

    public static void main(String[] arguments) throws Exception {
      for (int i = 0; i < LEAKED; i++) {
        leak();
        clean();
      }
      Path file = Files.write(Files.createTempFile("mapped", ""), new byte[1 << 20]);
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
        FORGOTTEN.add(map(channel));
      }
      Files.delete(file);
    }

    private static void leak() {
      FORGOTTEN.add(ByteBuffer.allocateDirect(SIZE));
    }

    private static void clean() throws ReflectiveOperationException {
      unsafe().invokeCleaner(ByteBuffer.allocateDirect(SIZE));
    }

    /** As large that it is always sampled. */
    private static ByteBuffer map(FileChannel channel) throws java.io.IOException {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, 1 << 20);
    }

    private Leak() {}
  }

  private AgentReport leak(String options) throws Exception {
    String agent = "-agentpath:" + library + "=json=" + json + options;
    assertThat(run(List.of(agent), Leak.class)).isEqualTo(new Child(0, ""));
    return AgentReport.read(json);
  }

  @Test
  void withAllStacksThePlaceIsExact() throws Exception {
    AgentReport report = leak(",stacks=all");
    AgentReport.Site first = report.sites().get(0);
    assertThat(first.stack()).contains("java.nio.ByteBuffer.allocateDirect", "$Leak.leak:");
    assertThat(first.items()).isEqualTo(Leak.LEAKED);
    assertThat(first.bytes()).isEqualTo((long) Leak.LEAKED * Leak.SIZE);
    AgentReport.Site second = report.sites().get(1);
    assertThat(second.stack()).contains("map0", "$Leak.map:", "$Leak.main:");
    assertThat(second.items()).isEqualTo(1);
    assertThat(second.bytes()).isEqualTo(1 << 20);
    assertThat(report.sites())
        .filteredOn(site -> site.stack().contains("$Leak.clean"))
        .extracting(AgentReport.Site::items)
        .isNotEmpty()
        .containsOnly(0L); // that is known, too, and comes last
    assertThat(report.live("not_sampled", "items")).isZero();
    long items = report.sites().stream().mapToLong(AgentReport.Site::items).sum();
    assertThat(items).isEqualTo(report.live("unsafe", "items") + report.live("mapped", "items"));
  }

  /** One of 64 births by chance: by counting, one of the two places would never be met. */
  @Test
  void byDefaultThePlaceIsFoundBySamples() throws Exception {
    AgentReport report = leak("");
    AgentReport.Site first = report.sites().get(0);
    assertThat(first.stack()).contains("$Leak.leak:");
    assertThat(first.items()).isBetween(Leak.LEAKED / 160L, Leak.LEAKED / 25L);
    assertThat(first.estimatedItems()).isEqualTo(64 * first.items());
    assertThat(first.estimatedBytes()).isEqualTo(64 * first.bytes());
    AgentReport.Site second = report.sites().get(1);
    assertThat(second.stack()).contains("$Leak.map:"); // of 1 MiB: always, and counts once
    assertThat(second.estimatedItems()).isEqualTo(1);
    assertThat(report.sites())
        .filteredOn(site -> site.stack().contains("$Leak.clean"))
        .isNotEmpty()
        .extracting(AgentReport.Site::items)
        .containsOnly(0L);
    assertThat(report.live("not_sampled", "items") + first.items() + 1)
        .isGreaterThanOrEqualTo(Leak.LEAKED + 1);
  }

  @Test
  void withoutStacksThereAreNone() throws Exception {
    AgentReport report = leak(",stacks=off");
    assertThat(report.sites()).isEmpty();
    assertThat(report.live("not_sampled", "items"))
        .isEqualTo(report.live("unsafe", "items") + report.live("mapped", "items"));
  }
}
