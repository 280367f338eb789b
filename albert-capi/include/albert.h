/*
 * ALBERT inference. Every byte of memory is the caller's: nothing is allocated, and nothing has to be freed.
 *
 *   albert_model_init      checks a model file in memory and makes a handle that borrows it
 *   albert_session_init    prepares an arena for inputs of up to a number of tokens
 *   albert_session_start_* starts an input: ids, or text
 *   albert_session_step    does one bounded piece of work; albert_session_finish does the rest
 *   albert_session_output  logits, pooled output, hidden states, in the arena
 *   albert_head_*          another classifier for the model, from a head file
 *   albert_prototypes_*    labels that are taught on the device by a few examples
 *
 * A handle is memory of the caller that a function has filled in. Use it from one thread at a time, and do not move or copy
 * it. It borrows what it was made from: a model borrows the file's bytes, a session the file's bytes and the arena. Pointers
 * must be valid for the lengths given with them. A null pointer where one is needed, text that is not UTF-8 and invalid files
 * are errors, never undefined behaviour. The guide is docs/c-api.md.
 */

#ifndef ALBERT_H
#define ALBERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Version of this interface; albert_abi_version() tells the library's. */
#define ALBERT_ABI_VERSION 1

/* Memory for static handles; at least albert_model_bytes() and so on everywhere. */
#define ALBERT_MODEL_BYTES 448
#define ALBERT_SESSION_BYTES 1024
#define ALBERT_HEAD_BYTES 512
#define ALBERT_PROTOTYPES_BYTES 64
#define ALBERT_HANDLE_ALIGN 8

/* The arena is used from its first multiple of this on. */
#define ALBERT_ARENA_ALIGN 64


/**
 * Every token by itself.
 */
#define ALBERT_AGGREGATION_NONE 0

/**
 * Neighbours with the same tag together.
 */
#define ALBERT_AGGREGATION_SIMPLE 1

/**
 * Words first, each with the label of its first token.
 */
#define ALBERT_AGGREGATION_FIRST 2

/**
 * Words first, each with the largest mean probability.
 */
#define ALBERT_AGGREGATION_AVERAGE 3

/**
 * Words first, each with the label of its surest token.
 */
#define ALBERT_AGGREGATION_MAX 4

/**
 * A special token: in no entity.
 */
#define ALBERT_TOKEN_KIND_SPECIAL 0

/**
 * First token of a word.
 */
#define ALBERT_TOKEN_KIND_BEGINS 1

/**
 * Goes on with the word of the token before it.
 */
#define ALBERT_TOKEN_KIND_CONTINUES 2

/**
 * Head of the network: hidden states only.
 */
#define ALBERT_HEAD_NONE 0

/**
 * One label, several, or a value, for the whole input.
 */
#define ALBERT_HEAD_SEQUENCE_CLASSIFICATION 1

/**
 * A label for every token.
 */
#define ALBERT_HEAD_TOKEN_CLASSIFICATION 2

/**
 * Start and end of an answer: two logits a token.
 */
#define ALBERT_HEAD_QUESTION_ANSWERING 3

/**
 * One logit for each choice; run one input a choice.
 */
#define ALBERT_HEAD_MULTIPLE_CHOICE 4

/**
 * Vocabulary logits for a row of the hidden states.
 */
#define ALBERT_HEAD_MASKED_LM 5

/**
 * Vocabulary logits, and two logits for the order of two texts.
 */
#define ALBERT_HEAD_PRE_TRAINING 6

/**
 * Scores are a softmax over the labels.
 */
#define ALBERT_PROBLEM_SINGLE_LABEL 0

/**
 * Scores are a sigmoid for each label.
 */
#define ALBERT_PROBLEM_MULTI_LABEL 1

/**
 * Scores are the logits.
 */
#define ALBERT_PROBLEM_REGRESSION 2

/**
 * The hidden states that the head reads.
 */
#define ALBERT_POSITIONS_HEAD 0

/**
 * All that the attention mask lets through.
 */
#define ALBERT_POSITIONS_ALL 1

/**
 * Listed ones.
 */
#define ALBERT_POSITIONS_LISTED 2

/**
 * All layers are run.
 */
#define ALBERT_EXIT_NEVER 0

/**
 * After this number of layers in a row that give the same label as the layer before them.
 */
#define ALBERT_EXIT_PATIENCE 1

/**
 * After the first layer whose best label has this probability or more.
 */
#define ALBERT_EXIT_CONFIDENCE 2

/**
 * The longer text is cut to the shorter one's length, then both.
 */
#define ALBERT_TRUNCATION_LONGEST_FIRST 0

/**
 * Only the first text is cut.
 */
#define ALBERT_TRUNCATION_ONLY_FIRST 1

