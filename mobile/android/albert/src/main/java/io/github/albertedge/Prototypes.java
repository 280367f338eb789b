package io.github.albertedge;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * Labels that are taught while the program runs, by a few examples each: a text has the label whose examples' embeddings have the
 * nearest mean. All methods may be called from any thread.
 */
public final class Prototypes implements AutoCloseable {
    /** A label and the cosine, from -1 to 1, between the embedding and the mean of the label's examples. */
    public record Nearest(long label, float cosine) {}

    /** Magic, labels, width and checksum, four bytes each. */
    private static final int HEADER = 16;

    private final Handle handle;

    private Prototypes(long address) {
        handle = new Handle("prototypes", address, NativeAlbert::freePrototypes);
    }

    /** Prototypes of up to {@code labels} labels, numbers from 0, over embeddings of {@code width} elements; they know nothing yet. */
    public Prototypes(long labels, long width) {
        this(NativeAlbert.newPrototypes(labels, width));
    }

    /**
     * What {@link #toBytes} gave, here or on another device.
     *
     * @throws AlbertException.Input when the bytes are others, or damaged
     */
    public static Prototypes fromBytes(byte[] stored) {
        ByteBuffer words = ByteBuffer.wrap(stored).order(ByteOrder.LITTLE_ENDIAN);
        boolean whole = stored.length >= HEADER;
        long labels = whole ? Integer.toUnsignedLong(words.getInt(4)) : 0;
        long width = whole ? Integer.toUnsignedLong(words.getInt(8)) : 0;
        return new Prototypes(NativeAlbert.restorePrototypes(stored, labels, width));
    }

    /** The bytes to keep. */
    public byte[] toBytes() {
        return locked(NativeAlbert::storePrototypes);
    }

    /**
     * Teaches a label one more example.
     *
     * @throws AlbertException.Input for a label beyond the last, or an embedding without direction; nothing is changed then
     * @throws AlbertException.Options for an embedding of another width
     */
    public void add(long label, float[] embedding) {
        locked(address -> {
            NativeAlbert.addExample(address, label, embedding);
            return null;
        });
    }

    /** Forgets all examples of a label. */
    public void forget(long label) {
        locked(address -> {
            NativeAlbert.forgetLabel(address, label);
            return null;
        });
    }

    /** Examples that a label was taught with. */
    public long examples(long label) {
        return locked(address -> NativeAlbert.countExamples(address, label));
    }

    /** The label whose mean is nearest, the first of equals; empty when no label has been taught. */
    public Optional<Nearest> nearest(float[] embedding) {
        float[] cosine = new float[1];
        long label = locked(address -> NativeAlbert.nearestLabel(address, embedding, cosine));
        return label < 0 ? Optional.empty() : Optional.of(new Nearest(label, cosine[0]));
    }

    private <R> R locked(java.util.function.LongFunction<R> work) {
        return handle.use(address -> {
            synchronized (this) {
                return work.apply(address);
            }
        });
    }

    /** Frees the memory when no call uses it any more. Does not wait. */
    @Override
    public void close() {
        handle.close();
    }
}
