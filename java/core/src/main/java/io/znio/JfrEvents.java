// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.util.Locale;
import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Enabled;
import jdk.jfr.Event;
import jdk.jfr.FlightRecorder;
import jdk.jfr.FlightRecorderListener;
import jdk.jfr.Label;
import jdk.jfr.MemoryAddress;
import jdk.jfr.Name;
import jdk.jfr.Period;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;
import jdk.jfr.Timespan;

/**
 * The events of JDK Flight Recorder. Loaded only where module jdk.jfr is; the rest of znio goes by
 * {@link Jfr}. Any thread.
 *
 * <p>{@code PROBE} of an event is never committed: it is there to be asked whether the event is
 * enabled.
 */
final class JfrEvents {
  private static final String CATEGORY = "znio";

  private static final String[] CAUSES = {"closed", "cleaned", "leaked"}; // by Native.CAUSE_...

  private JfrEvents() {}

  /** Off by default, because an allocation costs less than its event. */
  @Name("io.znio.Allocate")
  @Label("Allocate")
  @Category(CATEGORY)
  @Description("Allocation of a direct buffer or region; off by default, because it is frequent")
  @Enabled(false)
  @Threshold("0 ns")
  static final class Allocate extends Event {
    static final Allocate PROBE = new Allocate();

    @Label("Address")
    @MemoryAddress
    long address;

    @Label("Size")
    @DataAmount
    long size;

    @Label("Alignment")
    @Description("As asked for; 0: the usual 16 bytes")
    @DataAmount
    long alignment;

    @Label("Zeroed")
    boolean zeroed;
  }

  /** Off by default, as {@link Allocate}. */
  @Name("io.znio.Free")
  @Label("Free")
  @Category(CATEGORY)
  @Description("End of a direct buffer or region; off by default, because it is frequent")
  @Enabled(false)
  @Threshold("0 ns")
  static final class Free extends Event {
    static final Free PROBE = new Free();

    @Label("Address")
    @MemoryAddress
    long address;

    @Label("Size")
    @DataAmount
    long size;

    @Label("Lifetime")
    @Description("In steps of the ledger's clock, 10 ms")
    @Timespan(Timespan.MILLISECONDS)
    long lifetime;

    @Label("Cause")
    @Description("closed: by its owner; leaked: it was dropped, and found")
    String cause;

    @Label("Quarantined")
    @Description("The memory is not reused before no running thread can read it")
    boolean quarantined;
  }

  @Name("io.znio.Map")
  @Label("Map")
  @Category(CATEGORY)
  @Description("A file, or anonymous memory, was mapped")
  @Threshold("0 ns")
  static final class MapFile extends Event {
    static final MapFile PROBE = new MapFile();

    @Label("Address")
    @MemoryAddress
    long address;

    @Label("Size")
    @DataAmount
    long size;

    @Label("File")
    String file;

    @Label("Offset")
    @Description("In the file")
    @DataAmount
    long offset;
  }

  @Name("io.znio.Unmap")
  @Label("Unmap")
  @Category(CATEGORY)
  @Description("A mapping ended: its file is no longer mapped")
  @Threshold("0 ns")
  static final class Unmap extends Event {
    static final Unmap PROBE = new Unmap();

    @Label("Address")
    @MemoryAddress
    long address;

    @Label("Size")
    @DataAmount
    long size;

    @Label("File")
    String file;

    @Label("Lifetime")
    @Description("In steps of the ledger's clock, 10 ms")
    @Timespan(Timespan.MILLISECONDS)
    long lifetime;

    @Label("Cause")
    @Description(
        "closed: by its owner; cleaned: by the collector, as agreed; leaked: dropped and found")
    String cause;
  }

  /** The threshold is that of the JDK's own events of files and sockets. */
  @Name("io.znio.Transfer")
  @Label("Transfer")
  @Category(CATEGORY)
  @Description("Bytes were moved between files, sockets, pipes and memory")
  @Threshold("20 ms")
  static final class Move extends Event {
    static final Move PROBE = new Move();

    @Label("Source")
    @Description("file, tcp, unix, pipe or memory")
    String source;

    @Label("Target")
    @Description("file, tcp, unix, pipe or memory")
    String target;

    @Label("Path")
    @Description("The way that ran, named as its system call")
    String path;

    @Label("Bytes Asked For")
    @DataAmount
    long asked;

    @Label("Bytes Moved")
    @DataAmount
    long moved;

