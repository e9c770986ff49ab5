// SPDX-License-Identifier: Apache-2.0
/**
 * Zero-copy transfers, and off-heap memory with an owner.
 *
 * <table class="striped">
 * <caption>Where to begin</caption>
 * <thead>
 * <tr><th scope="col">To</th><th scope="col">see</th><th scope="col">in the JDK</th></tr>
 * </thead>
 * <tbody>
 * <tr><th scope="row">move bytes between files, sockets, pipes and memory, by the best path or by a
 * named one</th><td>{@link io.znio.Transfer}</td><td>{@code FileChannel.transferTo}</td></tr>
 * <tr><th scope="row">have a {@code FileChannel} that does so</th>
 * <td>{@link io.znio.NativeFileChannel}</td><td>{@code FileChannel.open}</td></tr>
 * <tr><th scope="row">allocate buffers, and free them</th>
 * <td>{@link io.znio.DirectBuffers}</td><td>{@code ByteBuffer.allocateDirect}</td></tr>
 * <tr><th scope="row">allocate more than a buffer holds</th>
 * <td>{@link io.znio.Region}</td><td>a shared {@code Arena}</td></tr>
 * <tr><th scope="row">map files, and unmap them</th>
 * <td>{@link io.znio.Mapping}</td><td>{@code FileChannel.map}</td></tr>
 * <tr><th scope="row">share memory with another process</th>
 * <td>{@link io.znio.Memfd}</td><td>nothing</td></tr>
 * <tr><th scope="row">see what is live, and what leaked</th>
 * <td>{@link io.znio.Ledger}, {@link io.znio.LedgerMXBean}</td>
 * <td>{@code BufferPoolMXBean}</td></tr>
 * <tr><th scope="row">count what the JDK itself does</th>
 * <td>{@link io.znio.Agent}</td><td>nothing</td></tr>
 * </tbody>
 * </table>
 *
 * <p>{@link io.znio.SafetyLevel} says what happens when memory is used after its end, {@link
 * io.znio.Znio#capabilities} what of all this can be had here.
 *
 * <p>A null argument throws {@link NullPointerException}. Sizes, counts and offsets are in bytes,
 * unless it is said.
 *
 * <p><b>The native library</b>, {@code libznio.so}, is loaded once in a process, by the first use
 * of a class of this package, from the first of these that there is:
 *
 * <ol>
 *   <li>what the application has loaded by {@code System.loadLibrary("znio")}, from a class loader
 *       that has this jar;
 *   <li>the file that {@code -Dio.znio.library=FILE} names;
 *   <li>{@code libznio.so} in a directory of {@code java.library.path};
 *   <li>the one for this platform in this jar, copied into a new directory below {@code
 *       java.io.tmpdir}, which is deleted again.
 * </ol>
 *
 * <p>Where it cannot be loaded, that first use throws {@link UnsatisfiedLinkError}, which says why
 * and what helps; so does a second copy, from another class loader or file.
 */
package io.znio;
