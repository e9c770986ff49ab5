// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.InputStream;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The first tests of all: a plain JVM loads the library, in each of the ways there are, or says
 * why.
 */
class LoadingTest {
  @TempDir Path directory;

  private Path library;

  @BeforeEach
  void copyLibraryOutOfTheJar() throws Exception {
    library = directory.resolve("plain").resolve("libznio.so");
    Files.createDirectories(library.getParent());
    try (InputStream in = Platform.current().openLibrary()) {
      Files.copy(in, library);
    }
  }

  /** Runs in a child JVM: proves that the natives work. */
  public static final class Use {
    public static void main(String[] arguments) {
      long pipes = Ledger.totals().pipes();
      System.out.println("version " + Native.version() + " pipes " + pipes);
    }

    private Use() {}
  }

  /** Runs in a child JVM: the first buffer of a program. */
  public static final class FirstBuffer {
    public static void main(String[] arguments) {
      DirectBuffers.free(DirectBuffers.allocate(64));
    }

    private FirstBuffer() {}
  }

  /** Runs in a child JVM: the application loads the library itself, as any native library. */
  public static final class LoadThenUse {
    public static void main(String[] arguments) {
      System.loadLibrary("znio");
      Use.main(arguments);
    }

    private LoadThenUse() {}
  }

  /** Runs in a child JVM without the jar's own loader. */
  public static final class LoadOnly {
    public static void main(String[] arguments) {
      System.loadLibrary("znio");
      System.out.println("loaded");
    }

    private LoadOnly() {}
  }

  /** Runs in a child JVM: uses znio, then loads a second copy from the file that is named. */
  public static final class LoadSecondFile {
    public static void main(String[] arguments) {
      Use.main(arguments);
      try {
        System.load(arguments[0]);
        System.out.println("a second copy was loaded");
      } catch (UnsatisfiedLinkError e) {
        System.out.println("refused: " + e.getMessage());
      }
      Use.main(arguments);
    }

    private LoadSecondFile() {}
  }

  /** Runs in a child JVM: uses znio from two class loaders. */
  public static final class UseTwice {
    public static void main(String[] arguments) throws Exception {
      Use.main(arguments);
      List<URL> urls = new ArrayList<>();
      for (String entry : System.getProperty("java.class.path").split(":")) {
        urls.add(Path.of(entry).toUri().toURL());
      }
      try (URLClassLoader second = new URLClassLoader(urls.toArray(new URL[0]), null)) {
        Method main = second.loadClass("io.znio.LoadingTest$Use").getMethod("main", String[].class);
        main.invoke(null, (Object) new String[0]);
        System.out.println("a second class loader was served");
      } catch (java.lang.reflect.InvocationTargetException e) {
        System.out.println("refused: " + root(e.getCause()).getMessage());
      }
      Use.main(arguments);
    }

    private static Throwable root(Throwable t) {
      return t instanceof ExceptionInInitializerError && t.getCause() != null ? t.getCause() : t;
    }

    private UseTwice() {}
  }

  @Test
  void loadsIntoAPlainJvmBySystemLoadLibrary() throws Exception {
    Child child = run(LoadThenUse.class, "-Djava.library.path=" + library.getParent());
    assertThat(child.output()).contains("version 0.1.0");
    assertThat(child.status()).as(child.output()).isZero();
  }

  @Test
  void loadsWithoutTheJarAsAnyNativeLibrary() throws Exception {
    Path alone = Files.createDirectories(directory.resolve("alone/io/znio"));
    String name = "LoadingTest$LoadOnly.class";
    try (InputStream in = LoadingTest.class.getResourceAsStream(name)) {
      Files.copy(Objects.requireNonNull(in), alone.resolve(name));
    }
    Child child =
        Child.run(
            List.of(
                "-Djava.library.path=" + library.getParent(),
                "-cp",
                directory.resolve("alone").toString(),
                LoadOnly.class.getName()));
    assertThat(child.output()).isEqualTo("loaded\n");
  }

  @Test
  void loadsFromTheJarAndLeavesNoFileBehind() throws Exception {
    Path temporary = Files.createDirectories(directory.resolve("tmp"));
    Child child = run(Use.class, "-Djava.io.tmpdir=" + temporary);
    assertThat(child.output()).contains("version 0.1.0");
    try (Stream<Path> left = Files.list(temporary)) {
      assertThat(left.filter(file -> file.getFileName().toString().startsWith("znio"))).isEmpty();
    }
  }

  @Test
  void loadsFromTheLibraryPathBeforeTheJar() throws Exception {
    Path temporary = directory.resolve("missing");
    Child child =
        run(
            Use.class,
            "-Djava.library.path=" + library.getParent(),
            "-Djava.io.tmpdir=" + temporary);
    assertThat(child.output()).contains("version 0.1.0");
  }

  @Test
  void loadsTheFileThatThePropertyNames() throws Exception {
    Child child =
        run(
            Use.class,
            "-Dio.znio.library=" + library,
            "-Djava.io.tmpdir=" + directory.resolve("missing"));
    assertThat(child.output()).contains("version 0.1.0");
  }

  @Test
  void saysThatThePropertyNamesNoFile() throws Exception {
    Child child = run(Use.class, "-Dio.znio.library=/no/such/libznio.so");
    assertThat(child.output())
        .contains("UnsatisfiedLinkError")
        .contains("-Dio.znio.library=/no/such/libznio.so names no file")
        .contains("name libznio.so itself");
    assertThat(child.status()).isNotZero();
  }

  @Test
  void saysThatTheFileIsNoLibrary() throws Exception {
    Path text = Files.writeString(directory.resolve("libznio.so"), "not a library");
    Child child = run(Use.class, "-Dio.znio.library=" + text);
    assertThat(child.output())
        .contains("is not a library for " + Platform.current())
        .contains("-Dio.znio.library");
  }

