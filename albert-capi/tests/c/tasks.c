/* Calls every function of albert_tasks.h, right and wrong, on the models in the folder that is named on the command line.
 * Compiles as C99 and as C++17. */
#include <albert_tasks.h>

#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#define OK ALBERT_STATUS_OK

static const char *folder;
static albert_text none;

static albert_text path(const char *name) {
    static char text[4096];
    snprintf(text, sizeof text, "%s/%s.albert", folder, name);
    return albert_text_of(text);
}

static albert_shared_model *open_model(const char *name) {
    albert_shared_model *model = NULL;
    albert_error *error = (albert_error *)&model;
    CHECK(albert_shared_model_open(path(name), &model, &error) == OK && model != NULL && error == NULL);
    return model;
}

/* Checks what an error object says, and frees it. */
static void failed(albert_status status, albert_error *error, const char *message) {
    CHECK(error != NULL && albert_error_status(error) == status);
    if (strstr(albert_error_message(error), message) == NULL) {
        fprintf(stderr, "%s\n", albert_error_message(error));
        exit(1);
    }
    albert_error_free(error);
}

/* A pipeline of some task must be refused. */
static void refused(const albert_shared_model *model, const char *task, const albert_options *options,
                    const albert_engine *engine, albert_status status, const char *message) {
    albert_pipeline *pipeline = NULL;
    albert_error *error = NULL;
    CHECK(albert_pipeline_new(model, albert_text_of(task), options, engine, &pipeline, &error) == status);
    CHECK(pipeline == NULL);
    failed(status, error, message);
}

static void test_model(void) {
    albert_shared_model *model = open_model("text-classification");
    const uint8_t *bytes = NULL;
    size_t count = 0, tokens = 0;
    albert_config config;
    const albert_text *texts = NULL;
    CHECK(albert_shared_model_bytes(model, &bytes, &count) == OK && count > 64 && memcmp(bytes, "ALBERT", 6) == 0);
    CHECK(albert_shared_model_config(model, &config) == OK && config.num_labels == 3 && config.tokenizer);
    CHECK(albert_shared_model_max_tokens(model, &tokens) == OK && tokens > 0);
    CHECK(albert_shared_model_verify_checksum(model, NULL) == OK);
    size_t labels = 0, tasks = 0;
    CHECK(albert_shared_model_labels(model, &texts, &labels) == OK && labels == 3 && strcmp(texts[2].start, "good") == 0);
    CHECK(albert_shared_model_tasks(model, &texts, &tasks) == OK && tasks == 3);
    CHECK(strcmp(texts[0].start, "text-classification") == 0 && texts[0].bytes == 19);
    CHECK(albert_shared_model_labels(NULL, &texts, &labels) == ALBERT_STATUS_NULL_POINTER);
    CHECK(albert_shared_model_labels(model, NULL, &labels) == ALBERT_STATUS_NULL_POINTER);
    CHECK(albert_shared_model_tasks(model, &texts, (size_t *)((char *)&tasks + 1)) == ALBERT_STATUS_MISALIGNED);

    albert_error *error = NULL;
    albert_shared_model *other = NULL;
    CHECK(albert_shared_model_open(path("none"), &other, &error) == ALBERT_STATUS_FILE_OPEN);
    failed(ALBERT_STATUS_FILE_OPEN, error, "none.albert");
    CHECK(albert_shared_model_open(albert_text_of(folder), &other, &error) == ALBERT_STATUS_FILE_OPEN);
    failed(ALBERT_STATUS_FILE_OPEN, error, "directory");
    CHECK(albert_shared_model_open(none, &other, NULL) == ALBERT_STATUS_FILE_OPEN);
    CHECK(albert_shared_model_open(path("encoder"), NULL, &error) == ALBERT_STATUS_NULL_POINTER);
    failed(ALBERT_STATUS_NULL_POINTER, error, "null pointer");
    CHECK(albert_shared_model_from_bytes(bytes, count - 1, &other, &error) == ALBERT_STATUS_FILE_BYTES);
    failed(ALBERT_STATUS_FILE_BYTES, error, "make or copy it again");
    CHECK(albert_shared_model_from_bytes(bytes, SIZE_MAX, &other, NULL) == ALBERT_STATUS_ARGUMENT);
    CHECK(albert_shared_model_from_bytes(NULL, 1, &other, NULL) == ALBERT_STATUS_NULL_POINTER && other == NULL);
    CHECK(albert_shared_model_from_bytes(bytes, count, &other, NULL) == OK);
    const uint8_t *copied = NULL;
    CHECK(albert_shared_model_bytes(other, &copied, &count) == OK && copied != bytes);
    albert_shared_model_free(other);
    albert_shared_model_free(model);
    albert_shared_model_free(NULL);
}