    @Label("System Calls")
    long systemCalls;

    @Label("Declined Path")
    @Description("A better way that did not run")
    String declinedPath;

    @Label("Declined Reason")
    String declinedReason;

    @Label("Kernel Copied")
    @Description("Whether the kernel copied although the path promises not to, if it has told")
    String kernelCopied;

    @Label("Error")
    @Description("What ended it early")
    String error;
  }

  @Name("io.znio.Leak")
  @Label("Leak")
  @Category(CATEGORY)
  @Description("Something was dropped without being closed, was found, and is closed now")
  @StackTrace(false) // it would be the finder's; the place of birth is a field
  static final class Dropped extends Event {
    static final Dropped PROBE = new Dropped();

    @Label("Kind")
    @Description("region, mapping, memfd or pin")
    String kind;

    @Label("Address")
    @MemoryAddress
    long address;

    @Label("Size")
    @DataAmount
    long size;

    @Label("Age")
    @Description("When it was found, in steps of the ledger's clock, 10 ms")
    @Timespan(Timespan.MILLISECONDS)
    long age;

    @Label("Birth Thread")
    @Description("The number of the Java thread that made it; 0: a virtual one")
    long birthThread;

    @Label("Place of Birth")
    @Description("The stack that made it, one frame a line, the innermost first")
    String placeOfBirth;
  }

  @Name("io.znio.Ledger")
  @Label("Ledger")
  @Category(CATEGORY)
  @Description("What znio holds, and jemalloc's figures")
  @Period("10 s")
  @StackTrace(false)
  static final class Totals extends Event {
    @Label("Regions")
    long regions;

    @Label("Region Bytes")
    @DataAmount
    long regionBytes;

    @Label("Mappings")
    long mappings;

    @Label("Mapping Bytes")
    @DataAmount
    long mappingBytes;

    @Label("Memfds")
    long memfds;

    @Label("Memfd Bytes")
    @DataAmount
    long memfdBytes;

    @Label("Pins")
    @Description("Loans of memory to the kernel")
    long pins;

    @Label("Pin Bytes")
    @DataAmount
    long pinBytes;

    @Label("Descriptors")
    long descriptors;

    @Label("Leaks")
    @Description("Found since the process began")
    long leaks;

    @Label("Counted Memory")
    @Description("What counts against io.znio.maxBytes")
    @DataAmount
    long memoryLive;

    @Label("Memory Limit")
    @Description("9223372036854775807: none")
    @DataAmount
    long memoryMax;

    @Label("Idle Bytes")
    @Description("Free blocks of threads and of their depot")
    @DataAmount
    long idleBytes;

    @Label("Quarantine Bytes")
    @DataAmount
    long quarantineBytes;

    @Label("Allocated")
    @Description("jemalloc's stats.allocated")
    @DataAmount
    long allocated;

    @Label("Active")
    @Description("jemalloc's stats.active")
    @DataAmount
    long active;

    @Label("Resident")
    @Description("jemalloc's stats.resident")
    @DataAmount
    long resident;

    @Label("Retained")
    @Description("jemalloc's stats.retained")
    @DataAmount
    long retained;
  }

  /**
   * Has Flight Recorder been used in this JVM? Before, no event can be enabled, and the first look
   * at one would have it read all metadata: a third of what the first buffer of a program cost.
   */
  static boolean mayRecord() {
    return FlightRecorder.isInitialized();
  }

  /** Waits for Flight Recorder; only then costs the periodic event anything. */
  static void start() {
    FlightRecorder.addListener(
        new FlightRecorderListener() {
          @Override
          public void recorderInitialized(FlightRecorder recorder) {
            FlightRecorder.addPeriodicEvent(Totals.class, JfrEvents::commitTotals);
          }
        });
  }

  /** {@link Blocks#openNow}, recorded. */
  static long allocate(long size, long alignment, boolean zeroed) {
    Allocate event = new Allocate();
    event.begin();
    long handle = Blocks.openNow(size, alignment, zeroed);
    event.end();
    if (event.shouldCommit()) {
      event.address = Blocks.address(handle);
      event.size = size;
      event.alignment = alignment;
      event.zeroed = zeroed;
      event.commit();
    }
    return handle;
  }

