// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import io.znio.bench.Shell.ShellException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;

/** Where rows run: sets up what they need when the first one asks, and says why if it cannot. */
final class Places {
  /**
   * Where a row runs.
   *
   * @param file the source
   * @param fileSize its size in bytes
   * @param scratch where files are written
   * @param peerCommand what starts the peer
   * @param address where the peer listens, or null for loopback
   */
  record Site(Path file, long fileSize, Path scratch, String peerCommand, String address) {}

  private final Settings settings;
  private final Cleanup cleanup;
  private final Map<Row.Place, Site> sites = new EnumMap<>(Row.Place.class);
  private final Map<Row.Place, String> refusals = new EnumMap<>(Row.Place.class);

  Places(Settings settings, Cleanup cleanup) {
    this.settings = settings;
    this.cleanup = cleanup;
  }

  /**
   * Returns where a row runs.
   *
   * @throws ShellException with the sentence that says why this machine cannot do it
   */
  Site of(Row.Place place) throws ShellException, InterruptedException {
    if (place == null) {
      return plain(null);
    }
    if (refusals.containsKey(place)) {
      throw new ShellException(refusals.get(place));
    }
    Site site = sites.get(place);
    if (site == null) {
      try {
        site = create(place);
      } catch (ShellException e) {
        refusals.put(place, e.getMessage());
        throw e;
      }
      sites.put(place, site);
    }
    return site;
  }

  private Site plain(String address) {
    return new Site(
        settings.file(),
        settings.fileSize(),
        settings.scratch(),
        settings.peer().toString(),
        address);
  }

  private Site create(Row.Place place) throws ShellException, InterruptedException {
    if (place == Row.Place.XFS) {
      XfsImage image = XfsImage.create(settings.file(), settings.scratch(), cleanup);
      try {
        return new Site(
            image.source(), image.sourceSize(), image.scratch(), settings.peer().toString(), null);
      } catch (IOException e) {
        throw new ShellException("the scratch XFS cannot be read: " + e.getMessage());
      }
    }
    VethPair pair = VethPair.create(place == Row.Place.VETH, cleanup);
    Site plain = plain(pair.address());
    return new Site(
        plain.file(),
        plain.fileSize(),
        plain.scratch(),
        pair.peerCommand(settings.peer().toString()),
        pair.address());
  }
}