/* A head file beside its encoder, mapped and copied. */
static void test_head(void) {
    char name[4096];
    snprintf(name, sizeof name, "%s/encoder.head", folder);
    albert_shared_model *encoder = open_model("encoder"), *other = open_model("text-classification"), *model = NULL, *copy = NULL;
    albert_error *error = NULL;
    albert_config config;
    const albert_text *texts = NULL;
    size_t labels = 0, tasks = 0, bytes = 0;
    CHECK(albert_shared_model_with_head_file(encoder, albert_text_of(name), &model, &error) == OK && error == NULL);
    CHECK(albert_shared_model_config(model, &config) == OK && config.num_labels == 5);
    CHECK(config.head == ALBERT_HEAD_SEQUENCE_CLASSIFICATION);
    CHECK(albert_shared_model_labels(model, &texts, &labels) == OK && labels == 5 && strcmp(texts[2].start, "water") == 0);
    CHECK(albert_shared_model_tasks(model, &texts, &tasks) == OK && strcmp(texts[0].start, "text-classification") == 0);
    CHECK(albert_shared_model_verify_checksum(model, NULL) == OK);

    uint8_t head[4096];
    FILE *stream = fopen(name, "rb");
    CHECK(stream != NULL);
    bytes = fread(head, 1, sizeof head, stream);
    fclose(stream);
    CHECK(albert_shared_model_with_head(encoder, head, bytes, &copy, NULL) == OK);
    albert_shared_model_free(copy);
    CHECK(albert_shared_model_with_head(other, head, bytes, &copy, &error) == ALBERT_STATUS_FILE_OTHER_ENCODER);
    failed(ALBERT_STATUS_FILE_OTHER_ENCODER, error, "another encoder");
    CHECK(albert_shared_model_with_head(encoder, head, bytes - 1, &copy, &error) == ALBERT_STATUS_FILE_BYTES);
    failed(ALBERT_STATUS_FILE_BYTES, error, "make or copy it again");
    CHECK(albert_shared_model_with_head_file(encoder, path("encoder"), &copy, &error) == ALBERT_STATUS_FILE_MAGIC);
    failed(ALBERT_STATUS_FILE_MAGIC, error, "no head file");
    CHECK(albert_shared_model_with_head(NULL, head, bytes, &copy, NULL) == ALBERT_STATUS_NULL_POINTER);
    head[bytes - 1] ^= 1;
    CHECK(albert_shared_model_with_head(encoder, head, bytes, &copy, NULL) == OK);
    CHECK(albert_shared_model_verify_checksum(copy, &error) == ALBERT_STATUS_FILE_CHECKSUM);
    failed(ALBERT_STATUS_FILE_CHECKSUM, error, "damaged");
    albert_shared_model_free(copy);

    /* The encoder may be freed first. */
    albert_shared_model_free(encoder);
    albert_pipeline *pipeline = NULL;
    CHECK(albert_pipeline_new(model, none, NULL, NULL, &pipeline, NULL) == OK);
    albert_pipeline_free(pipeline);
    albert_shared_model_free(model);
    albert_shared_model_free(other);
}

