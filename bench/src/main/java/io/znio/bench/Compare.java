// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.znio.bench.WorkerProcess.WorkerException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * {@code bench/compare [FILE]}: measures every zero-copy path on a real file beside the JDK.
 *
 * <p>Exit status: 0 every row ran verified or was skipped with a reason; 1 a row was not verified
 * or failed; 2 the command line cannot be obeyed.
 */
@Command(
    name = "compare",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    version = "znio bench/compare, report schema " + ReportJson.SCHEMA,
    description = "Measures every zero-copy path on a real file, znio beside C and the JDK.",
    footer = {
      "",
      "Exit status: 0 all rows verified or skipped with a reason; 1 a row was not verified",
      "or failed; 2 bad option or file."
    })
public final class Compare implements Callable<Integer> {
  static final int EXIT_UNVERIFIED = 1;
  static final int EXIT_USAGE = 2;

  /** All chapters, in the order of the report. */
  static List<Chapter> chapters() {
    return List.of(
        new PathsChapter(),
        new ChannelChapter(),
        new MemoryChapter(),
        new LifecycleChapter(),
        new FaultsChapter(),
        new AgentChapter());
  }

  @Spec private CommandSpec spec;
  @Mixin private Options options;

  /** Runs the program and ends the JVM with its exit status. */
  public static void main(String[] arguments) {
    System.exit(run(arguments));
  }

  /** Runs the program and returns its exit status. */
  static int run(String... arguments) {
    return commandLine().execute(arguments);
  }

  /** The command line, which answers each mistake by one sentence. */
  static CommandLine commandLine() {
    return OneSentence.answer(new CommandLine(new Compare()), EXIT_USAGE, EXIT_UNVERIFIED);
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    List<Chapter> chapters = options.chapters(spec.commandLine());
    Cleanup cleanup = new Cleanup();
    try (cleanup;
        Progress progress = new Progress()) {
      Settings settings = options.settings(spec.commandLine(), cleanup);
      Workers workers = new Workers(settings);
      cleanup.add("end the workers", workers::close);
      List<String> jdks = startJdks(settings, workers);
      Session session = new Session(settings, jdks, workers, progress, cleanup);
      ObjectNode report = ReportJson.start(Machine.describe(settings, jdks, workers));
      for (Chapter chapter : chapters) {
        report.withObject("/chapters").set(chapter.name(), chapter.run(session));
      }
      if (cleanup.isStopping()) {
        return EXIT_UNVERIFIED;
      }
      return publish(report, settings);
    } catch (IOException | RuntimeException e) {
      if (cleanup.isStopping()) {
        // Whatever failed did so because its children were ended.
        return EXIT_UNVERIFIED;
      }
      throw e;
    }
  }

  /** Starts the JVM that runs this program as a worker, then the others. */
  private List<String> startJdks(Settings settings, Workers workers)
      throws IOException, InterruptedException {
    List<String> versions = new ArrayList<>();
    Path own = Path.of(System.getProperty("java.home"), "bin", "java");
    try {
      versions.add(workers.addJdk(own));
    } catch (WorkerException e) {
      throw new IOException(e.getMessage(), e);
    }
    for (Path java : settings.jdks()) {
      try {
        String version = workers.addJdk(java);
        if (!versions.contains(version)) {
          versions.add(version);
        }
      } catch (WorkerException e) {
        throw new ParameterException(
            spec.commandLine(), java + " cannot run the Java rows: " + e.getMessage());
      }
    }
    return versions;
  }

  private int publish(ObjectNode report, Settings settings) throws IOException {
    if (Summary.isEmpty(report)) {
      throw new ParameterException(
          spec.commandLine(), "--only, --sizes and --targets leave no row to run; allow more");
    }
    PrintWriter out = spec.commandLine().getOut();
    for (Chapter chapter : chapters()) {
      JsonNode result = report.path("chapters").path(chapter.name());
      if (result.isObject()) {
        out.println(chapter.text(result));
      }
    }
    out.println(Summary.text(report, settings));
    out.flush();
    options.write(report);
    return Summary.isGood(report) ? 0 : EXIT_UNVERIFIED;
  }
}