/**
 * Only the second text is cut.
 */
#define ALBERT_TRUNCATION_ONLY_SECOND 2

/**
 * Nothing is cut; too many tokens are an error.
 */
#define ALBERT_TRUNCATION_DO_NOT_TRUNCATE 3

/**
 * Special tokens of [`albert_special_token`]: [CLS].
 */
#define ALBERT_TOKEN_CLS 0

/**
 * [SEP].
 */
#define ALBERT_TOKEN_SEP 1

/**
 * [MASK].
 */
#define ALBERT_TOKEN_MASK 2

/**
 * Padding.
 */
#define ALBERT_TOKEN_PAD 3

/**
 * Unknown.
 */
#define ALBERT_TOKEN_UNK 4

/**
 * What a call came to. Functions with a `detail` argument write the number there that a status names.
 */
enum albert_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  /**
   * Done.
   */
  ALBERT_STATUS_OK = 0,
  /**
   * The session has more steps to do.
   */
  ALBERT_STATUS_RUNNING = 1,
  /**
   * A pointer is null that must not be.
   */
  ALBERT_STATUS_NULL_POINTER = 2,
  /**
   * Memory for a handle is too small or misaligned.
   */
  ALBERT_STATUS_HANDLE_MEMORY = 3,
  /**
   * A number is not one that the argument can have.
   */
  ALBERT_STATUS_ARGUMENT = 4,
  /**
   * The session has no such result: wrong head, or not finished.
   */
  ALBERT_STATUS_NO_RESULT = 5,
  /**
   * There is no label, token or id of this kind.
   */
  ALBERT_STATUS_NOT_FOUND = 6,
  /**
   * A buffer for a result is too small. detail: elements needed.
   */
  ALBERT_STATUS_BUFFER_TOO_SMALL = 7,
  /**
   * A pointer is not aligned for what it leads to.
   */
  ALBERT_STATUS_MISALIGNED = 8,
  /**
   * Stored bytes are not those of such prototypes, or damaged.
   */
  ALBERT_STATUS_STORED = 9,
  /**
   * An embedding is zero or not finite.
   */
  ALBERT_STATUS_DIRECTION = 10,
  /**
   * This library was built without the function.
   */
  ALBERT_STATUS_NOT_COMPILED_IN = 11,
  /**
   * The model file ends too early. detail: bytes needed.
   */
  ALBERT_STATUS_FILE_TRUNCATED = 100,
  /**
   * The model file does not lie at a multiple of 64.
   */
  ALBERT_STATUS_FILE_MISALIGNED = 101,
  /**
   * Not a model file.
   */
  ALBERT_STATUS_FILE_MAGIC = 102,
  /**
   * A version of the model file that this library does not read. detail: the version.
   */
  ALBERT_STATUS_FILE_VERSION = 103,
  /**
   * The file's length differs from the one in its header. detail: length by the header.
   */
  ALBERT_STATUS_FILE_BYTES = 104,
  /**
   * A section of the file is out of place. detail: its index.
   */
  ALBERT_STATUS_FILE_SECTION = 105,
  /**
   * A section is unknown, missing or there twice. detail: its kind.
   */
  ALBERT_STATUS_FILE_SECTION_KIND = 106,
  /**
   * A reserved field is in use.
   */
  ALBERT_STATUS_FILE_RESERVED = 107,
  /**
   * An impossible configuration. detail: index of the field.
   */
  ALBERT_STATUS_FILE_CONFIG = 108,
  /**
   * A tensor is wrong. detail: role + 65536 x block.
   */
  ALBERT_STATUS_FILE_TENSOR = 109,
  /**
   * The labels are malformed.
   */
  ALBERT_STATUS_FILE_LABELS = 110,
  /**
   * The tokenizer's tables are malformed.
   */
  ALBERT_STATUS_FILE_TOKENIZER = 111,
  /**
   * The checksum differs. detail: the computed one.
   */
  ALBERT_STATUS_FILE_CHECKSUM = 112,
  /**
   * Another fault of the model file.
   */
  ALBERT_STATUS_FILE = 113,
  /**
   * This library was built without the code for such weights, or for such a tokenizer.
   */
  ALBERT_STATUS_FILE_NOT_COMPILED_IN = 114,
  /**
   * The head file was fitted on another encoder.
   */
  ALBERT_STATUS_FILE_OTHER_ENCODER = 115,
  /**
   * The arena is too small. detail: bytes missing.
   */
  ALBERT_STATUS_ARENA_TOO_SMALL = 200,
  /**
   * No kernel set of this name.
   */
  ALBERT_STATUS_KERNELS_UNKNOWN = 201,
  /**
   * This CPU does not run the kernel set.
   */
  ALBERT_STATUS_KERNELS_UNAVAILABLE = 202,
  /**
   * No ids.
   */
  ALBERT_STATUS_INPUT_EMPTY = 300,
  /**
   * Too many tokens. detail: tokens allowed.
   */
  ALBERT_STATUS_INPUT_TOO_LONG = 301,
  /**
   * An id is not in the vocabulary. detail: its index.
   */
  ALBERT_STATUS_INPUT_ID = 302,
  /**
   * A token type does not exist. detail: its index.
   */
  ALBERT_STATUS_INPUT_TOKEN_TYPE = 303,
  /**
   * The attention mask lets nothing through.
   */
  ALBERT_STATUS_INPUT_ALL_MASKED = 304,
  /**
   * A listed position is masked, out of range or listed twice. detail: its index in the list.
   */
  ALBERT_STATUS_INPUT_POSITION = 305,
  /**
   * More layers than the model has, or none.
   */
  ALBERT_STATUS_INPUT_LAYERS = 306,
  /**
   * The model file has no tokenizer.
   */
  ALBERT_STATUS_TEXT_NO_TOKENIZER = 400,
  /**
   * Text is not UTF-8.
   */
  ALBERT_STATUS_TEXT_NOT_UTF8 = 401,
  /**
   * The memory for tokenizing is too small. detail: bytes missing at least.
   */
  ALBERT_STATUS_TEXT_MEMORY = 402,
  /**
   * The token limit is below the special tokens. detail: their number.
   */
  ALBERT_STATUS_TEXT_LIMIT = 403,
  /**
   * Too many tokens, and truncation is off or cannot cut enough. detail: tokens, when they are known.
   */
  ALBERT_STATUS_TEXT_TOO_MANY_TOKENS = 404,
  /**
   * The second text is to be cut and there is none.
   */
  ALBERT_STATUS_TEXT_NO_SECOND = 405,
  /**
   * A text of 2 GiB or more.
   */
  ALBERT_STATUS_TEXT_TOO_LONG = 406,
  /**
   * The text is empty.
   */
  ALBERT_STATUS_TEXT_EMPTY = 407,
  /**
   * There is no mask token in the text.
   */
  ALBERT_STATUS_TEXT_NO_MASK = 408,
  /**
   * The model file cannot be opened.
   */
  ALBERT_STATUS_FILE_OPEN = 500,
  /**
   * No task of this name.
   */
  ALBERT_STATUS_TASK_UNKNOWN = 501,
  /**
   * The model does not serve the task.
   */
  ALBERT_STATUS_TASK_MODEL = 502,
  /**
   * An option that the task does not have, or a value that the option cannot have.
   */
  ALBERT_STATUS_TASK_OPTION = 503,
  /**
   * The request lacks a field, or has one that the task does not take.
   */
  ALBERT_STATUS_TASK_REQUEST = 504,
  /**
   * More working memory than the limit is needed.
   */
  ALBERT_STATUS_MEMORY_LIMIT = 505,
  /**
   * There is no more memory.
   */
  ALBERT_STATUS_OUT_OF_MEMORY = 506,
  /**
   * The operating system does not start threads.
   */
  ALBERT_STATUS_THREADS = 507,
  /**
   * A callback ended the call.
   */
  ALBERT_STATUS_CANCELLED = 508,
  /**
   * A bug of this library.
   */
  ALBERT_STATUS_INTERNAL = 509,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum albert_status albert_status;
