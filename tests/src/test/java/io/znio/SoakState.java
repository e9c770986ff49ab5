// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static io.znio.SoakWorker.require;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * What the process holds when nobody works.
 *
 * @param totals of the ledger
 * @param descriptors how many of each kind, from /proc/self/fd
 * @param files mappings of files and memfds of ours, from /proc/self/maps
 * @param maps all mappings of the process
 * @param heap jemalloc's own figures
 * @param resident bytes, the least that was seen while freed memory went back to the system
 */
record SoakState(
    Ledger.Totals totals,
    Map<String, Integer> descriptors,
    long files,
    long maps,
    Ledger.Heap heap,
    long resident) {
  /** jemalloc gives pages back over 10 s, the housekeeper looks once a second. */
  private static final long DECAY_SECONDS = 13;

  private static final long LOOK_NANOS = 200_000_000;
  private static final long KIB = 1024;

  /** All threads have ended: collects, waits until the last is settled, and looks. */
  static SoakState atRest() throws IOException {
    Await.until(
        "nothing lives, is lent, or waits",
        () -> {
          System.gc();
          Quarantine.flush();
          Ledger.Idle idle = Ledger.idle();
          return Ledger.live().isEmpty()
              && Transfer.pinned() == 0
              && idle.quarantineItems() == 0
              && idle.keptMappings() == 0;
        });
    Ledger.trim();
    long resident = residentNow();
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(DECAY_SECONDS);
    while (System.nanoTime() - end < 0) {
      LockSupport.parkNanos(LOOK_NANOS);
      resident = Math.min(resident, residentNow());
    }
    List<String> maps = Files.readAllLines(Path.of("/proc/self/maps"));
    long ours = maps.stream().filter(SoakState::isOurs).count();
    return new SoakState(
        Ledger.totals(), Descriptors.byKind(), ours, maps.size(), Ledger.heap(), resident);
  }

  /** Files in the directory of the run, closed mappings, memfds; not the agent's meters. */
  private static boolean isOurs(String map) {
    return map.contains("/slot-")
        || map.endsWith("/source")
        || map.endsWith("/cut")
        || map.contains("/memfd:znio (");
  }

  private static long residentNow() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) * KIB;
      }
    }
    throw new AssertionError("/proc/self/status has no VmRSS");
  }

  /** The ledger is exact: nothing lives. And no descriptor and no mapping has come to stay. */
  void mustBeLike(SoakState before) {
    for (Map.Entry<Ledger.Kind, Ledger.Counts> kind : Ledger.snapshot().counts().entrySet()) {
      require(kind.getValue().liveItems() == 0, kind + " live");
      require(kind.getValue().liveBytes() == 0, kind + " bytes live");
    }
    require(totals.regions() == 0 && totals.regionBytes() == 0, "regions: " + totals);
    require(totals.mappings() == 0 && totals.mappingBytes() == 0, "mappings: " + totals);
    require(totals.memfds() == 0 && totals.pins() == 0 && totals.pinBytes() == 0, "" + totals);
    require(totals.pipes() == 0, "pipes: " + totals);
    require(totals.descriptors() == totals.rings(), "descriptors that are no rings: " + totals);
    require(Ledger.limits().memoryLive() == 0, "bytes count against the limit");
    require(files == 0, files + " mappings of ours are left");
    descriptors.forEach(
        (kind, count) ->
            require(
                count <= before.descriptors.getOrDefault(kind, 0),
                count + " descriptors of " + kind + ", and there were " + before.descriptors));
  }
}
