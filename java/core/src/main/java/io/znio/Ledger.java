// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * What znio holds and what it did, in the whole process, the agent's part included. Any thread may
 * ask; nothing has to be closed. Numbers since the process began never go back.
 */
public final class Ledger {
  static {
    NativeLibrary.load();
  }

  private static final int COUNTS = 6;
  private static final int ENTRIES_AT_ONCE = 1024;
  private static final int PLACES_MAX = 64;
  private static final Kind[] KINDS = Kind.values();

  private Ledger() {}

  /**
   * Live resources of the whole process. Each counter is exact; together they are not a snapshot.
   *
   * @param regions live {@link Region}s, those used inside a transfer included
   * @param regionBytes their bytes, as asked for
   * @param mappings live mappings: {@link Mapping}s, and those of {@link NativeFileChannel#map}
   * @param mappingBytes their bytes, as asked for
   * @param memfds live {@link Memfd}s
   * @param memfdBytes the bytes behind them; shared memory counts once for each holder here
   * @param pins loans of memory to the kernel that are not yet returned, those of calls that are
   *     still running included
   * @param pinBytes the bytes lent
   * @param pipes open pipes, up to 16 idle ones included
   * @param rings open io_uring instances, idle ones included
   * @param descriptors descriptors that znio holds open, those of pipes and rings included
   */
  public record Totals(
      long regions,
      long regionBytes,
      long mappings,
      long mappingBytes,
      long memfds,
      long memfdBytes,
      long pins,
      long pinBytes,
      long pipes,
      long rings,
      long descriptors) {}

  /** What is counted one by one. */
  public enum Kind {
    /** Off-heap memory: buffers of {@link DirectBuffers}, and {@link Region}s. */
    REGION,
    /** {@link Mapping}s. */
    MAPPING,
    /** {@link Memfd}s. */
    MEMFD,
    /** Memory lent to the kernel. */
    PIN
  }

  /**
   * Something that was dropped without being closed; it has been closed since.
   *
   * @param kind what it was
   * @param address where it was; 0 for a memfd
   * @param size its bytes, as asked for
   * @param thread the number of the thread that made it ({@code Thread.getId}); 0: a virtual thread
   *     that shares a stock of blocks
   * @param ageMillis how long it had lived when it was found: ms, a multiple of {@link #tickMillis}
   * @param site its place of birth, one frame a line, the innermost first; or a note that it was
   *     not sampled
   */
  public record Leak(
      Kind kind, long address, long size, long thread, long ageMillis, String site) {}

  /**
   * What lives, or has leaked, and was made at one place.
   *
   * @param site the place, as in {@link Leak#site}
   * @param items how many there are
   * @param bytes theirs together, as asked for
   */
  public record Place(String site, long items, long bytes) {}

  /**
   * What of one kind there was and is, exact.
   *
   * @param bornItems made since the process began
   * @param bornBytes theirs, as asked for
   * @param diedItems ended since, for whatever cause; what lives is the difference
   * @param diedBytes theirs, as asked for
   * @param cleaned of diedItems: left to the collector, as agreed
   * @param leaked of diedItems: dropped without being closed, and found
   * @param ages how long those that died have lived: [0] less than one tick of the coarse clock
   *     ({@link #tickMillis}), [b] from 2^(b-1) to less than 2^b ticks; the last, [33]: not known.
   *     Cannot be changed
   */
  public record Counts(
      long bornItems,
      long bornBytes,
      long diedItems,
      long diedBytes,
      long cleaned,
      long leaked,
      List<Long> ages) {
    /** {@return how many of diedItems were closed, freed or unmapped by whoever owned them} */
    public long closedItems() {
      return diedItems - cleaned - leaked;
    }

    /** {@return how many live} */
    public long liveItems() {
      return bornItems - diedItems;
    }

    /** {@return the bytes of what lives, as asked for} */
    public long liveBytes() {
      return bornBytes - diedBytes;
    }

    private Counts minus(Counts other) {
      List<Long> difference = new ArrayList<>();
      for (int i = 0; i < ages.size(); i++) {
        difference.add(ages.get(i) - other.ages.get(i));
      }
      return new Counts(
          bornItems - other.bornItems,
          bornBytes - other.bornBytes,
          diedItems - other.diedItems,
          diedBytes - other.diedBytes,
          cleaned - other.cleaned,
          leaked - other.leaked,
          List.copyOf(difference));
    }
  }

  /**
   * Memory that is neither live nor jemalloc's to give out.
   *
   * @param magazines threads' stocks of free blocks
   * @param magazineBytes what is in them
   * @param depotItems free blocks in the depot that all threads share; at most 32 MiB
   * @param depotBytes theirs
   * @param quarantineItems freed blocks that wait until no running reader can hold them; those that
   *     a thread has just freed and not yet handed in are not counted
   * @param quarantineBytes theirs
   * @param records of blocks, mappings and the like, ever made: 32 bytes each, which are used again
   *     and never given back
   * @param keptMappings mappings that are closed, and whose addresses are kept for views
   * @param keptBytes of address space that they keep; no memory lies behind them
   */
  public record Idle(
      long magazines,
      long magazineBytes,
      long depotItems,
      long depotBytes,
      long quarantineItems,
      long quarantineBytes,
      long records,
      long keptMappings,
      long keptBytes) {}