static void count_release(void *context) { ++*(int *)context; }

static void test_memory(void) {
    albert_shared_model *model = open_model("text-classification"), *other = NULL;
    const uint8_t *bytes = NULL, *used = NULL;
    size_t count = 0;
    int released = 0;
    CHECK(albert_shared_model_bytes(model, &bytes, &count) == OK);
    /* In place: released when the last pipeline is freed. */
    CHECK(albert_shared_model_from_memory(bytes, count, count_release, &released, &other, NULL) == OK);
    CHECK(albert_shared_model_bytes(other, &used, &count) == OK && used == bytes && released == 0);
    albert_pipeline *pipeline = NULL;
    CHECK(albert_pipeline_new(other, none, NULL, NULL, &pipeline, NULL) == OK);
    albert_shared_model_free(other);
    CHECK(released == 0);
    albert_pipeline_free(pipeline);
    CHECK(released == 1);
    /* Not at a multiple of 64: copied and released. */
    uint8_t *moved = (uint8_t *)malloc(count + 65);
    CHECK(moved != NULL);
    uint8_t *odd = moved + (65 - (uintptr_t)moved % 64) % 64;
    memcpy(odd, bytes, count);
    CHECK(albert_shared_model_from_memory(odd, count, count_release, &released, &other, NULL) == OK && released == 2);
    free(moved);
    CHECK(albert_shared_model_verify_checksum(other, NULL) == OK);
    albert_shared_model_free(other);
    /* Refused: released. */
    CHECK(albert_shared_model_from_memory(bytes, 10, count_release, &released, &other, NULL) == ALBERT_STATUS_FILE_TRUNCATED);
    CHECK(released == 3);
    CHECK(albert_shared_model_from_memory(NULL, 1, count_release, &released, &other, NULL) == ALBERT_STATUS_NULL_POINTER);
    CHECK(released == 4);
    CHECK(albert_shared_model_from_memory(bytes, count, NULL, NULL, &other, NULL) == OK);
    albert_shared_model_free(other);
    albert_shared_model_free(model);
}

static void test_options(void) {
    albert_shared_model *model = open_model("text-classification");
    albert_options options;
    albert_engine engine;
    memset(&options, 0, sizeof options);
    memset(&engine, 0, sizeof engine);
    const char *task = "text-classification";
    refused(model, "nonsense", NULL, NULL, ALBERT_STATUS_TASK_UNKNOWN, "expected one of text-classification");
    refused(model, "fill-mask", NULL, NULL, ALBERT_STATUS_TASK_MODEL, "another head");
    refused(model, "\xff", NULL, NULL, ALBERT_STATUS_TEXT_NOT_UTF8, "UTF-8");
    refused(NULL, task, NULL, NULL, ALBERT_STATUS_NULL_POINTER, "null");
    options.multi_label = ALBERT_YES;
    refused(model, task, &options, NULL, ALBERT_STATUS_TASK_OPTION, "multi_label");
    options.multi_label = 3;
    refused(model, task, &options, NULL, ALBERT_STATUS_ARGUMENT, "");
    options.multi_label = 0;
    options.function_to_apply = albert_text_of("sine");
    refused(model, task, &options, NULL, ALBERT_STATUS_TASK_OPTION, "function_to_apply has no value sine");
    options.function_to_apply.start = NULL;
    refused(model, task, &options, NULL, ALBERT_STATUS_NULL_POINTER, "null");
    options.function_to_apply = none;
    options.target_count = SIZE_MAX;
    refused(model, task, &options, NULL, ALBERT_STATUS_NULL_POINTER, "null");
    options.targets = &none;
    refused(model, task, &options, NULL, ALBERT_STATUS_ARGUMENT, "");
    engine.kernels = albert_text_of("abacus");
    refused(model, task, NULL, &engine, ALBERT_STATUS_KERNELS_UNKNOWN, "");
    engine.kernels = none;
    engine.early_exit = 9;
    refused(model, task, NULL, &engine, ALBERT_STATUS_ARGUMENT, "");
    refused(model, task, NULL, (albert_engine *)((char *)&engine + 1), ALBERT_STATUS_MISALIGNED, "misaligned");

    albert_pipeline *pipeline = NULL;
    albert_error *error = NULL;
    albert_text name;
    CHECK(albert_pipeline_new_json(model, none, albert_text_of("{\"top\": 3}"), NULL, &pipeline, &error) ==
          ALBERT_STATUS_TASK_OPTION);
    failed(ALBERT_STATUS_TASK_OPTION, error, "unknown field `top`");
    CHECK(albert_pipeline_new_json(model, none, none, NULL, &pipeline, &error) == OK);
    CHECK(albert_pipeline_task(pipeline, &name) == OK && strcmp(name.start, task) == 0);
    CHECK(albert_pipeline_task(NULL, &name) == ALBERT_STATUS_NULL_POINTER);
    albert_pipeline_free(pipeline);
    albert_pipeline_free(NULL);
    albert_shared_model_free(model);
}

