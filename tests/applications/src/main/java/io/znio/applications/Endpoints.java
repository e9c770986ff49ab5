// SPDX-License-Identifier: Apache-2.0
package io.znio.applications;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;

/**
 * Where the brokers of a cluster listen: free ports of a loopback address of its own, so that
 * nobody else gets a port between the look and the start, nor while a broker is away.
 */
record Endpoints(List<Endpoint> all) {
  /** Of one broker: as {@code host:port}. */
  record Endpoint(int id, String broker, String controller) {}

  /** For a number of brokers. */
  static Endpoints free(int brokers) throws IOException {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    String host =
        "127."
            + random.nextInt(1, 255)
            + "."
            + random.nextInt(1, 255)
            + "."
            + random.nextInt(2, 255);
    List<Endpoint> all = new ArrayList<>();
    List<ServerSocket> held = new ArrayList<>();
    try {
      for (int id = 1; id <= brokers; id++) {
        all.add(new Endpoint(id, hold(host, held), hold(host, held)));
      }
    } finally {
      for (ServerSocket socket : held) {
        socket.close();
      }
    }
    return new Endpoints(List.copyOf(all));
  }

  private static String hold(String host, List<ServerSocket> held) throws IOException {
    ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName(host));
    held.add(socket);
    return host + ":" + socket.getLocalPort();
  }

  /** For clients. */
  String bootstrap() {
    return all.stream().map(Endpoint::broker).collect(Collectors.joining(","));
  }

  /** For {@code controller.quorum.voters}. */
  String voters() {
    return all.stream()
        .map(endpoint -> endpoint.id() + "@" + endpoint.controller())
        .collect(Collectors.joining(","));
  }
}
