// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The agent's counters, in the memory that the agent shares: {@code struct zn_meter_page} of {@code
 * znio/meter.h}. Reading costs the process nothing.
 */
final class MeterPage {
  private static final String LINK = "/memfd:znio-meter (deleted)";
  private static final String MAGIC = "znmeter\0";
  private static final int LAYOUT = 1;

  private static final int LAYOUT_AT = 8;
  private static final int SLOTS_OFFSET_AT = 12;
  private static final int SLOT_BYTES_AT = 16;
  private static final int ROWS_AT = 24;
  private static final int COLUMNS_AT = 28;
  private static final int PROCESS_AT = 32;
  private static final int CHANGES_AT = 48;
  private static final int USED_AT = 56;
  private static final int UNSEEN_AT = 60;
  private static final int COLUMN_NAMES_AT = 64;
  private static final int COLUMN_NAME_BYTES = 16;
  private static final int ROW_NAMES_AT = 320;
  private static final int ROW_BYTES = 64;
  private static final int KIND_IN_ROW = 40;
  private static final int KIND_BYTES = 16;
  private static final int ROLE_IN_ROW = 56;
  private static final int TEXT_BYTES = 4608;
  private static final int COLUMNS_MAX = 16;
  private static final int ROWS_MAX = 1024;

  /** A thread's end takes microseconds; so often in a row nobody is that unlucky. */
  private static final int TRIES = 100_000;

