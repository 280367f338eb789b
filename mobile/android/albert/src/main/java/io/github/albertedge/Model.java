package io.github.albertedge;

import java.io.File;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * A model file, checked once. All methods may be called from any thread. Pipelines keep what they need of it: it may be closed
 * before them.
 */
public final class Model implements AutoCloseable {
    private final Handle handle;
    private final int maxTokens;
    private final List<String> labels;
    private final List<String> tasks;

    private Model(long address) {
        handle = new Handle("model", address, NativeAlbert::freeModel);
        Packed packed = new Packed(NativeAlbert.describeModel(address));
        maxTokens = packed.number();
        labels = packed.texts();
        tasks = packed.texts();
    }

    /**
     * Maps a model file. It must not change while it is in use; replacing it by renaming a new file is safe.
     *
     * @throws AlbertException.Model when there is no good model file
     */
    public static Model open(File file) {
        return new Model(NativeAlbert.openFile(NativeAlbert.utf8(file.getPath())));
    }

    /**
     * A model in a direct buffer, for example a mapped one: from its position to its limit. It is used in place when it starts at
     * a multiple of 64 bytes, and copied otherwise.
     *
     * @throws IllegalArgumentException when the buffer is not direct
     * @throws AlbertException.Model when there is no good model file in it
     */
    public static Model fromBuffer(ByteBuffer buffer) {
        if (!buffer.isDirect()) {
            throw new IllegalArgumentException("the buffer with the model file is not direct");
        }
        return new Model(NativeAlbert.openBuffer(buffer.slice()));
    }

    /**
     * A model in a copy of an array.
     *
     * @throws AlbertException.Model when it is no good model file
     */
    public static Model fromBytes(byte[] bytes) {
        return new Model(NativeAlbert.openBytes(bytes));
    }

    /**
     * This encoder with the classifier of a head file, which is mapped: labels, tasks and scores are the head's. The models share
     * their memory; each is closed by itself.
     *
     * @throws AlbertException.Model when there is no good head file, or it was fitted on another encoder
     */
    public Model withHead(File head) {
        byte[] path = NativeAlbert.utf8(head.getPath());
        return handle.use(address -> new Model(NativeAlbert.headFile(address, path)));
    }

    /**
     * The same with a head file in an array, which is copied.
     *
     * @throws AlbertException.Model when it is no good head file, or was fitted on another encoder
     */
    public Model withHead(byte[] head) {
        return handle.use(address -> new Model(NativeAlbert.headBytes(address, head)));
    }

    /** A classifier of examples, in int8, with all choices made on held-out ones. */
    public Fitted fit(Collection<Example> examples) {
        return fit(examples, new FitOptions(), null);
    }

    /** A classifier of examples. */
    public Fitted fit(Collection<Example> examples, FitOptions options) {
        return fit(examples, options, null);
    }

    /**
     * A classifier of examples. The encoder stays as it is; a head that the model has does not matter.
     *
     * @param cancellation ends the call; null for none
     * @throws AlbertException.Input when there are too few examples or labels, or one of them is wrong; its row tells which
     * @throws AlbertException.Options when an option has an impossible value
     * @throws AlbertException.Cancelled when it was cancelled
     */
    public Fitted fit(Collection<Example> examples, FitOptions options, Cancellation cancellation) {
        List<Json> rows = new ArrayList<>(examples.size());
        examples.forEach(example -> rows.add(example.json()));
        byte[] json = NativeAlbert.utf8(Json.array(rows));
        return Fitted.read(new Packed(handle.use(address -> options.fit(address, json, cancellation))));
    }

    /** Longest input in tokens, special tokens counted. */
    public int maxTokens() {
        return maxTokens;
    }

    /** Names of the labels: the file's, or LABEL_0 and so on. */
    public List<String> labels() {
        return labels;
    }

    /** Names of the tasks that the model serves; the one that it is made for comes first. */
    public List<String> tasks() {
        return tasks;
    }

    /**
     * Compares the file's checksum with its bytes, and a head file's; reads every byte.
     *
     * @throws AlbertException.Model when they differ
     */
    public void verifyChecksum() {
        handle.use(address -> {
            NativeAlbert.verifyChecksum(address);
            return null;
        });
    }

    Handle handle() {
        return handle;
    }

    /** Frees the model when no call uses it any more. Does not wait. */
    @Override
    public void close() {
        handle.close();
    }
}
