package io.github.albertedge;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes objects of JSON. Nothing reads JSON: results come in another form. */
final class Json {
    private final Map<String, Object> fields = new LinkedHashMap<>();

    /** A text, number, truth value or a list of them. */
    void put(String name, Object value) {
        fields.put(name, value);
    }

    @Override
    public String toString() {
        StringBuilder to = new StringBuilder("{");
        for (Map.Entry<String, Object> field : fields.entrySet()) {
            separate(to, '{');
            write(to, field.getKey());
            to.append(':');
            write(to, field.getValue());
        }
        return to.append('}').toString();
    }

    /** Several values in an array. */
    static String array(Collection<?> values) {
        StringBuilder to = new StringBuilder();
        write(to, values);
        return to.toString();
    }

    private static void separate(StringBuilder to, char first) {
        if (to.charAt(to.length() - 1) != first) {
            to.append(',');
        }
    }

    private static void write(StringBuilder to, Object value) {
        if (value instanceof String text) {
            write(to, text);
        } else if (value instanceof Collection<?> values) {
            to.append('[');
            for (Object each : values) {
                separate(to, '[');
                write(to, each);
            }
            to.append(']');
        } else {
            to.append(value);
        }
    }

    private static void write(StringBuilder to, String text) {
        to.append('"');
        for (int index = 0; index < text.length(); index++) {
            char at = text.charAt(index);
            if (at == '"' || at == '\\') {
                to.append('\\').append(at);
            } else if (at < ' ') {
                to.append("\\u00").append(Character.forDigit(at >> 4, 16)).append(Character.forDigit(at & 15, 16));
            } else {
                to.append(at);
            }
        }
        to.append('"');
    }
}
