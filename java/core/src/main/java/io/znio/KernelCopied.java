// SPDX-License-Identifier: Apache-2.0
package io.znio;

/** Whether the kernel copied the data although the path promises not to. */
public enum KernelCopied {
  /** The path has no way to tell, or the kernel has not told yet. */
  UNKNOWN,
  /** The kernel says that it did not. */
  NO,
  /** The kernel says that it did: MSG_ZEROCOPY and SEND_ZC over loopback always do. */
  YES;

  /** C: {@code enum zn_kernel_copied}. */
  static KernelCopied of(long number) {
    return number < 0 ? UNKNOWN : number == 0 ? NO : YES;
  }
}
