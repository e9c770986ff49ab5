// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Sums of things by kind and place of birth. One thread at a time. */
final class Groups {
  private final Map<Key, Sum> sums = new HashMap<>();

  private record Key(Ledger.Kind kind, String site) {}

  private static final class Sum {
    private long items;
    private long bytes;
    private long youngest = Long.MAX_VALUE;
    private long oldest;
  }

  /** What was made at one place. */
  record Group(
      Ledger.Kind kind,
      String site,
      long items,
      long bytes,
      long youngestMillis,
      long oldestMillis) {}

  /** Adds one; true if it is the first of its place. */
  boolean add(Ledger.Kind kind, String site, long size, long ageMillis) {
    Sum sum = sums.computeIfAbsent(new Key(kind, site), key -> new Sum());
    sum.items++;
    sum.bytes += size;
    sum.youngest = Math.min(sum.youngest, ageMillis);
    sum.oldest = Math.max(sum.oldest, ageMillis);
    return sum.items == 1;
  }

  /** Most bytes first. */
  List<Group> largestFirst() {
    List<Group> groups = new ArrayList<>();
    sums.forEach(
        (key, sum) ->
            groups.add(
                new Group(key.kind, key.site, sum.items, sum.bytes, sum.youngest, sum.oldest)));
    groups.sort(Comparator.comparingLong(Group::bytes).reversed());
    return groups;
  }
}
