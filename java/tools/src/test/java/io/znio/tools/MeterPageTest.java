// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The page of counters belongs to another process, which may write into it what it likes. */
class MeterPageTest {
  private static final int ROWS = 3;
  private static final int COLUMNS = 2;
  private static final int SLOTS_OFFSET = 8192;
  private static final int SLOT_BYTES = ROWS * COLUMNS * Long.BYTES;
  private static final int SLOTS = 4;

  private static final int SLOTS_OFFSET_AT = 12;
  private static final int SLOT_BYTES_AT = 16;
  private static final int ROWS_AT = 24;
  private static final int COLUMNS_AT = 28;
  private static final int CHANGES_AT = 48;
  private static final int USED_AT = 56;
  private static final int ROLE_AT = 320 + 56;

  /** As {@code struct zn_meter_page} of {@code znio/meter.h}, with fewer rows. */
  private static ByteBuffer page() {
    ByteBuffer page =
        ByteBuffer.allocateDirect(SLOTS_OFFSET + SLOTS * SLOT_BYTES).order(ByteOrder.nativeOrder());
    page.putInt(8, 1).putInt(SLOTS_OFFSET_AT, SLOTS_OFFSET).putInt(SLOT_BYTES_AT, SLOT_BYTES);
    page.putInt(20, SLOTS).putInt(ROWS_AT, ROWS).putInt(COLUMNS_AT, COLUMNS);
    page.putInt(USED_AT, 2);
    put(page, 64, "calls");
    put(page, 80, "bytes");
    for (int row = 0; row < ROWS; row++) {
      put(page, 320 + row * 64, "row" + row);
      put(page, 360 + row * 64, "kind");
      page.putInt(ROLE_AT + row * 64, row);
    }
    put(page, 320 + ROWS * 64, "json=/tmp/a\u001b[2Jb\n");
    for (int at = SLOTS_OFFSET; at < page.limit(); at += Long.BYTES) {
      page.putLong(at, at);
    }
    return page;
  }

  private static void put(ByteBuffer page, int at, String text) {
    page.put(at, text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void aWholePageIsRead() {
    Counters counters = MeterPage.of(page()).read();
    assertThat(counters.rows())
        .extracting(Counters.Row::name)
        .containsExactly("row0", "row1", "row2");
    assertThat(counters.rows().get(0).cells())
        .containsExactly(2L * SLOTS_OFFSET + SLOT_BYTES, 2L * (SLOTS_OFFSET + 8) + SLOT_BYTES);
  }

  @Test
  void aTerminalIsToldNothingByATextOfAnotherProcess() {
    ByteBuffer page = page();
    put(page, 320, "\u001b]0;x\u0007");
    MeterPage read = MeterPage.of(page);
    assertThat(read.told("json")).hasValue("/tmp/a?[2Jb");
    assertThat(read.read().rows().get(0).name()).isEqualTo("?]0;x?");
  }

  @ParameterizedTest
  @CsvSource({
    "12, 8, slots_offset is 8",
    "12, 2147483640, slots_offset is 2147483640",
    "12, 8193, slots_offset is 8193",
    "16, 40, slot_bytes is 40",
    "16, -8, slot_bytes is -8",
    "24, -1, rows is -1",
    "24, 2147483647, rows is 2147483647",
    "28, 17, columns is 17",
    "28, -2147483648, columns is -2147483648",
    "56, 5, used is 5",
    "56, -1, used is -1",
    "56, 2147483647, used is 2147483647",
    "376, 99, role is 99",
    "376, -1, role is -1",
  })
  void aNumberThatCannotBeIsSaid(int at, int number, String message) {
    ByteBuffer page = page().putInt(at, number);
    assertThatThrownBy(() -> MeterPage.of(page).read())
        .isInstanceOf(ToolException.class)
        .hasMessage("the counters are damaged, or are not the agent's: " + message);
  }

  /** Any bytes anywhere: counters, or one sentence. */
  @Test
  void noPageMakesTheReaderFail() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    int[] interesting = {0, 1, -1, 7, 8, 16, 17, 1 << 20, Integer.MAX_VALUE, Integer.MIN_VALUE};
    int[] fields = {SLOTS_OFFSET_AT, SLOT_BYTES_AT, ROWS_AT, COLUMNS_AT, USED_AT, ROLE_AT};
    for (int round = 0; round < 10_000; round++) {
      ByteBuffer page = page();
      for (int edits = random.nextInt(1, 4); edits > 0; edits--) {
        int at = fields[random.nextInt(fields.length)];
        page.putInt(at, interesting[random.nextInt(interesting.length)]);
        page.put(random.nextInt(CHANGES_AT), (byte) random.nextInt());
      }
      int size = random.nextInt(4) == 0 ? random.nextInt(page.limit()) : page.limit();
      ByteBuffer cut = page.limit(size).slice().order(ByteOrder.nativeOrder());
      try {
        MeterPage read = MeterPage.of(cut);
        read.read();
        read.told("json");
      } catch (ToolException expected) {
        assertThat(expected.getMessage()).startsWith("the counters are damaged");
      } catch (RuntimeException e) {
        fail("seed " + seed + ", round " + round + ", " + Arrays.toString(fields), e);
      }
    }
  }
}
