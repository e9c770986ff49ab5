// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static io.znio.Layout.HANDLE_RECORD_BITS;
import static io.znio.Layout.HANDLE_RECORD_MASK;
import static io.znio.Layout.MAGAZINE_AGES;
import static io.znio.Layout.MAGAZINE_BORN_BYTES;
import static io.znio.Layout.MAGAZINE_BORN_ITEMS;
import static io.znio.Layout.MAGAZINE_BYTES_MAX;
import static io.znio.Layout.MAGAZINE_CACHED;
import static io.znio.Layout.MAGAZINE_CLEANED;
import static io.znio.Layout.MAGAZINE_DIED_BYTES;
import static io.znio.Layout.MAGAZINE_LEAKED;
import static io.znio.Layout.RECORD_BIRTH;
import static io.znio.Layout.RECORD_SITE;
import static io.znio.Layout.RECORD_TRAITS;
import static io.znio.Layout.RECORD_WORD;
import static io.znio.Layout.RETIRED_BYTES;
import static io.znio.Layout.RETIRED_BYTES_LIMIT;
import static io.znio.Layout.RETIRED_COUNT;
import static io.znio.Layout.RETIRED_COUNT_LIMIT;
import static io.znio.Layout.RETIRED_SLOTS;
import static io.znio.Layout.STACK_CAPACITY;
import static io.znio.Layout.STACK_CLASS_BYTES;
import static io.znio.Layout.STACK_COUNT;
import static io.znio.Layout.STACK_SLOTS;
import static io.znio.Layout.STRICT_ADDRESS;
import static io.znio.Layout.TICK_ADDRESS;
import static io.znio.Layout.WORD_GENERATION_MASK;
import static io.znio.Layout.WORD_GENERATION_SHIFT;
import static io.znio.Layout.WORD_SIZE_SHIFT;
import static io.znio.Layout.WORD_STATE_MASK;

/**
 * Java's half of a magazine of C ({@code znio/magazine.h}): free blocks in the hands of one thread,
 * so that allocation and free need no call. {@link #allocate}, {@link #free} and {@link #retire} do
 * step for step what {@code zn_magazine_allocate}, {@code _free} and {@code _retire} do, but for
 * the end of a life. One thread at a time; and of one block, one thread ends its life.
 */
final class Magazine {
  private static final int LIVE = Native.STATE_LIVE;

  /** Allocations until one is sampled; counted here, because here is no other thread. */
  int untilSample = 1;

  /** Who alone uses it; null if that is a matter of locks. */
  final Thread owner;

  private final long address;
  private final long birthThread;

  private Magazine(long address, Thread owner, int number) {
    this.owner = owner;
    this.address = address;
    this.birthThread = Integer.toUnsignedLong(number) << Layout.BIRTH_THREAD_SHIFT;
  }

  /** A new magazine, for a thread or for many (null); null if there is no memory for one. */
  static Magazine open(Thread owner) {
    int number = owner == null ? 0 : (int) owner.getId();
    long address = Native.magazineOpen(number);
    return address < 0 ? null : new Magazine(address, owner, number);
  }

  /** Gives all back. Nobody may use the magazine any more. */
  void close() {
    Native.magazineClose(address);
  }

  private static long stack(long magazine, int regionClass) {
    return magazine + Layout.MAGAZINE_STACKS + regionClass * Layout.STACK_BYTES;
  }

  private void add(long field, long value) {
    long at = address + field;
    Raw.putLongRelease(at, Raw.getLong(at) + value);
  }

  /**
   * A live block of {@code size} bytes out of a class that holds them.
   *
   * @return its handle, or an error
   */
  long allocate(int regionClass, long size, int site) {
    long stack = stack(address, regionClass);
    int count = Raw.getInt(stack + STACK_COUNT);
    if (count == 0) {
      count = Native.magazineRefill(address, regionClass);
      if (count < 0) {
        return count;
      }
    }
    add(MAGAZINE_BORN_ITEMS, 1);
    add(MAGAZINE_BORN_BYTES, size);
    Raw.storeFence(); // the count, then the look at STRICT: core/limit.h
    if (Raw.getInt(STRICT_ADDRESS) != 0) {
      int result = askForBirth(size);
      if (result < 0) {
        return result;
      }
    }
    count--;
    Raw.putInt(stack + STACK_COUNT, count);
    long record = Raw.getLong(Raw.getLong(stack + STACK_SLOTS) + (long) count * Long.BYTES);
    add(MAGAZINE_CACHED, -Raw.getLong(stack + STACK_CLASS_BYTES));
    Raw.putLongRelease(
        record + RECORD_BIRTH, birthThread | Integer.toUnsignedLong(Raw.getInt(TICK_ADDRESS)));
    Raw.putInt(record + RECORD_SITE, site);
    long generation =
        Raw.getLong(record + RECORD_WORD) & WORD_GENERATION_MASK << WORD_GENERATION_SHIFT;
    Raw.putLongRelease(record + RECORD_WORD, LIVE | generation | size << WORD_SIZE_SHIFT);
    return record | generation >>> WORD_GENERATION_SHIFT << HANDLE_RECORD_BITS;
  }

