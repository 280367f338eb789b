package io.github.albertedge;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;

/**
 * What a pipeline does. Names are those of the Hugging Face pipelines.
 *
 * @param <R> what a request gets
 */
public final class Task<R> {
    /** Labels of a text or of a pair of texts, the best first. */
    public static final Task<List<Label>> TEXT_CLASSIFICATION = new Task<>("text-classification", Task::labels);

    /** Candidate labels of a text, without training for them, the best first. */
    public static final Task<Ranking> ZERO_SHOT_CLASSIFICATION = new Task<>(
            "zero-shot-classification",
            row -> new Ranking(row.items().isEmpty() ? "" : row.items().get(0).sequence(), labels(row)));

    /** Entities in a text, from left to right. */
    public static final Task<List<Entity>> TOKEN_CLASSIFICATION = new Task<>(
            "token-classification",
            each(item -> new Entity(
                    item.label(), item.text(), item.score(), item.start(), item.end(), item.indexIfAny())));

    /** Answers to a question in a text, the best first. */
    public static final Task<List<Answer>> QUESTION_ANSWERING = new Task<>(
            "question-answering", each(item -> new Answer(item.text(), item.score(), item.start(), item.end())));

    /** Tokens for the masks of a text: mask after mask, the best first. */
    public static final Task<List<Filling>> FILL_MASK = new Task<>(
            "fill-mask",
            each(item -> new Filling(item.text(), item.token(), item.score(), item.sequence(), item.indexIfAny())));

    /** Which of several texts goes on best, the best first. */
    public static final Task<List<Choice>> MULTIPLE_CHOICE =
            new Task<>("multiple-choice", each(item -> new Choice(item.label(), item.score(), item.index())));

    /** Whether two texts are in order. */
    public static final Task<Label> SENTENCE_ORDER = new Task<>("sentence-order", row -> labels(row).get(0));

    /** Hidden states of a text. */
    public static final Task<HiddenStates> FEATURE_EXTRACTION = new Task<>(
            "feature-extraction",
            row -> new HiddenStates(row.vectors(), row.pooled().length == 0 ? null : row.pooled()[0]));

    /** A vector for a text: texts that mean the same have vectors in the same direction. */
    public static final Task<float[]> SENTENCE_EMBEDDING = new Task<>("sentence-embedding", row -> row.vectors()[0]);

    /** Documents for a query, the best first. */
    public static final Task<List<RankedDocument>> RERANKING =
            new Task<>("reranking", each(item -> new RankedDocument(item.text(), item.score(), item.index())));

    private final String name;
    private final Function<Packed.Row, R> read;

    private Task(String name, Function<Packed.Row, R> read) {
        this.name = name;
        this.read = read;
    }

    R read(Packed.Row row) {
        return read.apply(row);
    }

    private static List<Label> labels(Packed.Row row) {
        return Task.<Label>each(item -> new Label(item.label(), item.score(), item.layersIfAny())).apply(row);
    }

    private static <T> Function<Packed.Row, List<T>> each(Function<Packed.Item, T> read) {
        return row -> {
            List<T> results = new ArrayList<>(row.items().size());
            for (Packed.Item item : row.items()) {
                results.add(read.apply(item));
            }
            return Collections.unmodifiableList(results);
        };
    }

    /** The name, as models list it. */
    @Override
    public String toString() {
        return name;
    }
}
