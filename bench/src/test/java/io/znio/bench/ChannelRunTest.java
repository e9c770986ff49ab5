// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChannelRunTest {
  @TempDir Path scratch;

  private ChannelPlan plan(
      String op, String impl, String buffer, int size, int threads, boolean flip) {
    return ChannelPlan.of(
        new Wire("channel")
            .with("op", op)
            .with("impl", impl)
            .with("buffer", buffer)
            .with("size", size)
            .with("threads", threads)
            .with("count", 300)
            .with("scratch", scratch)
            .with("flip", flip ? 1 : null));
  }

  @ParameterizedTest
  @CsvSource({
    "read, heap, 1, 1",
    "read, direct, 100000, 1",
    "read-at, heap, 4096, 2",
    "read-at, direct, 64, 1",
    "write, heap, 64, 1",
    "write, direct, 100000, 1",
    "write-at, heap, 4096, 1",
    "write-at, direct, 1, 1",
    "map-clean, , 65536, 1",
    "map-collect, , 65536, 1",
  })
  void whatIsMovedIsVerifiedAndAFlippedByteIsFound(String op, String buffer, int size, int threads)
      throws Exception {
    for (String impl : new String[] {"znio", "jdk"}) {
      JsonNode answer = new ChannelRun(plan(op, impl, buffer, size, threads, false)).run();
      assertThat(answer.path("problem").isNull()).as(answer.toString()).isTrue();
      assertThat(answer.path("verified").asBoolean()).isTrue();
      assertThat(answer.path("nanos").asLong()).isPositive();
      JsonNode flipped = new ChannelRun(plan(op, impl, buffer, size, threads, true)).run();
      assertThat(flipped.path("verified").asBoolean()).isFalse();
      assertThat(flipped.path("problem").asText()).containsAnyOf("did not give", "does not hold");
    }
  }

  /** A loop that reads what somebody has changed sees it. */
  @Test
  void aWrongByteOfTheFileIsFound() throws Exception {
    ChannelPlan plan = plan("read", "znio", "heap", 4096, 1, false);
    new ChannelRun(plan).run();
    Path content = scratch.resolve("channel-content");
    byte[] bytes = Files.readAllBytes(content);
    bytes[4095] ^= 1;
    Files.write(content, bytes);
    assertThat(new ChannelRun(plan).run().path("problem").asText()).contains("did not give");
  }

  @Test
  void nonsenseIsRefused() {
    assertThatThrownBy(() -> plan("read", "znio", "heap", 0, 1, false))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new ChannelRun(plan("dance", "znio", "heap", 64, 1, false)).run())
        .hasMessageContaining("dance");
    assertThatThrownBy(() -> new ChannelRun(plan("read", "nobody", "heap", 64, 1, false)).run())
        .hasMessageContaining("nobody");
  }
}
