package io.github.albertedge;

/**
 * A label.
 *
 * @param label its name
 * @param score its probability, or what the option function_to_apply makes of the logit
 * @param layers layers that ran, when an inference may end early; otherwise null
 */
public record Label(String label, float score, Integer layers) {}
