// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.IOException;

/** The movers of bench/compare. */
final class JavaSeries extends TransferSeries {
  private final Plan plan;
  private final Movers movers;
  private final Peer peer;
  private Pieces pieces;
  private Ends ends;
  private Link link;
  private Mover mover;

  JavaSeries(TransferWork work, String impl, String path) throws IOException {
    super(work);
    plan = work.plan(impl, path);
    movers = impl.equals("znio") ? ZnioMovers.INSTANCE : Movers.JDK;
    peer = work.isToPeer() || work.isFromPeer() ? startPeer() : null;
  }

  @Override
  void open() throws IOException, SkippedException {
    pieces = new Pieces(work.size(), work.slots());
    ends = new Ends();
    ends.openFile(plan);
    if (work.isToPeer()) {
      link = movers.link(plan, peer, 1, false, null);
      ends.out = link.out(0);
    } else {
      ends.makeFile(plan);
    }
    if (work.isFromPeer()) {
      link = Link.fromPeer(peer, plan, plan.file());
      ends.in = link.in();
      link.go();
    }
    mover = movers.mover(plan, ends);
  }

  @Override
  void step(int count) throws IOException, SkippedException {
    for (int i = 0; i < count; i++) {
      pieces.next();
      if (ends.made != null && pieces.to() == 0) {
        ends.made.position(0);
        mover.rewind();
      }
      mover.move(pieces.from(), pieces.size());
    }
  }

  @Override
  String finish() throws Exception {
    try {
      mover.settle();
      return work.isToPeer() ? compare(peer, link.end()) : compare(ends.madePath);
    } finally {
      closeEnds();
    }
  }

  private void closeEnds() throws IOException {
    try {
      if (mover != null) {
        mover.close();
      }
    } finally {
      mover = null;
      if (link != null) {
        link.close();
      }
      link = null;
      if (ends != null) {
        ends.close();
      }
      ends = null;
    }
  }

  @Override
  public void close() throws IOException {
    try {
      closeEnds();
    } finally {
      if (peer != null) {
        peer.close();
      }
    }
  }
}
