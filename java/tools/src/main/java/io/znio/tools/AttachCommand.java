// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import com.sun.tools.attach.AgentInitializationException;
import com.sun.tools.attach.AgentLoadException;
import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import io.znio.Platform;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code znio attach}: the agent into a JVM that runs. */
@Command(
    name = "attach",
    mixinStandardHelpOptions = true,
    description = {
      "Brings the agent into a JVM that runs, or gives it other options. Counting cannot be taken"
          + " back while the JVM runs.",
      "JDK 21 and newer print a warning there, unless started with "
          + "-XX:+EnableDynamicAgentLoading."
    })
final class AttachCommand implements Callable<Integer> {
  /** The first release that warns of an agent that comes late. */
  private static final int WARNING_JDK = 21;

  private static final String ALLOW = "-XX:+EnableDynamicAgentLoading";

  @Parameters(index = "0", paramLabel = "PID", description = "of the JVM; jcmd lists them")
  private long pid;

  @Parameters(
      index = "1..*",
      paramLabel = "OPTION",
      arity = "0..*",
      description = "of the agent, such as io, stacks=N, json=FILE; java/AGENT.md has all")
  private List<String> options;

  @Mixin private LibraryOption library;
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    String joined = AgentOptions.absolute(AgentCommand.check(spec, options));
    Target target = Target.of(pid);
    target.requireAttachable();
    int jdk = load(target, choose(target), joined);
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        "The agent is in process %1$d. Its counters: java/znio top %1$d%2$s%n",
        pid, joined.contains("json=") ? "; its report: java/znio dump " + pid : "");
    if (jdk >= WARNING_JDK && !target.isStartedWith(ALLOW)) {
      out.printf(
          "JDK %d has printed a warning of this on its standard error; not so if it is started with"
              + " %s.%n",
          jdk, ALLOW);
    }
    out.flush();
    return 0;
  }

  /** The file that the JVM loads: the one it has, if it has one; there is one core in a process. */
  private Path choose(Target target) {
    List<String> there = target.mapped(AgentLibrary.FILE_NAME);
    if (there.isEmpty()) {
      return put(target);
    }
    if (there.get(0).endsWith(" (deleted)")) {
      throw new ToolException(
          "process "
              + pid
              + " has loaded znio itself, from a file that is gone: the program can install the"
              + " agent by io.znio.Agent.install, or be started with what \"znio agent\" prints");
    }
    return Path.of(there.get(0));
  }

  private Path put(Target target) {
    if (!target.isOwn() && !library.isGiven()) {
      throw new ToolException(
          "process "
              + pid
              + " belongs to somebody else, who cannot read your cache: name a directory that both"
              + " can read, as --directory /tmp");
    }
    Path file = library.put(Platform.of(pid));
    if (!Files.exists(target.file(file.toString()))) {
      throw new ToolException(
          "process "
              + pid
              + " is in a container that does not show "
              + file
              + ": name a directory that both see by --directory");
    }
    return file;
  }

  /** Attaches. Returns the release of the JDK; 0: it does not say. */
  private int load(Target target, Path file, String joined) {
    try {
      VirtualMachine machine = VirtualMachine.attach(Long.toString(pid));
      try {
        machine.loadAgentPath(file.toString(), joined);
        String release = machine.getSystemProperties().getProperty("java.vm.specification.version");
        return release.matches("\\d+") ? Integer.parseInt(release) : 0;
      } finally {
        machine.detach();
      }
    } catch (AttachNotSupportedException e) {
      throw new ToolException(
          "the JVM does not answer: it has attaching disabled (-XX:+DisableAttachMechanism), is"
              + " stopped, or its /tmp is another one ("
              + e.getMessage()
              + ")",
          e);
    } catch (AgentLoadException e) {
      throw new ToolException(explain(target, file, String.valueOf(e.getMessage())), e);
    } catch (AgentInitializationException e) {
      throw new ToolException(
          "the agent could not begin; why is on the standard error of process " + pid, e);
    } catch (IOException e) {
      throw new ToolException("the JVM could not be attached to: " + e.getMessage(), e);
    } catch (NoClassDefFoundError e) {
      throw new ToolException(
          "this Java has no module jdk.attach: run java/znio with the java of a JDK", e);
    }
  }

  private static String explain(Target target, Path file, String said) {
    if (said.contains("Dynamic agent loading is not enabled")
        || target.isStartedWith("-XX:-EnableDynamicAgentLoading")) {
      return "process "
          + target.pid()
          + " was started with -XX:-EnableDynamicAgentLoading: start it without, or with what"
          + " \"znio agent\" prints";
    }
    return "the JVM could not load "
        + file
        + " (it said: "
        + said
        + "): it must be readable for the JVM's user, and its file system not mounted noexec;"
        + " --directory names another place";
  }
}
