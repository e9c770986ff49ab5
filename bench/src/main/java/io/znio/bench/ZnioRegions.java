// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import io.znio.FileRegion;
import io.znio.Receipt;
import io.znio.Transfer;
import io.znio.TransferException;
import io.znio.TransferPath;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;

/** Lists of regions in one call, with or without a header in front. */
final class ZnioRegions extends Mover {
  private final FileChannel file;
  private final WritableByteChannel out;
  private final TransferPath path;

  ZnioRegions(FileChannel file, WritableByteChannel out, TransferPath path) {
    this.file = file;
    this.out = out;
    this.path = path;
  }

  @Override
  void move(long offset, long count) throws IOException, SkippedException {
    moveList(new long[] {offset}, new long[] {count}, 1);
  }

  @Override
  void moveList(long[] offsets, long[] counts, int pieces) throws IOException, SkippedException {
    moveList(null, offsets, counts, pieces);
  }

  void moveList(ByteBuffer header, long[] offsets, long[] counts, int pieces)
      throws IOException, SkippedException {
    long wanted = header == null ? 0 : header.remaining();
    FileRegion[] regions = new FileRegion[pieces];
    for (int i = 0; i < pieces; i++) {
      regions[i] = new FileRegion(file, offsets[i], counts[i]);
      wanted += counts[i];
    }
    long sent;
    try {
      Receipt receipt = Transfer.transferRegionsWithReceipt(regions, header, out, path);
      pathRan = receipt.path().text();
      sent = receipt.bytes();
    } catch (TransferException | IllegalArgumentException e) {
      throw ZnioMovers.refusal(e);
    }
    if (sent != wanted) {
      ended(wanted - sent);
    }
  }
}