#else
typedef int32_t albert_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

/**
 * A checked head file. Opaque; borrows the file's bytes.
 */
typedef struct albert_head albert_head;

/**
 * A checked model file. Opaque; borrows the file's bytes.
 */
typedef struct albert_model albert_model;

/**
 * Labels by the means of their examples' embeddings. Opaque; borrows the memory of the means.
 */
typedef struct albert_prototypes albert_prototypes;

/**
 * One inference at a time over a model. Opaque; borrows the model file's bytes and the arena.
 */
typedef struct albert_session albert_session;

/**
 * One of the best.
 */
typedef struct albert_candidate {
  /**
   * Index of the label, or vocabulary id.
   */
  uint32_t id;
  /**
   * Softmax probability.
   */
  float score;
} albert_candidate;

/**
 * A stretch of tokens that may be the answer to a question.
 */
typedef struct albert_span {
  /**
   * First token.
   */
  uintptr_t start;
  /**
   * The token after the last.
   */
  uintptr_t end;
  /**
   * Probability that the answer starts there times probability that it ends there.
   */
  float score;
} albert_span;

/**
 * Tokens with one tag, of a token classifier.
 */
typedef struct albert_entity {
  /**
   * First token.
   */
  uintptr_t start;
  /**
   * The token after the last.
   */
  uintptr_t end;
  /**
   * Label of the first token or word.
   */
  uintptr_t label;
  /**
   * Probability.
   */
  float score;
} albert_entity;

