// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.znio.Platform;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The library's file: put once, ours alone to write, and whole. */
class AgentLibraryTest {
  @TempDir Path directory;

  private static String mode(Path path) throws Exception {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  @Test
  void itIsPutOnceAndStays() throws Exception {
    Path file = put(directory.resolve("new/cache"), false);
    assertThat(mode(file.getParent())).isEqualTo("rwx------");
    assertThat(mode(file)).isEqualTo("r-xr-xr-x");
    FileTime time = FileTime.fromMillis(1000);
    Files.setLastModifiedTime(file, time);
    assertThat(put(directory.resolve("new/cache"), false)).isEqualTo(file);
    assertThat(Files.getLastModifiedTime(file)).isEqualTo(time);
    try (var files = Files.list(file.getParent())) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void othersMayReadItWhereTheUserSaysSo() throws Exception {
    Path file = put(directory, true);
    assertThat(mode(file.getParent())).isEqualTo("rwxr-xr-x");
  }

  @Test
  void whatHasOtherContentsIsReplaced() throws Exception {
    Path file = put(directory, false);
    byte[] library = Files.readAllBytes(file);
    Files.delete(file);
    Files.writeString(file, "half");
    assertThat(put(directory, false)).isEqualTo(file);
    assertThat(file).hasBinaryContent(library);
  }

  @Test
  void whatOthersCanWriteIsNotTrusted() throws Exception {
    Path place = put(directory, false).getParent();
    for (String mode : List.of("rwxrwx---", "rwx----w-")) {
      Files.setPosixFilePermissions(place, PosixFilePermissions.fromString(mode));
      refused();
    }
    Files.setPosixFilePermissions(place, PosixFilePermissions.fromString("rwx------"));
    Path elsewhere = directory.resolve("elsewhere");
    Files.move(place, elsewhere);
    Files.createSymbolicLink(place, elsewhere);
    refused();
    Files.delete(place);
    Files.move(elsewhere, place);
    Files.setPosixFilePermissions(
        place.resolve(AgentLibrary.FILE_NAME), PosixFilePermissions.fromString("rw-rw-rw-"));
    refused();
  }

  private void refused() {
    assertThatThrownBy(() -> put(directory, false))
        .isInstanceOf(ToolException.class)
        .hasMessageContaining("others can write it");
  }

  @Test
  void aPathThatTheJvmWouldCutIsRefused() {
    assertThatThrownBy(() -> put(directory.resolve("a=b"), false))
        .isInstanceOf(ToolException.class)
        .hasMessageContaining("name another directory by --directory");
  }

  private static Path put(Path directory, boolean open) {
    return AgentLibrary.put(directory, open, Platform.current());
  }
}
