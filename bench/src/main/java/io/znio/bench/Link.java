// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channel;
import java.nio.channels.Pipe;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * One {@code receive} or {@code send} of the peer, and the worker's ends of its connections: plain
 * blocking channels of the JDK, whatever then moves bytes through them. One thread.
 */
final class Link implements AutoCloseable {
  private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

  private final Peer peer;
  private final List<Channel> channels = new ArrayList<>();
  private final List<Channel> ends = new ArrayList<>();
  private SocketAddress address;
  private boolean pending;

  private Link(Peer peer) {
    this.peer = peer;
  }

  /** The peer receives what the plan's target gets; copies 2 for tee. */
  static Link toPeer(Peer peer, Plan plan, int copies, boolean hold, Path keep) throws IOException {
    Link link = new Link(peer);
    try {
      Wire request =
          receiving(plan)
              .with("hold", hold ? 1 : null)
              .with("copies", copies > 1 ? copies : null)
              .with("keep", keep);
      link.open(plan.target(), request, copies, true, plan);
      return link;
    } catch (IOException | RuntimeException e) {
      link.close();
      throw e;
    }
  }

  /** The peer receives memory over a unix socket: descriptors instead of bytes. */
  static Link toPeerWithMemory(Peer peer, Plan plan, boolean hold) throws IOException {
    Link link = new Link(peer);
    try {
      Wire request =
          new Wire("receive")
              .with("kind", "memfd")
              .with("bytes", plan.bytes())
              .with("size", plan.size())
              .with("hold", hold ? 1 : null)
              .with("flip", plan.flip() ? 1 : null);
      link.open("unix", request, 1, true, plan);
      return link;
    } catch (IOException | RuntimeException e) {
      link.close();
      throw e;
    }
  }

  /** The peer sends the sequence of a file, once it is told to go. */
  static Link fromPeer(Peer peer, Plan plan, Path file) throws IOException {
    Link link = new Link(peer);
    try {
      link.open(plan.source(), sending(plan, file), 1, false, plan);
      return link;
    } catch (IOException | RuntimeException e) {
      link.close();
      throw e;
    }
  }

  /** The same, for a connection that somebody else makes: to {@link #address}. */
  static Link invite(Peer peer, Plan plan) throws IOException {
    Link link = new Link(peer);
    try {
      Wire request = plan.peerSends() ? sending(plan, plan.file()) : receiving(plan);
      peer.tell(request.line());
      link.pending = true;
      Wire ready = peer.hear("ready");
      link.address =
          request.need("kind").equals("tcp") ? tcpAddress(ready, plan) : unixAddress(ready);
      return link;
    } catch (IOException | RuntimeException e) {
      link.close();
      throw e;
    }
  }

  private static Wire receiving(Plan plan) {
    return new Wire("receive")
        .with("kind", plan.target())
        .with("bytes", plan.bytes())
        .with("ipv", plan.ipv())
        .with("address", plan.address())
        .with("flip", plan.flip() ? 1 : null);
  }

  private static Wire sending(Plan plan, Path file) {
    return new Wire("send")
        .with("kind", plan.source())
        .with("file", file)
        .with("size", plan.size())
        .with("bytes", plan.bytes())
        .with("ipv", plan.ipv())
        .with("address", plan.address())
        .with("hold", 1);
  }

  /** Where the peer waits for a connection that is not ours to make. */
  SocketAddress address() {
    return address;
  }

  private void open(String kind, Wire request, int copies, boolean writing, Plan plan)
      throws IOException {
    if (kind.equals("pipe")) {
      request.with("pid", ProcessHandle.current().pid());
      for (int i = 1; i <= copies; i++) {
        request.with(i == 1 ? "fd" : "fd" + i, openPipe(writing));
      }
    }
    peer.tell(request.line());
    pending = true;
    Wire ready = peer.hear("ready");
    for (int i = 0; i < copies && !kind.equals("pipe"); i++) {
      ends.add(kind.equals("tcp") ? connectTcp(ready, plan) : connectUnix(ready));
    }
  }

