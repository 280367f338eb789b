/*
 * Every task of ALBERT models, for programs with an allocator. albert.h needs no allocator.
 *
 *   albert_shared_model_open  maps a model file and checks it
 *   albert_pipeline_new       prepares a task over it
 *   albert_pipeline_run       runs requests, from any number of threads at once; albert_pipeline_run_each as they come
 *   albert_result_items       labels, entities, answers ...; albert_result_vectors for hidden states and embeddings
 *
 * Free each object with the function named for it. On failure a function returns a status and, if `error` is not null, makes
 * an error object with a message for people; on success it sets `*error` to null. Results are written only on success.
 * Pointers must be valid for the lengths given with them. A null pointer where one is needed, text that is not UTF-8 and
 * invalid files are errors, never undefined behaviour. The guide is docs/c-api.md.
 */

#ifndef ALBERT_TASKS_H
#define ALBERT_TASKS_H

#include <string.h>
#include "albert.h"

/* A text for an albert_text in an initializer: a literal, without the zero byte at its end. */
#define ALBERT_TEXT(literal) { (literal), sizeof(literal) - 1 }

/* A number for an albert_number in an initializer. */
#define ALBERT_NUMBER(value) { true, (value) }


/**
 * As the task has it.
 */
#define ALBERT_AS_TASK 0

/**
 * No.
 */
#define ALBERT_NO 1

/**
 * Yes.
 */
#define ALBERT_YES 2

/**
 * `label` is there.
 */
#define ALBERT_FIELD_LABEL 1

/**
 * `text` is there.
 */
#define ALBERT_FIELD_TEXT 2

/**
 * `sequence` is there.
 */
#define ALBERT_FIELD_SEQUENCE 4

/**
 * `start` and `end` are there.
 */
#define ALBERT_FIELD_RANGE 8

/**
 * `index` is there.
 */
#define ALBERT_FIELD_INDEX 16

/**
 * `token` is there.
 */
#define ALBERT_FIELD_TOKEN 32

/**
 * `layers` is there.
 */
#define ALBERT_FIELD_LAYERS 64

/**
 * A step of an inference is done.
 */
#define ALBERT_EVENT_STEP 0

/**
 * A batch has finished this many requests.
 */
#define ALBERT_EVENT_ROWS 1

/**
 * A fit has finished this many folds.
 */
#define ALBERT_EVENT_FOLDS 2

/**
 * Why a call failed. Opaque; albert_error_free frees it.
 */
typedef struct albert_error albert_error;

/**
 * A task over a model. Opaque; may be used from several threads at once. Memory for inferences is kept for the next call.
 */
typedef struct albert_pipeline albert_pipeline;

/**
 * Results of one call. Opaque; may be read from several threads. All that it hands out is valid until it is freed.
 */
typedef struct albert_result albert_result;

/**
 * A model file, checked once. Opaque; may be used from any thread. Pipelines over it keep what they need of it, so it may be
 * freed before them.
 */
typedef struct albert_shared_model albert_shared_model;

/**
 * A text in UTF-8. Those that this library hands out are followed by a zero byte, which `bytes` does not count.
 */
typedef struct albert_text {
  /**
   * First byte; null when there is no text.
   */
  const char *start;
  /**
   * Number of bytes.
   */
  size_t bytes;
} albert_text;

/**
 * One of a task's answers. The names in brackets are those of the Hugging Face pipelines.
 *
 * ```text
 *     text-classification       label, score; layers with early exit
 *     zero-shot-classification  label, score, sequence
 *     token-classification      label [entity], text [word], score, start, end, index
 *      with an aggregation      label [entity_group], text [word], score, start, end
 *     question-answering        text [answer], score, start, end
 *     fill-mask                 text [token_str], token, sequence, score; index [mask] when there are several masks
 *     multiple-choice           label, score, index
 *     sentence-order            label, score
 *     reranking                 text, score, index [corpus_id]
 * ```
 */
