// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The chapter "faults": what a program sees when memory is used after its end, ended twice, or lost
 * under it; each case in a JVM of its own, which may die of it.
 */
final class FaultsChapter implements Chapter {
  private static final List<FaultMode> ALL_MODES = List.of(FaultMode.values());
  private static final List<FaultMode> HOT = List.of(FaultMode.C2);

  @Override
  public String name() {
    return "faults";
  }

  @Override
  public ObjectNode run(Session session) throws InterruptedException {
    ObjectNode chapter = Json.object();
    chapter.put("quick", session.settings().quick());
    ObjectNode situations = chapter.putObject("situations");
    Arrays.stream(FaultSituation.values()).forEach(s -> situations.put(s.word(), s.text));
    situations.put(FaultCell.MISUSE, FaultMisuse.TEXT);
    ArrayNode rows = chapter.putArray("rows");
    try (FaultDisk disk = FaultDisk.mount(session.settings().scratch())) {
      session.cleanup().add("unmount " + disk.directory(), disk::close);
      List<List<FaultCell>> cells = new ArrayList<>();
      for (String jdk : session.jdks()) {
        cells.add(cells(feature(jdk), session.settings().quick()));
      }
      session.progress().start(name(), cells.stream().mapToLong(List::size).sum());
      for (int i = 0; i < cells.size(); i++) {
        String jdk = session.jdks().get(i);
        session.progress().at("JDK " + jdk);
        FaultRunner runner =
            new FaultRunner(
                session.workers().launcher(jdk), feature(jdk), session.settings().scratch(), disk);
        FaultMatrix.run(
            runner,
            cells.get(i),
            result -> {
              rows.add(row(result, jdk));
              session.progress().step();
            });
      }
      session.progress().close();
    } catch (IOException e) {
      ObjectNode row = rows.addObject();
      row.put("case", "all").put("failed", e.toString());
    }
    return chapter;
  }

  private static int feature(String jdk) {
    return Integer.parseInt(jdk.split("\\D")[0]);
  }

  /** A quick run asks a few questions, of code that is hot. */
  private static List<FaultCell> cells(int feature, boolean quick) {
    List<FaultCell> cells = new ArrayList<>();
    for (FaultImpl impl : FaultImpl.on(feature)) {
      boolean main = impl == FaultImpl.ZNIO || impl == FaultImpl.JDK;
      if (main && !quick) {
        cells.addAll(FaultCell.of(impl, feature, ALL_MODES, FaultOperation.ALL));
      } else if (main) {
        cells.addAll(FaultCell.of(impl, feature, HOT, FaultOperation.QUICK));
      } else if (!quick) {
        cells.addAll(FaultCell.of(impl, feature, HOT, FaultOperation.SAMPLE));
      }
    }
    return cells;
  }

  private static ObjectNode row(FaultResult result, String jdk) {
    FaultCell cell = result.cell();
    ObjectNode row = Json.object();
    row.put("case", cell.caseName());
    row.put("impl", cell.impl().word);
    row.put("jdk", jdk);
    row.put("mode", cell.mode().word());
    FaultVerdict verdict = result.verdict();
    row.put("outcome", verdict == null ? null : verdict.outcome().word());
    row.put("detail", verdict == null ? null : verdict.detail());
    row.put("situation", cell.situation());
    row.put("operation", cell.operation());
    row.put("level", cell.impl().level);
    row.put("verified", verdict != null); // the child made sure that the case was what it says
    row.put("skipped", result.skipped());
    row.put("failed", result.failed());
    return row;
  }

  @Override
  public String text(JsonNode chapter) {
    return FaultTable.text(chapter);
  }
}