  private int askForBirth(long size) {
    add(MAGAZINE_BORN_ITEMS, -1);
    add(MAGAZINE_BORN_BYTES, -size);
    return Native.magazineBirth(address, size);
  }

  static int classOf(long record) {
    return Raw.getInt(record + RECORD_TRAITS) >>> Layout.TRAITS_CLASS_SHIFT
        & Layout.TRAITS_CLASS_MASK;
  }

  /** Ends a block of a class of any magazine; the next allocation may use it. 0; -EALREADY. */
  int free(long handle, int cause) {
    long record = handle & HANDLE_RECORD_MASK;
    if (!end(record, handle, Native.STATE_FREE, cause)) {
      return Errors.EALREADY;
    }
    int regionClass = classOf(record);
    long stack = stack(address, regionClass);
    int count = Raw.getInt(stack + STACK_COUNT);
    if (count == Raw.getInt(stack + STACK_CAPACITY)) {
      Native.magazineFlush(address, regionClass);
      count = Raw.getInt(stack + STACK_COUNT);
    }
    Raw.putLong(Raw.getLong(stack + STACK_SLOTS) + (long) count * Long.BYTES, record);
    Raw.putInt(stack + STACK_COUNT, count + 1);
    add(MAGAZINE_CACHED, Raw.getLong(stack + STACK_CLASS_BYTES));
    if (Raw.getLong(address + MAGAZINE_CACHED) > MAGAZINE_BYTES_MAX) {
      Native.magazineTrim(address, MAGAZINE_BYTES_MAX);
    }
    return 0;
  }

  /**
   * Ends a block of a class of any magazine; it goes to the quarantine.
   *
   * @return 0; 1 and 2: the quarantine is due, or overdue; -EALREADY; -ENOMEM
   */
  int retire(long handle, int cause) {
    int count = Raw.getInt(address + RETIRED_COUNT);
    if (count == RETIRED_COUNT_LIMIT) {
      int result = Native.magazinePublish(address); // there was no memory before
      if (result < 0) {
        return result;
      }
      count = Raw.getInt(address + RETIRED_COUNT);
    }
    long record = handle & HANDLE_RECORD_MASK;
    if (!end(record, handle, Native.STATE_RETIRED, cause)) {
      return Errors.EALREADY;
    }
    long blockBytes = Raw.getLong(stack(address, classOf(record)) + STACK_CLASS_BYTES);
    Raw.putLong(address + RETIRED_SLOTS + (long) count * Long.BYTES, record);
    Raw.putInt(address + RETIRED_COUNT, count + 1);
    long bytes = Raw.getLong(address + RETIRED_BYTES) + blockBytes;
    Raw.putLong(address + RETIRED_BYTES, bytes);
    if (count + 1 < RETIRED_COUNT_LIMIT && bytes < RETIRED_BYTES_LIMIT) {
      return 0;
    }
    int result = Native.magazinePublish(address);
    return result < 0 ? 2 : result; // the block is retired: what is missing is a flush
  }

  /**
   * Ends the life that {@code handle} names, and counts the death. False: it has ended before.
   *
   * <p>No compare-and-set, as C needs one: the caller has closed the {@link Owner}, once and alone,
   * and knows the handle alone. So nobody else takes the word away from LIVE.
   */
  private boolean end(long record, long handle, int state, int cause) {
    long word = Raw.getLongAcquire(record + RECORD_WORD);
    long generation = word >>> WORD_GENERATION_SHIFT & WORD_GENERATION_MASK;
    if ((word & WORD_STATE_MASK) != LIVE || generation != handle >>> HANDLE_RECORD_BITS) {
      return false;
    }
    long next = (generation + 1 & WORD_GENERATION_MASK) << WORD_GENERATION_SHIFT;
    long size = word >>> WORD_SIZE_SHIFT;
    Raw.putLongRelease(record + RECORD_WORD, state | next | size << WORD_SIZE_SHIFT);
    int ticks = Raw.getInt(TICK_ADDRESS) - (int) Raw.getLong(record + RECORD_BIRTH);
    add(MAGAZINE_DIED_BYTES, size);
    add(
        MAGAZINE_AGES + (long) (Integer.SIZE - Integer.numberOfLeadingZeros(ticks)) * Long.BYTES,
        1);
    if (cause == Native.CAUSE_CLEANED) {
      add(MAGAZINE_CLEANED, 1);
    } else if (cause == Native.CAUSE_LEAKED) {
      add(MAGAZINE_LEAKED, 1);
    }
    return true;
  }
}
