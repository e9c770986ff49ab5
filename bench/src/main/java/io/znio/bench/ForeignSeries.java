// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A mover that makes its own connection to the peer. */
final class ForeignSeries extends TransferSeries {
  private final Plan plan;
  private final ForeignMover mover;
  private final Peer peer;
  private Pieces pieces;
  private Link link;
  private Path made;

  ForeignSeries(TransferWork work, ForeignMover mover) throws IOException {
    super(work);
    this.plan = work.plan("foreign", "foreign");
    this.mover = mover;
    this.peer = work.isToPeer() || work.isFromPeer() ? startPeer() : null;
  }

  @Override
  void open() throws Exception {
    if (work.source().equals("pipe") || work.target().equals("pipe")) {
      throw new SkippedException("only the JDK's pipes can be joined with the peer");
    }
    pieces = new Pieces(work.size(), work.slots());
    link = peer == null ? null : Link.invite(peer, plan);
    made = work.isToPeer() ? null : TargetFile.make(work);
    mover.open(
        link == null ? null : link.address(),
        work.isFromPeer() ? made : work.file(),
        work.isFromPeer() ? null : made);
    if (work.isFromPeer()) {
      link.go();
    }
  }

  @Override
  void step(int count) throws Exception {
    mover.move(count, pieces);
  }

  @Override
  String finish() throws Exception {
    try {
      mover.close();
      return work.isToPeer() ? compare(peer, link.end()) : compare(made);
    } finally {
      closeEnds();
    }
  }

  private void closeEnds() throws IOException {
    if (link != null) {
      link.close();
      link = null;
    }
    if (made != null) {
      Files.deleteIfExists(made);
      made = null;
    }
  }

  @Override
  public void close() throws Exception {
    try {
      mover.close();
    } finally {
      closeEnds();
      if (peer != null) {
        peer.close();
      }
    }
  }
}
