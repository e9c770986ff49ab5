// SPDX-License-Identifier: Apache-2.0
/** {@link io.znio.segments.Segments}: regions and mappings as memory segments. */
package io.znio.segments;
