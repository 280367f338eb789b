package io.github.albertedge;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** The native functions, in albert_jni.c. Texts are UTF-8; null is no text. They throw what {@link #failure} makes. */
final class NativeAlbert {
    static {
        System.loadLibrary("albert_jni");
    }

    private NativeAlbert() {}

    static native long openFile(byte[] path);

    static native long openBytes(byte[] bytes);

    /** The buffer is direct; it is kept from the garbage collector as long as its memory is read. */
    static native long openBuffer(ByteBuffer buffer);

    static native long headFile(long model, byte[] path);

    static native long headBytes(long model, byte[] bytes);

    /** Longest input, labels, tasks: packed. */
    static native byte[] describeModel(long model);

    static native void verifyChecksum(long model);

    static native void freeModel(long model);

    static native long newPipeline(
            long model, byte[] task, byte[] options, int threads, long memoryLimit, byte[] kernels, int layers, int earlyExit,
            float earlyExitValue, int tileRows, int groupTokens);

    /** Runs requests in JSON; results come packed. A number other than 0 in `cancelled` ends the call. */
    static native byte[] run(long pipeline, byte[] requests, ByteBuffer cancelled);

    static native void freePipeline(long pipeline);

    /** Fits examples in JSON; report, labels and file come packed. `weights` is an ALBERT_WEIGHTS_ number. */
    static native byte[] fit(
            long model, byte[] examples, byte[] options, ByteBuffer cancelled, boolean wholeModel, int weights);

    static native long newPrototypes(long labels, long width);

    static native long restorePrototypes(byte[] stored, long labels, long width);

    static native byte[] storePrototypes(long prototypes);

    static native void addExample(long prototypes, long label, float[] embedding);

    static native void forgetLabel(long prototypes, long label);

    static native long countExamples(long prototypes, long label);

    /** The label, or -1 for none; the cosine is written into the array. */
    static native long nearestLabel(long prototypes, float[] embedding, float[] cosine);

    static native void freePrototypes(long prototypes);

    /** Called by the native layer. */
    static RuntimeException failure(int status, byte[] message, long row) {
        return AlbertException.of(status, new String(message, StandardCharsets.UTF_8), row);
    }

    static byte[] utf8(String text) {
        return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
    }
}
