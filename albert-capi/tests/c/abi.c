/* Calls every function of albert.h on the model file and the folder of conformance models that are named on the command line. Compiles as C99 and as C++17. */
#include <albert.h>

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OK ALBERT_STATUS_OK

static uint8_t *file_memory, *file;
static size_t file_bytes;
static union { uint64_t align; uint8_t bytes[ALBERT_MODEL_BYTES]; } model_memory;
static union { uint64_t align; uint8_t bytes[ALBERT_SESSION_BYTES]; } session_memory;
static const albert_model *model;
static albert_session *session;
static albert_config config;
static const char text[] = "how much money is in my account";

static uint8_t *align_up(uint8_t *memory) {
    return memory + (ALBERT_ARENA_ALIGN - (uintptr_t)memory % ALBERT_ARENA_ALIGN) % ALBERT_ARENA_ALIGN;
}

/* Reads a file to the next multiple of 64. */
static uint8_t *read_aligned(const char *path, uint8_t **memory, size_t *bytes) {
    FILE *stream = fopen(path, "rb");
    CHECK(stream != NULL && fseek(stream, 0, SEEK_END) == 0);
    *bytes = (size_t)ftell(stream);
    rewind(stream);
    *memory = (uint8_t *)malloc(*bytes + ALBERT_ARENA_ALIGN);
    CHECK(*memory != NULL);
    uint8_t *start = align_up(*memory);
    CHECK(fread(start, 1, *bytes, stream) == *bytes);
    fclose(stream);
    return start;
}

static void test_model(void) {
    uint64_t detail = 1;
    CHECK(albert_abi_version() == ALBERT_ABI_VERSION);
    CHECK(albert_model_bytes() <= sizeof model_memory && albert_model_align() <= ALBERT_HANDLE_ALIGN);
    CHECK(albert_session_bytes() <= sizeof session_memory && albert_session_align() <= ALBERT_HANDLE_ALIGN);
    CHECK(strcmp(albert_status_name(ALBERT_STATUS_ARENA_TOO_SMALL), "arena too small") == 0);

    CHECK(albert_model_init(NULL, sizeof model_memory, file, file_bytes, &model, &detail) == ALBERT_STATUS_NULL_POINTER);
    CHECK(albert_model_init(&model_memory, 8, file, file_bytes, &model, &detail) == ALBERT_STATUS_HANDLE_MEMORY);
    CHECK(albert_model_init(&model_memory, sizeof model_memory, NULL, 9, &model, NULL) == ALBERT_STATUS_NULL_POINTER);
    CHECK(albert_model_init(&model_memory, sizeof model_memory, NULL, 0, &model, &detail) == ALBERT_STATUS_FILE_TRUNCATED);
    CHECK(detail == 64);
    CHECK(albert_model_init(&model_memory, sizeof model_memory, file + 1, file_bytes - 1, &model, &detail) ==
          ALBERT_STATUS_FILE_MAGIC);
    CHECK(albert_model_init(&model_memory, sizeof model_memory, file, file_bytes - 1, &model, &detail) ==
          ALBERT_STATUS_FILE_BYTES);
    CHECK(detail == file_bytes);
    CHECK(model == NULL);
    CHECK(albert_model_init(&model_memory, sizeof model_memory, file, file_bytes, &model, &detail) == OK && detail == 0);
    CHECK((const void *)model == (const void *)&model_memory);

    CHECK(albert_verify_checksum(file, file_bytes, NULL) == OK);
    file[file_bytes - 1] ^= 1;
    CHECK(albert_verify_checksum(file, file_bytes, &detail) == ALBERT_STATUS_FILE_CHECKSUM && detail != 0);
    file[file_bytes - 1] ^= 1;

    CHECK(albert_model_config(model, &config) == OK);
    CHECK(config.hidden_size == 256 && config.num_labels == 151 && config.pooler && config.tokenizer);
    CHECK(config.head == ALBERT_HEAD_SEQUENCE_CLASSIFICATION && config.problem_type == ALBERT_PROBLEM_SINGLE_LABEL);
    CHECK(albert_model_config(NULL, &config) == ALBERT_STATUS_NULL_POINTER);
    const char *label = NULL;
    size_t label_bytes = 0;
    CHECK(albert_model_label(model, config.num_labels, &label, &label_bytes) == ALBERT_STATUS_NOT_FOUND && label == NULL);
    CHECK(albert_model_label(model, 0, &label, &label_bytes) == OK && label_bytes > 0);
}

