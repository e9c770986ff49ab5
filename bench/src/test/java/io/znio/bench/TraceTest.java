// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class TraceTest {
  @Test
  void onlyCallsOfTheMarkingThreadBetweenItsMarksCount() {
    Map<Integer, Long> counts =
        Trace.count(
            Stream.of(
                "10 read(3, \"\"..., 10) = 10",
                "10 access(\"/znio-mark/begin/4\", F_OK) = -1 ENOENT (No such file or directory)",
                "10 sendfile(9, 8, [0] => [4096], 4096) = 4096",
                "11 write(1, \"x\"..., 1) = 1",
                "10 sendfile(9, 8,  <unfinished ...>",
                "11 read(3, \"\"..., 10) = 10",
                "10 <... sendfile resumed>[0] => [4096], 4096) = 4096",
                "10 access(\"/znio-mark/end/4\", F_OK) = -1 ENOENT (No such file or directory)",
                "10 close(9) = 0",
                "10 newfstatat(AT_FDCWD, \"/znio-mark/begin/5\", 0x7f, 0) = -1 ENOENT (No such)",
                "10 newfstatat(AT_FDCWD, \"/znio-mark/end/5\", 0x7f, 0) = -1 ENOENT (No such)"));
    assertThat(counts).containsExactlyInAnyOrderEntriesOf(Map.of(4, 2L, 5, 0L));
  }

  @Test
  void aRunWithoutItsEndHasNoCount() {
    assertThat(
            Trace.count(
                Stream.of(
                    "10 access(\"/znio-mark/begin/4\", F_OK) = -1 ENOENT (No such file)",
                    "10 sendfile(9, 8, [0] => [4096], 4096) = 4096",
                    "10 +++ killed by SIGKILL +++")))
        .isEmpty();
  }
}
