package io.github.albertedge;

/**
 * One of several choices.
 *
 * @param choice its text
 * @param score its probability
 * @param index its place among the choices, from 0
 */
public record Choice(String choice, float score, int index) {}