static void test_tokenizer(void) {
    uint64_t detail = 0;
    size_t memory_bytes = albert_encode_memory_bytes(64, 32), bytes = 0;
    void *memory = malloc(memory_bytes);
    albert_encoding encoding;
    albert_encode_options options = {64, ALBERT_TRUNCATION_LONGEST_FIRST, false};
    CHECK(albert_encode(model, text, strlen(text), NULL, 0, &options, memory, memory_bytes, &encoding, &detail) == OK);
    CHECK(encoding.tokens == 9 && encoding.special_tokens_mask[0] == 1 && encoding.special_tokens_mask[1] == 0);
    CHECK(encoding.offsets[1].start == 0 && encoding.offsets[1].end == 3 && encoding.token_types[8] == 0);
    uint32_t cls, sep, id;
    CHECK(albert_special_token(model, ALBERT_TOKEN_CLS, &cls) == OK && encoding.ids[0] == cls);
    CHECK(albert_special_token(model, ALBERT_TOKEN_SEP, &sep) == OK && encoding.ids[8] == sep);
    CHECK(albert_special_token(model, 99, &sep) == ALBERT_STATUS_ARGUMENT);
    const char *token;
    CHECK(albert_token(model, cls, &token, &bytes) == OK && bytes == 5 && memcmp(token, "[CLS]", 5) == 0);
    CHECK(albert_token(model, 1000000, &token, &bytes) == ALBERT_STATUS_NOT_FOUND);
    CHECK(albert_token_id(model, "[CLS]", 5, &id) == OK && id == cls);
    CHECK(albert_token_id(model, "no such token", 13, &id) == ALBERT_STATUS_NOT_FOUND);

    char out[64];
    CHECK(albert_decode(model, encoding.ids, encoding.tokens, true, NULL, 0, &bytes) == ALBERT_STATUS_BUFFER_TOO_SMALL);
    CHECK(bytes == strlen(text));
    CHECK(albert_decode(model, encoding.ids, encoding.tokens, true, out, 10, &bytes) == ALBERT_STATUS_BUFFER_TOO_SMALL);
    CHECK(albert_decode(model, encoding.ids, encoding.tokens, true, out, sizeof out, &bytes) == OK);
    CHECK(memcmp(out, text, bytes) == 0);

    CHECK(albert_encode(model, text, strlen(text), text, strlen(text), NULL, memory, memory_bytes, &encoding, NULL) == OK);
    CHECK(encoding.tokens == 17 && encoding.token_types[16] == 1);
    options.truncation = ALBERT_TRUNCATION_DO_NOT_TRUNCATE;
    options.max_tokens = 4;
    CHECK(albert_encode(model, text, strlen(text), NULL, 0, &options, memory, memory_bytes, &encoding, &detail) ==
          ALBERT_STATUS_TEXT_TOO_MANY_TOKENS);
    options.truncation = 77;
    CHECK(albert_encode(model, text, strlen(text), NULL, 0, &options, memory, memory_bytes, &encoding, &detail) ==
          ALBERT_STATUS_ARGUMENT);
    CHECK(albert_encode(model, text, strlen(text), NULL, 0, NULL, memory, 16, &encoding, &detail) ==
          ALBERT_STATUS_TEXT_MEMORY);
    CHECK(detail > 0);
    CHECK(albert_encode(model, "\xff", 1, NULL, 0, NULL, memory, memory_bytes, &encoding, &detail) ==
          ALBERT_STATUS_TEXT_NOT_UTF8);
    free(memory);
}

