// SPDX-License-Identifier: Apache-2.0
package io.znio;

/** What znio holds and what it did. Any thread may ask. */
public final class Ledger {
  static {
    NativeLibrary.load();
  }

  private Ledger() {}

  /**
   * Live resources of the whole process. Each counter is exact; together they are not a snapshot.
   *
   * @param regions live {@link Region}s, those used inside a transfer included
   * @param regionBytes their bytes
   * @param mappings live {@link Mapping}s
   * @param mappingBytes their bytes
   * @param pipes open pipes, up to 16 idle ones included
   * @param rings open io_uring instances, idle ones included
   * @param pins loans of memory to the kernel that are not yet returned
   * @param descriptors descriptors that znio holds open, those of pipes and rings included
   */
  public record Totals(
      long regions,
      long regionBytes,
      long mappings,
      long mappingBytes,
      long pipes,
      long rings,
      long pins,
      long descriptors) {}

  /** Reads the counters. */
  public static Totals totals() {
    long[] t = new long[8];
    Native.ledgerRead(t);
    return new Totals(t[0], t[1], t[2], t[3], t[4], t[5], t[6], t[7]);
  }

  /** System calls that the calling thread (of a virtual thread: its carrier) made through znio. */
  public static long systemCalls() {
    return Native.ledgerSystemCalls();
  }

  /** Closes idle pipes, so that {@link Totals#descriptors} counts only what is in use. */
  public static void trim() {
    Native.pipeTrim();
  }
}
