// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static io.znio.Internals.unexpected;
import static io.znio.JdkMembers.sign;
import static io.znio.JdkMembers.through;

import java.io.FileDescriptor;
import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;

/**
 * The file channels' part of {@link JdkChannels}: the JDK's by its internals, and {@link
 * NativeFileChannel}, which is asked by the same names.
 */
final class JdkFiles {
  /** No place in a file channel's set of threads. */
  static final int NONE = Integer.MIN_VALUE;

  private static final JdkMembers NEEDED = new JdkMembers();
  private static final Class<?> FILE = NEEDED.type("sun.nio.ch.FileChannelImpl");
  private static final Class<?> THREAD_SET = NEEDED.type("sun.nio.ch.NativeThreadSet");

  private static final MethodHandle BEGIN =
      NEEDED.method(FILE, "beginBlocking", sign(void.class, FileChannel.class));
  private static final MethodHandle END =
      NEEDED.method(FILE, "endBlocking", sign(void.class, FileChannel.class, boolean.class));
  private static final MethodHandle THREADS =
      NEEDED.field(FILE, "threads", THREAD_SET, FileChannel.class);
  private static final MethodHandle ADD =
      through(THREADS, NEEDED.method(THREAD_SET, "add", sign(int.class, Object.class)));
  private static final MethodHandle REMOVE =
      through(
          THREADS, NEEDED.method(THREAD_SET, "remove", sign(void.class, Object.class, int.class)));
  private static final MethodHandle DESCRIPTOR =
      NEEDED.field(FILE, "fd", FileDescriptor.class, FileChannel.class);
  private static final MethodHandle FD =
      through(
          DESCRIPTOR, NEEDED.field(FileDescriptor.class, "fd", int.class, FileDescriptor.class));
  private static final MethodHandle APPENDS =
      through(
          DESCRIPTOR,
          NEEDED.field(FileDescriptor.class, "append", boolean.class, FileDescriptor.class));
  private static final MethodHandle READABLE =
      NEEDED.field(FILE, "readable", boolean.class, FileChannel.class);
  private static final MethodHandle WRITABLE =
      NEEDED.field(FILE, "writable", boolean.class, FileChannel.class);

  private static final MethodHandle PATH =
      new JdkMembers().field(FILE, "path", String.class, FileChannel.class);

  private JdkFiles() {}

  /** The first member that this JDK lacks; null if it has all. */
  static String missing() {
    return NEEDED.missing();
  }

  /** True for a file channel that can be borrowed: the JDK's own, and ours. */
  static boolean isFile(Channel channel) {
    return channel.getClass() == FILE || channel instanceof NativeFileChannel;
  }

  static boolean isReadable(FileChannel file) {
    if (file instanceof NativeFileChannel own) {
      return own.isReadable();
    }
    try {
      return (boolean) READABLE.invokeExact(file);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  static boolean isWritable(FileChannel file) {
    if (file instanceof NativeFileChannel own) {
      return own.isWritable();
    }
    try {
      return (boolean) WRITABLE.invokeExact(file);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** True if every write goes to the end of the file, whatever position is named. */
  static boolean appends(FileChannel file) {
    if (file instanceof NativeFileChannel own) {
      return own.appends();
    }
    try {
      return (boolean) APPENDS.invokeExact(file);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** The path that a file channel was opened with, for messages; null if nobody knows. */
  static String path(FileChannel file) {
    if (file instanceof NativeFileChannel own) {
      return own.name();
    }
    try {
      return PATH == null ? null : (String) PATH.invokeExact(file);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /**
   * An end that is used at its own position: no other thread of znio uses that meanwhile. The JDK's
   * channels do not offer this, nor do they wait for each other in transfers of their own.
   */
  static void lockPosition(Object end, long at) {
    if (at == Native.CURRENT && end instanceof NativeFileChannel own) {
      own.positionLock().lock();
    }
  }

  /** Two of them: always in the same order, whatever their roles. */
  static void lockPositions(Object source, long sourceAt, Object target, long targetAt) {
    boolean targetFirst = System.identityHashCode(target) < System.identityHashCode(source);
    if (targetFirst) {
      lockPosition(target, targetAt);
    }
    lockPosition(source, sourceAt);
    if (!targetFirst) {
      lockPosition(target, targetAt);
    }
  }

  static void unlockPosition(Object end, long at) {
    if (at == Native.CURRENT && end instanceof NativeFileChannel own) {
      own.positionLock().unlock();
    }
  }

  /** The descriptor of an acquired channel. */
  static int descriptor(FileChannel file) {
    if (file instanceof NativeFileChannel own) {
      return own.descriptor();
    }
    try {
      return (int) FD.invokeExact(file);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /**
   * Borrows a file channel.
   *
   * @param hook also sets the interrupt hook
   * @return the place, for {@link #release}
   */
  static int acquire(FileChannel file, boolean hook) throws IOException {
    if (file instanceof NativeFileChannel own) {
      return own.acquire(hook, false);
    }
    if (!hook) {
      return add(file);
    }
    int place = NONE;
    try {
      BEGIN.invokeExact(file);
      place = add(file);
      return place;
    } catch (Throwable t) {
      throw JdkMembers.expected(t);
    } finally {
      if (place == NONE) {
        end(file, false);
      }
    }
  }

  /** Gives it back; throws if it was closed, or the thread interrupted, and nothing completed. */
  static void release(FileChannel file, boolean hook, int place, boolean completed)
      throws IOException {
    if (file instanceof NativeFileChannel own) {
      own.release(hook, place, completed);
      return;
    }
    remove(file, place);
    if (hook) {
      end(file, completed);
    } else if (!completed && !file.isOpen()) {
      throw new AsynchronousCloseException();
    }
  }

  private static void end(FileChannel file, boolean completed) throws IOException {
    try {
      END.invokeExact(file, completed);
    } catch (Throwable t) {
      throw JdkMembers.expected(t);
    }
  }

  /**
   * Enters the thread into the file channel's set: {@code close} signals it and waits for it.
   *
   * @return the place, for {@link #remove}; never {@link #NONE}
   */
  static int add(FileChannel file) throws ClosedChannelException {
    if (file instanceof NativeFileChannel own) {
      return own.enter(false);
    }
    int place;
    try {
      place = (int) ADD.invokeExact(file);
    } catch (Throwable t) {
      throw unexpected(t);
    }
    if (!file.isOpen()) {
      remove(file, place);
      throw new AsynchronousCloseException();
    }
    return place;
  }

  static void remove(FileChannel file, int place) {
    if (place == NONE) {
      return;
    }
    if (file instanceof NativeFileChannel own) {
      own.leave(place);
      return;
    }
    try {
      REMOVE.invokeExact(file, place);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }
}
