// SPDX-License-Identifier: Apache-2.0
package io.znio;

/*
 * The contracts of FileChannel: each is kept by the JDK's channel, and by NativeFileChannel. One
 * class for each, because a nested one is not counted in the reports of the tests.
 */

class OpenOfJdkTest extends OpenContract {
  OpenOfJdkTest() {
    super(FileChannels.JDK);
  }
}

class OpenOfZnioTest extends OpenContract {
  OpenOfZnioTest() {
    super(FileChannels.ZNIO);
  }
}

class ChannelOfJdkTest extends ChannelContract {
  ChannelOfJdkTest() {
    super(FileChannels.JDK);
  }
}

class ChannelOfZnioTest extends ChannelContract {
  ChannelOfZnioTest() {
    super(FileChannels.ZNIO);
  }
}

class BufferOfJdkTest extends ChannelBufferContract {
  BufferOfJdkTest() {
    super(FileChannels.JDK);
  }
}

class BufferOfZnioTest extends ChannelBufferContract {
  BufferOfZnioTest() {
    super(FileChannels.ZNIO);
  }
}

class LockOfJdkTest extends LockContract {
  LockOfJdkTest() {
    super(FileChannels.JDK);
  }
}

class LockOfZnioTest extends LockContract {
  LockOfZnioTest() {
    super(FileChannels.ZNIO);
  }
}

class MapOfJdkTest extends MapContract {
  MapOfJdkTest() {
    super(FileChannels.JDK);
  }
}

class MapOfZnioTest extends MapContract {
  MapOfZnioTest() {
    super(FileChannels.ZNIO);
  }
}

class TransferOfJdkTest extends TransferContract {
  TransferOfJdkTest() {
    super(FileChannels.JDK);
  }
}

class TransferOfZnioTest extends TransferContract {
  TransferOfZnioTest() {
    super(FileChannels.ZNIO);
  }
}

class CloseOfJdkTest extends CloseContract {
  CloseOfJdkTest() {
    super(FileChannels.JDK);
  }
}

class CloseOfZnioTest extends CloseContract {
  CloseOfZnioTest() {
    super(FileChannels.ZNIO);
  }
}