  private SocketChannel connectTcp(Wire ready, Plan plan) throws IOException {
    SocketChannel channel = SocketChannel.open();
    channels.add(channel);
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    channel.connect(tcpAddress(ready, plan));
    return channel;
  }

  private static SocketAddress tcpAddress(Wire ready, Plan plan) {
    String loopback = "6".equals(plan.ipv()) ? "::1" : "127.0.0.1";
    return new InetSocketAddress(
        plan.address() == null ? loopback : plan.address(), (int) ready.needLong("port"));
  }

  private static SocketAddress unixAddress(Wire ready) {
    return UnixDomainSocketAddress.of(ready.need("path"));
  }

  private SocketChannel connectUnix(Wire ready) throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    channels.add(channel);
    channel.connect(unixAddress(ready));
    return channel;
  }

  /** Makes a pipe and returns the descriptor that the peer shall open: the one we do not use. */
  private String openPipe(boolean writing) throws IOException {
    Map<String, String> before = descriptors();
    Pipe pipe = Pipe.open();
    channels.add(pipe.sink());
    channels.add(pipe.source());
    ends.add(writing ? pipe.sink() : pipe.source());
    // Java hides the numbers, but no descriptor had this pipe before.
    for (Map.Entry<String, String> entry : descriptors().entrySet()) {
      boolean fresh = !entry.getValue().equals(before.get(entry.getKey()));
      if (fresh && entry.getValue().startsWith("pipe:") && isReadEnd(entry.getKey()) == writing) {
        return entry.getKey();
      }
    }
    throw new IOException("the descriptors of a fresh pipe are not in " + DESCRIPTORS);
  }

  private static boolean isReadEnd(String number) throws IOException {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/fdinfo", number))) {
      String flags =
          lines
              .filter(line -> line.startsWith("flags:"))
              .findFirst()
              .orElseThrow(() -> new IOException("/proc/self/fdinfo has no flags"));
      return (Integer.parseInt(flags.replaceAll("\\D", ""), 8) & 3) == 0;
    }
  }

  /** What each descriptor of this process refers to. */
  private static Map<String, String> descriptors() throws IOException {
    Map<String, String> targets = new TreeMap<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(DESCRIPTORS)) {
      for (Path entry : entries) {
        try {
          targets.put(entry.getFileName().toString(), Files.readSymbolicLink(entry).toString());
        } catch (NoSuchFileException e) {
          // Closed by another thread meanwhile.
        }
      }
    }
    return targets;
  }

  WritableByteChannel out(int index) {
    return (WritableByteChannel) ends.get(index);
  }

  ReadableByteChannel in() {
    return (ReadableByteChannel) ends.get(0);
  }

  /** Lets a peer that holds go on. */
  void go() throws IOException {
    peer.tell("go");
  }

  /** Waits for an answer of the peer that is not its last. */
  Wire hear(String word) throws IOException {
    return peer.hear(word);
  }

  /** Closes our ends, so that a peer without a last byte sees the end; waits for its answer. */
  Wire end() throws IOException {
    closeChannels();
    return finish();
  }

  /** Waits for the peer's last answer. */
  Wire finish() throws IOException {
    Wire done = peer.hear("done");
    pending = false;
    return done;
  }

  /**
   * Closes our ends, and takes an answer that is still owed, so that the next command has its own.
   */
  @Override
  public void close() {
    closeChannels();
    if (pending && peer.isAlive()) {
      pending = false;
      try {
        peer.tell("cancel");
        peer.hear("done");
      } catch (IOException e) {
        // "error cancelled" is one of the two answers that are due.
      }
    }
  }

  private void closeChannels() {
    for (Channel channel : channels) {
      try {
        channel.close();
      } catch (IOException e) {
        // Nothing can be done with it any more.
      }
    }
  }
}
