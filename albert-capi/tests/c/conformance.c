/* Runs cases through the typed interface of albert_tasks.h and prints what comes out, to the bit.
 *
 * Standard input has a word a line and tabs between it and its values: model PATH, head PATH, task NAME, option NAME VALUE,
 * request NAME VALUE, run. Lists have a line for each element. Both `run` and `twice` end a case; the latter runs it as
 * two requests. */
#include <albert_tasks.h>

#include <stdio.h>
#include <stdlib.h>

#define MOST 64

/* The case at hand. Texts are copies that live until it ends. */
struct list { albert_text texts[MOST]; size_t count; };
struct ids { uint32_t values[MOST]; size_t count; };
static struct {
    char *copies[4 * MOST];
    size_t copied;
    char *model, *head, *task;
    albert_options options;
    albert_request request;
    struct list option_labels, option_targets, choices, targets, labels, documents;
    struct ids input_ids, token_types;
} now;

static void fail(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static void check(albert_status status, albert_error *error) {
    if (status != ALBERT_STATUS_OK) fail(albert_status_name(status), albert_error_message(error));
}

static char *copy(const char *text) {
    char *made = (char *)malloc(strlen(text) + 1);
    if (made == NULL || now.copied == sizeof now.copies / sizeof *now.copies) fail(text, "no room");
    now.copies[now.copied++] = made;
    return strcpy(made, text);
}

static void add(struct list *list, const char *value) {
    if (list->count == MOST) fail(value, "too many");
    list->texts[list->count++] = albert_text_of(copy(value));
}

static void add_id(struct ids *ids, const char *value) {
    if (ids->count == MOST) fail(value, "too many");
    ids->values[ids->count++] = (uint32_t)strtoul(value, NULL, 10);
}

static bool is(const char *a, const char *b) { return strcmp(a, b) == 0; }

static bool set_number(albert_number *number, const char *value) {
    number->given = true;
    number->value = (size_t)strtoul(value, NULL, 10);
    return true;
}

static bool set_text(albert_text *text, const char *value) {
    *text = albert_text_of(copy(value));
    return true;
}

static bool set_flag(uint32_t *flag, const char *value) {
    *flag = is(value, "true") ? ALBERT_YES : ALBERT_NO;
    return true;
}

static bool set_option(const char *name, const char *value) {
    albert_options *to = &now.options;
    if (is(name, "top_k")) return set_number(&to->top_k, value);
    if (is(name, "stride")) return set_number(&to->stride, value);
    if (is(name, "max_seq_len")) return set_number(&to->max_seq_len, value);
    if (is(name, "doc_stride")) return set_number(&to->doc_stride, value);
    if (is(name, "max_answer_len")) return set_number(&to->max_answer_len, value);
    if (is(name, "max_length")) return set_number(&to->max_length, value);
    if (is(name, "function_to_apply")) return set_text(&to->function_to_apply, value);
    if (is(name, "hypothesis_template")) return set_text(&to->hypothesis_template, value);
    if (is(name, "entailment_label")) return set_text(&to->entailment_label, value);
    if (is(name, "aggregation_strategy")) return set_text(&to->aggregation_strategy, value);
    if (is(name, "truncation")) return set_text(&to->truncation, value);
    if (is(name, "multi_label")) return set_flag(&to->multi_label, value);
    if (is(name, "align_to_words")) return set_flag(&to->align_to_words, value);
    if (is(name, "handle_impossible_answer")) return set_flag(&to->handle_impossible_answer, value);
    if (is(name, "normalize")) return set_flag(&to->normalize, value);
    if (is(name, "candidate_labels")) return add(&now.option_labels, value), true;
    if (is(name, "targets")) return add(&now.option_targets, value), true;
    return false;
}

static bool set_request(const char *name, const char *value) {
    albert_request *to = &now.request;
    if (is(name, "text")) return set_text(&to->text, value);
    if (is(name, "text_pair")) return set_text(&to->text_pair, value);
    if (is(name, "question")) return set_text(&to->question, value);
    if (is(name, "context")) return set_text(&to->context, value);
    if (is(name, "choices")) return add(&now.choices, value), true;
    if (is(name, "targets")) return add(&now.targets, value), true;
    if (is(name, "candidate_labels")) return add(&now.labels, value), true;
    if (is(name, "documents")) return add(&now.documents, value), true;
    if (is(name, "input_ids")) return add_id(&now.input_ids, value), true;
    if (is(name, "token_type_ids")) return add_id(&now.token_types, value), true;
    return false;
}

static void complete(void) {
    now.options.candidate_labels = now.option_labels.texts;
    now.options.candidate_label_count = now.option_labels.count;
    now.options.targets = now.option_targets.texts;
    now.options.target_count = now.option_targets.count;
    now.request.choices = now.choices.texts;
    now.request.choice_count = now.choices.count;
    now.request.targets = now.targets.texts;
    now.request.target_count = now.targets.count;
    now.request.candidate_labels = now.labels.texts;
    now.request.candidate_label_count = now.labels.count;
    now.request.documents = now.documents.texts;
    now.request.document_count = now.documents.count;
    now.request.input_ids = now.input_ids.values;
    now.request.input_id_count = now.input_ids.count;
    now.request.token_type_ids = now.token_types.count > 0 ? now.token_types.values : NULL;
}

static void print_text(albert_text text) {
    if (text.start != NULL && strlen(text.start) != text.bytes) fail(text.start, "no zero byte behind it");
    printf("\t%s", text.start == NULL ? "" : text.start);
}

static void print_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    printf("\t%08lx", (unsigned long)bits);
}

