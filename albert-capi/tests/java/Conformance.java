import io.github.albertedge.Answer;
import io.github.albertedge.Choice;
import io.github.albertedge.Entity;
import io.github.albertedge.Filling;
import io.github.albertedge.HiddenStates;
import io.github.albertedge.Label;
import io.github.albertedge.Model;
import io.github.albertedge.Options;
import io.github.albertedge.Pipeline;
import io.github.albertedge.RankedDocument;
import io.github.albertedge.Ranking;
import io.github.albertedge.Request;
import io.github.albertedge.Task;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs cases as conformance.c does, from the same lines, and prints what comes out, to the bit. */
final class Conformance {
    private static final List<Task<?>> TASKS = List.of(
            Task.TEXT_CLASSIFICATION, Task.ZERO_SHOT_CLASSIFICATION, Task.TOKEN_CLASSIFICATION, Task.QUESTION_ANSWERING,
            Task.FILL_MASK, Task.MULTIPLE_CHOICE, Task.SENTENCE_ORDER, Task.FEATURE_EXTRACTION, Task.SENTENCE_EMBEDDING,
            Task.RERANKING);

    private final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    private final Map<String, List<String>> options = new LinkedHashMap<>();
    private final Map<String, List<String>> request = new LinkedHashMap<>();
    private String model;
    private String head;
    private String task;

    public static void main(String[] arguments) throws Exception {
        new Conformance().runAll();
    }

    private void runAll() throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = in.readLine()) != null; ) {
            String[] words = line.split("\t", -1);
            switch (words[0]) {
                case "model" -> model = words[1];
                case "head" -> head = words[1];
                case "task" -> task = words[1];
                case "option" -> options.computeIfAbsent(words[1], name -> new ArrayList<>()).add(words[2]);
                case "request" -> request.computeIfAbsent(words[1], name -> new ArrayList<>()).add(words[2]);
                case "run" -> run(1);
                case "twice" -> run(2);
                default -> throw new AssertionError(line);
            }
        }
        out.flush();
    }

    private void run(int times) {
        Task<?> chosen = TASKS.stream().filter(each -> each.toString().equals(task)).findFirst().orElseThrow();
        Model opened = Model.open(new File(model));
        if (head != null) {
            Model encoder = opened;
            opened = encoder.withHead(new File(head));
            encoder.close();
            head = null;
        }
        try (Pipeline<?> pipeline = new Pipeline<>(opened, chosen, options())) {
            opened.close();
            List<?> results = times == 1
                    ? List.of(pipeline.run(request()))
                    : pipeline.runAll(java.util.Collections.nCopies(times, request()));
            if (results.size() != times) {
                throw new AssertionError("not a result for each request");
            }
            results.forEach(this::print);
        }
        out.print("end\n");
        options.clear();
        request.clear();
    }

    private Options options() {
        Options to = new Options();
        options.forEach((name, values) -> {
            String value = values.get(0);
            switch (name) {
                case "top_k" -> to.topK(Integer.parseInt(value));
                case "function_to_apply" -> to.functionToApply(value);
                case "hypothesis_template" -> to.hypothesisTemplate(value);
                case "entailment_label" -> to.entailmentLabel(value);
                case "candidate_labels" -> to.candidateLabels(values);
                case "multi_label" -> to.multiLabel(Boolean.parseBoolean(value));
                case "align_to_words" -> to.alignToWords(Boolean.parseBoolean(value));
                case "handle_impossible_answer" -> to.handleImpossibleAnswer(Boolean.parseBoolean(value));
                case "normalize" -> to.normalize(Boolean.parseBoolean(value));
                case "aggregation_strategy" -> to.aggregationStrategy(value);
                case "stride" -> to.stride(Integer.parseInt(value));
                case "targets" -> to.targets(values);
                case "max_seq_len" -> to.maxSeqLen(Integer.parseInt(value));
                case "doc_stride" -> to.docStride(Integer.parseInt(value));
                case "max_answer_len" -> to.maxAnswerLen(Integer.parseInt(value));
                case "truncation" -> to.truncation(value);
                case "max_length" -> to.maxLength(Integer.parseInt(value));
                default -> throw new AssertionError(name);
            }
        });
        return to;
    }

    private Request request() {
        List<String> context = request.get("context");
        List<String> text = context == null ? request.get("text") : context;
        List<String> ids = request.get("input_ids");
        Request to = ids == null ? Request.text(text == null ? null : text.get(0)) : Request.ids(numbers(ids));
        request.forEach((name, values) -> {
            switch (name) {
                case "text", "context", "input_ids" -> {}
                case "text_pair" -> to.pair(values.get(0));
                case "question" -> to.question(values.get(0));
                case "choices" -> to.choices(values);
                case "targets" -> to.targets(values);
                case "candidate_labels" -> to.candidateLabels(values);
                case "documents" -> to.documents(values);
                case "token_type_ids" -> to.tokenTypes(numbers(values));
                default -> throw new AssertionError(name);
            }
        });
        return to;
    }

    private static List<Integer> numbers(List<String> texts) {
        return texts.stream().map(Integer::valueOf).toList();
    }

    private void print(Object result) {
        if (result instanceof List<?> several) {
            several.forEach(this::print);
        } else if (result instanceof Label it) {
            item(it.label(), null, null, null, null, null, it.score(), null, it.layers());
        } else if (result instanceof Ranking it) {
            it.labels().forEach(
                    each -> item(each.label(), null, it.sequence(), null, null, null, each.score(), null, null));
        } else if (result instanceof Entity it) {
            item(it.entity(), it.word(), null, it.start(), it.end(), it.index(), it.score(), null, null);
        } else if (result instanceof Answer it) {
            item(null, it.answer(), null, it.start(), it.end(), null, it.score(), null, null);
        } else if (result instanceof Filling it) {
            item(null, it.tokenText(), it.sequence(), null, null, it.mask(), it.score(), it.token(), null);
        } else if (result instanceof Choice it) {
            item(it.choice(), null, null, null, null, it.index(), it.score(), null, null);
        } else if (result instanceof RankedDocument it) {
            item(null, it.text(), null, null, null, it.index(), it.score(), null, null);
        } else if (result instanceof HiddenStates it) {
            matrix("vectors", it.lastHiddenState());
            if (it.poolerOutput() != null) {
                matrix("pooled", it.poolerOutput());
            }
        } else if (result instanceof float[] embedding) {
            matrix("vectors", embedding);
        } else {
            throw new AssertionError(result);
        }
    }

    /** The line of an albert_item. */
    private void item(
            String label, String text, String sequence, Integer start, Integer end, Integer index, float score, Integer token,
            Integer layers) {
        int fields = 0;
        Object[] present = {label, text, sequence, start, index, token, layers};
        for (int bit = 0; bit < present.length; bit++) {
            fields |= present[bit] == null ? 0 : 1 << bit;
        }
        Object[] columns = {
            "item", fields, or(label, ""), or(text, ""), or(sequence, ""), or(start, 0), or(end, 0), or(index, 0), bits(score),
            or(token, 0), or(layers, 0)
        };
        out.print(String.join("\t", java.util.Arrays.stream(columns).map(Object::toString).toList()) + "\n");
    }

    private static Object or(Object value, Object otherwise) {
        return value == null ? otherwise : value;
    }

    private void matrix(String name, float[]... rows) {
        out.print(name + "\t" + rows.length + "\t" + rows[0].length);
        for (float[] row : rows) {
            for (float value : row) {
                out.print("\t" + bits(value));
            }
        }
        out.print("\n");
    }

    private static String bits(float value) {
        return String.format("%08x", Float.floatToRawIntBits(value));
    }
}