static void test_special_tokens(void) {
    const uint32_t first[2] = {20, 21}, second[3] = {30, 31, 32};
    uint32_t ids[8], cls, sep, word;
    uint8_t mask[8], types[8];
    size_t count = 0, tokens = 0;
    bool special = false;
    CHECK(albert_special_token(model, ALBERT_TOKEN_CLS, &cls) == OK && albert_special_token(model, ALBERT_TOKEN_SEP, &sep) == OK);
    CHECK(albert_special_token_count(model, false, &count) == OK && count == 2);
    CHECK(albert_special_token_count(model, true, &count) == OK && count == 3);
    CHECK(albert_build_inputs(model, first, 2, NULL, 0, false, ids, 8, &count) == OK && count == 4);
    CHECK(ids[0] == cls && ids[1] == 20 && ids[2] == 21 && ids[3] == sep);
    CHECK(albert_build_inputs(model, first, 2, NULL, 0, true, ids, 8, &count) == OK && count == 5);
    CHECK(ids[3] == sep && ids[4] == sep);
    CHECK(albert_build_inputs(model, first, 2, second, 3, true, NULL, 0, &count) == ALBERT_STATUS_BUFFER_TOO_SMALL && count == 8);
    CHECK(albert_build_inputs(model, first, 2, second, 3, true, ids, 7, &count) == ALBERT_STATUS_BUFFER_TOO_SMALL && count == 8);
    CHECK(albert_build_inputs(model, first, 2, second, 3, true, ids, 8, &count) == OK && count == 8);
    CHECK(albert_special_tokens_mask(model, 2, 3, true, mask, 8, &count) == OK && count == 8);
    CHECK(albert_token_types(model, 2, 3, true, types, 8, &count) == OK && count == 8);
    for (size_t i = 0; i < count; i++) {
        CHECK(mask[i] == (i == 0 || i == 3 || i == 7) && types[i] == (i > 3));
        CHECK(ids[i] == (i == 0 ? cls : mask[i] ? sep : i < 3 ? first[i - 1] : second[i - 4]));
    }
    CHECK(albert_special_tokens_mask(model, 2, 0, false, mask, 1, &count) == ALBERT_STATUS_BUFFER_TOO_SMALL && count == 4);
    CHECK(albert_token_types(model, 2, 0, false, types, 8, NULL) == OK && types[3] == 0);
    CHECK(albert_build_inputs(NULL, first, 2, NULL, 0, false, ids, 8, &count) == ALBERT_STATUS_NULL_POINTER);
    CHECK(albert_build_inputs(model, NULL, 2, NULL, 0, false, ids, 8, &count) == ALBERT_STATUS_NULL_POINTER);
    CHECK(albert_token_id(model, "\xe2\x96\x81the", 6, &word) == OK);
    CHECK(albert_is_special_token(model, cls, &special) == OK && special);
    CHECK(albert_is_special_token(model, word, &special) == OK && !special);
    CHECK(albert_is_special_token(model, cls, NULL) == ALBERT_STATUS_NULL_POINTER);
    /* The vocabulary is what the ids from 0 on stand for. */
    CHECK(albert_vocabulary_size(model, &tokens) == OK && tokens > 1000);
    for (uint32_t id = 0; id < tokens; id++) {
        const char *token;
        uint32_t again;
        CHECK(albert_token(model, id, &token, &count) == OK && albert_token_id(model, token, count, &again) == OK && again == id);
    }
}

/* Misaligned pointers and lengths that no object has are refused before anything is read or written. */
static void test_refusals(void) {
    const size_t too_many = SIZE_MAX / 2 / sizeof(float) + 1;
    static float values[4] = {1, 2, 3, 4};
    static albert_candidate best[3];
    size_t found[2] = {7, 7};
    uint64_t detail = 0;
    uint32_t id = 0;
    char *odd = (char *)values + 1;
    CHECK(albert_top_k(values, too_many, best, 1, found) == ALBERT_STATUS_ARGUMENT);
    CHECK(albert_top_k(values, 4, best, SIZE_MAX / 2, found) == ALBERT_STATUS_ARGUMENT);
    CHECK(albert_top_k((const float *)(void *)odd, 1, best, 1, found) == ALBERT_STATUS_MISALIGNED);
    CHECK(albert_top_k(values, 4, (albert_candidate *)(void *)((char *)best + 2), 1, found) == ALBERT_STATUS_MISALIGNED);
    CHECK(albert_top_k(values, 4, best, 1, (size_t *)(void *)((char *)found + 1)) == ALBERT_STATUS_MISALIGNED);
    CHECK(albert_softmax(values, SIZE_MAX, 2) == ALBERT_STATUS_ARGUMENT);
    CHECK(albert_softmax(values, too_many, 1) == ALBERT_STATUS_ARGUMENT);
    CHECK(albert_model_config((const albert_model *)(const void *)((const char *)model + 1), &config) == ALBERT_STATUS_MISALIGNED);
    CHECK(albert_token_id(model, text, SIZE_MAX, &id) == ALBERT_STATUS_ARGUMENT);
    CHECK(albert_model_init(&model_memory, sizeof model_memory, file, SIZE_MAX, &model, &detail) == ALBERT_STATUS_ARGUMENT);
    CHECK(found[0] == 7 && found[1] == 7 && values[0] == 1 && id == 0);
    CHECK(albert_top_k(values, 4, best, 3, found) == OK && found[0] == 3 && best[0].id == 3 && best[2].id == 1);
}

/* Runs tasks in reverse order, as threads might, and counts them. */
static void run_backwards(void *context, size_t tasks, void (*task)(const void *state, size_t index), const void *state) {
    while (tasks-- > 0) {
        task(state, tasks);
        ++*(size_t *)context;
    }
}