/**
 * What the network is. Names are those of the Hugging Face `config.json`.
 */
typedef struct albert_config {
  uint32_t vocab_size;
  uint32_t embedding_size;
  uint32_t hidden_size;
  uint32_t intermediate_size;
  uint32_t num_hidden_layers;
  uint32_t num_hidden_groups;
  uint32_t inner_group_num;
  uint32_t num_attention_heads;
  /**
   * Longest input, in tokens.
   */
  uint32_t max_position_embeddings;
  uint32_t type_vocab_size;
  /**
   * An ALBERT_HEAD_ number.
   */
  uint32_t head;
  /**
   * Outputs of the head.
   */
  uint32_t num_labels;
  /**
   * An ALBERT_PROBLEM_ number: how logits become scores.
   */
  uint32_t problem_type;
  /**
   * Whether there is a pooled output.
   */
  bool pooler;
  /**
   * Whether the file has a tokenizer.
   */
  bool tokenizer;
} albert_config;

/**
 * How a session divides its arena.
 */
typedef struct albert_plan {
  /**
   * Longest input, in tokens, special tokens counted; more than the model has positions counts as that many.
   */
  uint32_t max_tokens;
  /**
   * Rows that go through a layer at a time; 0 for the usual 16. Fewer need less memory and make shorter steps.
   */
  uint32_t tile_rows;
  /**
   * Tasks that an executor may run side by side; 0 for one.
   */
  uint32_t workers;
  /**
   * Most labels of a head file that albert_session_set_head puts beside the model; 0 for none.
   */
  uint32_t labels;
} albert_plan;

/**
 * What a head file holds.
 */
typedef struct albert_head_info {
  /**
   * Elements of the vector that it reads: the encoder's hidden size.
   */
  uint32_t width;
  /**
   * Labels.
   */
  uint32_t num_labels;
  /**
   * An ALBERT_PROBLEM_ number: how logits become scores.
   */
  uint32_t problem_type;
  /**
   * What logits are divided by before they become scores.
   */
  float temperature;
  /**
   * Texts whose best score is below it are out of scope; 0 for none.
   */
  float threshold;
} albert_head_info;

/**
 * Runs independent tasks on threads of the caller's.
 */
typedef struct albert_executor {
  /**
   * Calls `task(state, index)` once with each index below `tasks`, side by side or not, and returns when all calls have
   * returned. `context` is the one below.
   */
  void (*run)(void *context, uintptr_t tasks, void (*task)(const void *state, uintptr_t index), const void *state);
  /**
   * Whatever `run` needs.
   */
  void *context;
} albert_executor;

/**
 * Ids to run.
 */
typedef struct albert_input {
  /**
   * Token ids with their special tokens.
   */
  const uint32_t *ids;
  /**
   * Number of ids.
   */
  uintptr_t tokens;
  /**
   * A token type for each id, or null for 0 everywhere.
   */
  const uint32_t *token_types;
  /**
   * A number for each id, 0 for those that are not attended to, or null to attend to all.
   */
  const uint32_t *attention_mask;
  /**
   * An ALBERT_POSITIONS_ number: which hidden states are wanted.
   */
  uint32_t positions;
  /**
   * For ALBERT_POSITIONS_LISTED: positions, each once, in the order that the rows of the output are to have.
   */
  const uint32_t *listed;
  /**
   * Number of listed positions.
   */
  uintptr_t listed_count;
  /**
   * Number of layers to run; 0 for all.
   */
  uint32_t layers;
} albert_input;

/**
 * How to tokenize.
 */
typedef struct albert_encode_options {
  /**
   * Most tokens of the result, special tokens included; 0 for no limit.
   */
  uintptr_t max_tokens;
  /**
   * An ALBERT_TRUNCATION_ number.
   */
  uint32_t truncation;
  /**
   * Leave [CLS] and [SEP] out.
   */
  bool no_special_tokens;
} albert_encode_options;

/**
 * Results in the arena; valid until the session is used again.
 */
typedef struct albert_output {
  /**
   * Logits: `num_labels` for a head over the pooled output, `[rows][num_labels]` for a head over tokens, else none.
   */
  const float *logits;
  /**
   * Number of logits.
   */
  uintptr_t logits_count;
  /**
   * Pooled output, `hidden_size` numbers, or null.
   */
  const float *pooled;
  /**
   * Last hidden states, `[rows][hidden_size]`.
   */
  const float *hidden;
  /**
   * Position of each row.
   */
  const uint32_t *positions;
  /**
   * Rows of hidden states.
   */
  uintptr_t rows;
  /**
   * Layers that were run.
   */
  uint32_t layers;
} albert_output;

