// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the kernel and the limits of this process allow, as /proc tells it.
 *
 * @param root the directory that has proc in it: "/", but for tests
 */
record SystemChecks(Path root) {
  private static final Pattern VERSION = Pattern.compile("(\\d+)\\.(\\d+).*", Pattern.DOTALL);

  /** A release of the kernel, and what is there from it on. */
  private record Step(int major, int minor, String has) {}

  private static final Step OLDEST = new Step(4, 14, "");
  private static final List<Step> STEPS =
      List.of(
          new Step(5, 1, "io_uring, counters that nobody else can write"),
          new Step(5, 3, "copy_file_range between file systems"),
          new Step(5, 14, "asking for pages without a signal (MADV_POPULATE)"),
          new Step(6, 0, "SEND_ZC"),
          new Step(6, 1, "asking what O_DIRECT wants (STATX_DIOALIGN)"));

  /** What a JVM with many mappings needs; the kernel's own default. */
  private static final long MAPS_WANTED = 65530;

  private static final long MEMLOCK_WANTED = 64L << 20;
  private static final int CAP_IPC_LOCK = 14;
  private static final String FILTERED = "2";

  List<Finding> all() {
    return List.of(kernel(), libc(), memlock(), uringSwitch(), seccomp(), maps());
  }

  Finding kernel() {
    String release = read("proc/sys/kernel/osrelease").orElse("unknown");
    Matcher version = VERSION.matcher(release);
    if (!version.matches()) {
      return Finding.note("kernel", release, "its version cannot be told");
    }
    int major = Integer.parseInt(version.group(1));
    int minor = Integer.parseInt(version.group(2));
    if (isOlder(major, minor, OLDEST)) {
      return Finding.limit("kernel", release, "znio needs Linux 4.14 or newer");
    }
    List<String> missing =
        STEPS.stream()
            .filter(step -> isOlder(major, minor, step))
            .map(step -> step.has() + " from " + step.major() + "." + step.minor() + " on")
            .toList();
    return missing.isEmpty()
        ? Finding.ok("kernel", release)
        : Finding.limit("kernel", release, "a newer one has: " + String.join("; ", missing));
  }

  private static boolean isOlder(int major, int minor, Step step) {
    return major < step.major() || major == step.major() && minor < step.minor();
  }

  /** The C library that this process runs on. */
  Finding libc() {
    String maps = read("proc/self/maps").orElse("");
    Matcher musl = Pattern.compile("/\\S*ld-musl\\S*").matcher(maps);
    if (musl.find()) {
      return Finding.limit(
          "libc", "musl (" + musl.group() + ")", "libznio.so is built for glibc: build it here");
    }
    Matcher glibc = Pattern.compile("/\\S*/libc(?:-[\\d.]+)?\\.so\\S*").matcher(maps);
    if (!glibc.find()) {
      return Finding.note("libc", "none that is known", "libznio.so is built for glibc");
    }
    return Finding.ok("libc", glibcVersion(Path.of(glibc.group())));
  }

  private static String glibcVersion(Path library) {
    try {
      String bytes = Files.readString(library, StandardCharsets.ISO_8859_1);
      Matcher version =
          Pattern.compile("GNU C Library [^\\n]*?version (\\d[\\d.]*\\d)").matcher(bytes);
      return version.find() ? "glibc " + version.group(1) : library.toString();
    } catch (IOException e) {
      return library.toString();
    }
  }

  /** How much memory may be locked, which registered buffers of io_uring are. */
  Finding memlock() {
    Matcher limit =
        Pattern.compile("Max locked memory\\s+(\\S+)").matcher(read("proc/self/limits").orElse(""));
    String soft = limit.find() ? limit.group(1) : "unknown";
    boolean number = soft.matches("\\d+");
    String found = number ? CountersText.bytes(Long.parseLong(soft)) : soft;
    if (!number || Long.parseLong(soft) >= MEMLOCK_WANTED || hasCapability(CAP_IPC_LOCK)) {
      return Finding.ok("memlock", found);
    }
    return Finding.limit(
        "memlock",
        found,
        "registered buffers of io_uring and MSG_ZEROCOPY may be refused: ulimit -l unlimited;"
            + " systemd: LimitMEMLOCK=infinity; docker: --ulimit memlock=-1");
  }

