// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.znio.DirectBuffers;
import io.znio.SafetyLevel;
import io.znio.Znio;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MemoryRunTest {
  @TempDir Path scratch;

  private MemoryPlan plan(String op, String impl, int size, int threads, boolean flip) {
    return MemoryPlan.of(
        new Wire("memory")
            .with("op", op)
            .with("impl", impl)
            .with("level", level())
            .with("size", size)
            .with("zeroed", 1)
            .with("threads", threads)
            .with("count", 3000)
            .with("scratch", scratch)
            .with("flip", flip ? 1 : null));
  }

  private static String level() {
    return Znio.capabilities().safety().name().toLowerCase(Locale.ROOT);
  }

  @ParameterizedTest
  @CsvSource({
    "allocate-free, znio, 64, 1",
    "allocate-free, znio, 1, 2",
    "allocate-free, jdk-clean, 64, 2",
    "allocate-free, jdk-gc, 64, 1",
    "allocate-free, lwjgl, 64, 1",
    "ring, znio, 4096, 1",
    "ring, jdk-clean, 100, 1",
    "cross-thread, znio, 64, 1",
    "cross-thread, jdk-clean, 64, 1",
    "map, znio, 8192, 1",
    "map, jdk-clean, 8192, 1",
    "live-buffers, znio, 64, 1",
    "live-buffers, jdk-clean, 64, 1",
  })
  void whatIsWrittenIsReadBackAndAFlippedBitIsFound(String op, String impl, int size, int threads)
      throws Exception {
    JsonNode answer = new MemoryRun(plan(op, impl, size, threads, false)).run();
    assertThat(answer.path("problem").isNull()).as(answer.toString()).isTrue();
    assertThat(answer.path("verified").asBoolean()).isTrue();
    assertThat(answer.path("operations").asLong()).isEqualTo(3000);
    JsonNode flipped = new MemoryRun(plan(op, impl, size, threads, true)).run();
    assertThat(flipped.path("verified").asBoolean()).isFalse();
    assertThat(flipped.path("problem").asText()).contains("did not hold what was written");
  }

  /** Gives buffers as {@code of} does, and may do it wrongly. */
  private static class Wrong implements Allocator<ByteBuffer> {
    @Override
    public ByteBuffer allocate(int size) {
      return DirectBuffers.allocate(size);
    }

    @Override
    public ByteBuffer buffer(ByteBuffer held) {
      return held;
    }

    @Override
    public void free(ByteBuffer held) {
      DirectBuffers.free(held);
    }
  }

  private JsonNode measure(Allocator<ByteBuffer> allocator) throws Exception {
    return new MemoryRun(plan("allocate-free", "znio", 64, 1, false)).measure(allocator);
  }

  @Test
  void aBufferThatIsNotFreedIsFound() throws Exception {
    ByteBuffer[] kept = new ByteBuffer[1];
    JsonNode answer =
        measure(
            new Wrong() {
              @Override
              public void free(ByteBuffer held) {
                if (kept[0] == null) {
                  kept[0] = held;
                } else {
                  super.free(held);
                }
              }
            });
    DirectBuffers.free(kept[0]);
    assertThat(answer.path("verified").asBoolean()).isFalse();
    assertThat(answer.path("problem").asText()).contains("1 live ones more");
  }

  @Test
  void anAllocationThatIsNoneIsFound() throws Exception {
    ByteBuffer one = ByteBuffer.allocateDirect(64);
    JsonNode answer =
        measure(
            new Wrong() {
              @Override
              public ByteBuffer allocate(int size) {
                return one.put(0, new byte[64]);
              }

              @Override
              public void free(ByteBuffer held) {}
            });
    assertThat(answer.path("problem").asText()).contains("counts 0 allocations, not");
  }

  @Test
  void memoryThatIsNotZeroedIsFound() throws Exception {
    JsonNode answer =
        measure(
            new Wrong() {
              @Override
              public ByteBuffer allocate(int size) {
                return super.allocate(size).put(size / 2, (byte) 1);
              }
            });
    assertThat(answer.path("verified").asBoolean()).isFalse();
    assertThat(answer.path("problem").asText()).contains("not zeroed");
  }

  @Test
  void aLevelThatThisJvmDoesNotHaveIsSkippedWithTheReason() {
    String other = level().equals("tracked") ? "unchecked" : "tracked";
    MemoryPlan own = plan("ring", "znio", 64, 1, false);
    MemoryPlan plan =
        new MemoryPlan(own.op(), own.impl(), other, 64, true, 1, 1, own.scratch(), false);
    assertThat(SafetyLevel.valueOf(other.toUpperCase(Locale.ROOT))).isNotNull();
    assertThatThrownBy(() -> new MemoryRun(plan).run())
        .isInstanceOf(SkippedException.class)
        .hasMessageContaining(other);
  }

  @Test
  void nonsenseIsRefused() {
    assertThatThrownBy(() -> plan("ring", "znio", 0, 1, false))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new MemoryRun(plan("dance", "znio", 64, 1, false)).run())
        .hasMessageContaining("dance");
    assertThatThrownBy(() -> new MemoryRun(plan("ring", "nobody", 64, 1, false)).run())
        .hasMessageContaining("nobody");
  }
}