/**
 * Copies weights to RAM: by DMA, for example.
 */
typedef struct albert_copier {
  /**
   * Copies `bytes` bytes, a multiple of 4, from `from` (a part of the model file) to `to`, calls `meanwhile(state)` once, and
   * returns when both are done. `from` is aligned to 4 bytes, `to` to 64. `context` is the one below.
   */
  void (*copy)(void *context,
               const uint8_t *from,
               uint8_t *to,
               uintptr_t bytes,
               void (*meanwhile)(void *state),
               void *state);
  /**
   * Whatever `copy` needs.
   */
  void *context;
} albert_copier;

/**
 * Where a token lies in its text, in Unicode code points.
 */
typedef struct albert_offsets {
  uint32_t start;
  uint32_t end;
} albert_offsets;

/**
 * Tokens in the caller's memory; every array has `tokens` elements.
 */
typedef struct albert_encoding {
  uintptr_t tokens;
  const uint32_t *ids;
  /**
   * 0 for the first text, 1 for the second.
   */
  const uint8_t *token_types;
  /**
   * 1 for tokens that were added around the text.
   */
  const uint8_t *special_tokens_mask;
  const struct albert_offsets *offsets;
} albert_encoding;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * Version of this interface: equal to ALBERT_ABI_VERSION of the header that fits. It changes when a program that was
 * compiled against an older header would break.
 */
uint32_t albert_abi_version(void);

/**
 * Scores of a sequence classifier: softmax, sigmoid or the logits themselves, by the model's problem type. They take the
 * place of the logits in the arena and are valid until the session is used again; call it once an inference.
 */
albert_status albert_session_scores(struct albert_session *session,
                                    const float **scores,
                                    uintptr_t *count);

/**
 * The `wanted` largest of `logits`, with their softmax probabilities over all, in descending order. `found` is the smaller
 * of `wanted` and `count`.
 */
albert_status albert_top_k(const float *logits,
                           uintptr_t count,
                           struct albert_candidate *best,
                           uintptr_t wanted,
                           uintptr_t *found);

/**
 * The `wanted` best vocabulary entries for a row of the hidden states, with their softmax probabilities: what a masked
 * language model puts in place of a mask. Needs no memory of vocabulary size.
 */
albert_status albert_session_vocabulary_top_k(struct albert_session *session,
                                              uintptr_t row,
                                              struct albert_candidate *best,
                                              uintptr_t wanted,
                                              uintptr_t *found);

/**
 * Shows all vocabulary logits of a row of the hidden states to `visit`, a chunk of consecutive ids at a time.
 */
albert_status albert_session_vocabulary_logits(struct albert_session *session,
                                               uintptr_t row,
                                               void (*visit)(void *context,
                                                             uint32_t first,
                                                             const float *logits,
                                                             uintptr_t count),
                                               void *context);

/**
 * Softmax of each of the `rows` rows of `values`, `width` wide, in place: label probabilities of a token classifier.
 */
albert_status albert_softmax(float *values, uintptr_t rows, uintptr_t width);

/**
 * The best answers within the context, in descending order, no longer than `most_tokens`; at most `wanted` of them.
 *
 * `logits` are the output's, `[tokens][2]`. `context` has a number for each token that is not 0 where an answer may lie.
 * `null_score` becomes the score of "no answer"; it may be null.
 */
albert_status albert_answers(const float *logits,
                             uintptr_t tokens,
                             const uint8_t *context,
                             uintptr_t most_tokens,
                             struct albert_span *best,
                             uintptr_t wanted,
                             uintptr_t *found,
                             float *null_score);

/**
 * The entities of a text from left to right, those of the label `O` among them.
 *
 * `probabilities` are `[tokens][num_labels]`, see albert_softmax; `kinds` has an ALBERT_TOKEN_KIND_ number for each token.
 * ALBERT_STATUS_BUFFER_TOO_SMALL when there are more than `capacity`; `found` is their number then too.
 */
albert_status albert_entities(const struct albert_model *model,
                              const float *probabilities,
                              const uint8_t *kinds,
                              uintptr_t tokens,
                              uint32_t aggregation,
                              struct albert_entity *entities,
                              uintptr_t capacity,
                              uintptr_t *found);

/**
 * A vector for the whole text: the mean of the `rows` hidden states, scaled to length 1 if `normalize`; `out` has
 * `hidden_size` places.
 */
albert_status albert_sentence_embedding(const float *hidden,
                                        uintptr_t rows,
                                        uintptr_t hidden_size,
                                        bool normalize,
                                        float *out);

/**
 * Bytes of memory for a model handle.
 */
uintptr_t albert_model_bytes(void);

