// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.znio.bench.TransferSeries;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** A series for each iteration; what has arrived is verified when the clock stands still. */
@State(Scope.Thread)
public abstract class Series {
  private TransferSeries series;

  Series() {}

  abstract TransferSeries series() throws Exception;

  @Setup(Level.Trial)
  public final void start() throws Exception {
    series = series();
  }

  @Setup(Level.Iteration)
  public final void begin() throws Exception {
    series.begin();
  }

  @TearDown(Level.Iteration)
  public final void verify() throws Exception {
    series.end();
  }

  @TearDown(Level.Trial)
  public final void stop() throws Exception {
    series.close();
  }

  final void move(int count) throws Exception {
    series.move(count);
  }
}
