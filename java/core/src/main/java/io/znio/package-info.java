// SPDX-License-Identifier: Apache-2.0
/**
 * Transfers between channels and memory by a named or by the best zero-copy path ({@link
 * io.znio.Transfer}), and the off-heap memory that goes with them ({@link io.znio.Mapping}, {@link
 * io.znio.Memfd}, {@link io.znio.Region}). {@link io.znio.Ledger} tells what is held.
 */
package io.znio;