/**
 * Alignment of memory for a model handle.
 */
uintptr_t albert_model_align(void);

/**
 * Checks a model file, in time proportional to the number of its tensors, and puts a handle into `memory`.
 *
 * The file must start at a multiple of 64 and stay where it is, unchanged, as long as the handle or a session is used.
 */
albert_status albert_model_init(void *memory,
                                uintptr_t memory_bytes,
                                const uint8_t *file,
                                uintptr_t file_bytes,
                                const struct albert_model **model,
                                uint64_t *detail);

/**
 * Compares the checksum of a model file; reads every byte.
 */
albert_status albert_verify_checksum(const uint8_t *file, uintptr_t file_bytes, uint64_t *detail);

/**
 * Writes the network's configuration.
 */
albert_status albert_model_config(const struct albert_model *model, struct albert_config *config);

/**
 * Name of label `index`: UTF-8 in the model file, not ended by a zero. ALBERT_STATUS_NOT_FOUND when the file names none.
 */
albert_status albert_model_label(const struct albert_model *model,
                                 uintptr_t index,
                                 const char **text,
                                 uintptr_t *text_bytes);

/**
 * Bytes of the arena that a session with this plan needs, from a multiple of ALBERT_ARENA_ALIGN on.
 */
albert_status albert_arena_bytes(const struct albert_model *model, const struct albert_plan *plan, uintptr_t *bytes);

/**
 * Bytes of memory for a head handle; its alignment is that of a model handle.
 */
uintptr_t albert_head_bytes(void);

/**
 * Checks a head file and puts a handle into `memory`.
 *
 * The file must start at a multiple of 64; file and handle must stay where they are, unchanged, as long as a session uses them.
 * albert_verify_checksum compares a head file's checksum, too.
 */
albert_status albert_head_init(void *memory,
                               uintptr_t memory_bytes,
                               const uint8_t *file,
                               uintptr_t file_bytes,
                               const struct albert_head **head,
                               uint64_t *detail);

/**
 * Writes what the head file holds.
 */
albert_status albert_head_describe(const struct albert_head *head, struct albert_head_info *info);

/**
 * Name of label `index`: UTF-8 in the head file, not ended by a zero. ALBERT_STATUS_NOT_FOUND when the file names none.
 */
albert_status albert_head_label(const struct albert_head *head,
                                uintptr_t index,
                                const char **text,
                                uintptr_t *text_bytes);

/**
 * Classifies by a head file from now on, in place of the model's own head; null goes back to that. An inference that was under
 * way is dropped. albert_session_scores and the output's logits are the head's then.
 *
 * ALBERT_STATUS_FILE_OTHER_ENCODER for a head that was fitted on another encoder, ALBERT_STATUS_ARGUMENT when the plan has no room
 * for its labels, ALBERT_STATUS_NO_RESULT when the session exits early and the head does not choose one label; the session is as
 * it was then.
 */
albert_status albert_session_set_head(struct albert_session *session,
                                      const struct albert_head *head);

/**
 * Bytes of memory for a handle; its alignment is that of a model handle.
 */
uintptr_t albert_prototypes_bytes(void);

/**
 * Bytes of memory for the means of up to `labels` labels over embeddings of `width` elements: 16 + labels x (8 + 4 x width), or
 * the largest number when that does not fit.
 */
uintptr_t albert_prototypes_memory_bytes(uintptr_t labels,
                                         uintptr_t width);

/**
 * Prototypes that know nothing yet. `means` has exactly albert_prototypes_memory_bytes bytes (detail: that number) at any address.
 */
albert_status albert_prototypes_init(void *memory,
                                     uintptr_t memory_bytes,
                                     uint8_t *means,
                                     uintptr_t means_bytes,
                                     uintptr_t labels,
                                     uintptr_t width,
                                     struct albert_prototypes **prototypes,
                                     uint64_t *detail);

/**
 * Prototypes from bytes that albert_prototypes_store gave, in place. ALBERT_STATUS_STORED when they are others or damaged.
 */
albert_status albert_prototypes_restore(void *memory,
                                        uintptr_t memory_bytes,
                                        uint8_t *means,
                                        uintptr_t means_bytes,
                                        uintptr_t labels,
                                        uintptr_t width,
                                        struct albert_prototypes **prototypes,
                                        uint64_t *detail);

/**
 * Writes where the bytes to keep lie, for flash or a file. They are the memory of the means, valid until that changes.
 */
albert_status albert_prototypes_store(struct albert_prototypes *prototypes, const uint8_t **bytes, uintptr_t *count);

/**
 * Teaches a label one more example: an embedding of any length but zero, the pooled output for instance.
 *
 * ALBERT_STATUS_NOT_FOUND for a label beyond the last, ALBERT_STATUS_ARGUMENT for another width, ALBERT_STATUS_DIRECTION for an
 * embedding that is zero or not finite; nothing is changed then.
 */
