// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * java/TUTORIAL.md is true: its Java is one program, in its order, its commands run in a shell, and
 * what each block prints is what the block {@code text} behind it shows; without one, nothing. A
 * block that could not be run fails the test.
 */
class TutorialTest {
  private static final Path ROOT =
      Path.of(System.getProperty("znio.native.directory")).resolve("../../../..").normalize();

  private static final Pattern FILE = Pattern.compile("// (\\w+[.]java)\n");

  /** Between the output of two blocks. */
  private static final String MARK = "=== block ";

  @TempDir Path directory;

  /**
   * A block of code, and what is behind it.
   *
   * @param line of the tutorial, for messages
   * @param printed what it should print
   */
  private record Block(String language, int line, String code, String printed) {
    Block withPrinted(String text) {
      return new Block(language, line, code, text);
    }

    boolean is(String wanted) {
      return language.equals(wanted);
    }

    /** The name of the file that the code is; null if it is a part of the program. */
    String file() {
      Matcher matcher = FILE.matcher(code);
      return matcher.lookingAt() ? matcher.group(1) : null;
    }
  }

  private static List<Block> blocks() throws IOException {
    List<Block> blocks = new ArrayList<>();
    List<String> lines = Files.readAllLines(ROOT.resolve("java/TUTORIAL.md"));
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      assertThat(line).as("line %d: code is fenced", i + 1).doesNotStartWith("    ");
      if (line.startsWith("```")) {
        int end = lines.subList(i + 1, lines.size()).indexOf("```") + i + 1;
        assertThat(end).as("the end of the block of line %d", i + 1).isGreaterThan(i);
        String code = String.join("\n", lines.subList(i + 1, end)) + "\n";
        add(blocks, new Block(line.substring(3), i + 1, code, ""));
        i = end;
      }
    }
    return blocks;
  }

  private static void add(List<Block> blocks, Block block) {
    assertThat(block.language()).as("line %d", block.line()).isIn("java", "sh", "text", "xml");
    if (block.is("text")) {
      int last = blocks.size() - 1;
      Block before = blocks.get(last);
      assertThat(before.is("sh") || before.is("java") && before.file() == null)
          .as("line %d is behind what prints it", block.line())
          .isTrue();
      blocks.set(last, before.withPrinted(block.code()));
    } else {
      blocks.add(block);
    }
  }

  private static Stream<Block> program() throws IOException {
    return blocks().stream().filter(block -> block.is("java") && block.file() == null);
  }

  /** All blocks in one method, and a mark in front of each; imports before all. */
  private static String text(List<Block> blocks) {
    StringBuilder imports = new StringBuilder();
    StringBuilder body = new StringBuilder();
    for (Block block : blocks) {
      if (block.code().startsWith("import ")) {
        imports.append(block.code());
      } else {
        body.append("System.out.println(\"").append(MARK).append(block.line()).append("\");\n");
        body.append(block.code());
      }
    }
    return imports
        + "class Tutorial { public static void main(String[] args) throws Exception {\n"
        + body
        + "}}\n";
  }

  @Test
  void javaPrintsWhatIsShown() throws Exception {
    List<Block> blocks = program().toList();
    assertThat(blocks.size()).isGreaterThan(10);
    Path program = Files.writeString(directory.resolve("Tutorial.java"), text(blocks));
    Child child =
        Child.command( // not Child.run: its -Xcheck:jni prints things of its own
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Dio.znio.token=on",
                "-cp",
                Child.classPath(Transfer.class),
                program.toString()));
    assertThat(child.status()).as(child.output()).isZero();
    StringBuilder shown = new StringBuilder();
    for (Block block : blocks) {
      if (!block.code().startsWith("import ")) {
        shown.append(MARK).append(block.line()).append('\n').append(block.printed());
      }
    }
    assertThat(child.output()).isEqualTo(shown.toString());
  }

  @Test
  void commandsPrintWhatIsShown() throws Exception {
    List<Block> all = blocks();
    List<String> used = new ArrayList<>();
    prepare();
    for (Block block : all) {
      if (block.is("java") && block.file() != null) {
        Files.writeString(directory.resolve(block.file()), block.code());
      } else if (block.is("sh")) {
        Path script = Files.writeString(directory.resolve("block.sh"), script(block));
        Child child = Child.command(List.of("bash", "-euo", "pipefail", script.toString()));
        String errors = Files.readString(directory.resolve("errors"));
        assertThat(child.status()).as(block.code() + child.output() + errors).isZero();
        assertThat(child.output()).as(block.code() + errors).isEqualTo(block.printed());
        used.addAll(Arrays.asList(block.code().split("\\s+")));
      }
    }
    assertThat(all.stream().map(Block::file).filter(name -> name != null).toList())
        .as("files that no command runs")
        .isNotEmpty()
        .isSubsetOf(used);
  }

  /** What the commands name: the jar (the classes, if it is not made yet) and the library. */
  private void prepare() throws IOException {
    Path jar = Path.of(Child.classPath(Transfer.class));
    Files.createSymbolicLink(directory.resolve("znio.jar"), jar);
    try (InputStream library = Platform.current().openLibrary()) {
      Files.copy(library, directory.resolve("libznio.so"));
    }
  }

  /** JDK 24 and newer warn on the standard error, which is nobody's subject here. */
  private String script(Block block) {
    return "cd '"
        + directory
        + "'\nPATH='"
        + Path.of(System.getProperty("java.home"), "bin")
        + "':$PATH\nexec 2>errors\n"
        + block.code();
  }

  /** What is said of Maven is what the modules and tests/consumer, which is built, have. */
  @Test
  void dependencyIsThatOfTheConsumer() throws IOException {
    String wanted = dependency(Files.readString(ROOT.resolve("tests/consumer/pom.xml")));
    String version = Files.readString(ROOT.resolve("pom.xml"));
    List<Block> shown = blocks().stream().filter(block -> block.is("xml")).toList();
    assertThat(shown).hasSize(1);
    String dependency = dependency(shown.get(0).code());
    Matcher number = Pattern.compile("<version>([^<$]+)</version>").matcher(version);
    assertThat(number.find()).isTrue();
    assertThat(dependency).isEqualTo(wanted.replace("${znio.version}", number.group(1)));
  }

  /** The first dependency, without blanks. */
  private static String dependency(String xml) {
    Pattern pattern = Pattern.compile("<dependency>(.*?)</dependency>", Pattern.DOTALL);
    Matcher matcher = pattern.matcher(xml);
    assertThat(matcher.find()).isTrue();
    return matcher.group(1).replaceAll("\\s", "");
  }
}
