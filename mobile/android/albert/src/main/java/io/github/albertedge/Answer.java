package io.github.albertedge;

/**
 * An answer in a text.
 *
 * @param answer its words; empty for "no answer"
 * @param score its probability
 * @param start its first code point; {@link String#offsetByCodePoints} makes an index of it
 * @param end the code point after its last
 */
public record Answer(String answer, float score, int start, int end) {}