/* Counts bytes, and copies them before or after the others are multiplied. */
typedef struct {
    size_t bytes;
    bool after;
} copies;

static void copy_weights(void *context, const uint8_t *from, uint8_t *to, size_t bytes, void (*meanwhile)(void *state), void *state) {
    copies *all = (copies *)context;
    CHECK(from > file && from + bytes <= file + file_bytes && bytes % 4 == 0 && (uintptr_t)from % 4 == 0 && (uintptr_t)to % 64 == 0);
    if (all->after) meanwhile(state);
    memcpy(to, from, bytes);
    if (!all->after) meanwhile(state);
    all->bytes += bytes;
}

/* A part of the arena in other memory, and weights that are copied: the same bits. */
static void test_slow_memory(const float *logits) {
    uint64_t detail = 0;
    size_t arena_bytes = 0, fast_bytes = 0, copied_bytes = 0;
    albert_plan plan = {32, 8, 0, 0};
    CHECK(albert_arena_bytes(model, &plan, &arena_bytes) == OK);
    CHECK(albert_fast_bytes(model, &plan, &fast_bytes) == OK && fast_bytes > 0 && fast_bytes < arena_bytes / 4);
    CHECK(albert_fast_bytes(model, NULL, &fast_bytes) == ALBERT_STATUS_NULL_POINTER);
    CHECK(albert_copied_bytes(model, &plan, &copied_bytes) == OK && copied_bytes >= 32 * config.intermediate_size);
    CHECK(albert_copied_bytes(model, &plan, NULL) == ALBERT_STATUS_NULL_POINTER);
    uint8_t *arena = (uint8_t *)malloc(arena_bytes + ALBERT_ARENA_ALIGN);
    uint8_t *fast = (uint8_t *)malloc(fast_bytes + ALBERT_ARENA_ALIGN);
    uint8_t *copied = (uint8_t *)malloc(copied_bytes + ALBERT_ARENA_ALIGN);
    CHECK(albert_session_init(&session_memory, sizeof session_memory, model, &plan, align_up(arena), arena_bytes, NULL, &session,
                              NULL) == OK);
    CHECK(albert_session_set_fast_memory(session, align_up(fast), fast_bytes - 1, &detail) == ALBERT_STATUS_ARENA_TOO_SMALL);
    CHECK(detail == 1);
    CHECK(albert_session_set_fast_memory(session, NULL, fast_bytes, NULL) == ALBERT_STATUS_NULL_POINTER);
    CHECK(albert_session_set_fast_memory(session, align_up(fast), fast_bytes, NULL) == OK);
    copies all = {0, false};
    albert_copier copier = {copy_weights, &all};
    CHECK(albert_session_copy_weights(session, NULL, copied, copied_bytes) == ALBERT_STATUS_NULL_POINTER);
    CHECK(albert_session_copy_weights(session, &copier, align_up(copied), copied_bytes) == OK);
    for (int run = 0; run < 3; run++) {
        size_t before = all.bytes;
        albert_output output;
        CHECK(albert_session_start_text(session, text, strlen(text), NULL, 0, NULL, NULL) == OK);
        CHECK(albert_session_finish(session) == OK && albert_session_output(session, &output) == OK);
        CHECK(memcmp(logits, output.logits, output.logits_count * sizeof(float)) == 0);
        CHECK(run < 2 ? all.bytes > before : all.bytes == before);
        all.after = true;
        /* Without a function, the library copies by itself. */
        if (run == 1) copier.copy = NULL;
    }
    free(copied);
    free(fast);
    free(arena);
}

