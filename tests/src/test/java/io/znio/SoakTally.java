// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** What {@link Soak} has tried, how often, and which faults came of it. */
final class SoakTally {
  /** One kind of work, whole in itself: what it makes it ends. */
  interface Work {
    /** Returns whether all was done; false: a fault, which is counted, cut it short. */
    boolean run(SoakWorker worker) throws Exception;
  }

  /** What the threads do, by its share of the load. */
  enum Operation {
    EXCHANGE(6, SoakMemory::exchange),
    VIEW(4, SoakMemory::view),
    LIMIT(1, SoakMemory::limit),
    SEGMENT(2, SoakMemory::segment),
    MEMFD(1, SoakMemory::memfd),
    ANONYMOUS(1, SoakMemory::anonymous),
    MAP(2, SoakFiles::map),
    MAP_SHORT(3, SoakFiles::mapShort),
    CHANNEL(2, SoakFiles::channel),
    CHANNEL_CLOSED(2, SoakFiles::channelClosed),
    LOCK(2, SoakFiles::lock),
    FILE_TO_FILE(2, SoakFiles::copy),
    SHORT_TO_FILE(2, SoakFiles::copyShort),
    URING(1, SoakFiles::uring),
    FILE_TO_STREAM(4, SoakStreams::file),
    MEMORY_TO_STREAM(2, SoakStreams::memory),
    ZEROCOPY(2, SoakStreams::zerocopy),
    REGIONS(2, SoakStreams::regions),
    STREAM_TO_FILE(4, SoakStreams::toFile),
    STREAM_TO_STREAM(2, SoakStreams::relay),
    STREAM_TO_FULL(1, SoakStreams::toFull);

    final int share;
    private final Work work;

    Operation(int share, Work work) {
      this.share = share;
      this.work = work;
    }

    boolean run(SoakWorker worker) throws Exception {
      return work.run(worker);
    }

    boolean isThere() {
      return this != SEGMENT || Runtime.version().feature() >= 22;
    }
  }

  /** What goes wrong, on purpose or by chance. */
  enum Fault {
    /** The peer closed its end in the middle. */
    PEER_CLOSED,
    /** The channel was closed by another thread in the middle. */
    CLOSED,
    /** The thread was interrupted in the middle. */
    INTERRUPTED,
    /** A file was cut short under its mapping, or under a transfer. */
    CUT,
    /** A target in non-blocking mode took nothing. */
    FULL,
    /** A source in non-blocking mode had nothing. */
    EMPTY,
    /** The device took nothing: bytes were stranded. */
    NO_SPACE,
    /** The limit of memory refused. */
    LIMIT,
    /** A view was used after its end, at rest or in a race. */
    STALE,
    /** An owner was dropped without being closed. */
    DROPPED,
    /** A lock was another thread's. */
    LOCKED
  }

  private static final class Sums {
    final LongAdder tried = new LongAdder();
    final LongAdder done = new LongAdder();
    final LongAdder impossible = new LongAdder();
  }

  private final Map<Operation, Sums> operations = new EnumMap<>(Operation.class);
  private final Map<Fault, LongAdder> faults = new EnumMap<>(Fault.class);
  private final LongAdder bytes = new LongAdder();

  SoakTally() {
    for (Operation operation : Operation.values()) {
      operations.put(operation, new Sums());
    }
    for (Fault fault : Fault.values()) {
      faults.put(fault, new LongAdder());
    }
  }

  void tried(Operation operation) {
    operations.get(operation).tried.increment();
  }

  void done(Operation operation) {
    operations.get(operation).done.increment();
  }

  /** This machine cannot do it, and said so. */
  void impossible(Operation operation) {
    operations.get(operation).impossible.increment();
  }

  void met(Fault fault) {
    faults.get(fault).increment();
  }

  void met(Fault fault, long times) {
    faults.get(fault).add(times);
  }

  /** Bytes that arrived and were compared. */
  void verified(long count) {
    bytes.add(count);
  }

  long triedAll() {
    return operations.values().stream().mapToLong(sums -> sums.tried.sum()).sum();
  }

  long metAll() {
    return faults.values().stream().mapToLong(LongAdder::sum).sum();
  }

  long verifiedBytes() {
    return bytes.sum();
  }

  /** A line for each operation and fault. */
  String table() {
    StringBuilder text = new StringBuilder();
    operations.forEach(
        (operation, sums) ->
            text.append(
                String.format(
                    "  %-17s %,12d tried %,12d whole%s%n",
                    operation,
                    sums.tried.sum(),
                    sums.done.sum(),
                    sums.impossible.sum() > 0 ? "  not possible here: " + sums.impossible : "")));
    faults.forEach(
        (fault, times) -> text.append(String.format("  %-17s %,12d met%n", fault, times.sum())));
    return text.toString();
  }

  /** What never ran, never succeeded or never happened: a run without it proves nothing. */
  List<String> missing() {
    List<String> missing = new ArrayList<>();
    operations.forEach(
        (operation, sums) -> {
          if (operation.isThere() && sums.impossible.sum() == 0 && sums.done.sum() == 0) {
            missing.add(operation + " (tried " + sums.tried + ")");
          }
        });
    faults.forEach(
        (fault, times) -> {
          if (times.sum() == 0 && (fault != Fault.STALE || SafetyLevel.IS_CHECKED)) {
            missing.add(fault.toString());
          }
        });
    return missing;
  }
}
