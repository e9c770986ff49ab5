// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class DumpDiffTest {
  @Test
  void everythingThatChangedIsSaid() throws IOException {
    assertThat(DumpDiff.text(Dumps.before(), Dumps.after(), 10)).isEqualTo(Dumps.text("diff.txt"));
  }

  @Test
  void nothingChangedBetweenADumpAndItself() throws IOException {
    Dump dump = Dumps.after();
    assertThat(DumpDiff.text(dump, dump, 10))
        .contains("Sites of what is live (samples): none changed\n")
        .contains("Transfers by path: nothing changed\n")
        .contains("Natives: nothing changed\n");
    assertThat(DumpDiff.grew(dump, dump)).isFalse();
  }

  @Test
  void whatGrewIsWhatHasMoreLiveBytes() throws IOException {
    assertThat(DumpDiff.grew(Dumps.before(), Dumps.after())).isTrue();
    Dump small = Dumps.of("\"live\": {\"mapped\": {\"items\": 5, \"bytes\": 1}}");
    Dump large = Dumps.of("\"live\": {\"mapped\": {\"items\": 4, \"bytes\": 2}}");
    assertThat(DumpDiff.grew(small, large)).isTrue();
    assertThat(DumpDiff.grew(large, small)).isFalse();
    assertThat(DumpDiff.grew(Dumps.of(""), Dumps.of(""))).isFalse();
  }

  @Test
  void sitesBeyondTheNumberAreCounted() throws IOException {
    String text = DumpDiff.text(Dumps.before(), Dumps.after(), 1);
    assertThat(text).contains("2 grew, 3 changed\n").contains("... and 2 more (--sites N)\n");
    assertThat(text).contains("app.Cache.load:10").doesNotContain("app.New");
  }

  @Test
  void twoProcessesAndAWrongOrderAreSaid() throws IOException {
    Dump other = Dumps.of("\"process\": 4712, \"began_unix_ms\": 1");
    assertThat(DumpDiff.text(Dumps.before(), other, 10)).contains("A and B are two processes");
    assertThat(DumpDiff.text(Dumps.after(), Dumps.before(), 10)).contains("B is older than A.\n");
  }

  @Test
  void whatIsMadeAtRunTimeIsTheSameInEachRun() throws IOException {
    String site = "\"sites\": [{\"items\": 1, \"bytes\": %d, \"stack\": [\"%s\", \"%s\", \"%s\"]}]";
    Dump before =
        Dumps.of(
            site.formatted(
                1,
                "app.Main$$Lambda$3.0x00007f59e0000a08.run",
                "jdk.internal.reflect.GeneratedMethodAccessor7.invoke",
                "jdk.proxy2.$Proxy12.call:1"));
    Dump after =
        Dumps.of(
            site.formatted(
                3,
                "app.Main$$Lambda.0x0000000080040210.run",
                "jdk.internal.reflect.GeneratedMethodAccessor12.invoke",
                "jdk.proxy2.$Proxy9.call:1"));
    assertThat(DumpDiff.text(before, after, 10))
        .contains("1 grew, 1 changed\n")
        .contains("+2 B in 0 items, now 3 B in 1\n")
        .contains("app.Main$$Lambda.run\n");
  }

  @Test
  void aTerminalIsShownTextOnly() throws IOException {
    Dump evil =
        Dumps.of(
            "\"process\": \"\\u001b[2J\", \"options\": \"\\u009b2J\","
                + "\"sites\": [{\"items\": 1, \"bytes\": 1, \"stack\": [\"\\u001b[2J\\n\"]}],"
                + "\"natives\": [{\"name\": \"\\u001b[2J\", \"calls\": 1}]");
    assertThat(DumpDiff.text(Dumps.of(""), evil, 10)).doesNotContain("\u001b", "\u009b");
  }
}
