// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.DELETE_ON_CLOSE;
import static java.nio.file.StandardOpenOption.DSYNC;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.SPARSE;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** One side of {@link ChannelModel}: files, channels on them, and what these have made. */
final class ChannelModelSide implements AutoCloseable {
  /** Slots 0 and 1 are the side's own; who makes that of the peer is drawn. */
  private static final int SLOTS = 3;

  private static final int PEER = 2;
  private static final int LOCKS_MAX = 8;
  private static final int MAPPINGS_MAX = 4;
  private static final int FILES = 2;
  private static final int FILE_BYTES = 30_000;

  private static final OpenOption[][] OPTIONS = {
    {READ, WRITE},
    {READ, WRITE},
    {READ, WRITE},
    {READ, WRITE, CREATE},
    {READ, WRITE, CREATE, SPARSE},
    {READ},
    {},
    {WRITE},
    {APPEND},
    {WRITE, APPEND, CREATE},
    {READ, WRITE, TRUNCATE_EXISTING},
    {READ, TRUNCATE_EXISTING},
    {READ, WRITE, DELETE_ON_CLOSE},
    {READ, WRITE, CREATE_NEW},
    {READ, APPEND},
    {APPEND, TRUNCATE_EXISTING},
    {READ, WRITE, LinkOption.NOFOLLOW_LINKS},
  };

  /** Slow on a disk: rare. */
  private static final OpenOption[] SYNCHRONOUS = {READ, WRITE, DSYNC};

  /** A file, whatever its name is by now. The watcher is a channel of the JDK's, apart. */
  static final class Opened implements AutoCloseable {
    final FileChannels maker;
    final FileChannel channel;
    final FileChannel watcher;
    final boolean appends;
    private final Object key;

    Opened(
        FileChannels maker, FileChannel channel, FileChannel watcher, boolean appends, Object key) {
      this.maker = maker;
      this.channel = channel;
      this.watcher = watcher;
      this.appends = appends;
      this.key = key;
    }

    boolean isSameFile(Opened other) {
      return key.equals(other.key);
    }

    long size() throws IOException {
      return watcher.size();
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }

  /** A mapping of a file, from an offset on. */
  record Mapped(MappedByteBuffer buffer, long offset, Opened of) {
    /** The bytes that lie in the file: beyond them nobody may reach. */
    int accessible() throws IOException {
      return (int) Math.max(0, Math.min(buffer.capacity(), of.size() - offset));
    }
  }

  private final FileChannels makers;
  final ChannelModelBuffers buffers = new ChannelModelBuffers();
  final ChannelModelStreams streams;
  private final Path directory;
  private final Opened[] slots = new Opened[SLOTS];
  private final List<Opened> watched = new ArrayList<>();
  private final List<FileLock> locks = new ArrayList<>();
  private final List<Mapped> mappings = new ArrayList<>();

  ChannelModelSide(FileChannels makers, Path parent) throws IOException {
    this.makers = makers;
    this.directory = Files.createDirectory(parent.resolve(makers.name()));
    this.streams = new ChannelModelStreams();
    for (int i = 0; i < FILES; i++) {
      Files.write(file(i), TestFiles.bytes(FILE_BYTES + i));
    }
    Files.createSymbolicLink(directory.resolve("link"), file(0));
    Files.createDirectory(directory.resolve("directory"));
    for (int i = 0; i < SLOTS; i++) {
      open(i, file(i % FILES), makers, READ, WRITE);
    }
  }

  private Path file(int i) {
    return directory.resolve("file" + i);
  }

  // ---- channels

  /** A channel of this side's maker. */
  Opened own(ChannelModelDraw draw, StringBuilder text) {
    return slot(draw.below(PEER), text);
  }

  /** A channel of whichever maker; mostly of this side's. */
  Opened any(ChannelModelDraw draw, StringBuilder text) {
    return slot(draw.once(8) ? PEER : draw.below(PEER), text);
  }

  /** Any of them, all alike. */
  Opened peer(ChannelModelDraw draw, StringBuilder text) {
    return slot(draw.below(SLOTS), text);
  }

  private Opened slot(int i, StringBuilder text) {
    text.append(" [").append(i).append("] ");
    return slots[i];
  }

