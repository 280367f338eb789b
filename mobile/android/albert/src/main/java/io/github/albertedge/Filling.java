package io.github.albertedge;

/**
 * A token in the place of a mask.
 *
 * @param tokenText the token
 * @param token its number in the vocabulary
 * @param score its probability
 * @param sequence the whole text with it
 * @param mask which mask, from 0, when there are several; otherwise null
 */
public record Filling(String tokenText, int token, float score, String sequence, Integer mask) {}
