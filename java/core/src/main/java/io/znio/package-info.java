// SPDX-License-Identifier: Apache-2.0
/**
 * Transfers between channels and memory by a named or by the best zero-copy path ({@link
 * io.znio.Transfer}), and the off-heap memory that goes with them ({@link io.znio.Mapping}, {@link
 * io.znio.Memfd}, {@link io.znio.Region}). {@link io.znio.Ledger} tells what is held.
 *
 * <p>A null argument throws {@link NullPointerException}. Where libznio.so cannot be loaded, the
 * first use of a class throws {@link UnsatisfiedLinkError}, which says why and what helps.
 */
package io.znio;
