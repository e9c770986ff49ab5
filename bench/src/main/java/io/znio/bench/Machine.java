// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.znio.bench.WorkerProcess.WorkerException;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;

/** The facts without which figures of two machines, or of two days, cannot be compared. */
final class Machine {
  private Machine() {}

  /** What does not depend on what is measured. */
  static ObjectNode here() {
    ObjectNode machine = Json.object();
    machine.put("date", OffsetDateTime.now().truncatedTo(ChronoUnit.SECONDS).toString());
    machine.put("kernel", System.getProperty("os.version"));
    machine.put("arch", System.getProperty("os.arch"));
    machine.put("cpu", cpu());
    machine.put("cores", Runtime.getRuntime().availableProcessors());
    machine.put("memory_bytes", memoryBytes());
    machine.put("virtual", procText("/sys/class/dmi/id/product_name").orElse(null));
    return machine;
  }

  static ObjectNode describe(Settings settings, List<String> jdks, Workers workers)
      throws InterruptedException {
    ObjectNode machine = here();
    machine.put("load_average", procText("/proc/loadavg").map(Machine::loads).orElse(null));
    machine.put("root", Shell.isRoot());
    ArrayNode versions = machine.putArray("jdks");
    jdks.forEach(versions::add);
    ObjectNode network = machine.putObject("network");
    network.put("congestion_control", sysctl("net/ipv4/tcp_congestion_control"));
    network.put("default_qdisc", sysctl("net/core/default_qdisc"));
    network.put("tcp_wmem", sysctl("net/ipv4/tcp_wmem"));
    network.put("tcp_rmem", sysctl("net/ipv4/tcp_rmem"));
    network.put("wmem_default", sysctl("net/core/wmem_default"));
    network.put("rmem_default", sysctl("net/core/rmem_default"));
    addSocketFacts(machine, network, workers, settings);
    machine.put("pipe_max_size", sysctl("fs/pipe-max-size"));
    machine.set("file_system", fileSystem(settings.file()));
    machine.set("scratch_file_system", fileSystem(settings.scratch()));
    return machine;
  }

  /** What a fresh socket has, which only C can ask before anybody sets anything. */
  private static void addSocketFacts(
      ObjectNode machine, ObjectNode network, Workers workers, Settings settings)
      throws InterruptedException {
    try {
      JsonNode answer = workers.ask("c", new Wire("machine").with("file", settings.file()), 30);
      network.set("socket_send_buffer", answer.path("sndbuf"));
      network.set("socket_receive_buffer", answer.path("rcvbuf"));
      network.set("socket_congestion_control", answer.path("congestion"));
      machine.set("memlock", answer.path("memlock"));
    } catch (WorkerException e) {
      network.put("unknown", e.getMessage());
    }
  }

  private static String cpu() {
    try (var lines = Files.lines(Path.of("/proc/cpuinfo"), StandardCharsets.UTF_8)) {
      return lines
          .filter(line -> line.startsWith("model name") || line.startsWith("CPU part"))
          .findFirst()
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .orElse(null);
    } catch (IOException e) {
      return null;
    }
  }

  private static Long memoryBytes() {
    try (var lines = Files.lines(Path.of("/proc/meminfo"), StandardCharsets.UTF_8)) {
      return lines
          .filter(line -> line.startsWith("MemTotal:"))
          .findFirst()
          .map(line -> Long.parseLong(line.replaceAll("\\D", "")) * Sizes.KIB)
          .orElse(null);
    } catch (IOException e) {
      return null;
    }
  }

  private static String loads(String text) {
    String[] words = text.split(" ");
    return String.join(" ", List.of(words).subList(0, Math.min(3, words.length)));
  }

  private static String sysctl(String name) {
    return procText("/proc/sys/" + name).map(text -> text.replaceAll("\\s+", " ")).orElse(null);
  }

  /** One read(2): files of /proc/sys give the rest of their value to no second one. */
  private static Optional<String> procText(String file) {
    byte[] text = new byte[4096];
    try (FileInputStream in = new FileInputStream(file)) {
      int size = Math.max(0, in.read(text));
      return Optional.of(new String(text, 0, size, StandardCharsets.UTF_8).strip());
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** Type and mount options of the file system that holds a path. */
  static ObjectNode fileSystem(Path path) {
    ObjectNode node = Json.object();
    try {
      node.put("type", FileSystemFacts.type(path));
      Path real = path.toRealPath();
      String best = null;
      for (String line : Files.readAllLines(Path.of("/proc/self/mounts"))) {
        // Blanks in mount points are written \040, so words are separated by single blanks.
        String[] words = line.split(" ");
        Path mount = Path.of(words[1].replace("\\040", " "));
        if (real.startsWith(mount) && (best == null || mountLength(best) <= words[1].length())) {
          best = line;
        }
      }
      if (best != null) {
        String[] words = best.split(" ");
        node.put("mount_point", words[1]);
        node.put("device", words[0]);
        node.put("options", words[3]);
      }
    } catch (IOException e) {
      node.put("unknown", e.toString());
    }
    return node;
  }

  private static int mountLength(String line) {
    return line.split(" ")[1].length();
  }
}