static void test_session(void) {
    uint64_t detail = 0;
    size_t arena_bytes = 0, steps = 0, done = 0;
    albert_plan plan = {32, 4, 2, 0};
    CHECK(albert_arena_bytes(model, &plan, &arena_bytes) == OK && arena_bytes > 0);
    uint8_t *arena_memory = (uint8_t *)malloc(arena_bytes + ALBERT_ARENA_ALIGN), *arena = align_up(arena_memory);
    CHECK(albert_session_init(&session_memory, sizeof session_memory, model, &plan, arena, arena_bytes - 1, NULL, &session,
                              &detail) == ALBERT_STATUS_ARENA_TOO_SMALL);
    CHECK(detail == 1 && session == NULL);
    CHECK(albert_session_init(&session_memory, sizeof session_memory, model, &plan, arena, arena_bytes, "none", &session,
                              &detail) == ALBERT_STATUS_KERNELS_UNKNOWN);
    CHECK(albert_session_init(&session_memory, sizeof session_memory, model, &plan, arena, arena_bytes, NULL, &session,
                              &detail) == OK);
    albert_output output;
    CHECK(albert_session_output(session, &output) == ALBERT_STATUS_NO_RESULT);

    /* Step by step, on an executor. */
    albert_executor executor = {run_backwards, &done};
    CHECK(albert_session_set_executor(session, &executor) == OK);
    CHECK(albert_session_start_text(session, text, strlen(text), NULL, 0, NULL, &detail) == OK);
    /* What fails in the memory of a session leaves its inference as it is. */
    CHECK(albert_session_step(session) == ALBERT_STATUS_RUNNING);
    albert_session *other = NULL;
    CHECK(albert_session_init(&session_memory, sizeof session_memory, model, &plan, arena, arena_bytes - 1, NULL, &other,
                              &detail) == ALBERT_STATUS_ARENA_TOO_SMALL);
    CHECK(detail == 1 && other == NULL);
    CHECK(albert_session_init(&session_memory, 8, model, &plan, arena, arena_bytes, NULL, &other, NULL) ==
          ALBERT_STATUS_HANDLE_MEMORY);
    CHECK(other == NULL);
    while (albert_session_step(session) == ALBERT_STATUS_RUNNING) steps++;
    CHECK(steps > config.num_hidden_layers && done > 0);
    CHECK(albert_session_output(session, &output) == OK);
    CHECK(output.logits_count == config.num_labels && output.pooled != NULL && output.rows == 1 && output.positions[0] == 0);
    float *logits = (float *)malloc(output.logits_count * sizeof(float));
    memcpy(logits, output.logits, output.logits_count * sizeof(float));

    test_slow_memory(logits);

    /* The same ids with scalar kernels and in one call: the same bits. */
    size_t memory_bytes = albert_encode_memory_bytes(64, 32), found = 0, count = 0;
    void *memory = malloc(memory_bytes);
    albert_encoding encoding;
    CHECK(albert_encode(model, text, strlen(text), NULL, 0, NULL, memory, memory_bytes, &encoding, NULL) == OK);
    CHECK(albert_session_init(&session_memory, sizeof session_memory, model, &plan, arena, arena_bytes, "scalar", &session,
                              NULL) == OK);
    albert_input input = {encoding.ids, encoding.tokens, NULL, NULL, ALBERT_POSITIONS_ALL, NULL, 0, 0};
    CHECK(albert_session_start_ids(session, &input, &detail) == OK);
    CHECK(albert_session_finish(session) == OK);
    CHECK(albert_session_output(session, &output) == OK && output.rows == encoding.tokens);
    CHECK(memcmp(logits, output.logits, output.logits_count * sizeof(float)) == 0);

    /* Heads. */
    albert_candidate best[3];
    CHECK(albert_top_k(logits, output.logits_count, best, 3, &found) == OK && found == 3);
    CHECK(best[0].score >= best[1].score && best[1].score >= best[2].score);
    const char *label;
    size_t label_bytes;
    CHECK(albert_model_label(model, best[0].id, &label, &label_bytes) == OK);
    CHECK(label_bytes == 7 && memcmp(label, "balance", 7) == 0);
    float *embedding = (float *)malloc(config.hidden_size * sizeof(float)), length = 0;
    CHECK(albert_sentence_embedding(output.hidden, output.rows, config.hidden_size, true, embedding) == OK);
    for (uint32_t i = 0; i < config.hidden_size; i++) length += embedding[i] * embedding[i];
    CHECK(length > 0.999f && length < 1.001f);
    const float *scores;
    CHECK(albert_session_scores(session, &scores, &count) == OK && count == config.num_labels);
    CHECK(scores[best[0].id] > 0.5f && scores[best[0].id] - best[0].score < 1e-5f);
    CHECK(albert_softmax(logits, 1, count) == OK && memcmp(logits, scores, count * sizeof(float)) == 0);
    CHECK(albert_session_vocabulary_top_k(session, 0, best, 3, &found) == ALBERT_STATUS_NO_RESULT);
    CHECK(albert_session_vocabulary_logits(session, 0, NULL, NULL) == ALBERT_STATUS_NULL_POINTER);

    const float spans_logits[8] = {0, 0, 5, 0, 0, 5, 0, 0};
    const uint8_t context[4] = {0, 1, 1, 1};
    albert_span span;
    float null_score = -1;
    CHECK(albert_answers(spans_logits, 4, context, 8, &span, 1, &found, &null_score) == OK && found == 1);
    CHECK(span.start == 1 && span.end == 3 && span.score > 0.9f && null_score >= 0 && null_score < 0.1f);

    const uint8_t kinds[2] = {ALBERT_TOKEN_KIND_SPECIAL, ALBERT_TOKEN_KIND_BEGINS};
    float *probabilities = (float *)calloc(2 * config.num_labels, sizeof(float));
    albert_entity entity;
    probabilities[config.num_labels + 5] = 1;
    CHECK(albert_entities(model, probabilities, kinds, 2, ALBERT_AGGREGATION_NONE, &entity, 1, &found) == OK && found == 1);
    CHECK(entity.start == 1 && entity.end == 2 && entity.label == 5);
    CHECK(albert_entities(model, probabilities, kinds, 2, ALBERT_AGGREGATION_NONE, NULL, 0, &found) ==
          ALBERT_STATUS_BUFFER_TOO_SMALL);
    CHECK(albert_entities(model, probabilities, kinds, 2, 9, &entity, 1, &found) == ALBERT_STATUS_ARGUMENT);

    /* Early exit: what the first layers alone give, and all layers again afterwards. */
    CHECK(albert_session_set_early_exit(session, 3, 0) == ALBERT_STATUS_ARGUMENT);
    CHECK(albert_session_set_early_exit(NULL, ALBERT_EXIT_NEVER, 0) == ALBERT_STATUS_NULL_POINTER);
    CHECK(albert_session_set_early_exit(session, ALBERT_EXIT_PATIENCE, 0) == OK);
    CHECK(albert_session_start_ids(session, &input, NULL) == OK && albert_session_finish(session) == OK);
    CHECK(albert_session_output(session, &output) == OK && output.layers == 1);
    memcpy(logits, output.logits, output.logits_count * sizeof(float));
    CHECK(albert_session_set_early_exit(session, ALBERT_EXIT_NEVER, 0) == OK);
    input.layers = 1;
    CHECK(albert_session_start_ids(session, &input, NULL) == OK && albert_session_finish(session) == OK);
    CHECK(albert_session_output(session, &output) == OK && output.layers == 1);
    CHECK(memcmp(logits, output.logits, output.logits_count * sizeof(float)) == 0);
    CHECK(albert_session_set_early_exit(session, ALBERT_EXIT_CONFIDENCE, 1.5f) == OK);
    input.layers = 0;
    CHECK(albert_session_start_ids(session, &input, NULL) == OK && albert_session_finish(session) == OK);
    CHECK(albert_session_output(session, &output) == OK && output.layers == config.num_hidden_layers);

    /* Bad inputs. */
    uint32_t ids[3] = {2, 9999999, 3}, zeros[3] = {0, 0, 0}, listed[2] = {1, 1};
    albert_input bad = {ids, 3, NULL, NULL, ALBERT_POSITIONS_HEAD, NULL, 0, 0};
    CHECK(albert_session_start_ids(session, &bad, &detail) == ALBERT_STATUS_INPUT_ID && detail == 1);
    ids[1] = 4;
    bad.attention_mask = zeros;
    CHECK(albert_session_start_ids(session, &bad, &detail) == ALBERT_STATUS_INPUT_ALL_MASKED);
    bad.attention_mask = NULL;
    bad.positions = 7;
    CHECK(albert_session_start_ids(session, &bad, &detail) == ALBERT_STATUS_ARGUMENT);
    bad.positions = ALBERT_POSITIONS_LISTED;
    bad.listed = listed;
    bad.listed_count = 2;
    CHECK(albert_session_start_ids(session, &bad, &detail) == ALBERT_STATUS_INPUT_POSITION && detail == 1);
    bad.positions = ALBERT_POSITIONS_HEAD;
    bad.layers = 100;
    CHECK(albert_session_start_ids(session, &bad, &detail) == ALBERT_STATUS_INPUT_LAYERS);
    bad.tokens = 0;
    CHECK(albert_session_start_ids(session, &bad, &detail) == ALBERT_STATUS_INPUT_EMPTY);
    bad.tokens = 40;
    CHECK(albert_session_start_ids(NULL, &bad, &detail) == ALBERT_STATUS_NULL_POINTER);
    CHECK(albert_session_step(NULL) == ALBERT_STATUS_NULL_POINTER);
    CHECK(albert_session_start_text(session, "\xff", 1, NULL, 0, NULL, &detail) == ALBERT_STATUS_TEXT_NOT_UTF8);

    free(probabilities);
    free(embedding);
    free(memory);
    free(logits);
    free(arena_memory);
}