  /**
   * jemalloc's own figures, in bytes; its manual explains them under {@code stats.*}.
   *
   * @param allocated in blocks that it has handed out, records and idle blocks included
   * @param active in pages with such blocks
   * @param metadata of its own bookkeeping
   * @param resident in pages that may be in memory: active ones, metadata, and unused dirty ones
   * @param mapped in extents that hold active pages
   * @param retained address space that is kept and holds no memory
   */
  public record Heap(
      long allocated, long active, long metadata, long resident, long mapped, long retained) {}

  /**
   * The limits. {@link Long#MAX_VALUE}: none.
   *
   * @param memoryMax bytes of blocks and of memory lent to the kernel together ({@code
   *     -Dio.znio.maxBytes}; by default as much as the JDK allows for direct memory)
   * @param memoryLive bytes that count against it; a block that is lent counts once
   * @param mappedMax bytes of mappings ({@code -Dio.znio.maxMappedBytes}; by default none)
   * @param mappedLive bytes that count against it, until the mapping is closed
   */
  public record Limits(long memoryMax, long memoryLive, long mappedMax, long mappedLive) {}

  /**
   * All counters, read one after the other: each is exact, together they are not one moment.
   *
   * @param counts of each kind; cannot be changed
   * @param totals what lives
   * @param idle what is neither live nor jemalloc's to give out
   * @param heap jemalloc's figures; null if it was built without them
   */
  public record Snapshot(Map<Kind, Counts> counts, Totals totals, Idle idle, Heap heap) {
    /**
     * What was counted between two snapshots.
     *
     * @param before the earlier one
     * @return the differences of all counts; totals, idle and heap are those of this snapshot
     */
    public Snapshot diff(Snapshot before) {
      Map<Kind, Counts> difference = new EnumMap<>(Kind.class);
      counts.forEach((kind, now) -> difference.put(kind, now.minus(before.counts.get(kind))));
      return new Snapshot(Collections.unmodifiableMap(difference), totals, idle, heap);
    }
  }

  /** {@return all counters, as they are now} */
  public static Snapshot snapshot() {
    Map<Kind, Counts> counts = new EnumMap<>(Kind.class);
    for (Kind kind : Kind.values()) {
      counts.put(kind, counts(kind));
    }
    return new Snapshot(Collections.unmodifiableMap(counts), totals(), idle(), heapOrNull());
  }

  /**
   * Reads the counters of one kind.
   *
   * @param kind of what
   * @return its counters, as they are now
   */
  public static Counts counts(Kind kind) {
    long[] c = new long[COUNTS + Native.AGES];
    Native.ledgerReadKind(kind.ordinal(), c);
    List<Long> ages = new ArrayList<>();
    for (int i = COUNTS; i < c.length; i++) {
      ages.add(c[i]);
    }
    return new Counts(c[0], c[1], c[2], c[3], c[4], c[5], List.copyOf(ages));
  }

  /** {@return what is neither live nor jemalloc's to give out, as it is now} */
  public static Idle idle() {
    long[] i = new long[7];
    Native.ledgerReadIdle(i);
    long[] kept = new long[2];
    Native.mappingKept(kept);
    return new Idle(i[0], i[1], i[2], i[3], i[4], i[5], i[6], kept[0], kept[1]);
  }

  /**
   * Reads jemalloc's figures, which it adds up for that.
   *
   * @return the figures, as they are now
   * @throws UnsupportedOperationException if it was built without them
   */
  public static Heap heap() {
    Heap heap = heapOrNull();
    if (heap == null) {
      throw new UnsupportedOperationException("This jemalloc was built without statistics");
    }
    return heap;
  }

  static Heap heapOrNull() {
    long[] h = new long[6];
    int result = Native.regionReadStatistics(h);
    return result < 0 ? null : new Heap(h[0], h[1], h[2], h[3], h[4], h[5]);
  }

  /** {@return the limits, and what counts against them now} */
  public static Limits limits() {
    Limit.set();
    long[] s = new long[6];
    Native.limitRead(s);
    return new Limits(s[0], s[1], s[3], s[4]);
  }

  /**
   * {@return the step of the coarse clock that births and lifetimes are measured with, in
   * milliseconds: 10, or {@code -Dio.znio.tickMillis}}
   */
  public static int tickMillis() {
    return Settings.TICK_MILLIS;
  }

