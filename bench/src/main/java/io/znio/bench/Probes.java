// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import io.znio.bench.Shell.ShellException;
import io.znio.bench.WorkerProcess.WorkerException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The mutation probe, once for each path, implementation and pair of ends: whether a change of the
 * source after the call still reaches the receiver, which shows that nothing was copied.
 */
final class Probes {
  private static final long TIMEOUT_SECONDS = 30;

  private record Key(
      String worker, String path, String impl, String source, String target, Row.Place place) {}

  private final Session session;
  private final Places places;
  private final Map<Key, List<RowResult>> rows = new LinkedHashMap<>();

  Probes(Session session, Places places, List<RowResult> results) {
    this.session = session;
    this.places = places;
    for (RowResult result : results) {
      Row row = result.row;
      Key key =
          new Key(row.worker(), row.path(), row.impl(), row.source(), row.target(), row.place());
      rows.computeIfAbsent(key, k -> new ArrayList<>()).add(result);
    }
  }

  long count() {
    return rows.size();
  }

  void run() throws InterruptedException {
    session.progress().at("mutation probes");
    for (List<RowResult> same : rows.values()) {
      if (same.stream().anyMatch(RowResult::isMeasured)) {
        probe(same);
      }
      session.progress().step();
    }
  }

  private void probe(List<RowResult> same) throws InterruptedException {
    Row row = same.get(0).row;
    String verdict = null;
    String how;
    try {
      Wire command = PathsChapter.command("probe", row, places.of(row.place()));
      JsonNode answer = session.workers().ask(row.worker(), command, TIMEOUT_SECONDS);
      if (answer.path("ok").asBoolean()) {
        verdict = answer.path("probe").asText();
        how = answer.path("how").asText();
      } else {
        how = "no verdict: " + answer.path("skipped").asText(answer.path("failed").asText("?"));
      }
    } catch (WorkerException | ShellException e) {
      how = "no verdict: " + e.getMessage();
    }
    for (RowResult result : same) {
      result.probe = verdict;
      result.probeHow = how;
    }
  }
}