static union { uint64_t align; uint8_t bytes[ALBERT_HEAD_BYTES]; } head_memory;
static union { uint64_t align; uint8_t bytes[ALBERT_PROTOTYPES_BYTES]; } prototypes_memory;

/* A head file beside the small encoder of the conformance folder. */
static void test_head(const char *folder) {
    char path[4096];
    uint8_t *encoder_memory, *of_head, *arena_memory;
    size_t encoder_bytes, head_bytes, arena_bytes = 0;
    uint64_t detail = 1;
    snprintf(path, sizeof path, "%s/encoder.albert", folder);
    uint8_t *encoder_file = read_aligned(path, &encoder_memory, &encoder_bytes);
    snprintf(path, sizeof path, "%s/encoder.head", folder);
    uint8_t *head_file = read_aligned(path, &of_head, &head_bytes);
    const albert_head *head = NULL;
    albert_head_info info;
    CHECK(albert_head_bytes() <= sizeof head_memory);
    CHECK(albert_head_init(&head_memory, 8, head_file, head_bytes, &head, &detail) == ALBERT_STATUS_HANDLE_MEMORY);
    CHECK(albert_head_init(&head_memory, sizeof head_memory, encoder_file, encoder_bytes, &head, &detail) ==
          ALBERT_STATUS_FILE_MAGIC);
    CHECK(albert_head_init(&head_memory, sizeof head_memory, head_file, head_bytes - 1, &head, &detail) ==
          ALBERT_STATUS_FILE_BYTES);
    CHECK(detail == head_bytes && head == NULL);
    CHECK(albert_head_init(&head_memory, sizeof head_memory, head_file, head_bytes, &head, &detail) == OK && detail == 0);
    CHECK(albert_verify_checksum(head_file, head_bytes, NULL) == OK);
    CHECK(albert_head_describe(head, &info) == OK && info.num_labels == 5 && info.problem_type == ALBERT_PROBLEM_SINGLE_LABEL);
    CHECK(info.temperature == 1.5f && info.threshold == 0.25f);
    CHECK(albert_head_describe(head, NULL) == ALBERT_STATUS_NULL_POINTER);
    const char *label = NULL;
    size_t label_bytes = 0;
    CHECK(albert_head_label(head, 2, &label, &label_bytes) == OK && label_bytes == 5 && memcmp(label, "water", 5) == 0);
    CHECK(albert_head_label(head, 5, &label, &label_bytes) == ALBERT_STATUS_NOT_FOUND);

    /* Another encoder, then no room, then the right one with room. */
    albert_plan plan = {32, 0, 0, 5};
    CHECK(albert_arena_bytes(model, &plan, &arena_bytes) == OK);
    arena_memory = (uint8_t *)malloc(arena_bytes + ALBERT_ARENA_ALIGN);
    CHECK(albert_session_init(&session_memory, sizeof session_memory, model, &plan, align_up(arena_memory), arena_bytes, NULL,
                              &session, NULL) == OK);
    CHECK(albert_session_set_head(session, head) == ALBERT_STATUS_FILE_OTHER_ENCODER);
    CHECK(albert_session_set_head(session, NULL) == OK);
    CHECK(albert_session_set_head(NULL, head) == ALBERT_STATUS_NULL_POINTER);
    free(arena_memory);
    CHECK(albert_model_init(&model_memory, sizeof model_memory, encoder_file, encoder_bytes, &model, NULL) == OK);
    CHECK(albert_model_config(model, &config) == OK && config.num_labels == 0 && config.hidden_size == info.width);
    plan.labels = 4;
    for (; plan.labels <= 5; plan.labels++) {
        CHECK(albert_arena_bytes(model, &plan, &arena_bytes) == OK);
        arena_memory = (uint8_t *)malloc(arena_bytes + ALBERT_ARENA_ALIGN);
        CHECK(albert_session_init(&session_memory, sizeof session_memory, model, &plan, align_up(arena_memory), arena_bytes,
                                  NULL, &session, NULL) == OK);
        CHECK(albert_session_set_head(session, head) == (plan.labels < 5 ? ALBERT_STATUS_ARGUMENT : OK));
        if (plan.labels < 5) free(arena_memory);
    }
    const char *river = "the river runs north of Paris";
    const float *scores = NULL;
    size_t count = 0;
    albert_output output;
    CHECK(albert_session_start_text(session, river, strlen(river), NULL, 0, NULL, NULL) == OK);
    CHECK(albert_session_finish(session) == OK && albert_session_output(session, &output) == OK);
    CHECK(output.logits_count == 5 && output.pooled != NULL);
    CHECK(albert_session_scores(session, &scores, &count) == OK && count == 5);
    float sum = 0;
    for (size_t i = 0; i < count; i++) sum += scores[i];
    CHECK(sum > 0.999f && sum < 1.001f);
    /* Without it there are no logits. */
    CHECK(albert_session_set_head(session, NULL) == OK);
    CHECK(albert_session_start_text(session, river, strlen(river), NULL, 0, NULL, NULL) == OK);
    CHECK(albert_session_finish(session) == OK && albert_session_output(session, &output) == OK && output.logits_count == 0);
    free(arena_memory);
    free(of_head);
    free(encoder_memory);
}

