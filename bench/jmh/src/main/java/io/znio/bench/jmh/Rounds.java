// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.WorkloadParams;

/** The results of one fork each, put together as if JMH itself had run all forks of a row. */
final class Rounds {
  /** By what JMH calls a row: the benchmark, its mode and its parameters. */
  private final Map<String, List<RunResult>> rows = new LinkedHashMap<>();

  void add(RunResult result) {
    BenchmarkParams params = result.getParams();
    String row = params.getBenchmark() + params.getMode() + workload(params);
    rows.computeIfAbsent(row, key -> new ArrayList<>()).add(result);
  }

  boolean isEmpty() {
    return rows.isEmpty();
  }

  /** By benchmark, as JMH itself has them. */
  Collection<RunResult> merged() {
    List<RunResult> merged = new ArrayList<>();
    for (List<RunResult> forks : rows.values()) {
      List<BenchmarkResult> all = new ArrayList<>();
      forks.forEach(fork -> all.addAll(fork.getBenchmarkResults()));
      merged.add(new RunResult(withForks(forks.get(0).getParams(), all.size()), all));
    }
    merged.sort(RunResult.DEFAULT_SORT_COMPARATOR);
    return merged;
  }

  private static WorkloadParams workload(BenchmarkParams params) {
    WorkloadParams workload = new WorkloadParams();
    int order = 0;
    for (String name : params.getParamsKeys()) {
      workload.put(name, params.getParam(name), order++);
    }
    return workload;
  }

  private static BenchmarkParams withForks(BenchmarkParams of, int forks) {
    return new BenchmarkParams(
        of.getBenchmark(),
        of.generatedBenchmark(),
        of.shouldSynchIterations(),
        of.getThreads(),
        of.getThreadGroups(),
        of.getThreadGroupLabels(),
        forks,
        of.getWarmupForks(),
        of.getWarmup(),
        of.getMeasurement(),
        of.getMode(),
        workload(of),
        of.getTimeUnit(),
        of.getOpsPerInvocation(),
        of.getJvm(),
        of.getJvmArgs(),
        of.getJdkVersion(),
        of.getVmName(),
        of.getVmVersion(),
        of.getJmhVersion(),
        of.getTimeout());
  }
}
