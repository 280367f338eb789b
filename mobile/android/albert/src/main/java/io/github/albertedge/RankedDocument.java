package io.github.albertedge;

/**
 * A document and how well it goes with a query.
 *
 * @param text the document
 * @param score its score
 * @param index its place among the documents, from 0
 */
public record RankedDocument(String text, float score, int index) {}
