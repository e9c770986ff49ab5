// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.znio.bench.Allocator;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Param;

/** The rows and the table of those who are compared; what a row checks. */
class PeersTest {
  private static List<String> by(Class<?> state) throws Exception {
    return List.of(state.getField("by").getAnnotation(Param.class).value());
  }

  private static List<String> said(String what) throws Exception {
    List<String> names = new ArrayList<>();
    for (Map.Entry<String, JsonNode> peer : Safety.table().properties()) {
      if (peer.getValue().has(what)) {
        names.add(peer.getKey());
      }
    }
    return names;
  }

  @Test
  void theTableHasEveryRowAndNoOther() throws Exception {
    assertThat(said("memory")).containsExactlyInAnyOrderElementsOf(by(Zeroed.class));
    assertThat(by(Zeroed.class)).containsAll(by(Uninitialized.class));
    assertThat(said("open")).containsExactlyInAnyOrderElementsOf(by(MapFile.Open.class));
    assertThat(said("closed")).containsExactlyInAnyOrderElementsOf(by(MapFile.Closed.class));
  }

  @Test
  void theTableNamesVersionsAndLicences() throws Exception {
    for (Map.Entry<String, JsonNode> peer : Safety.table().properties()) {
      assertThat(peer.getValue().get("licence").asText()).as(peer.getKey()).isNotBlank();
      String version = peer.getValue().get("version").asText();
      boolean isOfThisJvm = peer.getValue().get("library").asText().equals("JDK");
      assertThat(version).as(peer.getKey()).matches(isOfThisJvm ? "null" : "[0-9]+\\..*");
    }
  }

  /** All are compared with the JDK. */
  @Test
  void everyStateHasTheBaseline() throws Exception {
    for (Class<?> state :
        List.of(Zeroed.class, Uninitialized.class, MapFile.Open.class, MapFile.Closed.class)) {
      assertThat(by(state)).as(state.getSimpleName()).contains("jdk");
    }
  }

  /** Loses a bit of one byte. */
  private record Lossy(int lost) implements Allocator<ByteBuffer> {
    @Override
    public ByteBuffer allocate(int size) {
      return ByteBuffer.allocate(size);
    }

    @Override
    public ByteBuffer buffer(ByteBuffer held) {
      return held;
    }

    @Override
    public byte get(ByteBuffer held, int index) {
      return (byte) (held.get(index) ^ (index == lost ? 16 : 0));
    }

    @Override
    public void free(ByteBuffer held) {
      assertThat(held.get(0)).isEqualTo(held.get(held.capacity() - 1));
    }
  }

  @Test
  void aLostBitIsFound() {
    Work.once(new Lossy(-1), 64, 6);
    for (int lost : new int[] {0, 63}) {
      assertThatThrownBy(() -> Work.once(new Lossy(lost), 64, 6))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("64 bytes do not hold what was written");
    }
  }
}