albert_status albert_prototypes_add(struct albert_prototypes *prototypes,
                                    uintptr_t label,
                                    const float *embedding,
                                    uintptr_t width);

/**
 * Forgets all examples of a label.
 */
albert_status albert_prototypes_forget(struct albert_prototypes *prototypes, uintptr_t label);

/**
 * Examples that a label was taught with; 0 beyond the last label.
 */
albert_status albert_prototypes_examples(const struct albert_prototypes *prototypes,
                                         uintptr_t label,
                                         uint32_t *examples);

/**
 * The label whose mean is nearest to an embedding, the first of equals, and the cosine between them. ALBERT_STATUS_NO_RESULT when
 * no label has been taught; other statuses are those of albert_prototypes_add.
 */
albert_status albert_prototypes_nearest(const struct albert_prototypes *prototypes,
                                        const float *embedding,
                                        uintptr_t width,
                                        uintptr_t *label,
                                        float *cosine);

/**
 * Bytes of memory for a session handle.
 */
uintptr_t albert_session_bytes(void);

/**
 * Alignment of memory for a session handle.
 */
uintptr_t albert_session_align(void);

/**
 * Prepares `arena` for inputs within `plan` and puts a handle into `memory`.
 *
 * `kernel_set` names a kernel set, or is null for the best one that this CPU runs. Results do not depend on it. The model's
 * handle is not needed any more; the file's bytes are.
 */
albert_status albert_session_init(void *memory,
                                  uintptr_t memory_bytes,
                                  const struct albert_model *model,
                                  const struct albert_plan *plan,
                                  uint8_t *arena,
                                  uintptr_t arena_bytes,
                                  const char *kernel_set,
                                  struct albert_session **session,
                                  uint64_t *detail);

/**
 * Lets `executor` run the tasks of a step side by side, as many as the plan has workers. It must outlive the session.
 */
albert_status albert_session_set_executor(struct albert_session *session, const struct albert_executor *executor);

/**
 * Ends inferences from now on before the last layer when an answer will do: `policy` is an ALBERT_EXIT_ number, `value` its
 * number of layers or probability. ALBERT_STATUS_NO_RESULT for a head that does not choose one label; an inference that was
 * under way is dropped.
 */
albert_status albert_session_set_early_exit(struct albert_session *session,
                                            uint32_t policy,
                                            float value);

/**
 * Takes ids in; an inference that was under way is dropped.
 */
albert_status albert_session_start_ids(struct albert_session *session,
                                       const struct albert_input *input,
                                       uint64_t *detail);

/**
 * Takes a text in, or with a non-null `second` two texts; an inference that was under way is dropped. The text is cut to the
 * plan's tokens. `options` may be null for the usual ones. The arena serves as the tokenizer's memory.
 */
albert_status albert_session_start_text(struct albert_session *session,
                                        const char *first,
                                        uintptr_t first_bytes,
                                        const char *second,
                                        uintptr_t second_bytes,
                                        const struct albert_encode_options *options,
                                        uint64_t *detail);

/**
 * Does one bounded piece of work. ALBERT_STATUS_RUNNING when there is more to do, ALBERT_STATUS_OK when the output is
 * there.
 */
albert_status albert_session_step(struct albert_session *session);

/**
 * Does all the steps that are left.
 */
albert_status albert_session_finish(struct albert_session *session);

/**
 * Writes where the results lie. ALBERT_STATUS_NO_RESULT before the last step is done.
 */
albert_status albert_session_output(struct albert_session *session, struct albert_output *output);

/**
 * Bytes of the memory that albert_session_set_fast_memory takes, from a multiple of ALBERT_ARENA_ALIGN on.
 *
 * ALBERT_STATUS_NOT_COMPILED_IN in a library without the feature `fast-memory`.
 */
albert_status albert_fast_bytes(const struct albert_model *model, const struct albert_plan *plan, uintptr_t *bytes);

/**
 * Has the operands and sums of products lie in `memory` instead of the arena: for memory that is faster than the arena's, such as
 * tightly coupled RAM. It belongs to the session from now on. Results have the same bits; an inference that was under way is dropped.
 *
 * ALBERT_STATUS_ARENA_TOO_SMALL with the missing bytes as detail; ALBERT_STATUS_NOT_COMPILED_IN in a library without the feature
 * `fast-memory`.
 */
albert_status albert_session_set_fast_memory(struct albert_session *session,
                                             uint8_t *memory,
                                             uintptr_t memory_bytes,
                                             uint64_t *detail);

