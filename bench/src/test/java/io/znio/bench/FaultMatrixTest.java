// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every cell of the matrix of faults, on the JDK that runs this test, against what is written down
 * for it: one operation of each kind in hot code; with {@code ZNIO_TESTS=all} znio's level
 * "checked" in every mode, and in hot code with all operations; with {@code ZNIO_FAULTS=every} all
 * of these for everybody, in every mode.
 */
class FaultMatrixTest {
  private static final int FEATURE = Runtime.version().feature();
  private static final boolean ALL = "all".equals(System.getenv("ZNIO_TESTS"));
  private static final boolean EVERY = "every".equals(System.getenv("ZNIO_FAULTS"));
  private static final Path JAVA = Path.of(System.getProperty("java.home"), "bin", "java");

  private static FaultExpectations expectations;

  @TempDir Path scratch;

  @BeforeAll
  static void read() throws IOException {
    expectations = FaultExpectations.of(FEATURE);
  }

  private static List<FaultCell> cells(FaultImpl impl) {
    List<FaultMode> every = List.of(FaultMode.values());
    List<FaultMode> hot = List.of(FaultMode.C2);
    boolean ours = ALL && impl == FaultImpl.ZNIO;
    Set<FaultCell> cells =
        new LinkedHashSet<>(
            FaultCell.of(impl, FEATURE, ours || EVERY ? every : hot, FaultOperation.SAMPLE));
    if (ours || EVERY) {
      cells.addAll(FaultCell.of(impl, FEATURE, EVERY ? every : hot, FaultOperation.ALL));
    }
    return List.copyOf(cells);
  }

  @ParameterizedTest
  @EnumSource(FaultImpl.class)
  @Timeout(value = 30, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void everyCaseEndsAsItIsWrittenDown(FaultImpl impl) throws Exception {
    assumeTrue(expectations != null, "nothing is written down for JDK " + FEATURE);
    assumeTrue(FaultImpl.on(FEATURE).contains(impl), impl.word + " is not in JDK " + FEATURE);
    List<String> differences = new ArrayList<>();
    List<String> lines = new ArrayList<>();
    try (FaultDisk disk = FaultDisk.mount(scratch)) {
      FaultRunner runner = new FaultRunner(JAVA, FEATURE, scratch, disk);
      FaultMatrix.run(
          runner,
          cells(impl),
          result -> {
            lines.add(line(result));
            String difference = difference(result);
            if (difference != null) {
              differences.add(difference);
            }
          });
    }
    Path record = Files.createDirectories(Path.of("target", "faults"));
    Files.write(record.resolve(FEATURE + "-" + impl.word + ".txt"), lines);
    assertThat(differences).isEmpty();
    assertThat(lines).hasSizeGreaterThan(20);
  }

  private static String line(FaultResult result) {
    String what =
        result.verdict() != null
            ? result.verdict().detail()
            : result.failed() != null ? result.failed() : result.skipped();
    return result.cell() + " " + result.word() + " # " + what;
  }

  /** One line about a cell that is not as written down; null if it is, or cannot be asked here. */
  private static String difference(FaultResult result) {
    if (result.skipped() != null) {
      return null;
    }
    FaultExpectations.Line line = expectations.of(result.cell());
    boolean fits =
        line != null && result.verdict() != null && line.allows(result.verdict().outcome());
    return fits ? null : line(result) + " -- written down: " + line;
  }

  @Test
  void nothingIsSilentOrDeadAtTheLevelCheckedWithoutAReason() {
    assumeTrue(expectations != null, "nothing is written down for JDK " + FEATURE);
    List<FaultCell> all =
        FaultCell.of(FaultImpl.ZNIO, FEATURE, List.of(FaultMode.values()), FaultOperation.ALL);
    for (FaultCell cell : all) {
      FaultExpectations.Line line = expectations.of(cell);
      assertThat(line).as(cell.toString()).isNotNull();
      assertThat(line.allows(FaultOutcome.CRASH)).as(cell.toString()).isFalse();
      assertThat(!line.allows(FaultOutcome.SILENT) || line.why.length() > 20)
          .as("%s is silent, and the line does not say why: %s", cell, line)
          .isTrue();
    }
  }

  @Test
  void everyLineDecidesOnACell() {
    assumeTrue(expectations != null, "nothing is written down for JDK " + FEATURE);
    for (FaultImpl impl : FaultImpl.on(FEATURE)) {
      FaultCell.of(impl, FEATURE, List.of(FaultMode.values()), FaultOperation.ALL)
          .forEach(expectations::of);
    }
    assertThat(expectations.lines().stream().filter(line -> !line.used)).isEmpty();
  }

  @Test
  void everyOperationHasItsMethod() throws Exception {
    for (FaultOperation operation : FaultOperation.values()) {
      assertThat(FaultAccesses.class.getDeclaredMethod(operation.method(), FaultSubject.class))
          .isNotNull();
    }
    long methods =
        Arrays.stream(FaultAccesses.class.getDeclaredMethods())
            .filter(method -> !method.isSynthetic())
            .count();
    assertThat(methods).isEqualTo(FaultOperation.values().length);
  }
}
