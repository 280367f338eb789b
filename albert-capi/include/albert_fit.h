/*
 * Classifiers from a few examples, on an encoder that is not changed, as the command `albert fit` makes them. The rules of
 * albert_tasks.h apply. The guide is docs/own-classifier.md.
 *
 *   albert_fit               examples to a classifier
 *   albert_fitted_report     how good it is on examples that it has not seen
 *   albert_fitted_head_file  the classifier alone, for albert_shared_model_with_head
 *   albert_fitted_model_file encoder and classifier, as a model file
 */

#ifndef ALBERT_FIT_H
#define ALBERT_FIT_H

#include "albert_tasks.h"

/**
 * A classifier's weights in int8: the same bits on every machine.
 */
#define ALBERT_WEIGHTS_INT8 0

/**
 * A classifier's weights in f32: four times as large.
 */
#define ALBERT_WEIGHTS_F32 1

/**
 * A classifier for an encoder. Opaque; may be read from several threads. All that it hands out is valid until it is freed.
 */
typedef struct albert_fitted albert_fitted;

/**
 * A text, or a pair of texts, and what it is.
 */
typedef struct albert_example {
  /**
   * The text.
   */
  albert_text text;
  /**
   * Second text; no text when there is none.
   */
  albert_text text_pair;
  /**
   * Its labels: one, or for a classifier of several labels any number.
   */
  const albert_text *labels;
  /**
   * Number of labels.
   */
  size_t label_count;
} albert_example;

/**
 * How to fit, with the names of the options of the command `albert fit`. Zeros mean: as it is best on held-out examples, or as
 * the command has it.
 */
typedef struct albert_fit_options {
  /**
   * What the classifier reads: mean, first-token, pooler, max or mean-sqrt.
   */
  albert_text pooling;
  /**
   * Strength of the penalty.
   */
  double strength;
  /**
   * Folds of the cross-validation, 2 or more; 0 for 5.
   */
  size_t folds;
  /**
   * Counts all labels the same, however many examples they have.
   */
  bool balanced;
  /**
   * Gives the same bytes on every machine; slower. Otherwise another CPU may round weights in the last place.
   */
  bool portable;
  /**
   * Whether an example may have several labels; by itself when some example has not exactly one. ALBERT_NO, ALBERT_YES.
   */
  uint32_t multi_label;
  /**
   * The share of texts in scope that may be called out of scope; sets the threshold.
   */
  double reject;
  /**
   * Label of examples that are out of scope: it is not learned, but sets the threshold.
   */
  albert_text out_of_scope_label;
  /**
   * Most tokens of a text; longer ones are cut.
   */
  albert_number max_length;
  /**
   * Decides which examples are held out together.
   */
  uint64_t seed;
  /**
   * Most threads, the caller's counted; 0 for one a core. The result does not depend on it.
   */
  size_t threads;
} albert_fit_options;

/**
 * What examples say about the classifier when it has not seen them.
 */
typedef struct albert_fit_report {
  /**
   * Examples in scope.
   */
  size_t examples;
  /**
   * Several labels may apply, not one.
   */
  bool multi_label;
  /**
   * What the classifier reads: the name of a kind of pooling.
   */
  albert_text pooling;
  /**
   * Strength of the penalty.
   */
  double strength;
  /**
   * Logits are divided by it on their way to scores.
   */
  double temperature;
  /**
   * Texts whose best score is below it are out of scope; 0 for none.
   */
  double threshold;
  /**
   * Share of right answers; for several labels, of right decisions.
   */
  double accuracy;
  /**
   * Its standard deviation over the folds.
   */
  double accuracy_deviation;
  /**
   * Mean F1 of the labels.
   */
  double macro_f1;
  /**
   * Its standard deviation over the folds.
   */
  double macro_f1_deviation;
  /**
   * How far scores are from the share of right answers, on average.
   */
  double calibration_error;
} albert_fit_report;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Fits a classifier on examples: the encoder of `model` stays as it is, and a head that the model has does not matter.
 *
 * `options` and `watch` may be null. The watch is called after each example that went through the encoder (ALBERT_EVENT_ROWS)
 * and each fold (ALBERT_EVENT_FOLDS), with their number. When an example is wrong, albert_error_row tells which. The result
 * depends on encoder, examples and options alone, and is that of the command `albert fit`.
 */
albert_status albert_fit(const albert_shared_model *model,
                         const struct albert_example *examples,
                         size_t count,
                         const struct albert_fit_options *options,
                         const albert_watch *watch,
                         struct albert_fitted **fitted,
                         albert_error **error);

/**
 * As albert_fit, with the examples as a JSON array, [{"text": "...", "label": "..."}], where "label" may be an array and "pair" a
 * second text, and the options as a JSON object, {"folds": 3}, or no text for none.
 */
albert_status albert_fit_json(const albert_shared_model *model,
                              albert_text examples,
                              albert_text options,
                              const albert_watch *watch,
                              struct albert_fitted **fitted,
                              albert_error **error);

/**
 * Writes the figures of the report.
 */
albert_status albert_fitted_report(const struct albert_fitted *fitted, struct albert_fit_report *report);

/**
 * The whole report as JSON, as `albert fit --json` prints it: with folds, labels, confusions, reliability and all that was tried.
 */
albert_status albert_fitted_report_json(const struct albert_fitted *fitted,
                                        albert_text *json,
                                        albert_error **error);

/**
 * Names of the labels, in the order of the logits.
 */
albert_status albert_fitted_labels(const struct albert_fitted *fitted, const albert_text **labels, size_t *count);

/**
 * The bytes of a head file: the classifier alone, for programs that have the encoder. albert_shared_model_with_head and
 * albert_head_init take them. `weights` is an ALBERT_WEIGHTS_ number.
 */
albert_status albert_fitted_head_file(const struct albert_fitted *fitted,
                                      uint32_t weights,
                                      const uint8_t **bytes,
                                      size_t *count,
                                      albert_error **error);

/**
 * The bytes of a model file: the encoder with the classifier in place of its own head. `weights` is an ALBERT_WEIGHTS_ number.
 */
albert_status albert_fitted_model_file(const struct albert_fitted *fitted,
                                       uint32_t weights,
                                       const uint8_t **bytes,
                                       size_t *count,
                                       albert_error **error);

/**
 * Frees a classifier and all that it has handed out; null is allowed. Models that were made of its files keep theirs.
 */
void albert_fitted_free(struct albert_fitted *fitted);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ALBERT_FIT_H */
