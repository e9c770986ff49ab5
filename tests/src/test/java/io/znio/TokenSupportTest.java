// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Where tokens are used, and that they are where they can be. */
class TokenSupportTest {
  @Test
  void verifiedBuildsHaveTokens() {
    assumeTrue(Set.of("17.0.15 amd64", "25.0.3 amd64").contains(TokenSupport.build()));
    assertThat(TokenSupport.REASON).isNull();
    assertThat(TokenSupport.isAvailable()).isTrue();
    assertThat(TokenSupport.SELF_TEST_NANOS).isPositive();
  }

  @Test
  void theSelfTestPassesAgain() {
    assumeTrue(TokenSupport.isAvailable(), TokenSupport.REASON);
    assertThat(TokenSelfTest.run()).isNull();
  }

  @Test
  void outlinesGiveWayToTheJdksTypes() throws Exception {
    byte[] template = EscapeToken.class.getResourceAsStream("EscapeToken.class").readAllBytes();
    byte[] renamed = Outlines.rename(template, Jdk17.NAMES);
    assertThat(strings(template))
        .contains("io/znio/EscapeToken")
        .anyMatch(s -> s.contains("Jdk17"));
    assertThat(strings(renamed))
        .contains("java/nio/ZnioToken", "Ljdk/internal/vm/annotation/ForceInline;")
        .noneMatch(s -> s.contains("Jdk17$") || s.contains("io/znio/Escape"));
  }

  private static java.util.List<String> strings(byte[] classFile) throws Exception {
    java.util.List<String> strings = new java.util.ArrayList<>();
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(classFile));
    in.skipBytes(8);
    int count = in.readUnsignedShort();
    for (int i = 1; i < count; i++) {
      int tag = in.readUnsignedByte();
      if (tag == 1) {
        strings.add(in.readUTF());
      } else {
        in.skipBytes(
            tag == 7 || tag == 8 || tag == 16 ? 2 : tag == 15 ? 3 : tag == 5 || tag == 6 ? 8 : 4);
        i += tag == 5 || tag == 6 ? 1 : 0;
      }
    }
    return strings;
  }
}
