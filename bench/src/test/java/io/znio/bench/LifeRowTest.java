// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class LifeRowTest {
  private static final List<String> JDKS = List.of("17.0.15", "25.0.3");

  @Test
  void eachRowHasANameOfItsOwn() {
    for (boolean quick : new boolean[] {true, false}) {
      assertThat(LifeRow.all(JDKS, quick))
          .extracting(row -> row.op() + row.count() + row.label())
          .doesNotHaveDuplicates();
    }
  }

  @Test
  void eachWorkIsDoneByBothOnEachJdk() {
    for (boolean quick : new boolean[] {true, false}) {
      for (String jdk : JDKS) {
        Set<String> works =
            LifeRow.all(JDKS, quick).stream()
                .filter(row -> row.jdk().equals(jdk))
                .map(row -> row.impl() + " " + row.op() + " " + row.by() + " " + row.content())
                .collect(Collectors.toSet());
        for (String impl : List.of("jdk ", "znio ")) {
          assertThat(works)
              .contains(
                  impl + "buffers gc null",
                  impl + "buffers free null",
                  impl + "many gc null",
                  impl + "mappings gc null",
                  impl + "mappings free null",
                  impl + "limit null live",
                  impl + "limit null garbage");
        }
      }
    }
  }

  @Test
  void theJvmHasWhatTheRowSays() {
    LifeRow row =
        new LifeRow("limit", "znio", "25", "checked", null, "full", "garbage", "on", 0, 4096);
    assertThat(row.jvmOptions())
        .contains(
            "-XX:MaxDirectMemorySize=67108864",
            "-Dio.znio.maxBytes=67108864",
            "-Dio.znio.safety=checked",
            "-Dio.znio.leaks=full",
            "-Dio.znio.collectAtLimit=on");
    assertThat(row.command(true).line())
        .contains(" content=garbage", " limit=67108864", " level=checked");
    assertThat(row.label()).isEqualTo("znio 25 checked, leaks=full, garbage, collectAtLimit");
  }
}
