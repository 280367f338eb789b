package io.github.albertedge;

/**
 * A part of a text.
 *
 * @param entity its kind; with an aggregation, without B- and I-
 * @param word its words
 * @param score its probability
 * @param start its first code point; {@link String#offsetByCodePoints} makes an index of it
 * @param end the code point after its last
 * @param index place among the tokens, from 0; null with an aggregation
 */
public record Entity(String entity, String word, float score, int start, int end, Integer index) {}
