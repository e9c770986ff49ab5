// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;

/** The report as a file of JSON: the only form that the other forms are made of. */
final class ReportJson {
  /** Changes when a field changes its meaning or goes; added fields do not change it. */
  static final int SCHEMA = 1;

  private ReportJson() {}

  /** Starts a report; chapters are put into its object "chapters". */
  static ObjectNode start(ObjectNode machine) {
    ObjectNode report = Json.object();
    report.put("schema", SCHEMA);
    report.set("machine", machine);
    report.putObject("chapters");
    return report;
  }

  static void write(ObjectNode report, Path file) throws IOException {
    Json.MAPPER.writerWithDefaultPrettyPrinter().writeValue(file.toFile(), report);
  }
}