/**
 * Bytes of the memory that albert_session_copy_weights needs for all linears, from a multiple of ALBERT_ARENA_ALIGN on: two panels
 * of 16 output channels of the linear with the most inputs. Several times as much saves instructions, less serves shorter panels.
 *
 * ALBERT_STATUS_NOT_COMPILED_IN in a library without the feature `weight-copies`.
 */
albert_status albert_copied_bytes(const struct albert_model *model,
                                  const struct albert_plan *plan,
                                  uintptr_t *bytes);

/**
 * Has `copier` copy int8 and codebook weights to `memory` while those before them are multiplied: for model files in slow flash. Both
 * belong to the session from now on. Results have the same bits; an inference that was under way is dropped.
 *
 * ALBERT_STATUS_NOT_COMPILED_IN in a library without the feature `weight-copies`.
 */
albert_status albert_session_copy_weights(struct albert_session *session,
                                          const struct albert_copier *copier,
                                          uint8_t *memory,
                                          uintptr_t memory_bytes);

/**
 * Number of special tokens that go around one text, or around a pair.
 */
albert_status albert_special_token_count(const struct albert_model *model, bool pair, uintptr_t *count);

/**
 * Puts the special tokens around the ids of one text, or with `pair` of two texts: [CLS] first [SEP] second [SEP]. `written`
 * becomes the number of ids, also when `out` does not hold them (ALBERT_STATUS_BUFFER_TOO_SMALL).
 */
albert_status albert_build_inputs(const struct albert_model *model,
                                  const uint32_t *first,
                                  uintptr_t first_count,
                                  const uint32_t *second,
                                  uintptr_t second_count,
                                  bool pair,
                                  uint32_t *out,
                                  uintptr_t capacity,
                                  uintptr_t *written);

/**
 * 1 where albert_build_inputs puts special tokens into texts of `first_count` and `second_count` ids, else 0; `out` and `written` as there.
 */
albert_status albert_special_tokens_mask(const struct albert_model *model,
                                         uintptr_t first_count,
                                         uintptr_t second_count,
                                         bool pair,
                                         uint8_t *out,
                                         uintptr_t capacity,
                                         uintptr_t *written);

/**
 * Token types of what albert_build_inputs makes of texts of `first_count` and `second_count` ids; `out` and `written` as there.
 */
albert_status albert_token_types(const struct albert_model *model,
                                 uintptr_t first_count,
                                 uintptr_t second_count,
                                 bool pair,
                                 uint8_t *out,
                                 uintptr_t capacity,
                                 uintptr_t *written);

/**
 * Whether an id is a special token's.
 */
albert_status albert_is_special_token(const struct albert_model *model, uint32_t id, bool *special);

/**
 * Number of tokens of the vocabulary; albert_token names those of the ids from 0 on.
 */
albert_status albert_vocabulary_size(const struct albert_model *model, uintptr_t *tokens);

/**
 * Name of a status, for logs: "ok", "arena too small". Static text; "unknown" for a number that is none.
 */
const char *albert_status_name(int32_t status);

/**
 * Memory that always suffices for encoding: for `tokens` tokens (twice that for a pair) and words of up to `longest_word`
 * code points.
 */
uintptr_t albert_encode_memory_bytes(uintptr_t tokens,
                                     uintptr_t longest_word);

/**
 * Encodes a text, or with a non-null `second` two texts, into `memory`. `options` may be null for the usual ones.
 */
albert_status albert_encode(const struct albert_model *model,
                            const char *first,
                            uintptr_t first_bytes,
                            const char *second,
                            uintptr_t second_bytes,
                            const struct albert_encode_options *options,
                            void *memory,
                            uintptr_t memory_bytes,
                            struct albert_encoding *encoding,
                            uint64_t *detail);

/**
 * Writes the text of `ids`, UTF-8 without a zero at its end. `out_bytes` becomes the length of the whole text, also when it
 * does not fit (ALBERT_STATUS_BUFFER_TOO_SMALL); `out` may be null to ask for it.
 */
albert_status albert_decode(const struct albert_model *model,
                            const uint32_t *ids,
                            uintptr_t count,
                            bool skip_special_tokens,
                            char *out,
                            uintptr_t capacity,
                            uintptr_t *out_bytes);

/**
 * Token of an id: UTF-8 in the model file, not ended by a zero.
 */
albert_status albert_token(const struct albert_model *model, uint32_t id, const char **token, uintptr_t *token_bytes);

/**
 * Id of a token.
 */
albert_status albert_token_id(const struct albert_model *model, const char *token, uintptr_t token_bytes, uint32_t *id);

/**
 * Id of a special token, by its ALBERT_TOKEN_ number.
 */
albert_status albert_special_token(const struct albert_model *model, uint32_t token, uint32_t *id);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ALBERT_H */
