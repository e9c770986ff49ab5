// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * {@link ChannelModel} on two file systems. Properties: {@code io.znio.test.modelSeed}, {@code
 * io.znio.test.modelOperations}.
 */
@ExtendWith(Leaks.class)
@Timeout(300)
class ChannelModelTest {
  private static final long SEED = Long.getLong("io.znio.test.modelSeed", System.nanoTime());
  private static final int OPERATIONS = Integer.getInteger("io.znio.test.modelOperations", 100_000);

  /** Of so many every kind, and both of its ends, must be there. */
  private static final int ALL = 100_000;

  /** Where the build is: a disk. */
  @Test
  void onTheFileSystemOfTheBuild() throws Exception {
    run(Path.of("target"));
  }

  @Test
  void onTmpfs() throws Exception {
    Path shared = Path.of("/dev/shm");
    boolean there = Files.isWritable(shared) && Files.getFileStore(shared).type().equals("tmpfs");
    assumeTrue(there, "/dev/shm is no tmpfs");
    run(shared);
  }

  private static void run(Path parent) throws Exception {
    Path directory = Files.createTempDirectory(parent, "model");
    String type = Files.getFileStore(directory).type();
    System.out.println("-Dio.znio.test.modelSeed=" + SEED + " on " + type);
    try (ChannelModel model = new ChannelModel(SEED, directory)) {
      model.run(OPERATIONS);
      System.out.println(OPERATIONS + " operations on " + type + "\n" + model.histogram());
      if (OPERATIONS >= ALL) {
        model.results().forEach(ChannelModelTest::assertOften);
      }
    } finally {
      Files.walkFileTree(directory, new Remover());
    }
  }

  private static void assertOften(ChannelModelOperation operation, Map<String, Integer> results) {
    int all = ChannelModel.sum(results);
    assertThat(all).as("%s", operation).isGreaterThanOrEqualTo(OPERATIONS / 100);
    int succeeded = results.getOrDefault("", 0);
    assertThat(succeeded).as("%s that succeeded", operation).isPositive();
    assertThat(all - succeeded).as("%s that failed", operation).isPositive();
  }

  private static final class Remover extends SimpleFileVisitor<Path> {
    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      Files.delete(file);
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path directory, IOException e) throws IOException {
      Files.delete(directory);
      return FileVisitResult.CONTINUE;
    }
  }
}
