// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * The JDK's channel as the model of ours: a random sequence of operations is done on both, each
 * over files of its own, and each step must tell the same: results, exceptions, buffers, positions;
 * now and then all bytes of all files. Where we differ on purpose, {@link Difference} says how the
 * two are made comparable. Each run of one seed on one file system is the same.
 */
final class ChannelModel implements AutoCloseable {
  /** The message of exceptions that are the test's own: both sides must let them through. */
  static final String OWN = "of the test";

  /** All bytes are compared after so many operations. */
  private static final int COMPARED = 32;

  private static final int KEPT = 20;

  /** The rows of the tables in README and java/CHANNEL.md that a random operation meets. */
  enum Difference {
    /** Of one file, ours moves as memmove: no such ranges here. */
    OVERLAPPING,
    /** To channels of another kind ours moves more at a time: a short write tells. */
    CHUNKS,
    /**
     * To a file in append mode ours transfers as by relative writes, the JDK's as by positional
     * ones: so it is the descriptor's own position, or the given one, that the kernel may refuse.
     */
    APPENDED,
    /** Where no byte is to be moved the JDK's has the kernel look at the place all the same. */
    NOTHING_LEFT,
    /** The JDK's, until 21, refused to leave a hole in transferFrom: it is done for it. */
    PAST_THE_END,
    /** The JDK's, until 21, asked last whether the source of transferFrom may be read. */
    SOURCE_FIRST,
    /** The JDK's, until 21, took a lock of size 0 for one of nothing: it is told what we mean. */
    LOCK_OF_0;

    private int met;

    private long meet(long value) {
      met++;
      return value;
    }

    long clamp(long from, long to, long count) {
      long distance = Math.abs(from - to);
      return from < 0 || to < 0 || count <= distance ? count : meet(distance);
    }

    int below(int most) {
      return (int) meet(most);
    }

    /** A place that the kernel knows. */
    long position(long position, boolean differs) {
      return differs && position > Integer.MAX_VALUE ? meet(Integer.MAX_VALUE) : position;
    }

    long one() {
      return meet(1);
    }

    long none(long count, boolean differs) {
      return differs && count > 0 ? meet(0) : count;
    }

    long size(long position, long size) {
      return size == 0 ? meet(Long.MAX_VALUE - Math.max(0, position)) : size;
    }

    void ask(ReadableByteChannel source, FileChannel target) throws IOException {
      if (source instanceof FileChannel && source.isOpen() && target.isOpen()) {
        meet(source.read(ByteBuffer.allocate(0)));
      }
    }

    long copy(ReadableByteChannel source, FileChannel target, long position, long count)
        throws IOException {
      meet(0);
      if (!(source instanceof FileChannel file)) {
        return copyAll(source, target, position, count);
      }
      long at = file.position();
      long moved = -1;
      try {
        moved = copyAll(source, target, position, Math.min(count, file.size() - at));
        return moved;
      } finally {
        file.position(at + Math.max(0, moved));
      }
    }

    private static long copyAll(
        ReadableByteChannel source, FileChannel target, long position, long count)
        throws IOException {
      long moved = 0;
      ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
      try {
        while (moved < count) {
          buffer.clear().limit((int) Math.min(buffer.capacity(), count - moved));
          if (source.read(buffer) <= 0) {
            break;
          }
          moved += target.write(buffer.flip(), position + moved);
        }
        return moved;
      } catch (IOException e) {
        if (moved > 0) {
          return moved;
        }
        throw e;
      }
    }
  }

  private final long seed;
  private final SplittableRandom random;
  private final ChannelModelSide jdk;
  private final ChannelModelSide znio;
  private final Map<ChannelModelOperation, Map<String, Integer>> results =
      new EnumMap<>(ChannelModelOperation.class);
  private final Deque<String> last = new ArrayDeque<>();
  private Exception failure; // of the latest operation
  private int steps;