  /** {@link Blocks#closeNow}, recorded if it is the one that ends the block. */
  static boolean free(long handle, int cause, boolean quarantine) {
    Free event = new Free();
    event.begin();
    event.address = Blocks.address(handle); // all read before: then the record is another life's
    event.size = Blocks.size(handle);
    long birth = Blocks.birth(handle);
    boolean ended = Blocks.closeNow(handle, cause, quarantine);
    event.end();
    if (ended && event.shouldCommit()) {
      event.lifetime = Ledger.ageMillis(birth);
      event.cause = CAUSES[cause];
      event.quarantined = quarantine;
      event.commit();
    }
    return ended;
  }

  static Object beginMap() {
    MapFile event = new MapFile();
    event.begin();
    return event;
  }

  /** {@code begun}: of {@link Jfr#beginMap}, not null. */
  static void endMap(Object begun, long address, long size, String file, long offset) {
    MapFile event = (MapFile) begun;
    event.end();
    if (event.shouldCommit()) {
      event.address = address;
      event.size = size;
      event.file = file;
      event.offset = offset;
      event.commit();
    }
  }

  static Object beginUnmap() {
    Unmap event = new Unmap();
    event.begin();
    return event;
  }

  /** {@code begun}: of {@link Jfr#beginUnmap}, not null. */
  static void endUnmap(Object begun, long address, long size, String file, long birth, int cause) {
    Unmap event = (Unmap) begun;
    event.end();
    if (event.shouldCommit()) {
      event.address = address;
      event.size = size;
      event.file = file;
      event.lifetime = Ledger.ageMillis(birth);
      event.cause = CAUSES[cause];
      event.commit();
    }
  }

  static Object beginTransfer() {
    Move event = new Move();
    event.begin();
    return event;
  }

  /** {@link Jfr#endTransfer}. */
  static void endTransfer(
      Object begun, int sourceKind, int targetKind, long asked, long[] receipt) {
    Move event = (Move) begun;
    event.end();
    if (!event.shouldCommit()) {
      return;
    }
    event.source = Errors.kindName(sourceKind);
    event.target = Errors.kindName(targetKind);
    event.path = TransferPath.of(receipt[Native.RECEIPT_PATH]).text();
    event.asked = asked;
    event.moved = receipt[Native.RECEIPT_BYTES];
    event.systemCalls = receipt[Native.RECEIPT_SYSTEM_CALLS];
    TransferPath declined = TransferPath.of(receipt[Native.RECEIPT_DECLINED_PATH]);
    if (declined != TransferPath.AUTO) {
      event.declinedPath = declined.text();
      event.declinedReason = Errors.describe((int) receipt[Native.RECEIPT_DECLINED_REASON]);
    }
    event.kernelCopied = lowerCase(KernelCopied.of(receipt[Native.RECEIPT_KERNEL_COPIED]));
    int error = (int) receipt[Native.RECEIPT_ERROR];
    event.error = error < 0 ? Errors.describe(error) : null;
    event.commit();
  }

  private static String lowerCase(Enum<?> word) {
    return word.name().toLowerCase(Locale.ROOT);
  }

  static void leak(Ledger.Leak leak) {
    Dropped event = new Dropped();
    event.kind = lowerCase(leak.kind());
    event.address = leak.address();
    event.size = leak.size();
    event.age = leak.ageMillis();
    event.birthThread = leak.thread();
    event.placeOfBirth = leak.site();
    event.commit();
  }

  private static void commitTotals() {
    Totals event = new Totals();
    Ledger.Totals totals = Ledger.totals();
    event.regions = totals.regions();
    event.regionBytes = totals.regionBytes();
    event.mappings = totals.mappings();
    event.mappingBytes = totals.mappingBytes();
    event.memfds = totals.memfds();
    event.memfdBytes = totals.memfdBytes();
    event.pins = totals.pins();
    event.pinBytes = totals.pinBytes();
    event.descriptors = totals.descriptors();
    for (Ledger.Kind kind : Ledger.Kind.values()) {
      event.leaks += Ledger.counts(kind).leaked();
    }
    Ledger.Limits limits = Ledger.limits();
    event.memoryLive = limits.memoryLive();
    event.memoryMax = limits.memoryMax();
    Ledger.Idle idle = Ledger.idle();
    event.idleBytes = idle.magazineBytes() + idle.depotBytes();
    event.quarantineBytes = idle.quarantineBytes();
    Ledger.Heap heap = Ledger.heapOrNull();
    if (heap != null) {
      event.allocated = heap.allocated();
      event.active = heap.active();
      event.resident = heap.resident();
      event.retained = heap.retained();
    }
    event.commit();
  }
}
