// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Java and C agree on every number and every method that crosses between them. */
class NativeContractTest {
  @Test
  void constantsOfJavaAreThoseOfC() throws Exception {
    NativeLibrary.load();
    List<Long> java = new ArrayList<>();
    for (Field field : Native.class.getDeclaredFields()) {
      if (Modifier.isStatic(field.getModifiers()) && !field.isSynthetic()) {
        java.add(((Number) field.get(null)).longValue());
      }
    }
    java.add((long) TransferPath.values().length);
    java.add((long) nativeMethods().size());
    List<Long> c = new ArrayList<>();
    for (long constant : Native.constants()) {
      c.add(constant);
    }
    assertThat(java).hasSizeGreaterThan(20).isEqualTo(c);
  }

  private static List<String> nativeMethods() {
    List<String> names = new ArrayList<>();
    for (Method method : Native.class.getDeclaredMethods()) {
      if (Modifier.isNative(method.getModifiers())) {
        names.add(method.getName());
      }
    }
    return names;
  }

  @Test
  void nativeMethodsAreDeclaredInNativeOnly() {
    for (Class<?> type :
        List.of(
            Transfer.class,
            TransferEngine.class,
            RegionTransfer.class,
            JdkChannels.class,
            Mapping.class,
            Memfd.class,
            Region.class,
            Ledger.class,
            Pins.class,
            NativeLibrary.class)) {
      for (Method method : type.getDeclaredMethods()) {
        assertThat(Modifier.isNative(method.getModifiers())).as(method.toString()).isFalse();
      }
    }
    assertThat(nativeMethods()).hasSizeGreaterThan(30);
  }

  @Test
  void pathsHaveTheNamesOfC() {
    for (TransferPath path : TransferPath.values()) {
      assertThat(path.text()).isEqualTo(Native.pathName(path.number()));
      assertThat(TransferPath.ofText(path.text())).isEqualTo(path);
    }
    assertThat(Native.pathName(TransferPath.values().length)).isNull();
  }

  @Test
  void errorsThatJavaKnowsHaveTheirNumbers() {
    assertThat(Native.errorName(Errors.EINTR)).isEqualTo("EINTR");
    assertThat(Native.errorName(Errors.EBADF)).isEqualTo("EBADF");
    assertThat(Native.errorName(Errors.EAGAIN)).isEqualTo("EAGAIN");
    assertThat(Native.errorName(Errors.EINVAL)).isEqualTo("EINVAL");
    assertThat(Native.errorName(Errors.ENFILE)).isEqualTo("ENFILE");
    assertThat(Native.errorName(Errors.EMFILE)).isEqualTo("EMFILE");
    assertThat(Native.errorName(Errors.EFBIG)).isEqualTo("EFBIG");
    assertThat(Native.errorName(Errors.EDQUOT)).isEqualTo("EDQUOT");
    assertThat(Native.errorName(Errors.ENOSPC)).isEqualTo("ENOSPC");
    assertThat(Native.errorName(Errors.EPIPE)).isEqualTo("EPIPE");
    assertThat(Native.errorName(Errors.ECONNRESET)).isEqualTo("ECONNRESET");
    assertThat(Native.errorName(-5001)).isEqualTo("ZN_EPAIR");
    assertThat(Errors.describe(Errors.EPIPE)).contains("EPIPE, errno 32");
  }
}
