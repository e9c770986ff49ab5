// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcMemoryTest {
  @TempDir Path directory;

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void residentMemoryIsInKibibytes() {
    byte[] text = bytes("VmHWM:\t   99 kB\nVmRSS:\t   1234 kB\nRssAnon:\t 5 kB\n");
    assertThat(ProcMemory.parseResident(text, text.length)).isEqualTo(1234 * 1024);
    assertThat(ProcMemory.parseResident(text, 10)).isZero();
  }

  @Test
  void mappedMemoryIsTheSumOfTheLinesOfAFile() {
    byte[] text =
        bytes(
            "7f0000000000-7f0000003000 rw-s 00000000 08:01 12 /a/file\n"
                + "7f0000003000-7f0000004000 r--p 00000000 08:01 13 /b/file\n"
                + "7f0000010000-7f0000011000 rw-s 00003000 08:01 12 /a/file\n"
                + "7f0000020000-7f0000021000 rw-p 00000000 00:00 0 \n");
    assertThat(ProcMemory.parseMapped(text, text.length, bytes("/a/file"))).isEqualTo(0x4000);
    assertThat(ProcMemory.parseMapped(text, text.length, bytes("/c"))).isZero();
  }

  @Test
  void aMappingIsSeenUntilItIsUnmapped() throws IOException {
    Path path = directory.resolve("mapped");
    byte[] name = bytes(path.toString());
    ProcMemory memory = new ProcMemory();
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      ByteBuffer buffer = file.getChannel().map(FileChannel.MapMode.READ_WRITE, 0, 40960);
      assertThat(memory.mappedBytes(name)).isEqualTo(40960);
      JdkUnsafe.free(buffer);
      assertThat(memory.mappedBytes(name)).isZero();
    }
    assertThat(memory.residentBytes()).isGreaterThan(Sizes.MIB);
  }
}
