// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The SIGBUS guard: what became of accesses to pages of {@link Mapping}s that could not be had,
 * because the file was cut short or its disk is full. The first mapping installs it; {@code
 * -Dio.znio.guard=off} keeps it away. Any thread may ask.
 *
 * <p>A fault is told by a warning of {@code System.Logger} "io.znio" within a tenth of a second,
 * once for each file and each way it can end; {@link #faults} has them all.
 */
public final class Guard {
  private static final int KEPT = 256; // as many as C keeps
  private static final int FAULT_LONGS = 7;
  private static final int TOTALS_LONGS = 7;

  // All guarded by LAST.
  private static final ArrayDeque<Fault> LAST = new ArrayDeque<>();
  private static final Set<List<Object>> TOLD = new HashSet<>();
  private static final long[] CURSOR = new long[2];
  private static final long[] FAULT = new long[FAULT_LONGS];

  static {
    NativeLibrary.load();
    if ("off".equals(Settings.text("io.znio.guard", "on", "off")) && Native.guardDisable() < 0) {
      Settings.warn("-Dio.znio.guard=off comes too late: the SIGBUS guard is installed already");
    }
  }

  private Guard() {}

  /**
   * A lost page that was touched by code that znio does not guard: Java code, or native code of the
   * JDK and others.
   *
   * @param file its path, or what is known instead: "a file" if the mapping is gone
   * @param device number of the file's device (st_dev)
   * @param inode the file's number there
   * @param offset where the page begins in the file
   * @param address that was touched
   * @param thread the system's number of the thread (gettid)
   * @param stale whether the mapping was closed: a view of it is still in use
   * @param replaced true: native code went on with a page of zeros, and a mapping that is not
   *     closed is damaged ({@link DamagedMappingException}); false: Java code got an {@link
   *     InternalError}
   */
  public record Fault(
      String file,
      long device,
      long inode,
      long offset,
      long address,
      int thread,
      boolean stale,
      boolean replaced) {
    @Override
    public String toString() {
      String lost = LostPageException.place(file, device, inode, offset);
      String whose = stale ? "a view of a closed mapping, of " + lost + "," : lost;
      if (!replaced) {
        return "Java code touched " + whose + " which cannot be had: InternalError";
      }
      return "Native code touched "
          + whose
          + " which cannot be had, and went on with zeros in its place"
          + (stale ? "" : "; the mapping is damaged: what is written to this page is lost");
    }
  }

  /**
   * Faults on lost pages since the process began; the first is the sum of all but the last.
   *
   * @param faults all, those outside znio's mappings included
   * @param byJvm HotSpot threw InternalError
   * @param guarded ended a copy of znio's own
   * @param rescued a page of zeros was put in place
   * @param repeated the page was there again
   * @param passedOn none of znio's: to the handler that was there before, HotSpot's
   * @param damagedMappings mappings that are damaged and whose addresses are still kept
   */
  public record Totals(
      long faults,
      long byJvm,
      long guarded,
      long rescued,
      long repeated,
      long passedOn,
      long damagedMappings) {}

  /** Makes sure that the switch has been read. */
  static void load() {}

  /** Installs it, unless it is switched off: then the kernel makes znio's copies. */
  static void install() throws IOException {
    int result = Native.guardInstall();
    if (result < 0 && result != Errors.EUNGUARDED) {
      throw Errors.io("Installing the SIGBUS guard", result);
    }
  }

  /** {@return whether the guard is installed} */
  public static boolean isInstalled() {
    return Native.guardIsInstalled();
  }

  /** {@return the counters, as they are now: exact when no fault is on its way} */
  public static Totals totals() {
    long[] t = new long[TOTALS_LONGS];
    Native.guardRead(t);
    return new Totals(t[0], t[1], t[2], t[3], t[4], t[5], t[6]);
  }

  /**
   * The last 256 faults in mappings of znio, the oldest first. Of accesses of Java code to the same
   * page, one after the other, the first.
   *
   * @return a list that cannot be changed
   */
  public static List<Fault> faults() {
    collect();
    synchronized (LAST) {
      return List.copyOf(LAST);
    }
  }

  /** Offset in its file of the page that was last replaced in this memory; -1: not known. */
  static long replaced(long address, long size) {
    long offset = -1;
    for (Fault fault : faults()) {
      boolean within = fault.address >= address && fault.address - address < size;
      offset = within && fault.replaced ? fault.offset : offset;
    }
    return offset;
  }

  /** Takes the reports of C, while the mappings are there to name their files. */
  static void collect() {
    synchronized (LAST) {
      while (Native.guardNext(CURSOR, FAULT) == 1) {
        add(
            new Fault(
                MappedMemory.fileAt(FAULT[3]),
                FAULT[0],
                FAULT[1],
                FAULT[2],
                FAULT[3],
                (int) FAULT[4],
                FAULT[5] != 0,
                FAULT[6] != 0));
      }
    }
  }

  private static void add(Fault fault) {
    if (LAST.size() == KEPT) {
      LAST.removeFirst();
    }
    LAST.addLast(fault);
    if (TOLD.size() < KEPT
        && TOLD.add(List.of(fault.file, fault.inode, fault.stale, fault.replaced))) {
      Settings.warn(
          fault + ". More of the same kind in this file are not logged; see Guard.faults");
    }
  }
}