static void test_prototypes(void) {
    enum { LABELS = 3, WIDTH = 2, BYTES = 16 + LABELS * (8 + 4 * WIDTH) };
    uint8_t means[BYTES], kept[BYTES];
    const float east[WIDTH] = {1, 0.1f}, north[WIDTH] = {0, 5}, asked[WIDTH] = {0.3f, 0.9f}, zero[WIDTH] = {0, 0};
    albert_prototypes *taught = NULL;
    const uint8_t *bytes = NULL;
    size_t count = 0, label = 9;
    uint64_t detail = 0;
    uint32_t examples = 9;
    float cosine = 0;
    void *memory = &prototypes_memory;
    size_t size = sizeof prototypes_memory;
    CHECK(albert_prototypes_bytes() <= size);
    CHECK(albert_prototypes_memory_bytes(LABELS, WIDTH) == BYTES);
    CHECK(albert_prototypes_memory_bytes(SIZE_MAX, WIDTH) == SIZE_MAX);
    CHECK(albert_prototypes_init(memory, size, means, BYTES - 1, LABELS, WIDTH, &taught, &detail) ==
          ALBERT_STATUS_BUFFER_TOO_SMALL);
    CHECK(detail == BYTES && taught == NULL);
    CHECK(albert_prototypes_init(memory, size, NULL, BYTES, LABELS, WIDTH, &taught, NULL) == ALBERT_STATUS_NULL_POINTER);
    CHECK(albert_prototypes_init(memory, size, means, BYTES, LABELS, WIDTH, &taught, &detail) == OK);
    CHECK(albert_prototypes_nearest(taught, asked, WIDTH, &label, &cosine) == ALBERT_STATUS_NO_RESULT && label == 9);
    CHECK(albert_prototypes_add(taught, 0, east, WIDTH) == OK && albert_prototypes_add(taught, 2, north, WIDTH) == OK);
    CHECK(albert_prototypes_add(taught, 3, north, WIDTH) == ALBERT_STATUS_NOT_FOUND);
    CHECK(albert_prototypes_add(taught, 0, north, 1) == ALBERT_STATUS_ARGUMENT);
    CHECK(albert_prototypes_add(taught, 0, zero, WIDTH) == ALBERT_STATUS_DIRECTION);
    CHECK(albert_prototypes_nearest(taught, asked, WIDTH, &label, &cosine) == OK && label == 2);
    CHECK(cosine > 0.94f && cosine < 0.95f);
    CHECK(albert_prototypes_store(taught, &bytes, &count) == OK && bytes == means && count == BYTES);
    memcpy(kept, bytes, BYTES);

    /* From flash, whole and damaged. */
    kept[BYTES - 1] ^= 1;
    CHECK(albert_prototypes_restore(memory, size, kept, BYTES, LABELS, WIDTH, &taught, NULL) == ALBERT_STATUS_STORED);
    kept[BYTES - 1] ^= 1;
    CHECK(albert_prototypes_restore(memory, size, kept, BYTES, LABELS, WIDTH, &taught, NULL) == OK);
    CHECK(albert_prototypes_examples(taught, 2, &examples) == OK && examples == 1);
    CHECK(albert_prototypes_forget(taught, 2) == OK && albert_prototypes_forget(taught, 3) == ALBERT_STATUS_NOT_FOUND);
    CHECK(albert_prototypes_examples(taught, 2, &examples) == OK && examples == 0);
    CHECK(albert_prototypes_nearest(taught, asked, WIDTH, &label, &cosine) == OK && label == 0);
    CHECK(albert_prototypes_nearest(NULL, asked, WIDTH, &label, &cosine) == ALBERT_STATUS_NULL_POINTER);
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    file = read_aligned(argv[1], &file_memory, &file_bytes);
    test_model();
    test_tokenizer();
    test_special_tokens();
    test_refusals();
    test_session();
    test_head(argv[2]);
    test_prototypes();
    free(file_memory);
    printf("all checks passed\n");
    return 0;
}
