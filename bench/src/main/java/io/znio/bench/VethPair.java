// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import io.znio.bench.Shell.ShellException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.List;

/**
 * Two virtual network cards joined by a cable, one of them in a network namespace of its own with
 * the peer. Unlike loopback, such a card's scatter-gather can be switched off.
 */
final class VethPair {
  /** Features of the card that need scatter-gather, or let a copy be put off. */
  private static final List<String> OFF =
      List.of("sg", "tso", "gso", "gro", "tx-checksum-ip-generic", "rx", "tx");

  private final String namespace;
  private final String address;

  private VethPair(String namespace, String address) {
    this.namespace = namespace;
    this.address = address;
  }

  /**
   * Sets a pair up and registers its removal.
   *
   * @throws ShellException with one sentence, when this machine does not let us
   */
  static VethPair create(boolean gather, Cleanup cleanup)
      throws ShellException, InterruptedException {
    if (!Shell.isRoot()) {
      throw new ShellException("a network namespace needs root");
    }
    if (Shell.find("ip").isEmpty()) {
      throw new ShellException("the command ip is missing (package iproute2)");
    }
    if (!gather && Shell.find("ethtool").isEmpty()) {
      throw new ShellException("the command ethtool is missing (package ethtool)");
    }
    long id = ProcessHandle.current().pid() % 1_000_000;
    String letter = gather ? "g" : "n";
    String namespace = "znio-" + id + letter;
    String near = "zn" + id + letter + "a";
    String far = "zn" + id + letter + "b";
    String network = freeNetwork();
    cleanup.add("remove the network namespace " + namespace, () -> remove(namespace, near));
    Shell.run("ip", "netns", "add", namespace);
    Shell.run("ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", namespace);
    Shell.run("ip", "addr", "add", network + "1/30", "dev", near);
    Shell.run("ip", "-n", namespace, "addr", "add", network + "2/30", "dev", far);
    Shell.run("ip", "link", "set", near, "up");
    Shell.run("ip", "-n", namespace, "link", "set", far, "up");
    Shell.run("ip", "-n", namespace, "link", "set", "lo", "up");
    if (!gather) {
      switchGatherOff(near);
    }
    return new VethPair(namespace, network + "2");
  }

  private static void switchGatherOff(String card) throws ShellException, InterruptedException {
    for (String feature : OFF) {
      try {
        Shell.run("ethtool", "-K", card, feature, "off");
      } catch (ShellException e) {
        if (feature.equals("sg")) {
          throw e;
        }
        // The others only have to be off where the card has them as switches of their own.
      }
    }
    String features = Shell.run("ethtool", "-k", card);
    if (features.lines().noneMatch(line -> line.matches("scatter-gather: off.*"))) {
      throw new ShellException("scatter-gather of the card " + card + " cannot be switched off");
    }
  }

  /** Finds a /30 of 198.18.0.0/15, which is set aside for benchmarks, that no card here uses. */
  private static String freeNetwork() throws ShellException {
    for (int third = 0; third < 256; third++) {
      String network = "198.19." + third + ".";
      if (!isUsed(network + "1")) {
        return network;
      }
    }
    throw new ShellException("every network of 198.19.0.0/16 is in use on this machine");
  }

  private static boolean isUsed(String address) throws ShellException {
    try {
      return NetworkInterface.getByInetAddress(InetAddress.getByName(address)) != null;
    } catch (UnknownHostException | SocketException e) {
      throw new ShellException("the network cards cannot be listed: " + e.getMessage());
    }
  }

  private static void remove(String namespace, String near)
      throws ShellException, InterruptedException {
    try {
      // At once, not when the namespace is swept up later.
      Shell.run("ip", "link", "del", near);
    } catch (ShellException e) {
      // It was never made, or went with its other end.
    }
    if (Shell.run("ip", "netns", "list").contains(namespace)) {
      Shell.run("ip", "netns", "del", namespace);
    }
  }

  /** The address at which the peer listens. */
  String address() {
    return address;
  }

  /** The command that starts the peer on the far side. */
  String peerCommand(String peer) {
    return "ip netns exec " + namespace + " " + peer;
  }
}
