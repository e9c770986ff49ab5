// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.znio.bench.Sequence.SplitMix;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SequenceTest {
  private static List<List<Long>> pieces(Sequence sequence) {
    List<List<Long>> pieces = new ArrayList<>();
    while (sequence.next()) {
      pieces.add(List.of(sequence.offset(), sequence.length()));
    }
    return pieces;
  }

  @Test
  void transfersWrapAroundTheFilesWholeSlotsAndTheLastIsShorter() {
    assertThat(pieces(new Sequence(250, 100, 350, false)))
        .containsExactly(
            List.of(0L, 100L), List.of(100L, 100L), List.of(0L, 100L), List.of(100L, 50L));
  }

  @Test
  void regionsStayInsideTheFile() {
    List<List<Long>> pieces = pieces(new Sequence(1_000_000, 4096, 4096 * 500, true));
    assertThat(pieces).hasSize(500).allMatch(piece -> piece.get(0) % 4096 == 0);
    assertThat(pieces).allMatch(piece -> piece.get(0) + piece.get(1) <= 1_000_000);
    assertThat(pieces.stream().distinct().count()).isGreaterThan(100);
  }

  @Test
  void theGeneratorIsSplitmix64() {
    // The first two numbers for seed 1234567, as published with the algorithm's test vectors.
    SplitMix random = new SplitMix(1234567);
    assertThat(Long.toUnsignedString(random.next())).isEqualTo("6457827717110365317");
    assertThat(Long.toUnsignedString(random.next())).isEqualTo("3203168211198807973");
  }
}
