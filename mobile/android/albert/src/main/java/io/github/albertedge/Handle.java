package io.github.albertedge;

import java.util.function.LongConsumer;
import java.util.function.LongFunction;

/** A native object. It is freed when it is closed and no call uses it any more: closing never waits. */
final class Handle {
    private final String what;
    private final LongConsumer free;
    private long address;
    private int users;
    private boolean closed;

    Handle(String what, long address, LongConsumer free) {
        this.what = what;
        this.address = address;
        this.free = free;
    }

    <R> R use(LongFunction<R> work) {
        synchronized (this) {
            if (closed) {
                throw new IllegalStateException("the " + what + " is closed");
            }
            users++;
        }
        try {
            return work.apply(address);
        } finally {
            synchronized (this) {
                users--;
                freeIfUnused();
            }
        }
    }

    synchronized void close() {
        closed = true;
        freeIfUnused();
    }

    private void freeIfUnused() {
        if (closed && users == 0 && address != 0) {
            free.accept(address);
            address = 0;
        }
    }
}
