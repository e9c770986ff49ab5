// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;

import io.znio.example.SegmentProgram;
import io.znio.segments.Segments;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The two artifacts on the class path and on the module path. */
@ExtendWith(Leaks.class)
class SegmentModuleTest {
  /** -Xcheck:jni would tell of the handler. */
  private static final String NO_GUARD = "-Dio.znio.guard=off";

  private static String place(Class<?> type) throws Exception {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
  }

  /** No native access for io.znio.segments: it would be told by a warning, or denied. */
  @Test
  void onTheModulePath() throws Exception {
    Child child =
        Child.run(
            List.of(
                NO_GUARD,
                "--enable-native-access=io.znio",
                "-p",
                place(Region.class) + ":" + place(Segments.class),
                "--add-modules",
                "io.znio.segments",
                "-cp",
                place(SegmentProgram.class),
                SegmentProgram.class.getName()));
    assertThat(child.output()).isEqualTo("module io.znio.segments 42\n");
    assertThat(child.status()).isZero();
  }

  @Test
  void onTheClassPath() throws Exception {
    String path =
        String.join(":", place(Region.class), place(Segments.class), place(SegmentProgram.class));
    Child child = Child.run(List.of(NO_GUARD, "-cp", path, SegmentProgram.class.getName()));
    assertThat(child.output()).startsWith("unnamed module").endsWith(" 42\n");
    assertThat(child.status()).isZero();
  }
}
