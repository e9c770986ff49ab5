// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Set;

/**
 * What {@code FileChannel.open} takes, as {@link Native#fileOpen} takes it; and opening by that.
 */
final class FileOptions {
  private static final int DEFAULT_MODE = 0666;

  /** Of module jdk.unsupported, which a program may lack. */
  private static final String EXTENDED = "com.sun.nio.file.ExtendedOpenOption";

  private FileOptions() {}

  /**
   * The flags, with the JDK's defaults and checks.
   *
   * @throws NullPointerException for an option that is null
   * @throws UnsupportedOperationException for an option that this system does not know
   * @throws IllegalArgumentException for options that never go together
   */
  static int flags(Set<? extends OpenOption> options) {
    int flags = 0;
    for (OpenOption option : options) {
      flags |= flag(option);
    }
    boolean appends = (flags & Native.OPEN_APPEND) != 0;
    if ((flags & (Native.OPEN_READ | Native.OPEN_WRITE)) == 0) {
      flags |= appends ? Native.OPEN_WRITE : Native.OPEN_READ;
    }
    if (appends && (flags & Native.OPEN_READ) != 0) {
      throw new IllegalArgumentException("READ + APPEND not allowed");
    }
    if (appends && (flags & Native.OPEN_TRUNCATE) != 0) {
      throw new IllegalArgumentException("APPEND + TRUNCATE_EXISTING not allowed");
    }
    return flags;
  }

  private static int flag(OpenOption option) {
    if (option instanceof StandardOpenOption standard) {
      return switch (standard) {
        case READ -> Native.OPEN_READ;
        case WRITE -> Native.OPEN_WRITE;
        case APPEND -> Native.OPEN_WRITE | Native.OPEN_APPEND;
        case TRUNCATE_EXISTING -> Native.OPEN_TRUNCATE;
        case CREATE -> Native.OPEN_CREATE;
        case CREATE_NEW -> Native.OPEN_CREATE_NEW;
        case DELETE_ON_CLOSE -> Native.OPEN_DELETE;
        case SPARSE -> 0; // every file of Linux may be
        case SYNC -> Native.OPEN_SYNC;
        case DSYNC -> Native.OPEN_DSYNC;
      };
    }
    if (option == LinkOption.NOFOLLOW_LINKS) {
      return Native.OPEN_NO_FOLLOW;
    }
    boolean extended = option.getClass().getName().equals(EXTENDED);
    if (extended && ((Enum<?>) option).name().equals("DIRECT")) {
      return Native.OPEN_DIRECT;
    }
    throw new UnsupportedOperationException(option + " not supported");
  }

  /**
   * The permissions of a new file.
   *
   * @throws UnsupportedOperationException for an attribute other than "posix:permissions"
   */
  static int mode(FileAttribute<?>... attributes) {
    int mode = DEFAULT_MODE;
    for (FileAttribute<?> attribute : attributes) {
      if (!attribute.name().equals("posix:permissions")) {
        throw new UnsupportedOperationException(
            "'" + attribute.name() + "' not supported as initial attribute");
      }
      mode = 0;
      for (Object permission : (Set<?>) attribute.value()) {
        mode |= 0400 >> ((PosixFilePermission) permission).ordinal();
      }
    }
    return mode;
  }

  /** A new descriptor, or the JDK's exception. */
  static int open(Path path, int flags, int mode) throws IOException {
    byte[] bytes = JdkFileSystem.bytes(path);
    int fd;
    do {
      fd = Native.fileOpen(bytes, flags, mode);
    } while (fd == Errors.EINTR);
    if (fd < 0) {
      throw failure(path.toString(), flags, fd);
    }
    return fd;
  }

  private static IOException failure(String file, int flags, int code) {
    if (code == Errors.ELOOP && (flags & (Native.OPEN_NO_FOLLOW | Native.OPEN_DELETE)) != 0) {
      return new IOException(file + ": " + Errors.describe(code) + " (NOFOLLOW_LINKS specified)");
    }
    return switch (code) {
      case Errors.EACCES -> new AccessDeniedException(file);
      case Errors.ENOENT -> new NoSuchFileException(file);
      case Errors.EEXIST -> new FileAlreadyExistsException(file);
      default -> new FileSystemException(file, null, Errors.describe(code));
    };
  }
}