  /** How long what was born at {@code birthTick} has lived by now. */
  static long ageMillis(long birthTick) {
    int ticks = Native.ledgerTick() - (int) birthTick; // they wrap at 2^32
    return Integer.toUnsignedLong(ticks) * Settings.TICK_MILLIS;
  }

  /**
   * Something that lives.
   *
   * @param kind what it is
   * @param address where it is; 0 for a memfd
   * @param size its bytes, as asked for
   * @param birthTick of the coarse clock, which wraps at 2^32: see {@link #ageMillis()}
   * @param thread the number of the thread that made it ({@code Thread.getId}); 0: a virtual thread
   *     that shares a stock of blocks
   * @param site its place of birth, if that was sampled: see {@link Leak#site}
   */
  public record Entry(
      Kind kind, long address, long size, long birthTick, long thread, String site) {
    /**
     * {@return how long it has lived by now: ms, a multiple of {@link Ledger#tickMillis}; beyond
     * 2^32 ticks (497 days at 10 ms) it begins again at 0}
     */
    public long ageMillis() {
      return Ledger.ageMillis(birthTick);
    }
  }

  /**
   * The places of birth whose live things hold most bytes, the largest first. What was not sampled
   * is one place. Walks over all that lives, in C.
   *
   * @param most how many, 1 to 64
   * @param kinds of these kinds; none given: of all
   * @return at most {@code most} places; none if nothing lives, or there is no memory for the walk
   * @throws IllegalArgumentException for another number
   */
  public static List<Place> largest(int most, Kind... kinds) {
    if (most < 1 || most > PLACES_MAX) {
      throw new IllegalArgumentException("Number " + most + " of places is not 1..." + PLACES_MAX);
    }
    int bits = kinds.length == 0 ? (1 << Native.KINDS) - 1 : 0;
    for (Kind kind : kinds) {
      bits |= 1 << kind.ordinal();
    }
    long[] totals = new long[3 * most];
    int count = Native.siteLargest(bits, totals, most);
    List<Place> places = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String site = Sites.text((int) totals[3 * i]);
      places.add(new Place(site, totals[3 * i + 1], totals[3 * i + 2]));
    }
    return places;
  }

  /**
   * Shows all that lives to {@code visitor}, one by one. Stops nobody: what is born or dies
   * meanwhile may be missed, what lives all the time is seen once. Needs no more memory for a
   * million entries than for a thousand.
   *
   * @param visitor is called in this thread; what it throws ends the walk and is thrown on. It may
   *     allocate, free, map and close
   */
  public static void live(Consumer<Entry> visitor) {
    Objects.requireNonNull(visitor, "visitor");
    long[] cursor = new long[1];
    long[] entries = new long[ENTRIES_AT_ONCE * Native.ENTRY_LENGTH];
    Map<Integer, String> sites = new HashMap<>();
    while (true) {
      long count = Native.ledgerNext(cursor, 1 << Native.STATE_LIVE, entries, ENTRIES_AT_ONCE);
      if (count <= 0) {
        return;
      }
      for (int i = 0; i < count; i++) {
        int at = i * Native.ENTRY_LENGTH;
        int site = (int) entries[at + Native.ENTRY_SITE];
        visitor.accept(
            new Entry(
                KINDS[(int) entries[at + Native.ENTRY_KIND]],
                entries[at + Native.ENTRY_ADDRESS],
                entries[at + Native.ENTRY_SIZE],
                entries[at + Native.ENTRY_BIRTH],
                entries[at + Native.ENTRY_THREAD],
                sites.computeIfAbsent(site, Sites::text)));
      }
    }
  }

  /** {@return all that lives, as a list of the caller's own; see {@link #live(Consumer)}} */
  public static List<Entry> live() {
    List<Entry> list = new ArrayList<>();
    live(list::add);
    return list;
  }

  /** {@return the last 1024 leaks that were found, the oldest first; a list of the caller's own} */
  public static List<Leak> leaks() {
    return LeakLog.all();
  }

  /**
   * {@return all leaks that were found since the process began, by kind and place of birth, those
   * with most bytes first; a list of the caller's own}
   */
  public static List<Place> leakPlaces() {
    List<Place> places = new ArrayList<>();
    LeakLog.groups().forEach(g -> places.add(new Place(g.site(), g.items(), g.bytes())));
    return places;
  }

  /** {@return the counters of what lives, as they are now} */
  public static Totals totals() {
    long[] t = new long[11];
    Native.ledgerRead(t);
    return new Totals(t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7], t[8], t[9], t[10]);
  }

  /**
   * {@return how many system calls the calling thread (of a virtual thread: its carrier) has made
   * through znio since it started, failed ones included} Those that the JDK made are not counted.
   */
  public static long systemCalls() {
    return Native.ledgerSystemCalls();
  }

  /** Closes idle pipes, so that {@link Totals#descriptors} counts only what is in use. */
  public static void trim() {
    Native.pipeTrim();
  }
}
