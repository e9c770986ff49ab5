// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import java.io.File;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;

/**
 * What znio can do on a JDK, asked of a JVM of that JDK.
 *
 * @param home the JDK's directory
 * @param options for its JVM
 */
record JdkChecks(Path home, List<String> options) {
  private static final int TIMEOUT_SECONDS = 60;
  private static final String NATIVE_ACCESS = "restricted method";
  private static final String ALLOW = "--enable-native-access=ALL-UNNAMED";

  /** What the probe wrote. */
  private record Answer(int status, String output, String errors) {}

  List<Finding> all() {
    Path java = home.resolve("bin").resolve("java");
    if (!Files.isExecutable(java)) {
      return List.of(Finding.limit("JDK", home + " has no bin/java", "name the home of a JDK"));
    }
    try {
      return judge(ask(java));
    } catch (IOException e) {
      return List.of(
          Finding.limit("JDK", home + " does not start: " + e, "name the home of a JDK"));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return List.of(Finding.note("JDK", home + " was not asked", "interrupted"));
    }
  }

  private Answer ask(Path java) throws IOException, InterruptedException {
    Path output = Files.createTempFile("znio-doctor-", ".out");
    Path errors = Files.createTempFile("znio-doctor-", ".err");
    try {
      List<String> command = new ArrayList<>(List.of(java.toString()));
      command.addAll(options);
      String classPath = System.getProperty("java.class.path");
      command.addAll(List.of("-cp", classPath, JdkProbe.class.getName()));
      Process process =
          new ProcessBuilder(command)
              .redirectInput(new File("/dev/null"))
              .redirectOutput(output.toFile())
              .redirectError(errors.toFile())
              .start();
      if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
        throw new IOException("it did not answer within " + TIMEOUT_SECONDS + " s");
      }
      return new Answer(process.exitValue(), Files.readString(output), Files.readString(errors));
    } finally {
      Files.delete(output);
      Files.delete(errors);
    }
  }

  private List<Finding> judge(Answer answer) throws IOException {
    Properties found = new Properties();
    found.load(new StringReader(answer.output()));
    String version = found.getProperty(JdkProbe.VERSION);
    if (answer.status() != 0 || version == null) {
      String first = answer.errors().lines().findFirst().orElse("status " + answer.status());
      return List.of(
          Finding.limit("JDK", home + ": " + first, "znio needs JDK 17 or newer, and a JVM of it"));
    }
    List<Finding> findings = new ArrayList<>(List.of(Finding.ok("JDK", version + ", " + home)));
    String missing = found.getProperty(JdkProbe.MISSING);
    if (missing != null) {
      findings.add(Finding.limit("library", missing, "where native access is denied: " + ALLOW));
      return findings;
    }
    findings.add(agent(found, answer.errors()));
    findings.add(safety(found));
    addRefusal(findings, "buffers", found.getProperty(JdkProbe.BUFFERS_REFUSAL));
    addRefusal(findings, "transfers", found.getProperty(JdkProbe.TRANSFERS_REFUSAL));
    findings.add(nativeAccess(answer.errors()));
    return findings;
  }

  private static Finding agent(Properties found, String errors) {
    String said =
        String.join("; ", errors.lines().filter(line -> line.startsWith("znio agent: ")).toList())
            .replace("znio agent: ", "");
    String refusal = found.getProperty(JdkProbe.AGENT_REFUSAL);
    if (refusal != null || said.contains("is not known")) {
      return Finding.limit(
          "agent", refusal != null ? refusal : said, "run the program on JDK 17, 21 or 25");
    }
    return Finding.ok("agent", said);
  }

  private static Finding safety(Properties found) {
    String level = found.getProperty(JdkProbe.SAFETY);
    String refusal = found.getProperty(JdkProbe.CHECKED_REFUSAL);
    if (refusal != null) {
      return Finding.limit(
          "safety",
          level + ": " + refusal,
          "checked is verified on the builds that README.md names; with tracked no stale access"
              + " is found");
    }
    return Finding.ok("safety", level);
  }

  private static void addRefusal(List<Finding> findings, String subject, String refusal) {
    if (refusal != null) {
      findings.add(Finding.limit(subject, refusal, "run the program on JDK 17 or 25"));
    }
  }

  /** The JVM was started without leave, to see whether it minds. */
  private static Finding nativeAccess(String errors) {
    return errors.contains(NATIVE_ACCESS)
        ? Finding.note(
            "native access",
            "this JDK warns of a library that is loaded without leave",
            "start programs with "
                + ALLOW
                + " (on the module path: io.znio), or give leave in the manifest of their jar")
        : Finding.ok("native access", "no warning");
  }
}
