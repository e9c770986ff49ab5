// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import io.znio.bench.Shell.ShellException;
import io.znio.bench.WorkerProcess.WorkerException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Counts the system calls of JDK rows, whose library keeps no count: an untimed run of each under
 * strace, cut at the marks that the working thread sets, calls of that thread only.
 */
final class Trace {
  /**
   * Calls that move bytes, prepare or wait for that. What a JVM does for itself (futex, madvise,
   * clock_gettime, ...) is left out. "?" makes strace accept names that this CPU does not have.
   */
  private static final String CALLS =
      Stream.of(
              "read write pread64 pwrite64 readv writev preadv pwritev preadv2 pwritev2",
              "sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg sendfile splice vmsplice tee",
              "copy_file_range ioctl poll ppoll select pselect6 epoll_wait epoll_pwait epoll_ctl",
              "lseek fstat newfstatat stat lstat statx mmap munmap mremap msync fsync fdatasync",
              "ftruncate fallocate open openat close dup dup2 dup3 fcntl access faccessat",
              "faccessat2 io_uring_enter setsockopt getsockopt shutdown")
          .flatMap(names -> Stream.of(names.split(" ")))
          .map(name -> "?" + name)
          .collect(Collectors.joining(","));

  private static final long SIZE_MAX = 64 * Sizes.MIB;
  private static final Pattern LINE = Pattern.compile("(\\d+) +([a-z]\\w*)\\((.*)");
  private static final Pattern MARK = Pattern.compile(".*\"/znio-mark/(begin|end)/(\\w+)\".*");

  private final Session session;
  private final Places places;
  private final Map<String, List<RowResult>> byWorker = new HashMap<>();

  Trace(Session session, Places places, List<RowResult> results) {
    this.session = session;
    this.places = places;
    for (RowResult result : results) {
      if ("jdk".equals(result.row.impl())) {
        byWorker.computeIfAbsent(result.row.worker(), w -> new ArrayList<>()).add(result);
      }
    }
  }

  long count() {
    return byWorker.values().stream().mapToLong(List::size).sum();
  }

  void run() throws InterruptedException {
    session.progress().at("system calls of the JDK");
    for (Map.Entry<String, List<RowResult>> entry : byWorker.entrySet()) {
      List<RowResult> rows = entry.getValue().stream().filter(RowResult::isMeasured).toList();
      session.progress().step(entry.getValue().size() - rows.size());
      if (!rows.isEmpty()) {
        traceWorker(entry.getKey(), rows);
      }
    }
  }

  private void traceWorker(String worker, List<RowResult> rows) throws InterruptedException {
    if (Shell.find("strace").isEmpty()) {
      rows.forEach(row -> row.traceReason = "strace is missing (package strace)");
      session.progress().step(rows.size());
      return;
    }
    Path log = session.settings().scratch().resolve("strace.log");
    List<String> strace = new ArrayList<>(List.of("strace", "-f", "-qq", "-s", "8"));
    if (hasFilter()) {
      strace.add("--seccomp-bpf");
    }
    strace.addAll(List.of("-e", "trace=" + CALLS, "-o", log.toString()));
    try (WorkerProcess process = session.workers().startUnder(strace, worker)) {
      for (int id = 0; id < rows.size(); id++) {
        if (process.isAlive()) {
          runOne(process, rows.get(id), id);
        }
        session.progress().step();
      }
    } catch (WorkerException e) {
      String reason = "strace cannot trace here: " + e.getMessage();
      rows.stream().filter(r -> r.traceReason == null).forEach(r -> r.traceReason = reason);
    }
    take(rows, log);
  }

  /** Whether calls that are not asked for can run at full speed (strace 5.3, seccomp allowed). */
  private static boolean hasFilter() throws InterruptedException {
    try {
      Shell.run("strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=write", "true");
      return true;
    } catch (ShellException e) {
      return false;
    }
  }

  private void runOne(WorkerProcess process, RowResult result, int id)
      throws InterruptedException, WorkerException {
    Row row = result.row;
    if (row.size() > SIZE_MAX) {
      result.traceReason = "transfers over " + Sizes.text(SIZE_MAX) + " are not traced";
      return;
    }
    try {
      Wire command =
          PathsChapter.command("run", row, places.of(row.place()))
              .with("size", row.size())
              .with("bytes", transfers(row) * row.size());
      // Once without marks: the first use of a path also reads classes from jars.
      process.ask(command, 120);
      JsonNode answer = process.ask(command.with("mark", id), 120);
      if (!answer.path("ok").asBoolean()) {
        result.traceReason = "the run under strace failed: " + answer;
      }
    } catch (ShellException e) {
      result.traceReason = e.getMessage();
    }
  }

  /** Few enough to be quick under strace, enough to show what a single call costs. */
  private static long transfers(Row row) {
    return Math.max(
        Feasible.regionsPerCall(row), Math.max(1, Math.min(50, 8 * Sizes.MIB / row.size())));
  }

  private static void take(List<RowResult> rows, Path log) {
    Map<Integer, Long> counts;
    try (BufferedReader lines = Files.newBufferedReader(log, StandardCharsets.ISO_8859_1)) {
      counts = count(lines.lines());
    } catch (IOException e) {
      counts = Map.of();
    }
    for (int id = 0; id < rows.size(); id++) {
      RowResult result = rows.get(id);
      if (result.traceReason == null && counts.containsKey(id)) {
        result.tracedCalls = (double) counts.get(id) / transfers(result.row);
      } else if (result.traceReason == null) {
        result.traceReason = "strace's log does not hold the run";
      }
    }
  }

  /** Counts the calls between the two marks of each identifier, of the thread that set them. */
  static Map<Integer, Long> count(Stream<String> lines) {
    Map<String, Integer> openByThread = new HashMap<>();
    Map<Integer, Long> open = new HashMap<>();
    Map<Integer, Long> closed = new HashMap<>();
    lines.forEach(
        line -> {
          // A call that was interrupted in the log goes on in a "<... name resumed>" line.
          Matcher call = LINE.matcher(line);
          if (!call.matches()) {
            return;
          }
          String thread = call.group(1);
          Matcher mark = MARK.matcher(call.group(3));
          Integer id = openByThread.get(thread);
          if (!mark.matches()) {
            open.computeIfPresent(id == null ? -1 : id, (key, calls) -> calls + 1);
          } else if (mark.group(1).equals("begin")) {
            openByThread.put(thread, Integer.valueOf(mark.group(2)));
            open.put(Integer.valueOf(mark.group(2)), 0L);
          } else if (id != null && id.equals(Integer.valueOf(mark.group(2)))) {
            openByThread.remove(thread);
            closed.put(id, open.remove(id));
          }
        });
    return closed;
  }
}
