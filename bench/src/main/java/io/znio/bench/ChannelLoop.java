// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;

/**
 * One operation of the chapter "channel", many times, by one thread. What is read is looked at, so
 * that nothing of the work can be left out by the JIT.
 *
 * <p>The loops are in methods that are called for some dozen operations at a time: they are
 * compiled as any method is, not in the middle of one endless loop.
 */
abstract class ChannelLoop {
  static final int TURNS = 64;
  private static final int PAGE = 4096;

  final ChannelPlan plan;
  final FileChannel file;
  final byte[] content;
  private final int slots;
  private int random;
  private int place;

  /** Operations that did not do what they should. */
  long wrong;

  ChannelLoop(ChannelPlan plan, FileChannel file, byte[] content, int number) {
    this.plan = plan;
    this.file = file;
    this.content = content;
    this.slots = plan.slots();
    this.random = seed(number);
  }

  /** Different for each thread, and never 0. */
  static int seed(int number) {
    return 0x9e3779b9 * (number + 1);
  }

  static int xorshift(int random) {
    int x = random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x;
  }

  /** Where in the file the piece of a random number begins. */
  static int slot(int random, int slots) {
    return (int) ((random & 0xffff_ffffL) * slots >>> 32);
  }

  final int next() {
    random = xorshift(random);
    return slot(random, slots) * plan.size();
  }

  final void run(long count) throws IOException {
    for (long i = 0; i < count; i += TURNS) {
      wrong += turns((int) Math.min(TURNS, count - i));
    }
  }

  private long turns(int count) throws IOException {
    long different = 0;
    for (int i = 0; i < count; i++) {
      different += turn();
    }
    return different;
  }

  /** Does it once. Returns 0; 1 if it was wrong. */
  abstract int turn() throws IOException;

  /** Where the next piece begins for whoever goes through the file, again and again. */
  final int nextInOrder() throws IOException {
    int at = place;
    if (at + plan.size() > content.length) {
      file.position(0);
      at = 0;
    }
    place = at + plan.size();
    return at;
  }

  /** 1 if a buffer does not hold the piece of the file, judged by its ends. */
  final int difference(ByteBuffer buffer, int at) {
    int last = plan.size() - 1;
    return (buffer.get(0) ^ content[at]) == 0 && (buffer.get(last) ^ content[at + last]) == 0
        ? 0
        : 1;
  }

  static ChannelLoop of(ChannelPlan plan, FileChannel file, byte[] content, int number) {
    return switch (plan.op()) {
      case ChannelRows.READ -> new Read(plan, file, content, number);
      case ChannelRows.READ_AT -> new ReadAt(plan, file, content, number);
      case ChannelRows.WRITE -> new Write(plan, file, content, number);
      case ChannelRows.WRITE_AT -> new WriteAt(plan, file, content, number);
      case ChannelRows.MAP_CLEAN, ChannelRows.MAP_COLLECT -> new Map(plan, file, content, number);
      default -> throw new IllegalArgumentException("there is no op '" + plan.op() + "'");
    };
  }

  private static final class Read extends ChannelLoop {
    private final ByteBuffer buffer;

    Read(ChannelPlan plan, FileChannel file, byte[] content, int number) {
      super(plan, file, content, number);
      buffer = plan.allocate(plan.size());
    }

    @Override
    int turn() throws IOException {
      int at = nextInOrder();
      return file.read(buffer.clear()) == plan.size() ? difference(buffer, at) : 1;
    }
  }

  private static final class ReadAt extends ChannelLoop {
    private final ByteBuffer buffer;

    ReadAt(ChannelPlan plan, FileChannel file, byte[] content, int number) {
      super(plan, file, content, number);
      buffer = plan.allocate(plan.size());
    }

    @Override
    int turn() throws IOException {
      int at = next();
      return file.read(buffer.clear(), at) == plan.size() ? difference(buffer, at) : 1;
    }
  }

  private static final class Write extends ChannelLoop {
    private final ByteBuffer source;

    Write(ChannelPlan plan, FileChannel file, byte[] content, int number) {
      super(plan, file, content, number);
      source = plan.allocate(content.length).put(0, content);
    }

    @Override
    int turn() throws IOException {
      int at = nextInOrder();
      source.limit(at + plan.size()).position(at);
      return file.write(source) == plan.size() ? 0 : 1;
    }
  }

  private static final class WriteAt extends ChannelLoop {
    private final ByteBuffer source;

    WriteAt(ChannelPlan plan, FileChannel file, byte[] content, int number) {
      super(plan, file, content, number);
      source = plan.allocate(content.length).put(0, content);
    }

    @Override
    int turn() throws IOException {
      int at = next();
      source.limit(at + plan.size()).position(at);
      return file.write(source, at) == plan.size() ? 0 : 1;
    }
  }

  /** Maps, touches every page, and unmaps or drops. */
  private static final class Map extends ChannelLoop {
    private final boolean cleans;

    Map(ChannelPlan plan, FileChannel file, byte[] content, int number) {
      super(plan, file, content, number);
      cleans = plan.op().equals(ChannelRows.MAP_CLEAN);
    }

    @Override
    int turn() throws IOException {
      int at = next();
      MappedByteBuffer mapped = file.map(MapMode.READ_ONLY, at, plan.size());
      int wrong = difference(mapped, at);
      for (int page = PAGE; page < plan.size(); page += PAGE) {
        wrong |= mapped.get(page) ^ content[at + page];
      }
      if (cleans) {
        JdkUnsafe.free(mapped);
      }
      return wrong == 0 ? 0 : 1;
    }
  }
}
