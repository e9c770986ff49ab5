// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.reflect.InvocationTargetException;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.FileChannel;
import java.nio.channels.Pipe;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.zip.Adler32;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Liveness tokens, their buffers and the handshake, one thread at a time. */
class TokenTest {
  private static final int BYTES = 4096;

  /** The JDK's memory: freed when no test holds it any more. */
  private final ByteBuffer memory = ByteBuffer.allocateDirect(BYTES);

  private final long address = BufferFactory.address(memory);

  @BeforeEach
  void tokensWork() {
    assumeTrue(TokenSupport.isAvailable(), TokenSupport.REASON);
  }

  private ByteBuffer buffer(Object token) {
    return BufferFactory.direct(address, BYTES, token, token);
  }

  private static Token kind() {
    return TokenKind.KIND;
  }

  private static void assertClosed(org.assertj.core.api.ThrowableAssert.ThrowingCallable access) {
    assertThatThrownBy(access).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void everyViewOfAClosedBufferThrows(@TempDir Path directory) throws Exception {
    Object token = kind().open();
    ByteBuffer root = buffer(token);
    ByteBuffer slice = root.slice(8, 64);
    ByteBuffer other = ByteBuffer.allocateDirect(64);
    List<Buffer> views =
        List.of(
            root,
            slice,
            root.duplicate(),
            root.asReadOnlyBuffer(),
            root.asCharBuffer(),
            root.asShortBuffer(),
            root.asIntBuffer(),
            root.asLongBuffer(),
            root.asFloatBuffer(),
            root.duplicate().order(ByteOrder.nativeOrder()).asDoubleBuffer());
    for (Buffer view : views) {
      assertThat(kind().of(view)).isSameAs(token);
      assertThat(BufferFactory.attachment(view)).isSameAs(token);
    }
    Path file = Files.write(directory.resolve("file"), new byte[64]);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      assertThat(channel.read(slice.duplicate(), 0)).isEqualTo(64);

      assertThat(kind().close(token)).isGreaterThanOrEqualTo(0);

      assertThat(kind().isOpen(token)).isFalse();
      assertClosed(() -> channel.read(slice.duplicate(), 0));
      assertClosed(() -> channel.write(new ByteBuffer[] {other, slice.duplicate()}));
    }
    assertClosed(() -> root.get());
    assertClosed(() -> slice.put(0, (byte) 1));
    assertClosed(() -> slice.duplicate().getInt(0));
    assertClosed(() -> root.asReadOnlyBuffer().get(new byte[4]));
    assertClosed(() -> root.asCharBuffer().get(0));
    assertClosed(() -> root.asShortBuffer().put(new short[3]));
    assertClosed(() -> ((java.nio.IntBuffer) views.get(6)).get(0));
    assertClosed(() -> ((java.nio.LongBuffer) views.get(7)).put(0, 1));
    assertClosed(() -> ((java.nio.FloatBuffer) views.get(8)).get(new float[2]));
    assertClosed(() -> ((java.nio.DoubleBuffer) views.get(9)).get(0));
    assertClosed(() -> other.put(0, slice, 0, 8));
    assertClosed(() -> slice.put(0, other, 0, 8));
    assertClosed(() -> slice.mismatch(other));
    assertClosed(() -> slice.compareTo(other));
    assertClosed(() -> slice.equals(other.duplicate()));
    assertClosed(slice::hashCode);
    assertClosed(slice::compact);
    assertClosed(() -> new CRC32().update(slice.duplicate()));
    assertClosed(() -> new Adler32().update(slice.duplicate()));
    Deflater deflater = new Deflater();
    deflater.setInput(slice.duplicate());
    deflater.finish();
    assertClosed(() -> deflater.deflate(new byte[100]));
    deflater.end();
  }

