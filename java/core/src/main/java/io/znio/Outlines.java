// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * Classes for one JDK that any JDK compiles: they are written against outlines of what the others
 * lack ({@link Jdk17}, {@link Jdk22}); here each outline's name gives way to the name of what it
 * stands for. Only the strings of a class file's constant pool hold names, so nothing else in the
 * file changes.
 */
final class Outlines {
  private static final int MAGIC = 0xCAFEBABE;

  // Tags of the constant pool (Java Virtual Machine Specification, 4.4).
  private static final int UTF8 = 1;
  private static final int LONG = 5;
  private static final int DOUBLE = 6;

  private Outlines() {}

  /**
   * The class file of a template, ready to be defined.
   *
   * @param names binary name of each outline and of the template, and what stands in its place
   * @throws IOException if the class file is not beside this one
   */
  static byte[] fill(Class<?> template, String[][] names) throws IOException {
    String resource = "/" + template.getName().replace('.', '/') + ".class";
    try (InputStream in = Outlines.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IOException(resource + " is missing from znio's jar");
      }
      return rename(in.readAllBytes(), names);
    }
  }

  /** What stands in the place of a template or outline. */
  static String nameInside(Class<?> template, String[][] names) {
    for (String[] name : names) {
      if (name[0].equals(template.getName())) {
        return name[1];
      }
    }
    throw new IllegalArgumentException(template.getName());
  }

  /** Copies a class file, with every name replaced. */
  static byte[] rename(byte[] classFile, String[][] names) throws IOException {
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
        out.writeUTF(inside(in.readUTF(), names));
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
  private static String inside(String text, String[][] names) {
    // Not needed to run, and would tell of an enclosing class that is not there.
    if (text.equals("InnerClasses")) {
      return "io.znio.Outlines";
    }
    String result = text;
    for (String[] name : names) {
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
