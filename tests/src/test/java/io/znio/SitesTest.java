// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How many births have a place: all, as long as they are few. */
class SitesTest {
  /** Makes some regions by call, then many buffers out of magazines; says which have a place. */
  public static final class Births {
    private Births() {}

    public static void main(String[] args) {
      List<Region> regions = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        regions.add(Region.allocate(2 << 20, 4096));
      }
      List<ByteBuffer> buffers = new ArrayList<>();
      for (int i = 0; i < 2000; i++) {
        buffers.add(DirectBuffers.allocateUninitialized(i));
      }
      System.out.println("regions with a place: " + withPlace(2 << 20, 2 << 20));
      System.out.println("buffers with a place: " + withPlace(0, 2000));
      regions.forEach(Region::close);
      buffers.forEach(DirectBuffers::free);
    }

    private static long withPlace(long least, long most) {
      return Ledger.live().stream()
          .filter(entry -> entry.size() >= least && entry.size() <= most)
          .filter(entry -> entry.site().contains("Births.main"))
          .count();
    }
  }

  /** A tick that never comes, so that the purse is not filled again. */
  @ParameterizedTest
  @CsvSource({"1024, 100, 156", "1, 100, 2000", "0, 0, 0"})
  void thePurseIsSpentOnTheFirstBirths(String interval, String regions, String buffers)
      throws Exception {
    Child child =
        Child.run(
            List.of(
                "-Dio.znio.tickMillis=1000000000",
                "-Dio.znio.sites=" + interval,
                "-cp",
                Child.classPath(SitesTest.class),
                Births.class.getName()));
    assertThat(child.output())
        .contains("regions with a place: " + regions + "\n")
        .contains("buffers with a place: " + buffers + "\n");
    assertThat(child.status()).isZero();
  }

  @Test
  void aPurseThatIsEmptyFillsAgain() {
    for (int i = 0; i < 1000; i++) {
      Region.allocate(2 << 20).close(); // more than the purse holds
    }
    Await.until(
        "a region has its place of birth",
        () -> {
          try (Region region = Region.allocate(2 << 20)) {
            return Ledger.live().stream()
                .anyMatch(
                    entry ->
                        entry.address() == region.address()
                            && entry.site().contains("aPurseThatIsEmptyFillsAgain"));
          }
        });
  }
}