static bool count_events(void *context, uint32_t event, size_t rows) {
    size_t *seen = (size_t *)context;
    seen[event] = event == ALBERT_EVENT_ROWS ? rows : seen[event] + 1;
    return true;
}

static bool end_now(void *context, uint32_t event, size_t rows) {
    (void)context, (void)event, (void)rows;
    return false;
}

static void test_runs(void) {
    albert_shared_model *model = open_model("text-classification");
    albert_options options;
    albert_engine engine;
    albert_request requests[3];
    memset(&options, 0, sizeof options);
    memset(&engine, 0, sizeof engine);
    memset(requests, 0, sizeof requests);
    options.top_k.given = true;
    options.top_k.value = 2;
    /* One thread, so that the count of events is not shared. */
    engine.threads = 1;
    engine.early_exit = ALBERT_EXIT_PATIENCE;
    engine.early_exit_value = 1;
    albert_pipeline *pipeline = NULL;
    albert_result *result = NULL;
    albert_error *error = NULL;
    CHECK(albert_pipeline_new(model, none, &options, &engine, &pipeline, &error) == OK);
    albert_shared_model_free(model);

    requests[0].text = albert_text_of("the river runs north of Paris");
    requests[1].text = albert_text_of("who lives in the old city");
    requests[2].text = requests[0].text;
    size_t seen[2] = {0, 0};
    albert_watch watch = {count_events, seen};
    CHECK(albert_pipeline_run(pipeline, requests, 3, &watch, &result, &error) == OK);
    CHECK(albert_result_rows(result) == 3 && seen[ALBERT_EVENT_STEP] > 3 && seen[ALBERT_EVENT_ROWS] == 3);
    const albert_item *items[3];
    size_t count = 0;
    for (size_t row = 0; row < 3; row++)
        CHECK(albert_result_items(result, row, &items[row], &count) == OK && count == 2);
    CHECK(items[0]->fields == (ALBERT_FIELD_LABEL | ALBERT_FIELD_LAYERS) && items[0]->layers >= 1);
    CHECK(items[0][0].score > items[0][1].score && items[0]->score == items[2]->score && items[0]->score != items[1]->score);
    albert_matrix matrix;
    albert_text json;
    CHECK(albert_result_items(result, 3, items, &count) == ALBERT_STATUS_ARGUMENT);
    CHECK(albert_result_vectors(result, 0, &matrix) == ALBERT_STATUS_NO_RESULT);
    CHECK(albert_result_pooled(result, 0, &matrix) == ALBERT_STATUS_NO_RESULT);
    CHECK(albert_result_json(result, 3, &json, NULL) == ALBERT_STATUS_ARGUMENT);
    CHECK(albert_result_json(result, 1, &json, NULL) == OK && strstr(json.start, "\"layers\"") != NULL);
    albert_text again;
    CHECK(albert_result_json(result, 1, &again, NULL) == OK && again.start == json.start);
    albert_result_free(result);
    albert_result_free(NULL);
    CHECK(albert_result_rows(NULL) == 0);

    result = NULL;
    CHECK(albert_pipeline_run(pipeline, requests, 0, NULL, &result, &error) == OK && albert_result_rows(result) == 0);
    albert_result_free(result);
    result = NULL;
    watch.proceed = end_now;
    CHECK(albert_pipeline_run(pipeline, requests, 1, &watch, &result, &error) == ALBERT_STATUS_CANCELLED);
    failed(ALBERT_STATUS_CANCELLED, error, "cancelled");
    CHECK(albert_pipeline_run(pipeline, requests, 3, &watch, &result, &error) == ALBERT_STATUS_CANCELLED);
    failed(ALBERT_STATUS_CANCELLED, error, "cancelled");
    requests[1].text = albert_text_of(" ");
    size_t row = 0;
    CHECK(albert_pipeline_run(pipeline, requests, 3, NULL, &result, &error) == ALBERT_STATUS_TEXT_EMPTY);
    CHECK(albert_error_row(error, &row) && row == 1 && albert_error_row(error, NULL));
    failed(ALBERT_STATUS_TEXT_EMPTY, error, "the text is empty");
    CHECK(albert_pipeline_run(pipeline, requests + 1, 1, NULL, &result, &error) == ALBERT_STATUS_TEXT_EMPTY);
    CHECK(!albert_error_row(error, &row));
    failed(ALBERT_STATUS_TEXT_EMPTY, error, "");
    requests[1].text = none;
    CHECK(albert_pipeline_run(pipeline, requests + 1, 1, NULL, &result, &error) == ALBERT_STATUS_TASK_REQUEST);
    failed(ALBERT_STATUS_TASK_REQUEST, error, "there is no text");
    const uint32_t beyond = UINT32_MAX;
    requests[1].input_ids = &beyond;
    requests[1].input_id_count = 1;
    CHECK(albert_pipeline_run(pipeline, requests + 1, 1, NULL, &result, &error) == ALBERT_STATUS_INPUT_ID);
    failed(ALBERT_STATUS_INPUT_ID, error, "beyond the vocabulary");
    CHECK(albert_pipeline_run(pipeline, requests, SIZE_MAX, NULL, &result, NULL) == ALBERT_STATUS_ARGUMENT);
    CHECK(albert_pipeline_run(pipeline, NULL, 1, NULL, &result, NULL) == ALBERT_STATUS_NULL_POINTER);
    CHECK(albert_pipeline_run(NULL, requests, 1, NULL, &result, NULL) == ALBERT_STATUS_NULL_POINTER);
    CHECK(albert_pipeline_run(pipeline, requests, 1, NULL, NULL, NULL) == ALBERT_STATUS_NULL_POINTER && result == NULL);

    CHECK(albert_pipeline_run_json(pipeline, albert_text_of("[{\"text\":\"a river\"},{\"text\":\"a sea\"}]"), NULL, &result,
                                   &error) == OK && albert_result_rows(result) == 2);
    albert_result_free(result);
    result = NULL;
    CHECK(albert_pipeline_run_json(pipeline, albert_text_of("{\"text\":"), NULL, &result, &error) ==
          ALBERT_STATUS_TASK_REQUEST);
    failed(ALBERT_STATUS_TASK_REQUEST, error, "EOF");
    CHECK(albert_pipeline_run_json(pipeline, none, NULL, &result, &error) == ALBERT_STATUS_NULL_POINTER && result == NULL);
    albert_error_free(error);
    albert_pipeline_free(pipeline);
}