  ChannelModel(long seed, Path directory) throws IOException {
    this.seed = seed;
    this.random = new SplittableRandom(seed);
    this.jdk = new ChannelModelSide(FileChannels.JDK, directory);
    this.znio = new ChannelModelSide(FileChannels.ZNIO, directory);
    for (ChannelModelOperation operation : ChannelModelOperation.values()) {
      results.put(operation, new TreeMap<>());
    }
  }

  void run(int operations) throws IOException {
    ChannelModelOperation[] wheel = wheel();
    while (steps < operations) {
      step(wheel[random.nextInt(wheel.length)]);
      if (++steps % COMPARED == 0 || steps == operations) {
        compare(jdk.content(), znio.content());
      }
    }
  }

  private static ChannelModelOperation[] wheel() {
    Deque<ChannelModelOperation> all = new ArrayDeque<>();
    for (ChannelModelOperation operation : ChannelModelOperation.values()) {
      for (int i = 0; i < operation.weight; i++) {
        all.add(operation);
      }
    }
    return all.toArray(new ChannelModelOperation[0]);
  }

  private void step(ChannelModelOperation operation) throws IOException {
    long arguments = random.nextLong();
    StringBuilder expected = new StringBuilder();
    StringBuilder told = new StringBuilder();
    String result = run(operation, jdk, arguments, expected);
    run(operation, znio, arguments, told);
    results.get(operation).merge(result, 1, Integer::sum);
    last.add(steps + ": " + expected);
    if (last.size() > KEPT) {
      last.remove();
    }
    compare(expected.toString(), told.toString());
  }

  /** The class of the exception; empty if there was none. */
  private String run(
      ChannelModelOperation operation, ChannelModelSide side, long arguments, StringBuilder text)
      throws IOException {
    String result = "";
    failure = null;
    text.append(operation);
    side.buffers.begin();
    try {
      operation.body.run(side, new ChannelModelDraw(arguments), text);
    } catch (Exception e) {
      failure = e;
      Class<?> type = e instanceof TransferException ? IOException.class : e.getClass();
      result = type.getSimpleName();
      text.append(" -> ").append(type.getName()).append(detail(e));
    }
    side.tellPositions(text);
    return result;
  }

  /** What of an exception, beside its class, is the JDK's contract. */
  private static String detail(Exception e) {
    if (e instanceof FileSystemException file) {
      return " " + Path.of(file.getFile()).getFileName();
    }
    boolean told = OWN.equals(e.getMessage()) || "Read-only buffer".equals(e.getMessage());
    return told ? " " + e.getMessage() : "";
  }

  private void compare(String expected, String told) {
    if (!expected.equals(told)) {
      throw new AssertionError(
          "-Dio.znio.test.modelSeed=%d, step %d:%nJDK:  %s%nznio: %s%nthe last operations:%n%s"
              .formatted(seed, steps, expected, told, String.join("\n", last)),
          failure);
    }
  }

  // ---- what came of it

  /** How often each operation was done, and ended in which exception; "" is none. */
  Map<ChannelModelOperation, Map<String, Integer>> results() {
    return results;
  }

  static int sum(Map<String, Integer> results) {
    return results.values().stream().mapToInt(i -> i).sum();
  }

  /** A line for each operation. */
  String histogram() {
    StringBuilder text = new StringBuilder();
    results.forEach(
        (operation, counts) ->
            text.append(
                "%-16s %6d %5.1f %%  ok%s%n"
                    .formatted(
                        operation,
                        sum(counts),
                        100.0 * sum(counts) / steps,
                        counts.toString().replace("{", "").replace("}", ""))));
    for (Difference difference : Difference.values()) {
      text.append("differs: ").append(difference).append(' ').append(difference.met).append('\n');
    }
    return text.toString();
  }

  @Override
  public void close() throws Exception {
    try (znio) {
      jdk.close();
    }
  }
}
