// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * A child process that has ended.
 *
 * @param status its exit status
 * @param output what it wrote to both streams
 */
record Child(int status, String output) {
  private static final int TIMEOUT_SECONDS = 50;

  /** What {@link Levels} are about: a child has them from its parent, unless told otherwise. */
  private static final List<String> INHERITED = List.of("io.znio.safety", "io.znio.magazines");

  /** Runs this JVM's own {@code java}, with JNI checks. */
  static Child run(List<String> arguments) throws IOException, InterruptedException {
    return run(arguments, Map.of());
  }

  /** The same with variables of the environment. */
  static Child run(List<String> arguments, Map<String, String> environment)
      throws IOException, InterruptedException {
    return command(java(arguments), environment);
  }

  /** The command that {@link #run} runs; for what is put in front of it. */
  static List<String> java(List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-ea", "-Xcheck:jni", "-Xmx256m", "--enable-native-access=ALL-UNNAMED"));
    for (String property : INHERITED) {
      String value = System.getProperty(property);
      if (value != null) {
        command.add("-D" + property + "=" + value);
      }
    }
    command.addAll(arguments);
    return command;
  }

  /** Runs any command. */
  static Child command(List<String> command) throws IOException, InterruptedException {
    return command(command, Map.of());
  }

  private static Child command(List<String> command, Map<String, String> environment)
      throws IOException, InterruptedException {
    Path output = Files.createTempFile("child", ".log");
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectInput(new File("/dev/null"))
              .redirectOutput(output.toFile());
      builder.environment().putAll(environment);
      Process process = builder.start();
      if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
        throw new AssertionError(command + " did not end; it wrote: " + Files.readString(output));
      }
      return new Child(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
    } finally {
      Files.delete(output);
    }
  }

  /** The class path of znio and of a test class, without the test framework. */
  static String classPath(Class<?> test) {
    Set<String> entries = new LinkedHashSet<>();
    for (Class<?> type : List.of(Transfer.class, test)) {
      try {
        entries.add(
            Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString());
      } catch (java.net.URISyntaxException e) {
        throw new AssertionError(e);
      }
    }
    return String.join(":", entries);
  }
}