  private static final VarHandle LONGS =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());
  private static final VarHandle INTS =
      MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());

  private final ByteBuffer page;
  private final int slotsOffset;
  private final int slotBytes;
  private final int rows;
  private final List<String> columns = new ArrayList<>();

  private MeterPage(ByteBuffer page) {
    this.page = page;
    slotsOffset = page.getInt(SLOTS_OFFSET_AT);
    slotBytes = page.getInt(SLOT_BYTES_AT);
    rows = page.getInt(ROWS_AT);
    int count = page.getInt(COLUMNS_AT);
    require(rows >= 0 && rows <= ROWS_MAX, "rows", rows);
    require(count >= 0 && count <= COLUMNS_MAX, "columns", count);
    require(slotBytes >= rows * count * Long.BYTES, "slot_bytes", slotBytes);
    require(slotBytes % Long.BYTES == 0, "slot_bytes", slotBytes);
    require(slotsOffset >= textAt() + TEXT_BYTES, "slots_offset", slotsOffset);
    require(slotsOffset <= page.limit(), "slots_offset", slotsOffset);
    require(slotsOffset % Long.BYTES == 0, "slots_offset", slotsOffset);
    for (int i = 0; i < count; i++) {
      columns.add(text(COLUMN_NAMES_AT + i * COLUMN_NAME_BYTES, COLUMN_NAME_BYTES));
    }
  }

  /**
   * The counters in a page, which somebody else may have written.
   *
   * @param page in this machine's byte order
   * @throws ToolException if it cannot be one that the agent made; says what is wrong
   */
  static MeterPage of(ByteBuffer page) {
    int least = ROW_NAMES_AT + TEXT_BYTES;
    require(page.limit() >= least, "bytes", page.limit());
    return new MeterPage(page);
  }

  private static void require(boolean holds, String what, long value) {
    if (!holds) {
      throw new ToolException(
          "the counters are damaged, or are not the agent's: " + what + " is " + value);
    }
  }

  private int textAt() {
    return ROW_NAMES_AT + rows * ROW_BYTES;
  }

  /**
   * The counters of a process.
   *
   * @throws ToolException if it has none, or does not let us see them; says what helps
   */
  static MeterPage open(Target target) {
    return find(target).orElseThrow(() -> missing(target));
  }

  private static ToolException missing(Target target) {
    target.requireAlive();
    String message =
        target.mapped(AgentLibrary.FILE_NAME).isEmpty()
            ? "the agent is not in process %1$d: java/znio attach %1$d"
            : "process %1$d has libznio.so, but shares no counters: the agent is not installed"
                + " there (java/znio attach %1$d), or the system refused it a memfd (log=info says"
                + " so)";
    return new ToolException(String.format(message, target.pid()));
  }

  /** The counters of a process, if the agent is in it. */
  static Optional<MeterPage> find(Target target) {
    try (DirectoryStream<Path> descriptors =
        Files.newDirectoryStream(target.proc().resolve("fd"))) {
      for (Path descriptor : descriptors) {
        Optional<MeterPage> page = isOne(descriptor) ? map(target, descriptor) : Optional.empty();
        if (page.isPresent()) {
          return page;
        }
      }
      return Optional.empty();
    } catch (AccessDeniedException e) {
      throw target.notOurs();
    } catch (NoSuchFileException e) {
      throw new ToolException("process " + target.pid() + " has ended", e);
    } catch (IOException e) {
      throw new ToolException("the counters cannot be read: " + e, e);
    }
  }

  private static boolean isOne(Path descriptor) throws IOException {
    try {
      return Files.readSymbolicLink(descriptor).toString().equals(LINK);
    } catch (NoSuchFileException e) {
      return false; // closed meanwhile
    }
  }

  /** None if it is another process's, which a child has that was forked. */
  private static Optional<MeterPage> map(Target target, Path descriptor) throws IOException {
    try (FileChannel file = FileChannel.open(descriptor, StandardOpenOption.READ)) {
      long size = file.size();
      require(size >= COLUMN_NAMES_AT && size <= Integer.MAX_VALUE, "bytes", size);
      ByteBuffer page =
          file.map(FileChannel.MapMode.READ_ONLY, 0, size).order(ByteOrder.nativeOrder());
      byte[] magic = new byte[MAGIC.length()];
      page.get(0, magic);
      if (!new String(magic, StandardCharsets.US_ASCII).equals(MAGIC)
          || page.getLong(PROCESS_AT) != target.ownPid()) {
        return Optional.empty();
      }
      if ((int) INTS.getAcquire(page, LAYOUT_AT) != LAYOUT) {
        throw new ToolException(
            "the agent in process "
                + target.pid()
                + " is of another version of znio: use the java/znio of that version");
      }
      return Optional.of(of(page));
    }
  }

  /** Lines "word=value" that the agent tells a reader. */
  Optional<String> told(String word) {
    return raw(textAt(), TEXT_BYTES)
        .lines()
        .filter(line -> line.startsWith(word + "="))
        .map(line -> printable(line.substring(word.length() + 1)))
        .findFirst();
  }

  /**
   * What has been counted by now: all of each thread's counts, whether it lives or has ended.
   *
   * @throws ToolException if no sum holds: the process was stopped or killed in the wrong moment
   */
  Counters read() {
    for (int i = 0; i < TRIES; i++) {
      long before = (long) LONGS.getAcquire(page, CHANGES_AT);
      Counters counters = sum();
      if (before % 2 == 0 && before == (long) LONGS.getVolatile(page, CHANGES_AT)) {
        return counters;
      }
      Thread.onSpinWait();
    }
    throw new ToolException("the counters are being changed all the time: is the process stopped?");
  }

  /** Rows in their order and columns from the last: deaths are seen before births. */
  private Counters sum() {
    int used = (int) INTS.getAcquire(page, USED_AT);
    require(used >= 0 && slotsOffset + (long) used * slotBytes <= page.limit(), "used", used);
    List<Counters.Row> result = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      int at = ROW_NAMES_AT + row * ROW_BYTES;
      String name = text(at, KIND_IN_ROW);
      if (name.isEmpty()) {
        continue;
      }
      long[] cells = new long[columns.size()];
      for (int slot = 0; slot < used; slot++) {
        int start = slotsOffset + slot * slotBytes + row * columns.size() * Long.BYTES;
        for (int column = columns.size(); column-- > 0; ) {
          cells[column] += (long) LONGS.getAcquire(page, start + column * Long.BYTES);
        }
      }
      int role = page.getInt(at + ROLE_IN_ROW);
      require(role >= 0 && role < Counters.Role.values().length, "role", role);
      result.add(
          new Counters.Row(
              name, text(at + KIND_IN_ROW, KIND_BYTES), Counters.Role.values()[role], cells));
    }
    return new Counters(columns, result, (int) INTS.getAcquire(page, UNSEEN_AT));
  }

  /** Nothing that a terminal would obey. */
  private static String printable(String text) {
    return text.replaceAll("\\p{Cntrl}", "?");
  }

  private String text(int at, int size) {
    return printable(raw(at, size));
  }

  /** A text that ends with a zero. */
  private String raw(int at, int size) {
    byte[] bytes = new byte[size];
    page.get(at, bytes);
    int length = 0;
    while (length < size && bytes[length] != 0) {
      length++;
    }
    return new String(bytes, 0, length, StandardCharsets.UTF_8);
  }
}
