// SPDX-License-Identifier: Apache-2.0
package org.example.consumer;

import io.znio.DirectBuffers;
import io.znio.Ledger;
import io.znio.Mapping;
import io.znio.Receipt;
import io.znio.Transfer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.Pipe;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Allocates, maps and transfers by what the jar of znio has. Prints one line: the module that znio
 * is in here, and what came of it.
 */
public final class Consumer {
  private static final String TEXT = "zero-copy";

  private Consumer() {}

  /**
   * Does it all once.
   *
   * @param arguments none
   * @throws IOException if an operation failed
   */
  public static void main(String[] arguments) throws IOException {
    Path file = Files.createTempFile("consumer-", ".txt");
    try {
      Files.writeString(file, TEXT);
      String mapped = map(file);
      Receipt receipt = transfer(file);
      int freed = allocate();
      System.out.printf(
          "module %s: %d allocated and freed, %s mapped, %d transferred by %s, %d live%n",
          Transfer.class.getModule().getName(),
          freed,
          mapped,
          receipt.bytes(),
          receipt.path(),
          Ledger.totals().regions() + Ledger.totals().mappings());
    } finally {
      Files.delete(file);
    }
  }

  private static int allocate() {
    ByteBuffer buffer = DirectBuffers.allocate(4096);
    int capacity = buffer.capacity();
    DirectBuffers.free(buffer);
    return capacity;
  }

  private static String map(Path file) throws IOException {
    try (Mapping mapping = Mapping.map(file, Mapping.Mode.READ_ONLY)) {
      return StandardCharsets.US_ASCII.decode(mapping.buffer()).toString();
    }
  }

  private static Receipt transfer(Path file) throws IOException {
    Pipe pipe = Pipe.open();
    try (FileChannel from = FileChannel.open(file);
        Pipe.SinkChannel sink = pipe.sink();
        Pipe.SourceChannel source = pipe.source()) {
      Receipt receipt = Transfer.transferToWithReceipt(from, 0, from.size(), sink);
      ByteBuffer got = ByteBuffer.allocate(TEXT.length());
      while (got.hasRemaining() && source.read(got) >= 0) {
        // until all is there
      }
      String text = StandardCharsets.US_ASCII.decode(got.flip()).toString();
      if (!text.equals(TEXT)) {
        throw new IOException("got " + text + " through the pipe");
      }
      return receipt;
    }
  }
}
