package io.github.albertedge;

/** How to fit, with the names of the options of the command {@code albert fit}. */
public final class FitOptions {
    /** ALBERT_WEIGHTS_ numbers of albert_fit.h. */
    private static final int WEIGHTS_INT8 = 0;
    private static final int WEIGHTS_F32 = 1;

    private final Json json = new Json();
    private int weights = WEIGHTS_INT8;
    private boolean wholeModel;

    /** What the classifier reads, mean, first-token, pooler, max or mean-sqrt; without this, the best on held-out examples. */
    public FitOptions pooling(String name) {
        json.put("pooling", name);
        return this;
    }

    /** Strength of the penalty; without this, the best on held-out examples. */
    public FitOptions strength(double value) {
        json.put("strength", value);
        return this;
    }

    /** Folds of the cross-validation, 2 or more; without this, 5. */
    public FitOptions folds(int value) {
        json.put("folds", value);
        return this;
    }

    /** Counts all labels the same, however many examples they have. */
    public FitOptions balanced() {
        json.put("balanced", true);
        return this;
    }

    /** Gives the same bytes on every machine; slower. Without this, another CPU may round weights in the last place. */
    public FitOptions portable() {
        json.put("portable", true);
        return this;
    }

    /** Whether an example may have several labels; without this, when some example has not exactly one. */
    public FitOptions multiLabel(boolean value) {
        json.put("multi_label", value);
        return this;
    }

    /** The share of texts in scope that may be called out of scope; sets the threshold. */
    public FitOptions reject(double share) {
        json.put("reject", share);
        return this;
    }

    /** Label of examples that are out of scope: it is not learned, but sets the threshold. */
    public FitOptions outOfScopeLabel(String label) {
        json.put("out_of_scope_label", label);
        return this;
    }

    /** Most tokens of a text; longer ones are cut. */
    public FitOptions maxLength(int tokens) {
        json.put("max_length", tokens);
        return this;
    }

    /** Decides which examples are held out together. */
    public FitOptions seed(int value) {
        json.put("seed", value);
        return this;
    }

    /** Most threads, the caller's counted; without this, one a core. The result does not depend on it. */
    public FitOptions threads(int value) {
        json.put("threads", value);
        return this;
    }

    /** Stores the classifier's weights in f32 instead of int8. */
    public FitOptions floatWeights() {
        weights = WEIGHTS_F32;
        return this;
    }

    /** Makes a model file, of the encoder with the classifier, instead of a head file. */
    public FitOptions wholeModel() {
        wholeModel = true;
        return this;
    }

    byte[] fit(long model, byte[] examples, Cancellation cancellation) {
        byte[] options = NativeAlbert.utf8(json.toString());
        return NativeAlbert.fit(
                model, examples, options, cancellation == null ? null : cancellation.flag, wholeModel, weights);
    }
}
