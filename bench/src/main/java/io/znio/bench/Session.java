// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.util.List;

/**
 * What the chapters of one run share.
 *
 * @param jdks versions of the JVMs that run Java rows, the first one is the default
 */
record Session(
    Settings settings, List<String> jdks, Workers workers, Progress progress, Cleanup cleanup) {}
