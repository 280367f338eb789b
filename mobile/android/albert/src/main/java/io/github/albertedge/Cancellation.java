package io.github.albertedge;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Ends calls from another thread: within a step of an inference, some hundred microseconds of work. */
public final class Cancellation {
    /** Native threads read it. */
    final ByteBuffer flag = ByteBuffer.allocateDirect(4).order(ByteOrder.nativeOrder());

    /** Ends the calls that were given this object, and those that will be, with {@link AlbertException.Cancelled}. */
    public void cancel() {
        flag.putInt(0, 1);
    }
}
