// SPDX-License-Identifier: Apache-2.0
package io.znio;

/**
 * What a transfer did.
 *
 * @param path the path that moved the bytes (the last one, if several did); {@link
 *     TransferPath#AUTO} if nothing ran
 * @param bytes bytes that reached the target
 * @param systemCalls system calls made by znio, failed ones included; those that the JDK made to
 *     wait are not counted
 * @param declinedPath a better path that did not run; null if there is none
 * @param declinedReason why it did not, in one sentence; null if there is none
 * @param shortReason why fewer bytes were moved than asked for, in one sentence; null if all were,
 *     or the source was at its end
 * @param kernelCopied whether the kernel copied all the same; before the {@code loan} is returned
 *     {@link KernelCopied#UNKNOWN}
 * @param loan memory that the kernel may still read; never null
 */
public record Receipt(
    TransferPath path,
    long bytes,
    long systemCalls,
    TransferPath declinedPath,
    String declinedReason,
    String shortReason,
    KernelCopied kernelCopied,
    Loan loan) {

  /** {@return whether the kernel copied, as far as it has told by now} */
  @Override
  public KernelCopied kernelCopied() {
    return kernelCopied == KernelCopied.UNKNOWN ? loan.kernelCopied() : kernelCopied;
  }

  /**
   * @param memory the buffer or mapping at one end, or null
   */
  static Receipt of(long[] receipt, Loan loan, Object memory) {
    TransferPath declined = TransferPath.of(receipt[Native.RECEIPT_DECLINED_PATH]);
    boolean none = declined == TransferPath.AUTO;
    int error = (int) receipt[Native.RECEIPT_ERROR];
    return new Receipt(
        TransferPath.of(receipt[Native.RECEIPT_PATH]),
        receipt[Native.RECEIPT_BYTES],
        receipt[Native.RECEIPT_SYSTEM_CALLS],
        none ? null : declined,
        none ? null : Errors.describe((int) receipt[Native.RECEIPT_DECLINED_REASON]),
        error == 0 ? null : shortReason(error, receipt, memory),
        KernelCopied.of(receipt[Native.RECEIPT_KERNEL_COPIED]),
        loan);
  }

  private static String shortReason(int error, long[] receipt, Object memory) {
    String reason = Errors.describe(error);
    return error == Errors.ELOST ? reason + ": " + MappedMemory.lostPage(receipt, memory) : reason;
  }
}
