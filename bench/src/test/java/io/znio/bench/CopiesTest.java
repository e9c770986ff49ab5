// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class CopiesTest {
  private static RowResult result(String path, String source, String target, Row.Place place) {
    return new RowResult(new Row(path, "znio", "17", source, target, 4096, place, null));
  }

  @Test
  void sharedPagesAreAMeasuredZero() {
    RowResult result = result("sendfile", "file", "tcp", null);
    result.probe = "shared";
    Copies copies = Copies.of(result);
    assertThat(copies).isEqualTo(new Copies(0, "measured"));
    assertThat(copies.zeroCopy(result.row)).isEqualTo("strict");
  }

  @Test
  void aCopyWhereTheTextPromisesNoneIsMeasured() {
    RowResult result = result("sendfile", "file", "tcp", null);
    result.probe = "copied";
    assertThat(Copies.of(result)).isEqualTo(new Copies(1, "measured"));
  }

  @Test
  void readAndWriteIsDerivedAndNoZeroCopy() {
    RowResult result = result("read-write", "file", "tcp", null);
    result.probe = "copied";
    Copies copies = Copies.of(result);
    assertThat(copies).isEqualTo(new Copies(2, "derived"));
    assertThat(copies.zeroCopy(result.row)).isEqualTo("none");
  }

  @Test
  void oneCopyInsteadOfTwoIsZeroCopyInTheBroadSense() {
    RowResult result = result("splice", "tcp", "file", null);
    assertThat(Copies.of(result).zeroCopy(result.row)).isEqualTo("broad");
  }

  @Test
  void theKernelsOwnWordIsBelieved() {
    RowResult result = result("msg-zerocopy", "memory", "tcp", null);
    result.kernelCopied = true;
    result.probe = "copied";
    Copies copies = Copies.of(result);
    assertThat(copies).isEqualTo(new Copies(1, "measured"));
    assertThat(copies.zeroCopy(result.row)).isEqualTo("none");
  }

  @Test
  void autoIsJudgedByThePathThatRan() {
    RowResult result = result("auto", "pipe", "file", null);
    result.pathRan = "splice";
    assertThat(Copies.of(result)).isEqualTo(new Copies(1, "derived"));
  }

  @Test
  void theFileSystemDecidesForCopyFileRange() {
    assertThat(Copies.of(result("copy-file-range", "file", "file", null)).value()).isEqualTo(1);
    assertThat(Copies.of(result("copy-file-range", "file", "file", Row.Place.XFS)).value())
        .isEqualTo(0);
  }
}
