// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PeerFactsTest {
  private static PeerFacts facts(String own, String more) throws IOException {
    return PeerFacts.of(Json.MAPPER.readTree(own), Json.MAPPER.readTree(more));
  }

  @Test
  void namesAreForPeople() throws IOException {
    PeerFacts facts =
        facts(
            "{}",
            """
            {"jdk":{"library":"JDK"},"jdk-gc":{"library":"JDK"},"arena-auto":{"library":"JDK"},
             "netty-pooled":{"library":"Netty"},"arrow-unsafe":{"library":"Apache Arrow"},
             "one-nio":{"library":"one-nio"},"chronicle":{"library":"Chronicle Bytes"}}
            """);
    assertThat(List.of("jdk", "jdk-gc", "arena-auto", "netty-pooled", "arrow-unsafe"))
        .extracting(facts::name)
        .containsExactly("JDK", "JDK gc", "JDK arena auto", "Netty pooled", "Apache Arrow unsafe");
    assertThat(List.of("one-nio", "chronicle", "somebody-else"))
        .extracting(facts::name)
        .containsExactly("one-nio", "Chronicle Bytes", "somebody-else");
  }

  @Test
  void theSecondListAddsToTheFirstAndCorrectsIt() throws IOException {
    PeerFacts facts =
        facts(
            "{\"a\":{\"library\":\"A\",\"memory\":{\"root\":\"silent\",\"view\":\"silent\"}}}",
            "{\"a\":{\"memory\":{\"root\":\"exception\"},"
                + "\"open\":{\"root\":\"crash\",\"view\":null}}}");
    assertThat(facts.afterFree("a")).isEqualTo("exception, views silent, of mappings crash");
    assertThat(facts.name("a")).isEqualTo("A");
  }

  @Test
  void theLongestNameThatFitsIsThePeer() throws IOException {
    PeerFacts facts = facts("{\"jdk\":{},\"jdk-gc\":{},\"netty-pooled\":{}}", "{}");
    assertThat(facts.of("jdk-gc")).contains("jdk-gc");
    assertThat(facts.of("jdk-heap")).contains("jdk");
    assertThat(facts.of("nettyPooledRead")).contains("netty-pooled");
    assertThat(facts.of("znio-checked")).contains("znio");
    assertThat(facts.of("jdkx")).isEmpty();
    assertThat(PeerFacts.rest("nettyPooledRead", "netty-pooled")).isEqualTo("read");
  }

  @Test
  void theLevelsOfZnioDiffer() {
    assertThat(PeerFacts.get().afterFree(figure("checked, zeroed", PeerFacts.MEMORY)))
        .isEqualTo("exception");
    assertThat(PeerFacts.get().afterFree(figure("tracked", PeerFacts.OPEN))).isEqualTo("error");
    assertThat(PeerFacts.get().afterFree(figure("auto", null))).isEmpty();
  }

  private static Figure figure(String variant, String use) {
    return new Figure(
        "", "", "17", "znio", variant, null, null, use, "ns", false, Map.of(), List.of());
  }
}
