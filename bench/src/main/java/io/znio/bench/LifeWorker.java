// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.znio.Znio;
import java.io.IOException;
import java.util.Locale;

/** The command {@code lifecycle}, in a JVM of its own. */
final class LifeWorker {
  private LifeWorker() {}

  static ObjectNode run(Wire wire) throws IOException, InterruptedException, SkippedException {
    if (wire.need("impl").equals("znio")) {
      checkLevel(wire.need("level"));
    } else if ("free".equals(wire.get("by")) && !JdkUnsafe.isThere()) {
      throw new SkippedException("this JDK has no invokeCleaner: only its collector frees");
    }
    return wire.need("op").equals("limit")
        ? new LifeLimit(wire).run()
        : new LifePicture(wire).run();
  }

  private static void checkLevel(String wanted) throws SkippedException {
    Znio.Capabilities capabilities = Znio.capabilities();
    String level = capabilities.safety().name().toLowerCase(Locale.ROOT);
    if (!level.equals(wanted)) {
      throw new SkippedException(
          "this JVM runs at the level " + level + ": " + capabilities.checkedRefusal());
    }
  }
}