/* A stream of texts, and what became of them. */
struct stream {
    const char *const *texts;
    size_t count, asked, answered, failed, stop;
    float scores[64];
};

static bool next_text(void *context, albert_request *request) {
    struct stream *stream = (struct stream *)context;
    if (stream->asked == stream->count) return false;
    CHECK(request->text.start == NULL && request->input_ids == NULL && request->choice_count == 0);
    request->text = albert_text_of(stream->texts[stream->asked++]);
    return true;
}

static bool take_label(void *context, size_t row, albert_result *result, const albert_error *error) {
    struct stream *stream = (struct stream *)context;
    CHECK(row == stream->answered && (result == NULL) == (error != NULL));
    stream->answered++;
    if (error) {
        CHECK(albert_error_status(error) == ALBERT_STATUS_TEXT_EMPTY && strstr(albert_error_message(error), "empty"));
        stream->failed++;
    } else {
        const albert_item *items = NULL;
        size_t count = 0;
        CHECK(albert_result_rows(result) == 1 && albert_result_items(result, 0, &items, &count) == OK && count == 1);
        stream->scores[row] = items[0].score;
        albert_result_free(result);
    }
    return stream->answered != stream->stop;
}

static bool no_step(void *context, uint32_t event, size_t rows) {
    (void)context;
    (void)event;
    (void)rows;
    return false;
}

