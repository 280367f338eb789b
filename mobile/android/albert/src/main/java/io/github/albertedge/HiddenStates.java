package io.github.albertedge;

/**
 * What the encoder makes of a text.
 *
 * @param lastHiddenState a row of numbers for each token
 * @param poolerOutput the pooled output; null when the model has none
 */
public record HiddenStates(float[][] lastHiddenState, float[] poolerOutput) {}
