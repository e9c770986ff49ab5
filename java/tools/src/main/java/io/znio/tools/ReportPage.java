// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.io.CharacterEscapes;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * A dump as a page: one file that needs no network. The page is {@code report_page.html}, which the
 * agent writes too, with the dump in its slot.
 */
final class ReportPage {
  /** Largest page in bytes. */
  static final int SIZE_MAX = 10 << 20;

  private static final String SLOT = "{{dump}}";

  private ReportPage() {}

  /**
   * Writes the page of a dump. A new file is its owner's only, as the dump is.
   *
   * @throws DumpException the page would be larger than {@link #SIZE_MAX}
   * @throws IOException the file cannot be written
   */
  static void write(Dump dump, Path file) throws IOException {
    byte[] page = render(dump).getBytes(StandardCharsets.UTF_8);
    if (page.length > SIZE_MAX) {
      throw new DumpException(
          "%s: would make a page of %s, and %s is the most"
              .formatted(dump.name(), Figures.bytes(page.length), Figures.bytes(SIZE_MAX)));
    }
    FileAttribute<Set<PosixFilePermission>> owner =
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    Set<StandardOpenOption> options =
        Set.of(
            StandardOpenOption.WRITE,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING);
    try (SeekableByteChannel out = Files.newByteChannel(file, options, owner)) {
      ByteBuffer rest = ByteBuffer.wrap(page);
      while (rest.hasRemaining()) {
        out.write(rest);
      }
    }
  }

  static String render(Dump dump) {
    String template = template();
    int slot = template.indexOf(SLOT);
    if (slot < 0) {
      throw new IllegalStateException("the page has no " + SLOT);
    }
    return template.substring(0, slot)
        + embed(dump.root())
        + template.substring(slot + SLOT.length());
  }

  /** JSON in ASCII that is safe inside a script element: nothing in it can end that. */
  static String embed(JsonNode json) {
    JsonMapper mapper =
        JsonMapper.builder()
            .configure(JsonWriteFeature.ESCAPE_NON_ASCII.mappedFeature(), true)
            .build();
    mapper.getFactory().setCharacterEscapes(new ForScript());
    try {
      return mapper.writeValueAsString(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree that was read can be written", e);
    }
  }

  private static String template() {
    try (InputStream in = ReportPage.class.getResourceAsStream("report_page.html")) {
      if (in == null) {
        throw new IllegalStateException("report_page.html is missing from the class path");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException("report_page.html cannot be read", e);
    }
  }

  /** Writes "<" as an escape of JSON. */
  private static final class ForScript extends CharacterEscapes {
    private static final long serialVersionUID = 1;

    @Override
    public int[] getEscapeCodesForAscii() {
      int[] codes = standardAsciiEscapesForJSON();
      codes['<'] = ESCAPE_STANDARD;
      return codes;
    }

    @Override
    public SerializableString getEscapeSequence(int character) {
      return null;
    }
  }
}