  private boolean hasCapability(int number) {
    String effective = status("CapEff").orElse("0");
    return (Long.parseUnsignedLong(effective, 16) >>> number & 1) != 0;
  }

  Finding uringSwitch() {
    Optional<String> disabled = read("proc/sys/kernel/io_uring_disabled");
    String subject = "io_uring switch";
    if (disabled.isEmpty()) {
      return Finding.ok(subject, "this kernel has none");
    }
    String fix = ": sysctl -w kernel.io_uring_disabled=0 (the paths direct-uring, uring-* need it)";
    return switch (disabled.get()) {
      case "0" -> Finding.ok(subject, "kernel.io_uring_disabled=0");
      case "1" ->
          Finding.limit(
              subject,
              "kernel.io_uring_disabled=1",
              "only root and the group kernel.io_uring_group may use it" + fix);
      default ->
          Finding.limit(
              subject, "kernel.io_uring_disabled=" + disabled.get(), "nobody may use it" + fix);
    };
  }

  /** A filter of system calls; what it refuses of ours is found by trying. */
  Finding seccomp() {
    boolean filtered = status("Seccomp").orElse("0").equals(FILTERED);
    return filtered
        ? Finding.note(
            "seccomp",
            "a filter is on",
            "if a path is refused with EPERM or ENOSYS it may be this: docker run --security-opt"
                + " seccomp=PROFILE")
        : Finding.ok("seccomp", "no filter");
  }

  Finding maps() {
    String text = read("proc/sys/vm/max_map_count").orElse("");
    if (!text.matches("\\d+") || Long.parseLong(text) >= MAPS_WANTED) {
      return Finding.ok("max_map_count", text.isEmpty() ? "unknown" : text);
    }
    return Finding.limit(
        "max_map_count",
        text,
        "programs that map many files get OutOfMemoryError: sysctl -w vm.max_map_count=262144");
  }

  /** Whether a mount does not let files of a directory be executed, libraries included. */
  Finding execution(String subject, Path directory) {
    String path = existing(directory).toString();
    String best = "";
    String options = "";
    List<String> lines = new ArrayList<>(read("proc/self/mountinfo").orElse("").lines().toList());
    for (String line : lines) {
      String[] fields = line.split(" ");
      String point = fields.length > 5 ? fields[4].replace("\\040", " ") : "";
      boolean holds =
          path.equals(point) || path.startsWith(point.endsWith("/") ? point : point + "/");
      if (!point.isEmpty() && holds && point.length() >= best.length()) {
        best = point;
        options = fields[5];
      }
    }
    if (!List.of(options.split(",")).contains("noexec")) {
      return Finding.ok(subject, directory.toString());
    }
    return Finding.limit(
        subject,
        directory + " is mounted noexec (" + best + ")",
        "libznio.so cannot be loaded from there: name another directory by -Djava.io.tmpdir or"
            + " --directory, or the file by -Dio.znio.library; or mount -o remount,exec "
            + best);
  }

  /** The next directory above that is there, without links. */
  private static Path existing(Path directory) {
    for (Path path = directory.toAbsolutePath(); path != null; path = path.getParent()) {
      try {
        return path.toRealPath();
      } catch (IOException e) {
        continue; // not made yet
      }
    }
    return Path.of("/");
  }

  private Optional<String> status(String field) {
    return read("proc/self/status")
        .orElse("")
        .lines()
        .filter(line -> line.startsWith(field + ":"))
        .map(line -> line.substring(field.length() + 1).strip().toLowerCase(Locale.ROOT))
        .findFirst();
  }

  private Optional<String> read(String file) {
    try {
      return Optional.of(ProcFile.read(root.resolve(file)).strip());
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
