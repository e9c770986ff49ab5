// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The child JVM: makes one fault and says on standard output what came of it, by one line {@link
 * #MARK} and {@code outcome WORD DETAIL}. It may die before that. Needs no class but the JDK's,
 * znio's and those of this program.
 *
 * <p>Where another process has to do something, a line {@link #MARK} and {@code truncate FILE} asks
 * for it, and a line on standard input answers; {@code again WHY} says that it must be tried again.
 */
public final class FaultChild {
  /** Begins what is for the parent. */
  static final String MARK = "@fault ";

  private final FaultCell cell;
  private final FaultMemory memory;
  private final Path scratch;
  private final Path fullDisk;

  /** What lies where the subject was; null: nothing, or nobody's. */
  private ByteBuffer newOwner;

  /** What was mapped last. */
  private Path file;

  private FaultChild(FaultCell cell, Path scratch, Path fullDisk) {
    this.cell = cell;
    this.scratch = scratch;
    this.fullDisk = fullDisk;
    this.memory = cell.impl().open();
  }

  /** Arguments: situation, operation, impl, mode, scratch directory, full file system. */
  public static void main(String[] arguments) throws Throwable {
    FaultCell cell =
        new FaultCell(
            arguments[0],
            arguments[1],
            FaultImpl.valueOf(arguments[2]),
            FaultMode.valueOf(arguments[3]));
    FaultChild child = new FaultChild(cell, Path.of(arguments[4]), Path.of(arguments[5]));
    try {
      FaultVerdict verdict =
          cell.fault() == null
              ? new FaultMisuses(child.memory, cell.mode(), child.scratch).run(cell.misuse())
              : child.access();
      say("outcome " + verdict.outcome().word() + " " + verdict.detail().replaceAll("\\s+", " "));
    } catch (FaultReuse.NotReused e) {
      say("again " + e.getMessage());
    }
    // What the JVM does at its end is not part of the question.
    Runtime.getRuntime().halt(0);
  }

  private FaultVerdict access() throws Throwable {
    FaultOperation.Access access = cell.access().access();
    boolean mapped = cell.fault().isMapped();
    FaultSubject subject = mapped ? mapping(scratch, true) : subject(memory.allocate(), true);
    long before = 0;
    for (int i = 0; i < cell.mode().warmUps; i++) {
      before = access.run(subject);
    }
    FaultSubject struck = strike(subject);
    FaultVerdict verdict = tell(access, struck, before);
    if (newOwner != null && !FaultSubject.holds(newOwner, (byte) 'z')) {
      return new FaultVerdict(
          FaultOutcome.SILENT, "wrote into memory of a new owner; " + verdict.detail());
    }
    return verdict;
  }

  private FaultSubject mapping(Path directory, boolean fill) throws IOException {
    file = Files.createFile(directory.resolve(scratch.getFileName()));
    return subject(memory.map(file), fill);
  }

  private FaultSubject subject(ByteBuffer buffer, boolean fill) {
    return new FaultSubject(buffer, memory.owner(buffer), scratch, fill);
  }

  /** Lets the fault happen; returns what is to be accessed then. */
  private FaultSubject strike(FaultSubject subject) throws IOException {
    switch (cell.fault()) {
      case STALE -> {
        memory.free(subject.buffer);
        newOwner = FaultReuse.allocate(memory, subject.address);
        FaultSubject.fill(newOwner, (byte) 'z');
      }
      case UNMAPPED -> memory.unmap(subject.buffer);
      case REMAPPED -> {
        memory.unmap(subject.buffer);
        newOwner = FaultReuse.map(memory, subject.address, scratch);
        FaultSubject.fill(newOwner, (byte) 'z');
      }
      case TRUNCATED -> ask("truncate " + file);
      case FULL_DISK -> {
        return mapping(fullDisk, false);
      }
    }
    return subject;
  }

  /** By one write: the JVM writes lines of its own. */
  private static void say(String line) {
    System.out.print(MARK + line + '\n');
    System.out.flush();
  }

  private static void ask(String line) throws IOException {
    say(line);
    if (System.in.read() < 0) {
      throw new IOException("nobody answers");
    }
  }

  private FaultVerdict tell(FaultOperation.Access access, FaultSubject subject, long before) {
    boolean returned = false;
    try {
      long after = access.run(subject);
      returned = true;
      settle();
      String damage = memory.damage(subject.buffer);
      return damage != null
          ? new FaultVerdict(FaultOutcome.RESCUED, damage)
          : new FaultVerdict(FaultOutcome.SILENT, "gave " + after + ", before " + before);
    } catch (Throwable t) {
      return FaultVerdict.of(t, returned ? "late: " : "");
    }
  }

  /** HotSpot throws some InternalErrors when the thread next comes out of native code. */
  static void settle() {
    Thread.yield();
    Thread.yield();
  }
}