typedef struct albert_item {
  /**
   * A label, or the tag of an entity.
   */
  struct albert_text label;
  /**
   * The words of an entity, an answer, a token, a document.
   */
  struct albert_text text;
  /**
   * The whole text: with the token in place of the mask, or the one that was classified.
   */
  struct albert_text sequence;
  /**
   * First code point in the text.
   */
  size_t start;
  /**
   * The code point after the last.
   */
  size_t end;
  /**
   * Place among the text's tokens, its masks, the choices or the documents, from 0.
   */
  size_t index;
  /**
   * Probability, or what function_to_apply makes of the logit.
   */
  float score;
  /**
   * Vocabulary id.
   */
  uint32_t token;
  /**
   * Layers that ran.
   */
  uint32_t layers;
  /**
   * Sum of the ALBERT_FIELD_ numbers of the fields that are there; the score always is.
   */
  uint32_t fields;
} albert_item;

/**
 * Rows of numbers, one after the other.
 */
typedef struct albert_matrix {
  /**
   * `rows` x `columns` numbers.
   */
  const float *values;
  size_t rows;
  size_t columns;
} albert_matrix;

/**
 * A number that may be left out; ALBERT_NUMBER(3) gives one.
 */
typedef struct albert_number {
  /**
   * Whether it is there.
   */
  bool given;
  /**
   * The number.
   */
  size_t value;
} albert_number;

/**
 * Options of all tasks, with the names of the Hugging Face pipelines. Zeros mean: as the task has it. An option that is given
 * and that the task does not have is an error.
 */
typedef struct albert_options {
  /**
   * Most results of an input.
   */
  struct albert_number top_k;
  /**
   * What makes scores of logits: default, softmax, sigmoid or none.
   */
  struct albert_text function_to_apply;
  /**
   * Zero-shot classification: what is said of a label, which takes the place of {}.
   */
  struct albert_text hypothesis_template;
  /**
   * Zero-shot classification: name of the label that says "entailment", when it does not begin with "entail".
   */
  struct albert_text entailment_label;
  /**
   * Zero-shot classification: labels to choose from, for requests that have none of their own.
   */
  const struct albert_text *candidate_labels;
  /**
   * Number of candidate labels.
   */
  size_t candidate_label_count;
  /**
   * Zero-shot classification: whether each label is scored by itself. ALBERT_NO, ALBERT_YES.
   */
  uint32_t multi_label;
  /**
   * Question answering: whether answers extend to whole words. ALBERT_NO, ALBERT_YES.
   */
  uint32_t align_to_words;
  /**
   * Question answering: whether "no answer" competes. ALBERT_NO, ALBERT_YES.
   */
  uint32_t handle_impossible_answer;
  /**
   * Sentence embedding: scales vectors to length 1. ALBERT_NO, ALBERT_YES.
   */
  uint32_t normalize;
  /**
   * Token classification: none, simple, first, average or max.
   */
  struct albert_text aggregation_strategy;
  /**
   * Token classification: tokens that windows over a long text share.
   */
  struct albert_number stride;
  /**
   * Fill-mask: tokens to choose from, for requests that have none of their own.
   */
  const struct albert_text *targets;
  /**
   * Number of targets.
   */
  size_t target_count;
  /**
   * Question answering: tokens of a window, question and special tokens counted.
   */
  struct albert_number max_seq_len;
  /**
   * Question answering: tokens that neighbouring windows share.
   */
  struct albert_number doc_stride;
  /**
   * Question answering: most tokens of an answer.
   */
  struct albert_number max_answer_len;
  /**
   * How texts that are too long are cut: longest_first, only_first, only_second or do_not_truncate.
   */
  struct albert_text truncation;
  /**
   * Most tokens of an input, special tokens counted.
   */
  struct albert_number max_length;
} albert_options;

/**
 * How inferences are run. Zeros mean what a null pointer in place of it means: all cores, all layers, the best kernels.
 */
