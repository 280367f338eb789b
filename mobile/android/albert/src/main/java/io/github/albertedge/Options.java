package io.github.albertedge;

import java.util.ArrayList;
import java.util.Collection;

/** Options of all tasks. An option that is given and that the task does not have is an error of the pipeline. */
public final class Options {
    private final Json json = new Json();

    /** Most results of an input. */
    public Options topK(int value) {
        json.put("top_k", value);
        return this;
    }

    /** What makes scores of logits: default, softmax, sigmoid or none. */
    public Options functionToApply(String value) {
        json.put("function_to_apply", value);
        return this;
    }

    /** Zero-shot classification: what is said of a label, which takes the place of {}. */
    public Options hypothesisTemplate(String value) {
        json.put("hypothesis_template", value);
        return this;
    }

    /** Zero-shot classification: name of the label that says "entailment", when it does not begin with "entail". */
    public Options entailmentLabel(String value) {
        json.put("entailment_label", value);
        return this;
    }

    /** Zero-shot classification: labels to choose from, for requests that have none of their own. */
    public Options candidateLabels(Collection<String> value) {
        json.put("candidate_labels", new ArrayList<>(value));
        return this;
    }

    /** Zero-shot classification: whether each label is scored by itself. */
    public Options multiLabel(boolean value) {
        json.put("multi_label", value);
        return this;
    }

    /** Question answering: whether answers extend to whole words. */
    public Options alignToWords(boolean value) {
        json.put("align_to_words", value);
        return this;
    }

    /** Question answering: whether "no answer" competes. */
    public Options handleImpossibleAnswer(boolean value) {
        json.put("handle_impossible_answer", value);
        return this;
    }

    /** Sentence embedding: scales vectors to length 1. */
    public Options normalize(boolean value) {
        json.put("normalize", value);
        return this;
    }

    /** Token classification: none, simple, first, average or max. */
    public Options aggregationStrategy(String value) {
        json.put("aggregation_strategy", value);
        return this;
    }

    /** Token classification: tokens that windows over a long text share. */
    public Options stride(int value) {
        json.put("stride", value);
        return this;
    }

    /** Fill-mask: tokens to choose from, for requests that have none of their own. */
    public Options targets(Collection<String> value) {
        json.put("targets", new ArrayList<>(value));
        return this;
    }

    /** Question answering: tokens of a window, question and special tokens counted. */
    public Options maxSeqLen(int value) {
        json.put("max_seq_len", value);
        return this;
    }

    /** Question answering: tokens that neighbouring windows share. */
    public Options docStride(int value) {
        json.put("doc_stride", value);
        return this;
    }

    /** Question answering: most tokens of an answer. */
    public Options maxAnswerLen(int value) {
        json.put("max_answer_len", value);
        return this;
    }

    /** How texts that are too long are cut: longest_first, only_first, only_second or do_not_truncate. */
    public Options truncation(String value) {
        json.put("truncation", value);
        return this;
    }

    /** Most tokens of an input, special tokens counted. */
    public Options maxLength(int value) {
        json.put("max_length", value);
        return this;
    }

    @Override
    public String toString() {
        return json.toString();
    }
}
