// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DumpTest {
  @TempDir Path directory;

  private static void refused(Path file, String why) {
    assertThatThrownBy(() -> Dump.read(file))
        .isInstanceOf(DumpException.class)
        .hasMessageStartingWith(file + ": ")
        .hasMessageContaining(why)
        .hasMessageNotContaining("\n");
  }

  @Test
  void aDumpIsReadWithWhatIsUnknown() throws IOException {
    Dump dump = Dump.read(Dumps.file(directory, "after.json"));
    assertThat(dump.list("sites")).hasSize(3);
    assertThat(dump.list("none")).isEmpty();
    assertThat(dump.root().at("/an unknown member/a/1").intValue()).isEqualTo(2);
    assertThat(Dump.number(dump.root().at("/live/unsafe"), "bytes")).isEqualTo(23068672);
  }

  @Test
  void whatIsMissingOrIsNoWholeNumberCountsAsNothing() throws IOException {
    Dump dump = Dumps.of("\"a\": 1.5, \"b\": \"1\", \"c\": 1e99, \"d\": 99999999999999999999");
    for (String member : new String[] {"a", "b", "c", "d", "e"}) {
      assertThat(Dump.number(dump.root(), member)).as(member).isZero();
    }
  }

  @Test
  void aFileThatCannotBeReadIsSaid() {
    refused(directory.resolve("none.json"), "there is no such file or directory");
    refused(directory, "irectory");
  }

  @Test
  void aFileOfHundredMebibytesIsNotRead() throws IOException {
    Path file = directory.resolve("large.json");
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength(100 << 20);
    }
    refused(file, "is larger than 10.0 MiB, which no dump of the agent is");
  }

  @Test
  void aDumpThatIsCutShortIsRefusedWhereverItIsCut() throws IOException {
    String whole = Dumps.text("before.json").strip();
    Path file = directory.resolve("cut.json");
    for (int length = 1; length < whole.length(); length += 7) {
      Files.writeString(file, whole.substring(0, length));
      assertThatThrownBy(() -> Dump.read(file)).as("%d", length).isInstanceOf(DumpException.class);
    }
    Files.writeString(file, whole.substring(0, 300));
    refused(file, "is cut short (line 4, column ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "``| is empty",
        "hello| is no dump of the agent: not JSON (line 1",
        "[]| is no dump of the agent: no JSON object with a format",
        "null| is no dump of the agent: no JSON object with a format",
        "{\"format\": 2}| is no dump of the agent: no JSON object with a format",
        "{\"znio\": \"0.1.0\", \"format\": 1}| has format 1, and this version of znio reads 2",
        "{\"znio\": \"0.1.0\", \"format\": \"2\"}| has format \"2\", and this version",
        "{\"znio\": \"0.1.0\", \"format\": 2} {}| is no dump of the agent: not JSON",
        "{\"znio\": \"0.1.0\", \"format\": 2, \"sites\": {}}| sites is not a list",
        "{\"znio\": \"0.1.0\", \"format\": 2, \"sites\": [1]}| element of sites is not an object",
        "{\"znio\": \"0.1.0\", \"format\": 2, \"sites\": [{}]}| stack of a site is not a list",
        "{\"znio\": \"0.1.0\", \"format\": 2, \"live\": []}| live is not an object",
      })
  void whatIsNoDumpIsRefused(String json, String why) throws IOException {
    refused(Files.writeString(directory.resolve("bad.json"), json), why);
  }

  /** Real dumps with bytes changed, doubled and taken out: read, or refused in one line. */
  @Test
  void noBytesMakeTheReaderFail() throws IOException {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    byte[][] dumps = {
      Dumps.text("before.json").getBytes(StandardCharsets.UTF_8),
      Dumps.text("after.json").getBytes(StandardCharsets.UTF_8)
    };
    Dump before = Dumps.before();
    int read = 0;
    for (int round = 0; round < 1_500; round++) {
      byte[] bytes = mutated(dumps[round % 2], random);
      try {
        Dump dump = Dump.parse("fuzz", bytes);
        assertThat(DumpDiff.text(before, dump, 100)).isNotEmpty();
        DumpDiff.grew(before, dump);
        read++;
      } catch (DumpException expected) {
        assertThat(expected.getMessage()).startsWith("fuzz: ").doesNotContain("\n");
      } catch (RuntimeException | StackOverflowError e) {
        fail(
            "seed " + seed + ", round " + round + ": " + new String(bytes, StandardCharsets.UTF_8),
            e);
      }
    }
    assertThat(read).as("dumps that were still dumps").isPositive();
  }

  private static byte[] mutated(byte[] dump, SplittableRandom random) {
    String[] words = {
      "null", "-1", "1e999", "[]", "{}", "\"\"", "true", "9223372036854775808", "["
    };
    StringBuilder text = new StringBuilder(new String(dump, StandardCharsets.ISO_8859_1));
    for (int edits = random.nextInt(1, 4); edits > 0; edits--) {
      int at = random.nextInt(text.length());
      switch (random.nextInt(5)) {
        case 0 -> text.setCharAt(at, (char) random.nextInt(256));
        case 1 -> text.delete(at, Math.min(text.length(), at + random.nextInt(40)));
        case 2 -> text.insert(at, text, at, Math.min(text.length(), at + random.nextInt(40)));
        default -> replaceValue(text, at, words[random.nextInt(words.length)]);
      }
    }
    return text.toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  /** What stands between the next colon or comma and the one after it. */
  private static void replaceValue(StringBuilder text, int from, String word) {
    int colon = text.indexOf(":", from);
    int end = colon < 0 ? -1 : text.indexOf(",", colon);
    if (end > 0) {
      text.replace(colon + 1, end, word);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"[", "{\"a\":", "9"})
  void nothingMakesTheReaderFail(String piece) throws IOException {
    refused(Files.writeString(directory.resolve("deep.json"), piece.repeat(100_000)), "not JSON");
  }
}
