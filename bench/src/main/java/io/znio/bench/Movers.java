// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.function.LongSupplier;

/** What an implementation brings: its movers, its memory, its counter. */
interface Movers {
  /** Makes the mover of a plan; SkippedException if this implementation has no such path. */
  Mover mover(Plan plan, Ends ends) throws IOException, SkippedException;

  /** Target memory of the plan, touched, so that no page is new to the run. */
  ByteBuffer memory(Plan plan, Ends ends, int bytes) throws IOException, SkippedException;

  /** The link to a peer that receives; hold and keep as in PROTOCOL.md. */
  default Link link(Plan plan, Peer peer, int copies, boolean hold, Path keep) throws IOException {
    return Link.toPeer(peer, plan, copies, hold, keep);
  }

  /** The calling thread's counter of system calls, or null where nobody counts. */
  LongSupplier systemCalls();

  /** The JDK. */
  Movers JDK =
      new Movers() {
        @Override
        public Mover mover(Plan plan, Ends ends) throws SkippedException {
          return JdkMovers.of(plan, ends);
        }

        @Override
        public ByteBuffer memory(Plan plan, Ends ends, int bytes) {
          ByteBuffer memory =
              plan.path().equals("heap-loop")
                  ? ByteBuffer.allocate(bytes)
                  : ByteBuffer.allocateDirect(bytes);
          Run.spoil(memory);
          return memory;
        }

        @Override
        public LongSupplier systemCalls() {
          return null;
        }
      };
}
