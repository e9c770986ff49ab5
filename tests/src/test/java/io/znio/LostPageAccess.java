// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.Adler32;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/** Ways to touch memory, and what comes of each when its page cannot be had. */
enum LostPageAccess {
  GET(End.ERROR) {
    @Override
    void touch(LostPageTools tools, ByteBuffer at) {
      tools.sink += at.get(0);
    }
  },
  GET_LONG(End.ERROR) {
    @Override
    void touch(LostPageTools tools, ByteBuffer at) {
      tools.sink += at.getLong(8);
    }
  },
  PUT(End.ERROR) {
    @Override
    void touch(LostPageTools tools, ByteBuffer at) {
      at.put(0, (byte) 1);
    }
  },
  BULK_GET(End.ERROR) {
    @Override
    void touch(LostPageTools tools, ByteBuffer at) {
      at.get(0, tools.bytes);
    }
  },
  BULK_PUT(End.ERROR) {
    @Override
    void touch(LostPageTools tools, ByteBuffer at) {
      at.put(0, tools.bytes);
    }
  },
  PUT_BUFFER(End.ERROR) {
    @Override
    void touch(LostPageTools tools, ByteBuffer at) {
      tools.direct.clear().put(at);
    }
  },
  MISMATCH(End.ERROR_OR_RESCUE) { // depends on compiler and JDK
    @Override
    void touch(LostPageTools tools, ByteBuffer at) {
      tools.sink += at.mismatch(tools.direct.clear());
    }
  },
  COMPARE_AND_SET(End.ERROR_OR_RESCUE) {
    @Override
    void touch(LostPageTools tools, ByteBuffer at) {
      LONGS.compareAndSet(at, 8, 1L, 2L);
    }
  },
  CRC(End.RESCUE) {
    @Override
    void touch(LostPageTools tools, ByteBuffer at) {
      CRC32 crc = new CRC32();
      crc.update(at);
      tools.sink += crc.getValue();
    }
  },
  ADLER(End.RESCUE) {
    @Override
    void touch(LostPageTools tools, ByteBuffer at) {
      Adler32 adler = new Adler32();
      adler.update(at);
      tools.sink += adler.getValue();
    }
  },
  DEFLATE(End.RESCUE) {
    @Override
    void touch(LostPageTools tools, ByteBuffer at) {
      Deflater deflater = new Deflater();
      deflater.setInput(at);
      deflater.finish();
      tools.sink += deflater.deflate(tools.bytes);
      deflater.end();
    }
  },
  INFLATE(End.RESCUE) {
    @Override
    void touch(LostPageTools tools, ByteBuffer at) throws DataFormatException {
      Inflater inflater = new Inflater();
      inflater.setInput(tools.deflated);
      tools.sink += inflater.inflate(at);
      inflater.end();
    }
  },
  JDK_FILE_WRITE(End.BAD_ADDRESS) {
    @Override
    void touch(LostPageTools tools, ByteBuffer at) throws IOException {
      tools.file.write(at, 0);
    }
  },
  JDK_FILE_READ(End.BAD_ADDRESS) {
    @Override
    void touch(LostPageTools tools, ByteBuffer at) throws IOException {
      tools.file.read(at, 0);
    }
  },
  JDK_SOCKET_WRITE(End.BAD_ADDRESS) {
    @Override
    void touch(LostPageTools tools, ByteBuffer at) throws IOException {
      tools.socket.writer.write(at);
      tools.drainSocket();
    }
  },
  TRANSFER_TO_SOCKET(End.LOST) {
    @Override
    void touch(LostPageTools tools, ByteBuffer at) throws IOException {
      Transfer.from(at).to(tools.socket.writer).transfer();
      tools.drainSocket();
    }
  },
  TRANSFER_TO_FILE(End.LOST) {
    @Override
    void touch(LostPageTools tools, ByteBuffer at) throws IOException {
      Transfer.from(at).to(tools.file, 0).transfer();
    }
  },
  TRANSFER_FROM_FILE(End.LOST) {
    @Override
    void touch(LostPageTools tools, ByteBuffer at) throws IOException {
      Transfer.from(tools.file, 0).to(at).transfer();
    }
  },
  TRANSFER_HEADER(End.LOST) {
    @Override
    void touch(LostPageTools tools, ByteBuffer at) throws IOException {
      FileRegion[] regions = {new FileRegion(tools.file, 0, 10)};
      Transfer.transferRegions(regions, at, tools.socket.writer);
      tools.drainSocket();
    }
  };

  /** What comes of it. */
  enum End {
    /** InternalError, by HotSpot. */
    ERROR,
    /** A page of zeros is put in place. */
    RESCUE,
    ERROR_OR_RESCUE,
    /** The IOException of the JDK's channels. */
    BAD_ADDRESS,
    /** The exception of znio. */
    LOST
  }

  private static final VarHandle LONGS =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());

  final End end;

  LostPageAccess(End end) {
    this.end = end;
  }

  /** Touches the first bytes of {@code at}, of which it may move the position. */
  abstract void touch(LostPageTools tools, ByteBuffer at) throws Exception;
}
