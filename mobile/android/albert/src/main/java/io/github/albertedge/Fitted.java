package io.github.albertedge;

import java.util.List;

/**
 * A classifier for an encoder.
 *
 * @param report how good it is on examples that it has not seen
 * @param reportJson the whole report, with folds, labels, confusions, reliability and all that was tried
 * @param labels in the order of the logits
 * @param file the bytes of a head file, for {@link Model#withHead(byte[])}, or of a model file
 */
public record Fitted(Report report, String reportJson, List<String> labels, byte[] file) {
    /**
     * Figures of held-out examples.
     *
     * @param examples those in scope
     * @param multiLabel several labels may apply, not one
     * @param pooling what the classifier reads
     * @param strength of the penalty
     * @param temperature logits are divided by it on their way to scores
     * @param threshold texts whose best score is below it are out of scope; 0 for none
     * @param accuracy share of right answers; for several labels, of right decisions
     * @param accuracyDeviation its standard deviation over the folds
     * @param macroF1 mean F1 of the labels
     * @param macroF1Deviation its standard deviation over the folds
     * @param calibrationError how far scores are from the share of right answers, on average
     */
    public record Report(
            int examples, boolean multiLabel, String pooling, double strength, double temperature, double threshold,
            double accuracy, double accuracyDeviation, double macroF1, double macroF1Deviation, double calibrationError) {}

    static Fitted read(Packed from) {
        Report report = new Report(
                from.number(), from.number() != 0, from.text(), from.real(), from.real(), from.real(), from.real(),
                from.real(), from.real(), from.real(), from.real());
        List<String> labels = from.texts();
        return new Fitted(report, from.text(), labels, from.array());
    }
}
