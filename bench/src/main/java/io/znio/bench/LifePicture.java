// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.znio.bench.LifeSeries.Column;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The command {@code lifecycle} for buffers and mappings: items are made, dropped or ended, and
 * watched until their memory has gone back. Time 0 is when they are dropped, or when the first one
 * is about to be ended.
 */
final class LifePicture {
  /** Memory below this is lost in what the JVM's own memory does. */
  private static final long WEIGHTY_BYTES = 4 * Sizes.MIB;

  /** For what must happen, on a machine that does other things. */
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);

  private static final int SMALL_BYTES = 4096;
  private static final double KERNEL_FIRST = 0.05;
  private static final double KERNEL_MOST = 0.9;

  private final Wire wire;
  private final boolean collects;
  private final int count;
  private final int size;
  private final boolean flip;
  private final boolean weighty;
  private final long holdNanos;
  private final long watchNanos;
  private final LifeSubject subject;
  private final LifeGc gc;
  private final LifeReports reports = new LifeReports();
  private final Object[] items;
  private final long[] endTimes;

  private LifeSampler sampler;
  private LifeFinder finder;
  private long base;
  private long zero;
  private long collectBegan;
  private long collectEnded;
  private LifeThreads.Busiest busiest;

  LifePicture(Wire wire) throws IOException {
    this.wire = wire;
    this.collects = wire.need("by").equals("gc");
    this.count = (int) wire.needLong("count");
    this.size = (int) wire.needLong("size");
    this.flip = "1".equals(wire.get("flip"));
    this.weighty = (long) count * size >= WEIGHTY_BYTES && !wire.need("op").equals("many");
    this.holdNanos = TimeUnit.MILLISECONDS.toNanos(wire.needLong("hold"));
    this.watchNanos = TimeUnit.MILLISECONDS.toNanos(wire.needLong("watch"));
    this.subject = LifeSubject.of(wire, size);
    this.items = new Object[count];
    this.endTimes = new long[collects ? 0 : count];
    warmUp();
    this.gc = new LifeGc();
  }

  /** One small life, so that what follows is not the loading of classes. */
  private void warmUp() throws IOException {
    LifeSubject small = LifeSubject.of(wire, SMALL_BYTES);
    long before = small.liveItems();
    Object item = small.make(0);
    if (!collects) {
      small.end(item);
      return;
    }
    item = null;
    System.gc();
    LifeLedger ledger = LifeLedger.of(wire);
    long end = System.nanoTime() + PATIENCE_NANOS;
    while ((small.liveItems() > before || ledger != null && !ledger.isEmpty())
        && System.nanoTime() - end < 0) {
      LockSupport.parkNanos(1_000_000);
    }
  }

  ObjectNode run() throws IOException, InterruptedException {
    LifeLedger ledger = LifeLedger.of(wire);
    base = subject.liveItems();
    sampler = new LifeSampler(subject);
    finder = collects && !wire.need("op").equals("many") ? new LifeFinder(count) : null;
    sampler.start();
    makeAll();
    LockSupport.parkNanos(holdNanos);
    LifeThreads threads = new LifeThreads();
    if (collects) {
      dropAll();
    } else {
      endAll();
    }
    await(threads);
    LifeSeries series = sampler.finish();
    long[] found = finder == null ? null : finder.finish();
    ObjectNode answer = answer(series, found);
    String wrong = wrong(series, found, ledger);
    if (ledger != null) {
      ledger.report(answer);
    }
    answer.put("verified", wrong == null);
    answer.put("wrong", wrong);
    return answer;
  }

  private void makeAll() throws IOException {
    for (int i = 0; i < count; i++) {
      items[i] = subject.make(i);
      if (finder != null) {
        finder.watch(i, items[i]);
      }
    }
    if (finder != null) {
      finder.start();
    }
  }

  /** Drops all items, lets some time go by, in which nothing happens, and collects. */
  private void dropAll() {
    zero = System.nanoTime();
    if (!flip) {
      Arrays.fill(items, null);
    }
    LockSupport.parkNanos(holdNanos);
    collectBegan = System.nanoTime();
    System.gc();
    collectEnded = System.nanoTime();
  }

  private void endAll() throws IOException {
    LifeThreads.Busiest before = LifeThreads.own();
    zero = System.nanoTime();
    for (int i = flip ? 1 : 0; i < count; i++) {
      subject.end(items[i]);
      endTimes[i] = System.nanoTime();
    }
    busiest = LifeThreads.own().since(before);
  }

  /** Waits until all is over, or for the time that was given. */
  private void await(LifeThreads threads) {
    // What is known not to end is watched as long as what may not come back.
    boolean stays = flip || "sampled".equals(wire.get("leaks"));
    long end = System.nanoTime() + (stays ? watchNanos : PATIENCE_NANOS);
    long full = sampler.resident();
    boolean ended = false;
    while (System.nanoTime() - end < 0 && !(ended && isBack(full))) {
      LockSupport.parkNanos(1_000_000);
      if (!ended && sampler.live() <= base) {
        ended = true;
        end = System.nanoTime() + watchNanos;
        noteBusiest(threads);
      }
    }
    if (!ended) {
      noteBusiest(threads);
    }
  }

  /** Who did the work that no call did. */
  private void noteBusiest(LifeThreads threads) {
    if (collects) {
      String own = Thread.currentThread().getName(); // it only waits
      busiest = threads.busiest(Set.of(sampler.getName(), LifeFinder.NAME, gc.teller(), own));
    }
  }

  private boolean isBack(long full) {
    return (finder == null || finder.count() == count)
        && (!weighty || sampler.resident() <= full - (long) (KERNEL_MOST * count * size));
  }

  private ObjectNode answer(LifeSeries series, long[] found) {
    ObjectNode answer = Json.object();
    answer.put("ok", true);
    answer.put("count", count);
    answer.put("bytes", (long) count * size);
    ObjectNode events = answer.putObject("events");
    events.set("found", found == null ? null : moments(found.length, found));
    List<LifeReports.Report> told = reports.since(zero);
    events.set(
        "told",
        told.isEmpty()
            ? null
            : moments(told.size(), told.stream().mapToLong(LifeReports.Report::nanos).toArray()));
    answer.put("told_by", told.isEmpty() ? null : told.get(0).thread());
    events.set("cleaned", cleaned(series));
    events.set("allocator", fall(series, Column.ALLOCATOR_BYTES, KERNEL_FIRST));
    events.set("kernel", fall(series, Column.RESIDENT_BYTES, KERNEL_FIRST));
    answer.set("gc", gc.json(zero, collects ? collectEnded : endTimes[count - 1]));
    double call =
        collects
            ? LifeSeries.millis(collectEnded - collectBegan)
            : LifeSeries.millis(endTimes[count - 1] - zero);
    answer.put("call_ms", call);
    answer.put("call_at_ms", collects ? LifeSeries.millis(collectBegan - zero) : 0);
    answer.put("thread", busiest == null ? null : busiest.name());
    answer.put("thread_cpu_ms", busiest == null ? 0 : LifeSeries.millis(busiest.cpuNanos()));
    answer.put("sample_us", Math.round(series.sampleMicros()));
    answer.put("watched_ms", TimeUnit.NANOSECONDS.toMillis(watchNanos));
    answer.set("series", series.json(zero, zero - 2 * holdNanos));
    return answer;
  }

  /** Items that ended: by the return of each call, or by the owner's counter. */
  private ObjectNode cleaned(LifeSeries series) {
    long ended = count - (series.last(Column.LIVE_ITEMS) - base);
    if (!collects) {
      return moments(ended, endTimes);
    }
    long[] times = new long[3];
    long[] numbers = {1, (count + 1) / 2, count};
    for (int i = 0; i < times.length; i++) {
      times[i] = series.fell(Column.LIVE_ITEMS, zero, base + count - numbers[i]);
    }
    return moment(ended, times[0], times[1], times[2]);
  }

  /** When parts of the memory had left a counter of bytes: some, half, and nearly all. */
  private ObjectNode fall(LifeSeries series, Column column, double some) {
    if (!weighty || series.last(column) == LifeSubject.NONE) {
      return null;
    }
    long all = (long) count * size;
    long full = series.at(zero, column);
    long back = Math.max(0, full - series.last(column)) / size;
    return moment(
        Math.min(count, back),
        series.fell(column, zero, full - (long) (some * all)),
        series.fell(column, zero, full - all / 2),
        series.fell(column, zero, full - (long) (KERNEL_MOST * all)));
  }

  private ObjectNode moments(long number, long[] times) {
    long[] sorted = Arrays.stream(times).filter(time -> time != 0).sorted().toArray();
    return sorted.length == 0
        ? moment(number, -1, -1, -1)
        : moment(number, sorted[0], sorted[sorted.length / 2], sorted[sorted.length - 1]);
  }

  private ObjectNode moment(long number, long first, long median, long last) {
    ObjectNode node = Json.object();
    node.put("count", number);
    put(node, "first_ms", first);
    put(node, "median_ms", median);
    put(node, "last_ms", last);
    return node;
  }

  private void put(ObjectNode node, String field, long time) {
    if (time < 0) {
      node.putNull(field);
    } else {
      node.put(field, LifeSeries.millis(time - zero));
    }
  }

  /** What is wrong with what was seen, in one sentence; null if nothing is. */
  private String wrong(LifeSeries series, long[] found, LifeLedger ledger) {
    List<String> wrong = new ArrayList<>();
    long left = series.last(Column.LIVE_ITEMS) - base;
    long unknown = ledger == null ? 0 : ledger.unsampled();
    if (left != unknown) {
      wrong.add(left + " of " + count + " items live on");
    }
    if (found != null && found.length != count) {
      wrong.add(found.length + " of " + count + " items were found unreachable");
    }
    if (ledger != null) {
      ledger.settle(count - left, PATIENCE_NANOS);
      ledger.check(collects, count - left, wrong);
    }
    return wrong.isEmpty() ? null : String.join("; ", wrong);
  }
}
