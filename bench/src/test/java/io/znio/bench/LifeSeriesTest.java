// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.znio.bench.LifeSeries.Column;
import org.junit.jupiter.api.Test;

class LifeSeriesTest {
  private static final long MS = 1_000_000;

  private static LifeSeries series(long... items) {
    LifeSeries series = new LifeSeries();
    for (int i = 0; i < items.length; i++) {
      series.add(i * MS, items[i], items[i] * Sizes.MIB, LifeSubject.NONE, 7);
    }
    return series;
  }

  @Test
  void aCounterHasFallenWhenItStaysDown() {
    LifeSeries series = series(0, 3, 3, 1, 2, 1, 0, 0);
    assertThat(series.fell(Column.LIVE_ITEMS, MS, 2)).isEqualTo(3 * MS);
    assertThat(series.fell(Column.LIVE_ITEMS, MS, 1)).isEqualTo(5 * MS); // the first 1 was passed
    assertThat(series.fell(Column.LIVE_ITEMS, MS, 0)).isEqualTo(6 * MS);
    assertThat(series.fell(Column.RESIDENT_BYTES, MS, Sizes.MIB)).isEqualTo(5 * MS);
  }

  @Test
  void aCounterThatDoesNotFallHasNoTime() {
    assertThat(series(3, 3, 1, 2).fell(Column.LIVE_ITEMS, 0, 1)).isEqualTo(-1);
    assertThat(series(3, 3, 3).fell(Column.LIVE_ITEMS, 0, 2)).isEqualTo(-1);
  }

  @Test
  void theValueAtATimeIsThatOfTheSampleBefore() {
    LifeSeries series = series(5, 4, 4, 3);
    assertThat(series.at(2 * MS + 1, Column.LIVE_ITEMS)).isEqualTo(4);
    assertThat(series.at(3 * MS, Column.LIVE_ITEMS)).isEqualTo(3);
    assertThat(series.last(Column.LIVE_ITEMS)).isEqualTo(3);
    assertThat(series.sampleMicros()).isEqualTo(1000);
  }

  @Test
  void theCurveKeepsChangesAndLeavesOutWhatDoesNotExist() {
    JsonNode json = series(2, 2, 2, 1, 0, 0).json(3 * MS, 0);
    assertThat(json.get("ms").toString()).isEqualTo("[-3.0,0.0,1.0,2.0]");
    assertThat(json.get("live_items").toString()).isEqualTo("[2,1,0,0]");
    assertThat(json.get("allocator_bytes").toString()).isEqualTo("[7,7,7,7]");
    assertThat(json.has("waiting_bytes")).isFalse();
  }

  @Test
  void aLongCurveIsThinnedToItsEnds() {
    long[] items = new long[20_000];
    for (int i = 0; i < items.length; i++) {
      items[i] = items.length - i;
    }
    JsonNode json = series(items).json(0, 0);
    int points = json.get("ms").size();
    assertThat(points).isLessThan(200).isGreaterThan(100);
    assertThat(json.get("live_items").get(0).asLong()).isEqualTo(items.length);
    assertThat(json.get("live_items").get(points - 1).asLong()).isEqualTo(1);
  }
}
