// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ExtentsTest {
  private static final String HEAD =
      """
      Filesystem type is: 58465342
      File size of /mnt/copy is 65536 (16 blocks of 4096 bytes)
       ext:     logical_offset:        physical_offset: length:   expected: flags:
      """;

  @Test
  void everyExtentMustBeShared() {
    String shared =
        "   0:        0..       7:         24..        31:      8:             shared\n";
    String own = "   1:        8..      15:         48..        55:      8:             last,eof\n";
    assertThat(Extents.allShared(HEAD + shared)).isTrue();
    assertThat(Extents.allShared(HEAD + shared + own)).isFalse();
  }

  @Test
  void aTableWithoutExtentsSaysNothing() {
    assertThat(Extents.allShared(HEAD)).isNull();
  }
}
