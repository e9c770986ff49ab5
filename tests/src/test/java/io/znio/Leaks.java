// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;

/**
 * After each test that did not fail: the ledger is back where it was, nothing is lent to the
 * kernel, and the process holds no descriptor more. Idle pipes are trimmed; idle rings are the
 * pool's.
 */
public final class Leaks implements BeforeEachCallback, AfterEachCallback {
  private static final Namespace NAMESPACE = Namespace.create(Leaks.class);

  private record State(Ledger.Totals totals, Map<String, Integer> descriptors) {}

  static {
    // The JDK opens descriptors of its own with the first socket of each kind, and keeps them.
    for (Ends ends : Ends.values()) {
      try (Ends.Pair pair = ends.open()) {
        pair.write(new byte[1]);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    // So does znio with the first mapping that is closed: the file that takes the place.
    try (Mapping mapping = Mapping.anonymous(1)) {
      mapping.buffer();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    Ledger.trim();
    context.getStore(NAMESPACE).put("state", new State(Ledger.totals(), Descriptors.byKind()));
  }

  @Override
  public void afterEach(ExtensionContext context) {
    if (context.getExecutionException().isPresent()) {
      return;
    }
    State before = context.getStore(NAMESPACE).get("state", State.class);
    Await.until("all loans are returned", () -> Transfer.pinned() == 0);
    Ledger.trim();
    Ledger.Totals after = Ledger.totals();
    assertThat(after.regions()).as("live regions").isEqualTo(before.totals.regions());
    assertThat(after.regionBytes()).as("region bytes").isEqualTo(before.totals.regionBytes());
    assertThat(after.mappings()).as("live mappings").isEqualTo(before.totals.mappings());
    assertThat(after.pipes()).as("live pipes").isEqualTo(before.totals.pipes());
    assertThat(after.memfds()).as("live memfds").isEqualTo(before.totals.memfds());
    assertThat(after.pins()).as("pins").isEqualTo(before.totals.pins());
    assertThat(after.pinBytes()).as("bytes of pins").isEqualTo(before.totals.pinBytes());
    assertThat(after.descriptors() - after.rings())
        .as("descriptors of znio that are no rings")
        .isEqualTo(before.totals.descriptors() - before.totals.rings());
    // Helper threads of tests, and the JDK's own after a child process, close theirs a little
    // later.
    Await.until(
        "no descriptor more than " + before.descriptors + "; there are " + Descriptors.byKind(),
        () -> isWithin(Descriptors.byKind(), before.descriptors));
  }

  private static boolean isWithin(Map<String, Integer> now, Map<String, Integer> before) {
    return now.entrySet().stream()
        .allMatch(kind -> kind.getValue() <= before.getOrDefault(kind.getKey(), 0));
  }
}
