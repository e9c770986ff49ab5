// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.nio.Buffer;

/**
 * Defines the class of the token of JDK 17 into java.nio. It is compiled with all others, against
 * the outlines in {@link Jdk17}; here each outline's name gives way to the name of what it stands
 * for. Only the strings of a class file's constant pool hold names, so nothing else in the file
 * changes.
 */
final class TokenClasses {
  private static final int MAGIC = 0xCAFEBABE;

  // Tags of the constant pool (Java Virtual Machine Specification, 4.4).
  private static final int UTF8 = 1;
  private static final int LONG = 5;
  private static final int DOUBLE = 6;

  private TokenClasses() {}

  /**
   * Defines {@link EscapeToken}.
   *
   * @param trusted a lookup that may define classes in java.base
   * @return the class in java.nio
   * @throws IllegalAccessException if the lookup may not
   * @throws IOException if the class files are not beside this one
   */
  static Class<?> define(MethodHandles.Lookup trusted) throws IllegalAccessException, IOException {
    return define(trusted, EscapeToken.class.getName());
  }

  private static Class<?> define(MethodHandles.Lookup trusted, String template)
      throws IllegalAccessException, IOException {
    try {
      return trusted.in(Buffer.class).defineClass(rename(read(template)));
    } catch (LinkageError e) {
      // Defined before, by a copy of znio whose class loader is gone; the JVM keeps boot classes.
      try {
        return Class.forName(nameInside(template), false, null);
      } catch (ClassNotFoundException never) {
        throw e;
      }
    }
  }

  private static String nameInside(String template) {
    for (String[] name : Jdk17.NAMES) {
      if (name[0].equals(template)) {
        return name[1];
      }
    }
    throw new IllegalArgumentException(template);
  }

  private static byte[] read(String name) throws IOException {
    String resource = "/" + name.replace('.', '/') + ".class";
    try (InputStream in = TokenClasses.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IOException(resource + " is missing from znio's jar");
      }
      return in.readAllBytes();
    }
  }

  /** Copies a class file, with every name of {@link Jdk17#NAMES} replaced. */
  static byte[] rename(byte[] classFile) throws IOException {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(classFile));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(classFile.length + 1024);
    DataOutputStream out = new DataOutputStream(bytes);
    int magic = in.readInt();
    if (magic != MAGIC) {
      throw new IOException("Not a class file: it begins with " + Integer.toHexString(magic));
    }
    out.writeInt(magic);
    out.writeInt(in.readInt()); // version
    int count = in.readUnsignedShort();
    out.writeShort(count);
    for (int i = 1; i < count; i++) {
      int tag = in.readUnsignedByte();
      out.writeByte(tag);
      if (tag == UTF8) {
        out.writeUTF(inside(in.readUTF()));
      } else {
        out.write(in.readNBytes(length(tag)));
        i += tag == LONG || tag == DOUBLE ? 1 : 0; // these two take two places
      }
    }
    in.transferTo(out);
    return bytes.toByteArray();
  }

  /** Bytes of a constant after its tag. */
  private static int length(int tag) throws IOException {
    return switch (tag) {
      case 7, 8, 16, 19, 20 -> 2; // class, string, method type, module, package
      case 15 -> 3; // method handle
      case 3, 4, 9, 10, 11, 12, 17, 18 -> 4; // numbers, members, names, dynamic constants
      case LONG, DOUBLE -> 8;
      default -> throw new IOException("Unknown constant pool tag " + tag);
    };
  }

  /** One string of the pool: a name, a descriptor, or something else, which stays as it is. */
  private static String inside(String text) {
    // Not needed to run, and would tell of an enclosing class that is not there.
    if (text.equals("InnerClasses")) {
      return "io.znio.Outlines";
    }
    String result = text;
    for (String[] name : Jdk17.NAMES) {
      String outline = name[0].replace('.', '/');
      String real = name[1].replace('.', '/');
      if (result.equals(outline)) {
        return real;
      }
      result = result.replace("L" + outline + ";", "L" + real + ";");
    }
    return result;
  }
}
