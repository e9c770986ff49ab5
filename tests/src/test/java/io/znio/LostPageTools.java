// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.Deflater;

/** What {@link LostPageAccess}es need besides the page. */
final class LostPageTools implements AutoCloseable {
  static final int BYTES = 64;

  final byte[] bytes = new byte[BYTES];
  final byte[] deflated = new byte[BYTES];
  final ByteBuffer direct = ByteBuffer.allocateDirect(BYTES);
  final Ends.Pair socket;
  final FileChannel file;
  long sink;

  private final ByteBuffer received = ByteBuffer.allocate(4 * BYTES);

  LostPageTools(Path directory) throws IOException {
    socket = Ends.UNIX.open();
    Path path = directory.resolve("other");
    Files.write(path, TestFiles.bytes(BYTES));
    file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
    Deflater deflater = new Deflater();
    deflater.setInput(new byte[BYTES]);
    deflater.finish();
    deflater.deflate(deflated);
    deflater.end();
  }

  void drainSocket() throws IOException {
    socket.reader.read(received.clear());
  }

  @Override
  public void close() throws IOException {
    socket.close();
    file.close();
  }
}
