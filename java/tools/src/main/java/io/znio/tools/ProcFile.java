// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files that the kernel makes up: of size 0, whatever is in them. */
final class ProcFile {
  private static final int PIECE = 1 << 16;

  private ProcFile() {}

  /**
   * The whole text, each byte a character: names of files and arguments need not be text. By large
   * pieces: a number below /proc/sys is there for the first read only, and Files.readAllBytes reads
   * one byte first.
   */
  static String read(Path file) throws IOException {
    StringBuilder text = new StringBuilder();
    ByteBuffer piece = ByteBuffer.allocate(PIECE);
    try (SeekableByteChannel channel = Files.newByteChannel(file)) {
      while (channel.read(piece.clear()) > 0) {
        text.append(StandardCharsets.ISO_8859_1.decode(piece.flip()));
      }
    }
    return text.toString();
  }
}
