// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A process, as the kernel shows it.
 *
 * @param pid its number
 */
record Target(long pid) {
  private static final List<String> VARIABLES =
      List.of("JAVA_TOOL_OPTIONS=", "JDK_JAVA_OPTIONS=", "_JAVA_OPTIONS=");

  /**
   * A process that is there.
   *
   * @throws ToolException if there is none of this number
   */
  static Target of(long pid) {
    Target target = new Target(pid);
    if (pid <= 0 || !Files.isDirectory(target.proc())) {
      throw target.isNone();
    }
    return target;
  }

  /** Its directory in /proc. */
  Path proc() {
    return Path.of("/proc", Long.toString(pid));
  }

  /** A field of its status, as "State". */
  Optional<String> status(String field) {
    return lines("status").stream()
        .filter(line -> line.startsWith(field + ":"))
        .map(line -> line.substring(field.length() + 1).strip())
        .findFirst();
  }

  /** When it started, in ticks of the system: with its number the name of one process for good. */
  long start() {
    String stat = String.join("\n", lines("stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ");
    return Long.parseLong(fields[19]); // the 22nd, and the name was the 2nd
  }

  /** Is it still the one that started then? */
  boolean isStill(long start) {
    try {
      return Files.isDirectory(proc()) && start() == start && !hasEnded();
    } catch (ToolException e) {
      return false;
    }
  }

  private boolean hasEnded() {
    return status("State").orElse("Z").matches("[ZX].*");
  }

  /** Its number as it sees it itself: the last one, in the innermost container. */
  long ownPid() {
    String[] pids = status("NSpid").orElse(Long.toString(pid)).split("\\s+");
    return Long.parseLong(pids[pids.length - 1]);
  }

  /** Files of this name that are mapped, as their paths are in its own file system. */
  List<String> mapped(String fileName) {
    Pattern file =
        Pattern.compile("[^/]* (/\\S.*/" + Pattern.quote(fileName) + "(?: \\(deleted\\))?)");
    return lines("maps").stream()
        .map(file::matcher)
        .filter(Matcher::matches)
        .map(matcher -> matcher.group(1))
        .distinct()
        .toList();
  }

  /** Was it started with such an option, as far as command line and environment tell? */
  boolean isStartedWith(String option) {
    Predicate<String> isOption = text -> List.of(text.split("\\s+")).contains(option);
    return words("cmdline").stream().anyMatch(option::equals)
        || words("environ").stream()
            .filter(word -> VARIABLES.stream().anyMatch(word::startsWith))
            .anyMatch(word -> isOption.test(word.substring(word.indexOf('=') + 1)));
  }

  /** A file of this process, by the path that the process itself would use. */
  Path file(String path) {
    boolean absolute = path.startsWith("/");
    return proc().resolve(absolute ? "root" + path : "cwd/" + path);
  }

  /**
   * Looks for what would keep the JVM's attaching from working, and is better said before.
   *
   * @throws ToolException that says what, and what helps
   */
  void requireAttachable() {
    String owner = owner(proc());
    String self = owner(Path.of("/proc/self"));
    String refusal = refusal(self, owner);
    if (refusal != null) {
      throw new ToolException(refusal);
    }
    requireAlive();
    if (mapped("libjvm.so").isEmpty()) {
      throw new ToolException("process " + pid + " is not a JVM: it has no libjvm.so");
    }
    if (status("State").orElse("").startsWith("T")) {
      throw new ToolException(
          "process "
              + pid
              + " is stopped and cannot answer: kill -CONT "
              + pid
              + ", then try again");
    }
    if (isStartedWith("-XX:+DisableAttachMechanism")) {
      throw new ToolException(
          "process "
              + pid
              + " was started with -XX:+DisableAttachMechanism: start it without, or with what"
              + " \"znio agent\" prints");
    }
  }

  /**
   * A process that has ended is in /proc until its parent has looked.
   *
   * @throws ToolException if it is one
   */
  void requireAlive() {
    if (hasEnded()) {
      throw new ToolException("process " + pid + " has ended");
    }
  }

  /** Why a user cannot attach to another's process; null: may try. */
  String refusal(String self, String owner) {
    if (self.equals(owner) || self.equals("root")) {
      return null;
    }
    return String.format(
        "process %d belongs to %s, and you are %s: sudo -u %s java/znio ...",
        pid, owner, self, owner);
  }

  private String owner(Path directory) {
    try {
      return Files.getOwner(directory).getName();
    } catch (IOException e) {
      throw isNone();
    }
  }

  boolean isOwn() {
    return owner(proc()).equals(owner(Path.of("/proc/self")));
  }

  private ToolException isNone() {
    return new ToolException("there is no process " + pid);
  }

  private List<String> lines(String name) {
    return List.of(text(name).split("\n"));
  }

  private List<String> words(String name) {
    return List.of(text(name).split("\0"));
  }

  private String text(String name) {
    try {
      return ProcFile.read(proc().resolve(name));
    } catch (NoSuchFileException e) {
      throw isNone();
    } catch (AccessDeniedException e) {
      throw notOurs();
    } catch (IOException e) {
      if (!Files.isDirectory(proc())) { // "No such process"
        throw isNone();
      }
      throw new UncheckedIOException(e);
    }
  }

  /** The kernel lets us not look into it. */
  ToolException notOurs() {
    String why = refusal(owner(Path.of("/proc/self")), owner(proc()));
    return new ToolException(
        why != null
            ? why
            : "the kernel does not let you look into process "
                + pid
                + ": it has more privileges, or is in another container; try as root");
  }
}
