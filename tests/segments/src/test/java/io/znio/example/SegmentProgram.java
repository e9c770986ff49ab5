// SPDX-License-Identifier: Apache-2.0
package io.znio.example;

import io.znio.Mapping;
import io.znio.Region;
import io.znio.segments.Segments;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A program of a user, in a package of its own: a module's package cannot have classes besides. */
public final class SegmentProgram {
  private SegmentProgram() {}

  public static void main(String[] args) throws IOException {
    try (Region region = Region.allocate(64);
        Mapping mapping = Mapping.anonymous(64)) {
      MemorySegment segment = Segments.of(region);
      segment.set(ValueLayout.JAVA_INT, 8, 42);
      Segments.of(mapping).copyFrom(segment);
      System.out.println(
          Segments.class.getModule() + " " + Segments.of(mapping).get(ValueLayout.JAVA_INT, 8));
    }
  }
}