  /** Closes the channel of a slot, and mostly opens another. */
  void reopen(ChannelModelDraw draw, StringBuilder text) throws IOException {
    int i = draw.below(SLOTS);
    for (int j = 0; j < SLOTS && slots[i].channel.isOpen(); j++) { // rather one that is closed
      i = (i + 1) % SLOTS;
    }
    slot(i, text).close();
    if (draw.once(4)) {
      return;
    }
    FileChannels who = i == PEER && draw.once(2) ? FileChannels.JDK : makers;
    OpenOption[] options = draw.once(200) ? SYNCHRONOUS : draw.of(OPTIONS);
    Path path = draw.once(16) ? directory.resolve(draw.of(STRANGE)) : file(draw.below(FILES));
    if (Files.isDirectory(path)) {
      options = OPTIONS[0]; // a directory may be opened for reading
    }
    text.append(path.getFileName()).append(' ').append(Arrays.toString(options));
    open(i, path, who, options);
  }

  private static final String[] STRANGE = {"link", "missing", "missing/file", "directory"};

  private void open(int i, Path path, FileChannels who, OpenOption... options) throws IOException {
    // Before, because its name may be gone after that.
    FileChannel watcher = Files.exists(path) ? FileChannel.open(path) : null;
    Object key = watcher == null ? null : key(path);
    FileChannel channel = null;
    boolean complete = false;
    try {
      channel = who.open(path, options);
      if (watcher == null) {
        watcher = FileChannel.open(path);
        key = key(path);
      }
      complete = true;
    } finally {
      if (!complete) {
        closeAll(channel, watcher);
      }
    }
    boolean appends = Arrays.asList(options).contains(APPEND);
    slots[i] = new Opened(who, channel, watcher, appends, key);
    watched.add(slots[i]);
    closeUnused();
  }

  private static Object key(Path path) throws IOException {
    return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
  }

  private static void closeAll(FileChannel... channels) throws IOException {
    for (FileChannel channel : channels) {
      if (channel != null) {
        channel.close();
      }
    }
  }

  /** Of channels that are replaced, the watchers that no mapping needs. */
  private void closeUnused() throws IOException {
    List<Opened> needed = new ArrayList<>(Arrays.asList(slots));
    mappings.forEach(mapping -> needed.add(mapping.of));
    for (Opened opened : watched) {
      if (!needed.contains(opened)) {
        opened.watcher.close();
      }
    }
    watched.retainAll(needed);
  }

  // ---- locks

  void add(FileLock lock) throws IOException {
    if (lock != null) {
      locks.add(lock);
    }
    if (locks.size() > LOCKS_MAX) {
      FileLock oldest = locks.remove(0);
      if (oldest.acquiredBy().isOpen()) {
        oldest.release();
      }
    }
  }

  /** Takes one out; null if there is none. */
  FileLock takeLock(ChannelModelDraw draw) {
    return locks.isEmpty() ? null : locks.remove(draw.below(locks.size()));
  }

  // ---- mappings

  void add(Mapped mapping) throws Exception {
    mappings.add(mapping);
    if (mappings.size() > MAPPINGS_MAX) {
      MapContract.invokeCleaner(mappings.remove(0).buffer);
      closeUnused();
    }
  }

  /** Null if there is none. */
  Mapped mapping(ChannelModelDraw draw) {
    return mappings.isEmpty() ? null : mappings.get(draw.below(mappings.size()));
  }

  // ---- what is compared

  /** The positions of all channels. */
  void tellPositions(StringBuilder text) throws IOException {
    text.append(" | positions");
    for (Opened opened : slots) {
      FileChannel channel = opened.channel;
      text.append(' ').append(channel.isOpen() ? channel.position() : -1);
    }
  }

  /** All bytes: of the files that have a name, and of those that only channels have. */
  String content() throws IOException {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < FILES; i++) {
      text.append(Files.exists(file(i)) ? "there " : "gone ");
    }
    for (Opened opened : slots) {
      text.append(content(opened.watcher));
    }
    for (Mapped mapping : mappings) {
      int size = mapping.accessible();
      text.append(", mapped ").append(size).append(' ');
      text.append(ChannelModelBuffers.sum(mapping.buffer.duplicate().limit(size)));
    }
    return text.toString();
  }

  private static String content(FileChannel watcher) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate((int) watcher.size());
    int n = watcher.read(bytes, 0);
    return ", " + n + " bytes " + ChannelModelBuffers.sum(bytes.flip());
  }

  /** Gives all back, whatever state it is in. */
  @Override
  public void close() throws Exception {
    for (Mapped mapping : mappings) {
      MapContract.invokeCleaner(mapping.buffer);
    }
    for (Opened opened : watched) {
      closeAll(opened.channel, opened.watcher);
    }
    streams.close();
    buffers.close();
  }
}