typedef struct albert_engine {
  /**
   * Most threads that a call uses, the caller's counted; 0 for one a core. Results do not depend on it.
   */
  size_t threads;
  /**
   * Most bytes of working memory that a call takes; 0 for 1 GiB (256 MiB on 32 bits).
   */
  size_t memory_limit;
  /**
   * Name of a kernel set; no text for the best that this CPU runs.
   */
  struct albert_text kernels;
  /**
   * Runs only the first layers; 0 for all.
   */
  uint32_t layers;
  /**
   * An ALBERT_EXIT_ number: when an inference may end before the last layer.
   */
  uint32_t early_exit;
  /**
   * The number of layers or the probability that goes with `early_exit`.
   */
  float early_exit_value;
  /**
   * Gives pages of a mapped file back when an inference has read them, for programs that run a single input.
   */
  bool release_pages;
  /**
   * Rows that go through a layer together, a multiple of 4 up to 128; 0 for what is fastest on a computer. Fewer rows take
   * less memory and make shorter steps. Results do not depend on it.
   */
  size_t tile_rows;
  /**
   * Tokens of several short inputs that run together, for each thread; 0 for 128. Such inputs are labels of a zero-shot
   * classification, choices, documents and windows. 1 runs them one by one, in the least memory. Results do not depend on it.
   */
  size_t group_tokens;
} albert_engine;

/**
 * An input of any task. Which fields there must be is up to the task; those that it does not read are ignored, but for a
 * second text where there can be none. Zeros mean: not there.
 */
typedef struct albert_request {
  /**
   * The text, or the query of a reranking.
   */
  struct albert_text text;
  /**
   * Second text.
   */
  struct albert_text text_pair;
  /**
   * Question answering: the question.
   */
  struct albert_text question;
  /**
   * Question answering: the text that holds the answer; `text` will do.
   */
  struct albert_text context;
  /**
   * Multiple choice: the choices.
   */
  const struct albert_text *choices;
  /**
   * Number of choices.
   */
  size_t choice_count;
  /**
   * Fill-mask: tokens to choose from.
   */
  const struct albert_text *targets;
  /**
   * Number of targets.
   */
  size_t target_count;
  /**
   * Zero-shot classification: labels to choose from.
   */
  const struct albert_text *candidate_labels;
  /**
   * Number of candidate labels.
   */
  size_t candidate_label_count;
  /**
   * Reranking: the documents.
   */
  const struct albert_text *documents;
  /**
   * Number of documents.
   */
  size_t document_count;
  /**
   * Ids in place of a text, special tokens counted.
   */
  const uint32_t *input_ids;
  /**
   * Number of ids.
   */
  size_t input_id_count;
  /**
   * As many token types, or null for 0 everywhere.
   */
  const uint32_t *token_type_ids;
} albert_request;

/**
 * Follows a call and can end it.
 */
typedef struct albert_watch {
  /**
   * Called after each step of an inference (some hundred microseconds of work) and each request that is done; false ends
   * the call with ALBERT_STATUS_CANCELLED. `event` is an ALBERT_EVENT_ number, `rows` the requests that are done.
   * Calls may come from several threads at once.
   */
  bool (*proceed)(void *context, uint32_t event, size_t rows);
  /**
   * Whatever `proceed` needs.
   */
  void *context;
} albert_watch;

/**
 * Where requests come from, and where results go. Each function is called from one thread at a time, not always the same; both
 * may be called at once.
 */
typedef struct albert_stream {
  /**
   * Fills in the next request, which is all zeros before, or returns false at the end. What the request points to must stay
   * until the next call of this function, or until the stream ends.
   */
  bool (*next)(void *context, struct albert_request *request);
  /**
   * Takes the answer to request `row` (from 0), in the order of the requests: a result of one row, which the caller frees, or
   * null and an error, which is valid during the call. Returning false ends the stream with ALBERT_STATUS_CANCELLED.
   */
  bool (*take)(void *context, size_t row, struct albert_result *result, const struct albert_error *failed);
  /**
   * Whatever the functions need.
   */
  void *context;
} albert_stream;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The status that the call returned; ALBERT_STATUS_OK for null.
 */
