package io.github.albertedge;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Classifies texts with a model file. One thread at a time may use it; close it when done. */
public final class Albert implements AutoCloseable {
    /** A label and its score. */
    public static final class Label {
        public final String name;
        public final float score;

        Label(String name, float score) {
            this.name = name;
            this.score = score;
        }
    }

    /** Kept from the garbage collector: the session reads it. */
    private final ByteBuffer file;
    private long session;

    /**
     * @param file a direct buffer with a model file, for example a mapped one
     * @param maxTokens longest input; longer texts are cut
     * @throws IllegalArgumentException when the file is not a good model file
     */
    public Albert(ByteBuffer file, int maxTokens) {
        if (!file.isDirect()) {
            throw new IllegalArgumentException("the buffer with the model file is not direct");
        }
        this.file = file;
        session = NativeAlbert.open(file, maxTokens);
    }

    /** The best labels, in descending order of their scores. */
    public List<Label> classify(String text, int topK) {
        return classify(text, null, topK);
    }

    /** The best labels of two texts. */
    public synchronized List<Label> classify(String text, String pair, int topK) {
        if (session == 0) {
            throw new IllegalStateException("closed");
        }
        byte[] second = pair == null ? null : pair.getBytes(StandardCharsets.UTF_8);
        float[] scores = NativeAlbert.scores(session, text.getBytes(StandardCharsets.UTF_8), second);
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < scores.length; i++) {
            order.add(i);
        }
        order.sort(Comparator.comparing((Integer i) -> -scores[i]));
        List<Label> best = new ArrayList<>();
        for (int i : order.subList(0, Math.min(topK, order.size()))) {
            byte[] name = NativeAlbert.label(session, i);
            best.add(new Label(name == null ? "LABEL_" + i : new String(name, StandardCharsets.UTF_8), scores[i]));
        }
        return best;
    }

    @Override
    public synchronized void close() {
        if (session != 0) {
            NativeAlbert.close(session);
            session = 0;
        }
    }
}
