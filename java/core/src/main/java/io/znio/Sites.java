// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Places of birth: who called znio, as some lines of text, numbered by C.
 *
 * <p>A walk over the stack costs some microseconds, more than most births. So there is a purse of
 * walks: it holds {@link #WALKS_MAX} and gets {@link #WALKS_A_TICK} each tick. As long as it lasts
 * every birth is sampled; then one in {@link #INTERVAL}, if there is a walk for it. A program of
 * few births knows the place of each, a busy one pays 0.2 % of a processor.
 */
final class Sites {
  /** One in so many, when there are many; 0: none at all. 1: every one. */
  static final int INTERVAL = Settings.number("io.znio.sites", 1024, 0);

  private static final int WALKS_MAX = 256;
  private static final int WALKS_A_TICK = 4;

  /** The purse, and when it was filled. Races may lose a walk or give one more: nobody minds. */
  private static int walks = WALKS_MAX;

  private static int filledTick;

  private static final int FRAMES = 8;

  /** Not {@code Class} objects: frames give names at no cost, and nothing is loaded by this. */
  private static final Set<String> OWN =
      Set.of(
          "io.znio.Sites",
          "io.znio.Blocks",
          "io.znio.JfrEvents",
          "io.znio.DirectBuffers",
          "io.znio.Region",
          "io.znio.Mapping",
          "io.znio.MappedMemory",
          "io.znio.Memfd",
          "io.znio.Pins",
          "io.znio.Transfer",
          "io.znio.TransferPlan",
          "io.znio.TransferEngine");

  private static final StackWalker WALKER = StackWalker.getInstance();

  private Sites() {}

  /** Births of one thread until its next that is sampled. */
  static int untilNext() {
    return switch (INTERVAL) {
      case 0 -> Integer.MAX_VALUE;
      case 1 -> 1;
      default -> walks > 0 ? 1 : INTERVAL;
    };
  }

  private static boolean mayWalk() {
    if (INTERVAL <= 1) {
      return INTERVAL == 1;
    }
    int tick = Raw.getInt(Layout.TICK_ADDRESS);
    int ticks = tick - filledTick;
    if (ticks != 0) {
      filledTick = tick;
      boolean full = ticks < 0 || ticks > WALKS_MAX / WALKS_A_TICK;
      walks = full ? WALKS_MAX : Math.min(WALKS_MAX, walks + ticks * WALKS_A_TICK);
    }
    return walks > 0 && walks-- > 0;
  }

  /** The number of the caller's place; 0 if it is not sampled, or there are too many. */
  static int here() {
    if (!mayWalk()) {
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

  /** The innermost frame of the text of a site. */
  static String firstLine(String text) {
    int end = text.indexOf('\n');
    return end < 0 ? text : text.substring(0, end);
  }
}