static void print_matrix(const char *name, albert_matrix matrix) {
    printf("%s\t%lu\t%lu", name, (unsigned long)matrix.rows, (unsigned long)matrix.columns);
    for (size_t index = 0; index < matrix.rows * matrix.columns; index++) print_bits(matrix.values[index]);
    printf("\n");
}

static void print_row(const albert_result *result, size_t row) {
    const albert_item *items = NULL;
    size_t count = 0;
    check(albert_result_items(result, row, &items, &count), NULL);
    for (size_t index = 0; index < count; index++) {
        const albert_item *item = &items[index];
        printf("item\t%lu", (unsigned long)item->fields);
        print_text(item->label);
        print_text(item->text);
        print_text(item->sequence);
        printf("\t%lu\t%lu\t%lu", (unsigned long)item->start, (unsigned long)item->end, (unsigned long)item->index);
        print_bits(item->score);
        printf("\t%lu\t%lu\n", (unsigned long)item->token, (unsigned long)item->layers);
    }
    albert_matrix matrix;
    if (albert_result_vectors(result, row, &matrix) == ALBERT_STATUS_OK) print_matrix("vectors", matrix);
    if (albert_result_pooled(result, row, &matrix) == ALBERT_STATUS_OK) print_matrix("pooled", matrix);
    albert_text json;
    albert_error *error = NULL;
    check(albert_result_json(result, row, &json, &error), error);
    printf("json\t%s\n", json.start);
}

static void run(size_t times) {
    albert_shared_model *model = NULL;
    albert_pipeline *pipeline = NULL;
    albert_result *result = NULL;
    albert_error *error = NULL;
    complete();
    check(albert_shared_model_open(albert_text_of(now.model), &model, &error), error);
    if (now.head != NULL) {
        albert_shared_model *encoder = model;
        check(albert_shared_model_with_head_file(encoder, albert_text_of(now.head), &model, &error), error);
        albert_shared_model_free(encoder);
    }
    check(albert_pipeline_new(model, albert_text_of(now.task), &now.options, NULL, &pipeline, &error), error);
    albert_shared_model_free(model);
    albert_request requests[2] = {now.request, now.request};
    check(albert_pipeline_run(pipeline, requests, times, NULL, &result, &error), error);
    albert_pipeline_free(pipeline);
    if (albert_result_rows(result) != times) fail("rows", "not one for each request");
    for (size_t row = 0; row < times; row++) print_row(result, row);
    printf("end\n");
    albert_result_free(result);
    for (size_t index = 0; index < now.copied; index++) free(now.copies[index]);
    memset(&now, 0, sizeof now);
}

int main(void) {
    static char line[1 << 16];
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = 0;
        char *name = line + strcspn(line, "\t");
        if (*name != 0) *name++ = 0;
        char *value = name + strcspn(name, "\t");
        if (*value != 0) *value++ = 0;
        if (is(line, "model")) now.model = copy(name);
        else if (is(line, "head")) now.head = copy(name);
        else if (is(line, "task")) now.task = copy(name);
        else if (is(line, "run")) run(1);
        else if (is(line, "twice")) run(2);
        else if (is(line, "option") ? !set_option(name, value) : !is(line, "request") || !set_request(name, value))
            fail(line, name);
    }
    return 0;
}