  @Test
  void saysThatTheTemporaryDirectoryIsMissing() throws Exception {
    Child child = run(Use.class, "-Djava.io.tmpdir=" + directory.resolve("missing"));
    assertThat(child.output())
        .contains("could not be copied to " + directory.resolve("missing"))
        .contains("-Djava.io.tmpdir");
  }

  @Test
  void saysThatThePlatformIsWrong() throws Exception {
    Child child = run(Use.class, "-Dos.arch=s390x");
    assertThat(child.output())
        .contains("this jar holds no library for linux-s390x-" + Platform.current().libc())
        .contains("(os.arch is s390x), only for ")
        .contains(Platform.current() + "; build znio")
        .contains("-Dio.znio.library");
    child = run(Use.class, "-Dos.name=Plan9");
    assertThat(child.output()).contains("it runs on Linux only, and this is Plan9");
  }

  @Test
  void saysThatTheDirectoryIsMountedNoexec() throws Exception {
    Path mount = Files.createDirectories(directory.resolve("noexec"));
    try (Mounted mounted = Mounted.tmpfs(mount, "noexec,size=16m")) {
      assumeTrue(mounted.isMounted(), "SKIPPED: tmpfs cannot be mounted: " + mounted.reason());
      Child child = run(Use.class, "-Djava.io.tmpdir=" + mount);
      assertThat(child.output())
          .contains("noexec")
          .contains(mount.toString())
          .contains("-Djava.io.tmpdir");
      assertThat(child.status()).isNotZero();
    }
  }

  @Test
  void tellsMuslByWhatIsMapped() {
    String line = "7f1a2b400000-7f1a2b4b0000 r-xp 00014000 fe:00 131 ";
    for (String file :
        List.of(
            "/lib/ld-musl-x86_64.so.1",
            "/lib/ld-musl-aarch64.so.1",
            "/lib/libc.musl-x86_64.so.1",
            "/usr/lib/x86_64-linux-musl/libc.so")) {
      assertThat(Platform.isOfMusl(line + file)).as(file).isTrue();
    }
    for (String file :
        List.of(
            "/usr/lib/x86_64-linux-gnu/libc.so.6",
            "/lib64/ld-linux-x86-64.so.2",
            "/opt/musl/ld-musl-copy/app.jar",
            "[heap]")) {
      assertThat(Platform.isOfMusl(line + file)).as(file).isFalse();
    }
    assertThat(Platform.of(ProcessHandle.current().pid())).isEqualTo(Platform.current());
  }

  @Test
  void explainsWhatTheLinkerSays() {
    Path at = directory.resolve("lib");
    String old = "/lib/libc.so.6: version `GLIBC_2.99' not found (required by libznio.so)";
    assertThat(NativeLibrary.explain(new UnsatisfiedLinkError(old), "it", at))
        .contains("newer C library")
        .contains("GLIBC_2.99")
        .contains("-Dio.znio.library");
    String noexec = "libznio.so: failed to map segment from shared object";
    assertThat(NativeLibrary.explain(new UnsatisfiedLinkError(noexec), "it", at))
        .contains("noexec")
        .contains(at.toString());
    String strange = "something that nobody has seen before";
    assertThat(NativeLibrary.explain(new UnsatisfiedLinkError(strange), "it", at))
        .contains(strange);
  }

  @Test
  void refusesASecondCopyFromAnotherFile() throws Exception {
    Child child = run(LoadSecondFile.class, List.of(library.toString()));
    assertThat(child.output())
        .contains("refused: ")
        .contains("znio is already loaded in this process from ")
        .contains(library.toString())
        .doesNotContain("a second copy was loaded");
    assertThat(child.output().split("version 0.1.0", -1)).as("works before and after").hasSize(3);
    assertThat(child.status()).as(child.output()).isZero();
  }

  @Test
  void refusesASecondClassLoaderWithItsOwnCopy() throws Exception {
    Child child = run(UseTwice.class);
    assertThat(child.output())
        .contains("refused: znio's native library is not available: it is already loaded")
        .contains("one class loader that all users share");
    assertThat(child.output().split("version 0.1.0", -1)).hasSize(3);
  }

  @Test
  void refusesASecondClassLoaderWithTheSameFile() throws Exception {
    Child child = run(UseTwice.class, "-Dio.znio.library=" + library);
    assertThat(child.output())
        .contains("refused: znio's native library is not available: it is already loaded")
        .contains("one class loader that all users share");
    assertThat(child.output().split("version 0.1.0", -1)).hasSize(3);
  }

  private static Child run(Class<?> main, String... options) throws Exception {
    List<String> command = new ArrayList<>(List.of(options));
    command.addAll(List.of("-cp", Child.classPath(main), main.getName()));
    return Child.run(command);
  }

  private static Child run(Class<?> main, List<String> arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of("-cp", Child.classPath(main), main.getName()));
    command.addAll(arguments);
    return Child.run(command);
  }

  /** What each of these brings with it cost several times what all else did. */
  @Test
  void theFirstBufferStartsNothingThatItDoesNotNeed() throws Exception {
    List<String> arguments =
        List.of(
            "-Xlog:class+load", "-cp", Child.classPath(getClass()), FirstBuffer.class.getName());
    Child child = Child.run(arguments);
    assertThat(child.status()).as(child.output()).isZero();
    assertThat(child.output())
        .contains("io.znio.DirectBuffers ")
        .doesNotContain("io.znio.JfrEvents$Allocate ")
        .doesNotContain("java.security.SecureRandom ")
        .doesNotContain("io.znio.JdkChannels ");
  }
}
