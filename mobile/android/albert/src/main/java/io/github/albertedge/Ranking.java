package io.github.albertedge;

/**
 * Candidate labels of a text, the best first.
 *
 * @param sequence the text
 * @param labels the labels
 */
public record Ranking(String sequence, java.util.List<Label> labels) {}
