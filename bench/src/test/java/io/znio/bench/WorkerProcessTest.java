// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.znio.bench.WorkerProcess.WorkerException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class WorkerProcessTest {
  private static WorkerProcess worker(String script) throws WorkerException {
    return new WorkerProcess("test worker", List.of("/bin/sh", "-c", script), Map.of("WORD", "hi"));
  }

  @Test
  void anAnswerIsOneObject() throws Exception {
    try (WorkerProcess worker =
        worker("while read -r verb; do echo \"{\\\"w\\\":\\\"$WORD $verb\\\"}\"; done")) {
      assertThat(worker.ask(new Wire("a").with("b", "c d"), 20).get("w").asText())
          .isEqualTo("hi a b=c%20d");
      assertThat(worker.ask(new Wire("e"), 20).get("w").asText()).isEqualTo("hi e");
    }
  }

  @Test
  void aWorkerThatDiesIsReportedWithItsLastWords() throws Exception {
    try (WorkerProcess worker = worker("read -r verb; echo 'out of luck' >&2; exit 7")) {
      assertThatThrownBy(() -> worker.ask(new Wire("run"), 20))
          .isInstanceOf(WorkerException.class)
          .hasMessageContaining("exit status 7")
          .hasMessageContaining("out of luck")
          .hasMessageContaining("'run'");
      assertThat(worker.isAlive()).isFalse();
    }
  }

  @Test
  void aWorkerThatHangsIsKilledWithItsChildren() throws Exception {
    try (WorkerProcess worker = worker("read -r verb; sleep 1000 & echo $! >&2; wait")) {
      assertThatThrownBy(() -> worker.ask(new Wire("run"), 1))
          .isInstanceOf(WorkerException.class)
          .hasMessageContaining("within 1 s");
      assertThatThrownBy(() -> worker.ask(new Wire("run"), 20)).isInstanceOf(WorkerException.class);
      assertThat(ProcessHandle.current().descendants().filter(ProcessHandle::isAlive))
          .noneMatch(child -> child.info().commandLine().orElse("").contains("sleep 1000"));
    }
  }

  @Test
  void anAnswerThatIsNoJsonIsAFailure() throws Exception {
    try (WorkerProcess worker = worker("read -r verb; echo nonsense; read -r verb")) {
      assertThatThrownBy(() -> worker.ask(new Wire("run"), 20))
          .isInstanceOf(WorkerException.class)
          .hasMessageContaining("nonsense");
    }
  }

  @Test
  void aProgramThatIsMissingIsNamed() {
    assertThatThrownBy(
            () -> new WorkerProcess("test worker", List.of("/no/such/program"), Map.of()))
        .isInstanceOf(WorkerException.class)
        .hasMessageContaining("/no/such/program");
  }
}