  @Test
  void aSegmentOverAClosedBufferThrows() throws Exception {
    assumeTrue(Runtime.version().feature() >= 22, "MemorySegment is final from JDK 22 on");
    Class<?> type = Class.forName("java.lang.foreign.MemorySegment");
    Class<?> bytes = Class.forName("java.lang.foreign.ValueLayout$OfByte");
    Object layout = Class.forName("java.lang.foreign.ValueLayout").getField("JAVA_BYTE").get(null);
    Object token = kind().open();
    ByteBuffer root = buffer(token);
    Object before = type.getMethod("ofBuffer", Buffer.class).invoke(null, root);
    Object own = kind().segment(address, BYTES, false, token);
    assertThat((byte[]) type.getMethod("toArray", bytes).invoke(before, layout)).hasSize(BYTES);
    kind().close(token);
    Object after = type.getMethod("ofBuffer", Buffer.class).invoke(null, root.slice());
    for (Object segment : List.of(before, after, own)) {
      assertThatThrownBy(() -> type.getMethod("toArray", bytes).invoke(segment, layout))
          .isInstanceOf(InvocationTargetException.class)
          .hasCauseInstanceOf(IllegalStateException.class);
      Object slice = type.getMethod("asSlice", long.class).invoke(segment, 8L);
      assertThatThrownBy(() -> type.getMethod("get", bytes, long.class).invoke(slice, layout, 0L))
          .hasCauseInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void closingTwiceIsTold() {
    Object token = kind().open();
    assertThat(kind().close(token)).isGreaterThanOrEqualTo(0);
    assertThat(kind().close(token)).isEqualTo(Token.CLOSED);
    assertThat(Token.refusal(Token.CLOSED, "region")).hasMessageContaining("closed already");
  }

  @Test
  void aPinKeepsItOpen() {
    Object token = kind().open();
    ByteBuffer root = buffer(token);
    Object one = kind().acquire(root);
    Object two = kind().acquire(root.slice().asReadOnlyBuffer());
    assertThat(kind().close(token)).isEqualTo(Token.CLOSED - 2);
    assertThat(Token.refusal(Token.CLOSED - 2, "region")).hasMessageContaining("2 running");
    root.put(0, (byte) 3);
    kind().release(root, one);
    assertThat(kind().close(token)).isEqualTo(Token.CLOSED - 1);
    kind().release(root, two);
    assertThat(kind().close(token)).isGreaterThanOrEqualTo(0);
    assertClosed(() -> kind().acquire(root));
  }

  @Test
  void aBlockedReadKeepsItOpen() throws Exception {
    Object token = kind().open();
    ByteBuffer root = buffer(token);
    Pipe pipe = Pipe.open();
    Thread reader =
        new Thread(
            () -> {
              try {
                pipe.source().read(root.duplicate());
              } catch (Exception e) {
                throw new AssertionError(e);
              }
            });
    reader.start();
    Await.until("the reader to have acquired the buffer", () -> pins(token, root) == 1);
    assertThat(kind().close(token)).isEqualTo(Token.CLOSED - 1);
    pipe.sink().write(ByteBuffer.wrap(new byte[] {9}));
    Await.end(reader);
    assertThat(root.get(0)).isEqualTo((byte) 9);
    assertThat(kind().close(token)).isGreaterThanOrEqualTo(0);
    pipe.sink().close();
    pipe.source().close();
  }

  /** How often others have acquired the token, asked without closing it. */
  private static int pins(Object token, ByteBuffer buffer) {
    Object own = kind().acquire(buffer);
    try {
      return Token.CLOSED - kind().close(token) - 1;
    } finally {
      kind().release(buffer, own);
    }
  }

  @Test
  void asynchronousChannelsAndChecksumsBothTakeIt(@TempDir Path directory) throws Exception {
    Object token = kind().open();
    ByteBuffer root = buffer(token);
    Path file = Files.write(directory.resolve("file"), new byte[] {1, 2, 3});
    try (AsynchronousFileChannel channel = AsynchronousFileChannel.open(file)) {
      assertThat(channel.read(root.duplicate(), 0).get()).isEqualTo(3);
    }
    CRC32 ours = new CRC32();
    ours.update(root.slice(0, 3));
    CRC32 expected = new CRC32();
    expected.update(new byte[] {1, 2, 3});
    assertThat(ours.getValue()).isEqualTo(expected.getValue());
    assertThat(kind().close(token)).isGreaterThanOrEqualTo(0);
  }

  @Test
  void aConfinedTokenIsReusable() throws Exception {
    Object token = kind().openConfined();
    ByteBuffer root = buffer(token);
    root.put(0, (byte) 5);
    assertThat(kind().close(token)).isEqualTo(Token.REUSABLE);
    assertClosed(() -> root.get(0));
  }

  @Test
  void aConfinedTokenRefusesOtherThreads() throws Exception {
    Object token = kind().openConfined();
    ByteBuffer root = buffer(token);
    Object[] seen = new Object[3];
    Thread foreign =
        new Thread(
            () -> {
              seen[0] = outcome(() -> root.get(0));
              seen[1] = outcome(() -> kind().acquire(root));
              seen[2] = kind().close(token);
            });
    foreign.start();
    Await.end(foreign);
    for (int i = 0; i < 2; i++) {
      assertThat(seen[i].getClass().getSimpleName())
          .isIn("IllegalStateException", "WrongThreadException");
    }
    assertThat(seen[2]).isEqualTo(Token.FOREIGN);
    assertThat(Token.refusal(Token.FOREIGN, "buffer")).hasMessageContaining("confined");
    assertThat(root.put(0, (byte) 8).get(0)).isEqualTo((byte) 8);
    Object proof = kind().acquire(root);
    assertThat(kind().close(token)).isEqualTo(Token.CLOSED - 1);
    kind().release(root, proof);
    assertThat(kind().close(token)).isEqualTo(Token.REUSABLE);
  }

  private static Object outcome(java.util.function.Supplier<Object> access) {
    try {
      return access.get();
    } catch (RuntimeException e) {
      return e;
    }
  }

  @Test
  void anEscapingTokenIsReusableUntilItEscapes() throws Exception {
    boolean escapes = kind() instanceof Token17;
    Object kept = kind().openEscaping();
    buffer(kept).put(0, (byte) 4);
    assertThat(kind().close(kept)).isEqualTo(escapes ? Token.REUSABLE : Token.QUARANTINE);
    Object given = kind().openEscaping();
    ByteBuffer root = buffer(given);
    Object[] seen = new Object[1];
    Thread foreign = new Thread(() -> seen[0] = outcome(() -> root.get(0)));
    foreign.start();
    Await.end(foreign);
    assertThat(seen[0]).isEqualTo((byte) 4);
    assertThat(kind().close(given)).isEqualTo(Token.QUARANTINE);
    assertClosed(() -> root.get(0));
  }

  @Test
  void closingFromAnotherThreadQuarantines() throws Exception {
    Object token = kind().open();
    ByteBuffer root = buffer(token);
    root.get(0);
    int[] result = {Token.CLOSED};
    Thread foreign = new Thread(() -> result[0] = kind().close(token));
    foreign.start();
    Await.end(foreign);
    assertThat(result[0]).isEqualTo(Token.QUARANTINE);
    assertClosed(() -> root.get(0));
  }

  @Test
  void buffersOfOthersHaveNoToken() throws Exception {
    assertThat(kind().of(memory)).isNull();
    assertThat(kind().of(ByteBuffer.allocate(8).asIntBuffer())).isNull();
    assertThat(kind().acquire(memory)).isNull();
    kind().release(memory, null);
    if (Runtime.version().feature() >= 22) {
      Class<?> arena = Class.forName("java.lang.foreign.Arena");
      for (String made : List.of("ofShared", "ofConfined", "ofAuto", "global")) {
        Object segment =
            arena.getMethod("allocate", long.class).invoke(arena.getMethod(made).invoke(null), 16L);
        Object view =
            Class.forName("java.lang.foreign.MemorySegment")
                .getMethod("asByteBuffer")
                .invoke(segment);
        assertThat(kind().of((ByteBuffer) view)).as(made).isNull();
      }
    }
  }

  @Test
  void mappedBuffersAreMapped(@TempDir Path directory) throws Exception {
    Path file = Files.write(directory.resolve("file"), new byte[BYTES]);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      MappedByteBuffer jdk = channel.map(FileChannel.MapMode.READ_WRITE, 0, BYTES);
      long at = BufferFactory.address(jdk);
      Object token = kind().open();
      MappedByteBuffer ours = BufferFactory.mapped(at, BYTES, false, jdk, token);
      MappedByteBuffer readOnly = BufferFactory.mapped(at, BYTES, true, jdk, token);
      ours.put(7, (byte) 42);
      ours.force();
      assertThat(Files.readAllBytes(file)[7]).isEqualTo((byte) 42);
      assertThat(ours.load().isLoaded()).isTrue();
      assertThat(readOnly.get(7)).isEqualTo((byte) 42);
      assertThatThrownBy(() -> readOnly.put(0, (byte) 1))
          .isInstanceOf(ReadOnlyBufferException.class);
      assertThat(BufferFactory.attachment(readOnly.slice(1, 2).asCharBuffer())).isSameAs(jdk);
      kind().close(token);
      assertClosed(() -> ours.get(7));
      assertClosed(() -> readOnly.slice().get(7));
      assertThat(jdk.get(7)).isEqualTo((byte) 42);
    }
  }

  @Test
  void theHandshakeSeesAThreadInsideAnAccess() throws Exception {
    Child child =
        Child.run(
            List.of(
                "-Xint",
                "-cp",
                Child.classPath(HandshakeMain.class),
                HandshakeMain.class.getName()));
    assertThat(child.output()).contains("put off: true, then done: true");
    assertThat(child.status()).isZero();
  }

  @Test
  void theHandshakeOfOneTokenEnds() {
    Object token = kind().open();
    kind().close(token);
    assertThat(kind().handshake(token)).isTrue();
  }
}
