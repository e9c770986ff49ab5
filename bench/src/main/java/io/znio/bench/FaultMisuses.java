// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import io.znio.Transfer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Runs a {@link FaultMisuse}, in the child. */
final class FaultMisuses {
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);
  private static final int LAPS_AFTER = 3_000;

  private final FaultMemory memory;
  private final FaultMode mode;
  private final Path scratch;

  FaultMisuses(FaultMemory memory, FaultMode mode, Path scratch) {
    this.memory = memory;
    this.mode = mode;
    this.scratch = scratch;
  }

  FaultVerdict run(FaultMisuse misuse) throws Exception {
    return switch (misuse) {
      case DOUBLE_FREE -> {
        ByteBuffer buffer = memory.allocate();
        memory.free(buffer);
        yield free(buffer);
      }
      case FREE_SLICE -> free(memory.allocate().slice(FaultSubject.PIECE, FaultSubject.PIECE));
      case FREE_DUPLICATE -> free(memory.allocate().duplicate());
      case FREE_HEAP_BUFFER -> free(ByteBuffer.allocate(FaultMemory.BYTES));
      case FREE_FOREIGN -> free(ByteBuffer.allocateDirect(FaultMemory.BYTES));
      case FREE_MAPPING -> free(map());
      case FREE_WHILE_READING -> whileReading(memory.allocate(), false, Pipe.SourceChannel::read);
      case UNMAP_WHILE_READING -> whileReading(map(), true, Pipe.SourceChannel::read);
      case FREE_WHILE_TRANSFERRING ->
          whileReading(memory.allocate(), false, FaultMisuses::transfer);
      case UNMAP_WHILE_TRANSFERRING -> whileReading(map(), true, FaultMisuses::transfer);
      case FREE_UNDER_LOOP -> underLoop(memory.allocate(), false);
      case UNMAP_UNDER_LOOP -> underLoop(map(), true);
    };
  }

  private ByteBuffer map() throws IOException {
    return memory.map(Files.createFile(scratch.resolve("mapped")));
  }

  private FaultVerdict free(ByteBuffer buffer) {
    try {
      memory.free(buffer);
      return new FaultVerdict(FaultOutcome.SILENT, "returned normally");
    } catch (RuntimeException | Error e) {
      return FaultVerdict.of(e, "");
    }
  }

  /** Ends the memory and gives it to a new owner, or is refused. */
  private ByteBuffer reuse(ByteBuffer buffer, boolean mapped) throws IOException {
    long address = JdkUnsafe.address(buffer);
    ByteBuffer owner;
    if (mapped) {
      memory.unmap(buffer);
      owner = FaultReuse.map(memory, address, scratch);
    } else {
      memory.free(buffer);
      owner = FaultReuse.allocate(memory, address);
    }
    FaultSubject.fill(owner, (byte) 'z');
    return owner;
  }

  // ---- while a channel reads

  /** Waits for bytes in native code, and puts them into the buffer. */
  private interface Reading {
    void run(Pipe.SourceChannel source, ByteBuffer buffer) throws IOException;
  }

  private static void transfer(Pipe.SourceChannel source, ByteBuffer buffer) throws IOException {
    Transfer.from(source).to(buffer).transfer();
  }

  private FaultVerdict whileReading(ByteBuffer buffer, boolean mapped, Reading reading)
      throws Exception {
    Pipe pipe = Pipe.open();
    Throwable[] thrown = new Throwable[1];
    Thread reader =
        new Thread(
            () -> {
              try {
                reading.run(pipe.source(), buffer);
              } catch (Throwable t) {
                thrown[0] = t;
              }
            });
    reader.setDaemon(true);
    reader.start();
    long end = System.nanoTime() + PATIENCE_NANOS;
    while (!isInRead(reader)) {
      if (System.nanoTime() - end > 0) {
        throw new AssertionError("the reader does not begin to read");
      }
      Thread.yield();
    }
    ByteBuffer owner;
    try {
      owner = reuse(buffer, mapped);
    } catch (IllegalStateException e) {
      // Refused: the read must go on as if nothing had been asked.
      pipe.sink().write(ByteBuffer.allocate(1));
      pipe.sink().close();
      join(reader);
      if (thrown[0] != null || buffer.position() != 1) {
        throw new AssertionError("the refusal has disturbed the reader", thrown[0]);
      }
      return FaultVerdict.of(e, "");
    }
    pipe.sink().write(ByteBuffer.wrap(new byte[FaultSubject.PIECE]));
    pipe.sink().close();
    join(reader);
    if (!FaultSubject.holds(owner, (byte) 'z')) {
      return new FaultVerdict(FaultOutcome.SILENT, "the channel wrote into memory of a new owner");
    }
    return thrown[0] == null
        ? new FaultVerdict(FaultOutcome.SILENT, "the channel's bytes are nowhere")
        : FaultVerdict.of(thrown[0], "the reader: ");
  }

  private static void join(Thread thread) throws InterruptedException {
    thread.join(TimeUnit.NANOSECONDS.toMillis(PATIENCE_NANOS));
    if (thread.isAlive()) {
      throw new AssertionError(thread.getName() + " does not end");
    }
  }

  private static boolean isInRead(Thread thread) {
    StackTraceElement[] stack = thread.getStackTrace();
    return stack.length > 0
        && stack[0].isNativeMethod()
        && (stack[0].getMethodName().equals("read0")
            || stack[0].getClassName().equals("io.znio.Native")
                && stack[0].getMethodName().startsWith("transfer"));
  }

  // ---- under a hot loop

  /** A thread that reads a buffer again and again, until something stops it. */
  private static final class Loop extends Thread {
    private final FaultSubject subject;
    private volatile long laps;
    private volatile long until = Long.MAX_VALUE;
    private volatile boolean foreign;
    private volatile Throwable thrown;

    Loop(FaultSubject subject) {
      super("loop");
      this.subject = subject;
      setDaemon(true);
    }

    @Override
    public void run() {
      long mine = FaultAccesses.byteLoop(subject);
      try {
        while (laps < until) {
          if (FaultAccesses.byteLoop(subject) != mine) {
            foreign = true;
          }
          laps++; // this thread alone writes
        }
      } catch (Throwable t) {
        thrown = t;
      }
    }
  }

  private FaultVerdict underLoop(ByteBuffer buffer, boolean mapped) throws Exception {
    FaultSubject subject = new FaultSubject(buffer, memory.owner(buffer), scratch, true);
    Loop loop = new Loop(subject);
    loop.start();
    long end = System.nanoTime() + PATIENCE_NANOS;
    while (loop.laps < mode.warmUps && System.nanoTime() - end < 0) {
      Thread.yield();
    }
    try {
      reuse(buffer, mapped);
    } catch (IllegalStateException e) {
      return FaultVerdict.of(e, "");
    }
    loop.until = loop.laps + LAPS_AFTER;
    join(loop);
    if (loop.foreign) {
      return new FaultVerdict(FaultOutcome.SILENT, "the loop read what a new owner wrote");
    }
    return loop.thrown == null
        ? new FaultVerdict(FaultOutcome.SILENT, "the loop went on")
        : FaultVerdict.of(loop.thrown, "the loop: ");
  }
}
