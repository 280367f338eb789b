package io.github.albertedge;

import java.util.ArrayList;
import java.util.Collection;

/**
 * An input of any task. Which fields there must be is up to the task; those that it does not read are ignored, but for a second
 * text where there can be none.
 */
public final class Request {
    private final Json json = new Json();

    private Request() {}

    /** A text, the text that holds an answer, or the query of a reranking. */
    public static Request text(String text) {
        Request request = new Request();
        request.json.put("text", text);
        return request;
    }

    /** Ids in place of a text, special tokens counted. */
    public static Request ids(Collection<Integer> ids) {
        Request request = new Request();
        request.json.put("input_ids", new ArrayList<>(ids));
        return request;
    }

    /** As many token types as ids. */
    public Request tokenTypes(Collection<Integer> value) {
        json.put("token_type_ids", new ArrayList<>(value));
        return this;
    }

    /** Second text. */
    public Request pair(String value) {
        json.put("text_pair", value);
        return this;
    }

    /** Question answering: the question; the text holds the answer. */
    public Request question(String value) {
        json.put("question", value);
        return this;
    }

    /** Multiple choice: the choices. */
    public Request choices(Collection<String> value) {
        json.put("choices", new ArrayList<>(value));
        return this;
    }

    /** Fill-mask: tokens to choose from. */
    public Request targets(Collection<String> value) {
        json.put("targets", new ArrayList<>(value));
        return this;
    }

    /** Zero-shot classification: labels to choose from. */
    public Request candidateLabels(Collection<String> value) {
        json.put("candidate_labels", new ArrayList<>(value));
        return this;
    }

    /** Reranking: the documents; the text is the query. */
    public Request documents(Collection<String> value) {
        json.put("documents", new ArrayList<>(value));
        return this;
    }

    @Override
    public String toString() {
        return json.toString();
    }
}
