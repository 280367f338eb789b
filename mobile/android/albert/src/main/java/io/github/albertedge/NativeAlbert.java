package io.github.albertedge;

import java.nio.ByteBuffer;

/** The native functions. `Albert` is the class to use. */
final class NativeAlbert {
    static {
        System.loadLibrary("albert_jni");
    }

    private NativeAlbert() {}

    /**
     * Opens a model and a session for inputs of up to maxTokens tokens. The buffer is direct and stays alive, unchanged, until
     * close; the file in it need not be aligned.
     */
    static native long open(ByteBuffer file, int maxTokens);

    /** Frees what open made. */
    static native void close(long session);

    /** Scores of all labels; pair may be null. Texts are UTF-8. */
    static native float[] scores(long session, byte[] text, byte[] pair);

    /** Name of a label in UTF-8, or null. */
    static native byte[] label(long session, int index);
}
