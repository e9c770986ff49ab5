// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Places of birth: who called znio, as some lines of text, numbered by C. A walk over the stack
 * costs some microseconds, so that of small blocks one in {@link #INTERVAL} is sampled.
 */
final class Sites {
  /** One in so many; 0: none at all. 1: every one. */
  static final int INTERVAL = Settings.number("io.znio.sites", 1024, 0);

  private static final int FRAMES = 8;

  /** Not {@code Class} objects: frames give names at no cost, and nothing is loaded by this. */
  private static final Set<String> OWN =
      Set.of(
          "io.znio.Sites",
          "io.znio.Blocks",
          "io.znio.DirectBuffers",
          "io.znio.Region",
          "io.znio.Mapping",
          "io.znio.MappedMemory",
          "io.znio.Memfd");

  private static final StackWalker WALKER = StackWalker.getInstance();

  private Sites() {}

  /** Allocations until the next sample. */
  static int untilNext() {
    return INTERVAL == 0 ? Integer.MAX_VALUE : INTERVAL;
  }

  /** The number of the caller's place; 0 if sites are switched off, or there are too many. */
  static int here() {
    if (INTERVAL == 0) {
      return 0;
    }
    String text =
        WALKER.walk(
            frames ->
                frames
                    .dropWhile(frame -> OWN.contains(frame.getClassName()))
                    .limit(FRAMES)
                    .map(frame -> frame.toStackTraceElement().toString())
                    .collect(Collectors.joining("\n")));
    return text.isEmpty()
        ? 0
        : Math.max(0, Native.siteIntern(text.getBytes(StandardCharsets.UTF_8)));
  }

  /** The text of a site: frames, the innermost first, one a line. */
  static String text(int site) {
    byte[] text = site == 0 ? null : Native.siteText(site);
    return text == null ? "(place of birth not sampled)" : new String(text, StandardCharsets.UTF_8);
  }

  /** The innermost frame of a site. */
  static String firstLine(int site) {
    String text = text(site);
    int end = text.indexOf('\n');
    return end < 0 ? text : text.substring(0, end);
  }
}