static void test_streams(void) {
    static const char *const texts[] = {"a river", "the sea is wide", " ", "paris"};
    const char *many[64];
    for (size_t i = 0; i < 64; i++) many[i] = texts[i % 4];
    albert_shared_model *model = open_model("text-classification");
    albert_engine engine;
    albert_pipeline *pipeline = NULL;
    albert_error *error = NULL;
    memset(&engine, 0, sizeof engine);
    engine.threads = 3;
    engine.tile_rows = 4;
    CHECK(albert_pipeline_new(model, none, NULL, &engine, &pipeline, NULL) == OK);

    /* Every result has the bits of a run of its own, with other tiles. */
    struct stream stream = {many, 64, 0, 0, 0, 0, {0}};
    albert_stream from = {next_text, take_label, &stream};
    CHECK(albert_pipeline_run_each(pipeline, &from, NULL, &error) == OK && error == NULL);
    CHECK(stream.asked == 64 && stream.answered == 64 && stream.failed == 16);
    albert_pipeline *alone = NULL;
    CHECK(albert_pipeline_new(model, none, NULL, NULL, &alone, NULL) == OK);
    for (size_t i = 0; i < 64; i++) {
        if (i % 4 == 2) continue;
        albert_request request;
        albert_result *result = NULL;
        const albert_item *items = NULL;
        size_t count = 0;
        memset(&request, 0, sizeof request);
        request.text = albert_text_of(many[i]);
        CHECK(albert_pipeline_run(alone, &request, 1, NULL, &result, NULL) == OK);
        CHECK(albert_result_items(result, 0, &items, &count) == OK && items[0].score == stream.scores[i]);
        albert_result_free(result);
    }
    albert_pipeline_free(alone);

    /* Ended by the caller: at most 16 requests for each thread were asked for, and those in hand. */
    struct stream stopped = {many, 64, 0, 0, 0, 2, {0}};
    from.context = &stopped;
    CHECK(albert_pipeline_run_each(pipeline, &from, NULL, &error) == ALBERT_STATUS_CANCELLED && stopped.answered == 2);
    CHECK(stopped.asked <= 2 + 16 * 3 + 3);
    failed(ALBERT_STATUS_CANCELLED, error, "cancelled");
    struct stream watched = {many, 64, 0, 0, 0, 0, {0}};
    from.context = &watched;
    albert_watch watch = {no_step, NULL};
    CHECK(albert_pipeline_run_each(pipeline, &from, &watch, NULL) == ALBERT_STATUS_CANCELLED && watched.answered == 0);

    /* What cannot be read ends the stream after what came before. */
    static const char *const wrong[] = {"a river", "\xff", "the sea"};
    struct stream broken = {wrong, 3, 0, 0, 0, 0, {0}};
    from.context = &broken;
    size_t row = 0;
    CHECK(albert_pipeline_run_each(pipeline, &from, NULL, &error) == ALBERT_STATUS_TEXT_NOT_UTF8);
    CHECK(albert_error_row(error, &row) && row == 1 && broken.answered == 1 && broken.asked == 2);
    albert_error_free(error);

    from.take = NULL;
    CHECK(albert_pipeline_run_each(pipeline, &from, NULL, NULL) == ALBERT_STATUS_NULL_POINTER);
    CHECK(albert_pipeline_run_each(pipeline, NULL, NULL, NULL) == ALBERT_STATUS_NULL_POINTER);
    CHECK(albert_pipeline_run_each(NULL, &from, NULL, NULL) == ALBERT_STATUS_NULL_POINTER);
    albert_pipeline_free(pipeline);
    albert_shared_model_free(model);
}