albert_status albert_error_status(const struct albert_error *error);

/**
 * What went wrong and what to do, in a line of UTF-8 that ends with a zero byte; valid until the error is freed. Empty for
 * null.
 */
const char *albert_error_message(const struct albert_error *error);

/**
 * Whether one of several requests failed; `row` gets its index, from 0.
 */
bool albert_error_row(const struct albert_error *error, size_t *row);

/**
 * Frees an error; null is allowed.
 */
void albert_error_free(struct albert_error *error);

/**
 * Maps the model file at `path` and checks its structure, in time proportional to the number of its tensors.
 *
 * The file must not change while it is in use; replacing it by renaming a new file is safe.
 */
albert_status albert_shared_model_open(struct albert_text path,
                                       struct albert_shared_model **model,
                                       struct albert_error **error);

/**
 * The model in a copy of `count` bytes.
 */
albert_status albert_shared_model_from_bytes(const uint8_t *bytes,
                                             size_t count,
                                             struct albert_shared_model **model,
                                             struct albert_error **error);

/**
 * The model in memory of the caller's: used in place when it starts at a multiple of 64, copied otherwise.
 *
 * `release(context)` is called once, from any thread, when the memory is no longer needed: right away when it was copied or
 * the call fails. It may be null for memory that lives as long as the program.
 */
albert_status albert_shared_model_from_memory(const uint8_t *bytes,
                                              size_t count,
                                              void (*release)(void *context),
                                              void *context,
                                              struct albert_shared_model **model,
                                              struct albert_error **error);

/**
 * The encoder of a model with the classifier of a head file, of which the bytes are copied: labels, tasks and scores are the
 * head's. It shares the memory of `model`, which may be freed before it.
 *
 * ALBERT_STATUS_FILE_OTHER_ENCODER for a head that was fitted on another encoder.
 */
albert_status albert_shared_model_with_head(const struct albert_shared_model *model,
                                            const uint8_t *head,
                                            size_t count,
                                            struct albert_shared_model **made,
                                            struct albert_error **error);

/**
 * As albert_shared_model_with_head, with the head file at `path`, which is mapped.
 */
albert_status albert_shared_model_with_head_file(const struct albert_shared_model *model,
                                                 struct albert_text path,
                                                 struct albert_shared_model **made,
                                                 struct albert_error **error);

/**
 * The bytes of the model file: what albert_model_init and the tokenizer's functions take. Valid until the model and all its
 * pipelines are freed.
 */
albert_status albert_shared_model_bytes(const struct albert_shared_model *model,
                                        const uint8_t **bytes,
                                        size_t *count);

/**
 * Writes the network's configuration.
 */
albert_status albert_shared_model_config(const struct albert_shared_model *model, albert_config *config);

/**
 * Names of the labels: the file's, or LABEL_0 and so on. Valid until the model is freed.
 */
albert_status albert_shared_model_labels(const struct albert_shared_model *model,
                                         const struct albert_text **labels,
                                         size_t *count);

/**
 * Names of the tasks that the model serves, the one that it is made for first. Valid until the model is freed.
 */
albert_status albert_shared_model_tasks(const struct albert_shared_model *model,
                                        const struct albert_text **tasks,
                                        size_t *count);

/**
 * Longest input in tokens, special tokens counted.
 */
albert_status albert_shared_model_max_tokens(const struct albert_shared_model *model, size_t *tokens);

/**
 * Compares the file's checksum with its bytes, and a head file's; reads every byte.
 */
albert_status albert_shared_model_verify_checksum(const struct albert_shared_model *model, struct albert_error **error);

/**
 * Frees a model; null is allowed.
 */
void albert_shared_model_free(struct albert_shared_model *model);

/**
 * Number of rows: one for each request. 0 for null.
 */
size_t albert_result_rows(const struct albert_result *result);

/**
 * The answers to request `row`, in the order of the pipelines: the best first, entities from left to right, masks one after
 * the other. None for the tasks that give numbers.
 */
