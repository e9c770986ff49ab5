// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;

/**
 * The report at the JVM's end, of what is still live and of what leaked: {@code
 * -Dio.znio.report=exit} writes it to the standard error, any other value but {@code off} (the
 * default) names a file, in which {@code %p} stands for the number of the process. There is one if
 * znio has held memory, and not after {@code Runtime.halt} or a signal that kills.
 *
 * <p>The file is made beside the name, for the user's eyes only, and then takes it by a rename: no
 * link is followed, and a regular file that was there is replaced. What is no regular file is left
 * alone. If the file cannot be written one line on the standard error says so; the exit status
 * stays as it is.
 */
final class Report {
  /** Places that are written one by one. */
  private static final int PLACES_MAX = 100;

  /** The JDK runs 0 to 2 (console, the application's hooks, files to delete), one by one. */
  private static final int FIRST_SLOT = 3;

  private static final int SLOTS = 10;

  private Report() {}

  /** Sees to the report, if one is wanted. */
  static void install() {
    String name = System.getProperty("io.znio.report", "off");
    if (name.isEmpty() || name.equals("off")) {
      return;
    }
    Runnable report = () -> run(name);
    if (!installLate(report)) {
      Runtime.getRuntime().addShutdownHook(new Thread(null, report, "znio-report", 0, false));
    }
  }

  /**
   * After the application's own hooks, in which it may close what it has: Runtime's hooks all run
   * at the same time. False: this JDK cannot, or no slot is free.
   */
  private static boolean installLate(Runnable report) {
    try {
      Class<?> secrets = Internals.type("jdk.internal.access.SharedSecrets");
      Class<?> access = Internals.type("jdk.internal.access.JavaLangAccess");
      Object lang = Internals.function(secrets, "getJavaLangAccess", access).invoke();
      MethodHandle register =
          Internals.method(
              access, "registerShutdownHook", void.class, int.class, boolean.class, Runnable.class);
      for (int slot = FIRST_SLOT; slot < SLOTS; slot++) {
        try {
          register.invoke(lang, slot, false, report);
          return true;
        } catch (InternalError e) {
          continue; // somebody else has it
        }
      }
    } catch (Throwable t) {
      return false;
    }
    return false;
  }

  private static void run(String name) {
    try {
      String text = text();
      if (name.equals("exit")) {
        System.err.print(text);
        System.err.flush();
      } else {
        write(Path.of(name.replace("%p", Long.toString(ProcessHandle.current().pid()))), text);
      }
    } catch (Throwable t) { // the application ends as if there were no report
      System.err.println("znio: no report is written to " + name + ": " + t);
    }
  }

  private static void write(Path name, String text) throws IOException {
    Path target = name.toAbsolutePath();
    if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)
        && !Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException("there is something that is no regular file");
    }
    Path made = Files.createTempFile(target.getParent(), ".znio-report-", ".tmp");
    try {
      Files.writeString(made, text);
      Files.move(made, target, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(made);
    }
  }

  /** The whole report. */
  static String text() {
    StringBuilder text = new StringBuilder();
    text.append("znio ledger of process ").append(ProcessHandle.current().pid());
    text.append(", level ").append(SafetyLevel.CURRENT).append(System.lineSeparator());
    totals(text);
    Groups live = new Groups();
    Ledger.live(entry -> live.add(entry.kind(), entry.site(), entry.size(), entry.ageMillis()));
    places(text, "live", live.largestFirst());
    places(text, "leaked, and freed since", LeakLog.groups());
    return text.toString();
  }

  private static void line(StringBuilder text, String format, Object... arguments) {
    text.append(String.format(Locale.ROOT, format, arguments)).append(System.lineSeparator());
  }

  private static void totals(StringBuilder text) {
    String header = "%-8s%12s%20s%12s%12s%12s%12s%20s";
    line(
        text, header, "kind", "born", "bytes", "closed", "cleaned", "leaked", "live", "live bytes");
    for (Ledger.Kind kind : Ledger.Kind.values()) {
      Ledger.Counts c = Ledger.counts(kind);
      line(
          text,
          "%-8s%12d%20d%12d%12d%12d%12d%20d",
          kind.name().toLowerCase(Locale.ROOT),
          c.bornItems(),
          c.bornBytes(),
          c.closedItems(),
          c.cleaned(),
          c.leaked(),
          c.liveItems(),
          c.liveBytes());
    }
    Ledger.Idle idle = Ledger.idle();
    line(
        text,
        "idle: %d bytes in magazines, %d in the depot, %d in quarantine",
        idle.magazineBytes(),
        idle.depotBytes(),
        idle.quarantineBytes());
    Ledger.Heap heap = Ledger.heapOrNull();
    if (heap != null) {
      line(
          text,
          "jemalloc: %d bytes allocated, %d active, %d resident, %d retained",
          heap.allocated(),
          heap.active(),
          heap.resident(),
          heap.retained());
    }
  }

  private static void places(StringBuilder text, String what, List<Groups.Group> groups) {
    long items = groups.stream().mapToLong(Groups.Group::items).sum();
    long bytes = groups.stream().mapToLong(Groups.Group::bytes).sum();
    line(text, "");
    line(text, "%s: %d bytes in %d, of %d places", what, bytes, items, groups.size());
    for (Groups.Group group : groups.subList(0, Math.min(groups.size(), PLACES_MAX))) {
      line(
          text,
          "%d bytes in %d of kind %s, %d to %d ms old, made at",
          group.bytes(),
          group.items(),
          group.kind().name().toLowerCase(Locale.ROOT),
          group.youngestMillis(),
          group.oldestMillis());
      group.site().lines().forEach(frame -> line(text, "    %s", frame));
    }
    if (groups.size() > PLACES_MAX) {
      List<Groups.Group> rest = groups.subList(PLACES_MAX, groups.size());
      line(
          text,
          "%d bytes in %d of %d more places",
          rest.stream().mapToLong(Groups.Group::bytes).sum(),
          rest.stream().mapToLong(Groups.Group::items).sum(),
          rest.size());
    }
  }
}