/* Scores of the choices, with an engine. */
static void choose(const albert_shared_model *model, const albert_engine *engine, float scores[3]) {
    static const albert_text choices[] = {ALBERT_TEXT("a river"), ALBERT_TEXT("the sea is wide"), ALBERT_TEXT("paris")};
    albert_pipeline *pipeline = NULL;
    albert_request request;
    albert_result *result = NULL;
    const albert_item *items = NULL;
    size_t count = 0;
    memset(&request, 0, sizeof request);
    request.text = albert_text_of("what is it");
    request.choices = choices;
    request.choice_count = 3;
    CHECK(albert_pipeline_new(model, none, NULL, engine, &pipeline, NULL) == OK);
    CHECK(albert_pipeline_run(pipeline, &request, 1, NULL, &result, NULL) == OK);
    CHECK(albert_result_items(result, 0, &items, &count) == OK && count == 3);
    for (size_t i = 0; i < 3; i++) scores[items[i].index] = items[i].score;
    albert_result_free(result);
    albert_pipeline_free(pipeline);
}

/* Together or one by one, with small tiles or large ones: the same bits. */
static void test_tiles_and_groups(void) {
    albert_shared_model *model = open_model("multiple-choice");
    float expected[3], scores[3];
    choose(model, NULL, expected);
    for (size_t group = 0; group < 3; group++) {
        for (size_t rows = 0; rows <= 128; rows += 32) {
            albert_engine engine;
            memset(&engine, 0, sizeof engine);
            engine.tile_rows = rows;
            engine.group_tokens = group;
            choose(model, &engine, scores);
            CHECK(memcmp(scores, expected, sizeof scores) == 0);
        }
    }
    albert_shared_model_free(model);
}

static void test_limits(void) {
    albert_shared_model *model = open_model("text-classification");
    albert_engine engine;
    albert_request request;
    albert_pipeline *pipeline = NULL;
    albert_result *result = NULL;
    albert_error *error = NULL;
    memset(&engine, 0, sizeof engine);
    memset(&request, 0, sizeof request);
    engine.memory_limit = 10000;
    engine.layers = 1;
    engine.kernels = albert_text_of("scalar");
    engine.release_pages = true;
    request.text = albert_text_of("the river");
    CHECK(albert_pipeline_new(model, none, NULL, &engine, &pipeline, &error) == OK);
    CHECK(albert_pipeline_run(pipeline, &request, 1, NULL, &result, &error) == ALBERT_STATUS_MEMORY_LIMIT);
    failed(ALBERT_STATUS_MEMORY_LIMIT, error, "10000");
    albert_pipeline_free(pipeline);
    albert_shared_model_free(model);
}

int main(int arguments, char **argument) {
    CHECK(arguments == 2);
    folder = argument[1];
    CHECK(albert_abi_version() == ALBERT_ABI_VERSION);
    CHECK(albert_error_status(NULL) == OK && *albert_error_message(NULL) == 0 && !albert_error_row(NULL, NULL));
    albert_error_free(NULL);
    test_model();
    test_memory();
    test_head();
    test_options();
    test_runs();
    test_streams();
    test_tiles_and_groups();
    test_limits();
    printf("all checks passed\n");
    return 0;
}
