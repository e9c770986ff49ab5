// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A worker's peer: the C program on the other side of sockets and pipes, as a child. */
final class Peer implements AutoCloseable {
  /** Longer than the peer's own time-outs, so that it is the peer that says what happened. */
  private static final long TIMEOUT_SECONDS = 90;

  private static final String END = "\u0000end";

  private final Process process;
  private final Writer commands;
  private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();

  /** Starts it; command: words separated by blanks. */
  Peer(String command) throws IOException {
    process =
        new ProcessBuilder(List.of(command.split(" ")))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    commands = process.outputWriter(StandardCharsets.UTF_8);
    Thread reader = new Thread(this::read, "peer reader");
    reader.setDaemon(true);
    reader.start();
  }

  private void read() {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        answers.add(line);
      }
    } catch (IOException e) {
      // It is gone; hear() says so.
    } finally {
      answers.add(END);
    }
  }

  boolean isAlive() {
    return process.isAlive();
  }

  void tell(String line) throws IOException {
    commands.write(line);
    commands.write('\n');
    commands.flush();
  }

  /** Waits for an answer that begins with a word; an "error" is an IOException. */
  Wire hear(String word) throws IOException {
    String line;
    try {
      line = answers.poll(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      throw new IOException("interrupted while waiting for the peer", e);
    }
    if (line == null || END.equals(line)) {
      process.destroyForcibly();
      throw new IOException(
          line == null ? "the peer said nothing for 90 s" : "the peer has ended unasked");
    }
    if (line.startsWith("error ")) {
      throw new IOException("the peer: " + line.substring("error ".length()));
    }
    if (!line.equals(word) && !line.startsWith(word + " ")) {
      process.destroyForcibly();
      throw new IOException("the peer said '" + line + "' where '" + word + "' was due");
    }
    return Wire.parse(line);
  }

  /** The hash that the peer computes of a file, or of a sequence of its bytes. */
  String hash(Wire request) throws IOException {
    tell(request.line());
    return hear("done").need("hash");
  }

  @Override
  public void close() {
    try {
      if (process.isAlive()) {
        tell("quit");
        commands.close();
        process.waitFor(2, TimeUnit.SECONDS);
      }
    } catch (IOException e) {
      // It is gone already.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      process.destroyForcibly();
    }
  }
}