albert_status albert_result_items(const struct albert_result *result,
                                  size_t row,
                                  const struct albert_item **items,
                                  size_t *count);

/**
 * The numbers that request `row` got: hidden states, a row for each token, or an embedding of one row. ALBERT_STATUS_NO_RESULT
 * for other tasks.
 */
albert_status albert_result_vectors(const struct albert_result *result,
                                    size_t row,
                                    struct albert_matrix *vectors);

/**
 * The pooled output of request `row` of a feature extraction: one row of numbers. ALBERT_STATUS_NO_RESULT when there is none.
 */
albert_status albert_result_pooled(const struct albert_result *result,
                                   size_t row,
                                   struct albert_matrix *pooled);

/**
 * What request `row` got, as JSON with the field names of the Hugging Face pipelines.
 */
albert_status albert_result_json(const struct albert_result *result,
                                 size_t row,
                                 struct albert_text *json,
                                 struct albert_error **error);

/**
 * Frees a result and all that it has handed out; null is allowed.
 */
void albert_result_free(struct albert_result *result);

/**
 * Prepares a task: "text-classification", "zero-shot-classification", "token-classification", "question-answering",
 * "fill-mask", "multiple-choice", "sentence-order", "feature-extraction", "sentence-embedding" or "reranking"; without a text,
 * the one that the model is made for.
 *
 * `options` and `engine` may be null.
 */
albert_status albert_pipeline_new(const struct albert_shared_model *model,
                                  struct albert_text task,
                                  const struct albert_options *options,
                                  const struct albert_engine *engine,
                                  struct albert_pipeline **pipeline,
                                  struct albert_error **error);

/**
 * As albert_pipeline_new, with the options as a JSON object, or no text for none: {"top_k": 3}.
 */
albert_status albert_pipeline_new_json(const struct albert_shared_model *model,
                                       struct albert_text task,
                                       struct albert_text options,
                                       const struct albert_engine *engine,
                                       struct albert_pipeline **pipeline,
                                       struct albert_error **error);

/**
 * Name of the task; valid until the pipeline is freed.
 */
albert_status albert_pipeline_task(const struct albert_pipeline *pipeline, struct albert_text *task);

/**
 * Runs `count` requests; the result has a row for each, in their order. Several run side by side on all threads.
 *
 * `watch` may be null. When one of several requests fails, albert_error_row tells which.
 */
albert_status albert_pipeline_run(const struct albert_pipeline *pipeline,
                                  const struct albert_request *requests,
                                  size_t count,
                                  const struct albert_watch *watch,
                                  struct albert_result **result,
                                  struct albert_error **error);

/**
 * As albert_pipeline_run, with the request as a JSON object, {"text": "..."}, or several as an array of them.
 */
albert_status albert_pipeline_run_json(const struct albert_pipeline *pipeline,
                                       struct albert_text requests,
                                       const struct albert_watch *watch,
                                       struct albert_result **result,
                                       struct albert_error **error);

/**
 * Frees a pipeline; null is allowed. No call may be under way.
 */
void albert_pipeline_free(struct albert_pipeline *pipeline);

/**
 * Runs requests as they come, on all threads, with bounded memory: at most 16 requests for each thread are in progress.
 *
 * A request that fails is an answer of `take`'s, and the stream goes on. One that cannot be read, such as text that is not
 * UTF-8, ends it after the answers to those before: albert_error_row tells which. `watch` may be null.
 */
albert_status albert_pipeline_run_each(const struct albert_pipeline *pipeline,
                                       const struct albert_stream *stream,
                                       const struct albert_watch *watch,
                                       struct albert_error **error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ALBERT_TASKS_H */

#ifndef ALBERT_TEXT_OF
#define ALBERT_TEXT_OF

/** A text that ends with a zero byte, or null. */
static inline albert_text albert_text_of(const char *text) {
  albert_text of = {text, text ? strlen(text) : 0};
  return of;
}

#endif /* ALBERT_TEXT_OF */
