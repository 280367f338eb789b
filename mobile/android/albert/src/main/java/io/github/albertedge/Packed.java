package io.github.albertedge;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Supplier;

/** Reads what albert_jni.c packs: numbers of 32 bits in the machine's order, texts and lists behind their lengths. */
final class Packed {
    private final ByteBuffer bytes;

    Packed(byte[] bytes) {
        this.bytes = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
    }

    int number() {
        return bytes.getInt();
    }

    double real() {
        return bytes.getDouble();
    }

    byte[] array() {
        byte[] array = new byte[number()];
        bytes.get(array);
        return array;
    }

    String text() {
        return new String(array(), StandardCharsets.UTF_8);
    }

    <T> List<T> list(Supplier<T> element) {
        int count = number();
        List<T> list = new ArrayList<>(count);
        for (int index = 0; index < count; index++) {
            list.add(element.get());
        }
        return Collections.unmodifiableList(list);
    }

    List<String> texts() {
        return list(this::text);
    }

    Row row() {
        return new Row(list(this::item), matrix(), matrix());
    }

    private Item item() {
        int fields = number();
        return new Item(
                fields, bytes.getFloat(), number(), number(), number(), number(), number(), text(), text(), text());
    }

    private float[][] matrix() {
        float[][] rows = new float[number()][];
        int columns = number();
        for (int row = 0; row < rows.length; row++) {
            rows[row] = new float[columns];
            bytes.asFloatBuffer().get(rows[row]);
            bytes.position(bytes.position() + 4 * columns);
        }
        return rows;
    }

    /** What one request got. */
    record Row(List<Item> items, float[][] vectors, float[][] pooled) {}

    /** An albert_item. */
    record Item(
            int fields, float score, int start, int end, int index, int token, int layers, String label, String text,
            String sequence) {
        /** Sums of these say what is there: ALBERT_FIELD_INDEX and ALBERT_FIELD_LAYERS. */
        private static final int HAS_INDEX = 16;
        private static final int HAS_LAYERS = 64;

        Integer indexIfAny() {
            return (fields & HAS_INDEX) != 0 ? index : null;
        }

        Integer layersIfAny() {
            return (fields & HAS_LAYERS) != 0 ? layers : null;
        }
    }
}
