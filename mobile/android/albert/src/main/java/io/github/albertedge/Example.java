package io.github.albertedge;

import java.util.List;

/**
 * A text, or a pair of texts, to learn from.
 *
 * @param pair second text; null for none
 * @param labels one, or for a classifier of several labels any number
 */
public record Example(String text, String pair, List<String> labels) {
    /** A text of one label. */
    public Example(String text, String label) {
        this(text, null, List.of(label));
    }

    Json json() {
        Json json = new Json();
        json.put("text", text);
        json.put("pair", pair);
        json.put("label", labels);
        return json;
    }
}
