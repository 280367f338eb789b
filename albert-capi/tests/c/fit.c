/* Fits a classifier on the lines of standard input, a label, a tab and a text, on the encoder that is named on the command line.
 * Prints what came out: the labels, figures, and the bytes of the files. */
#include <albert_fit.h>

#include "check.h"

#define OK ALBERT_STATUS_OK
#define MOST 64

static const albert_text none = {NULL, 0};
static char lines[MOST][256];
static albert_text labels[MOST];
static albert_example examples[MOST];

static size_t read_examples(void) {
    size_t count = 0;
    while (count < MOST && fgets(lines[count], sizeof lines[count], stdin) != NULL) {
        char *tab = strchr(lines[count], '\t'), *end = strchr(lines[count], '\n');
        CHECK(tab != NULL && end != NULL);
        *tab = *end = 0;
        labels[count] = albert_text_of(lines[count]);
        examples[count].text = albert_text_of(tab + 1);
        examples[count].labels = &labels[count];
        examples[count].label_count = 1;
        count++;
    }
    return count;
}

static void print_file(const char *name, const uint8_t *bytes, size_t count) {
    printf("%s\t", name);
    for (size_t index = 0; index < count; index++) printf("%02x", bytes[index]);
    printf("\n");
}

/* Progress that was told, and when to end. */
typedef struct { size_t rows, folds, end; } follower;

static bool follow(void *context, uint32_t event, size_t done) {
    follower *of = (follower *)context;
    size_t *most = event == ALBERT_EVENT_ROWS ? &of->rows : &of->folds;
    CHECK(event == ALBERT_EVENT_ROWS || event == ALBERT_EVENT_FOLDS);
    if (done > *most) *most = done;
    return of->end == 0 || done < of->end;
}

static void failed(albert_status status, albert_status expected, albert_error **error, const char *words) {
    CHECK(status == expected && albert_error_status(*error) == expected);
    CHECK(strstr(albert_error_message(*error), words) != NULL);
    albert_error_free(*error);
    *error = NULL;
}

static void refused(const albert_shared_model *model, size_t count) {
    albert_fitted *fitted = NULL;
    albert_error *error = NULL;
    size_t row = 0;
    failed(albert_fit(model, examples, 1, NULL, NULL, &fitted, &error), ALBERT_STATUS_TASK_REQUEST, &error, "two");
    failed(albert_fit(model, NULL, 0, NULL, NULL, &fitted, &error), ALBERT_STATUS_TASK_REQUEST, &error, "0 different labels");
    albert_example without = examples[1];
    examples[1].text = none;
    CHECK(albert_fit(model, examples, count, NULL, NULL, &fitted, &error) == ALBERT_STATUS_NULL_POINTER);
    CHECK(albert_error_row(error, &row) && row == 1);
    albert_error_free(error);
    examples[1] = without;
    albert_fit_options options;
    memset(&options, 0, sizeof options);
    options.strength = -1;
    failed(albert_fit(model, examples, count, &options, NULL, &fitted, &error), ALBERT_STATUS_TASK_OPTION, &error, "strength");
    options.strength = 0;
    options.folds = 1;
    failed(albert_fit(model, examples, count, &options, NULL, &fitted, &error), ALBERT_STATUS_TASK_OPTION, &error, "folds");
    options.folds = 0;
    options.pooling = albert_text_of("worst");
    failed(albert_fit(model, examples, count, &options, NULL, &fitted, &error), ALBERT_STATUS_TASK_OPTION, &error, "worst");
    options.pooling = none;
    options.out_of_scope_label = albert_text_of("nothing");
    failed(albert_fit(model, examples, count, &options, NULL, &fitted, &error), ALBERT_STATUS_TASK_OPTION, &error, "nothing");
    follower follower = {0, 0, 2};
    albert_watch watch = {follow, &follower};
    failed(albert_fit(model, examples, count, NULL, &watch, &fitted, &error), ALBERT_STATUS_CANCELLED, &error, "stopped");
    failed(albert_fit_json(model, albert_text_of("[{\"text\": \"a\"}]"), none, NULL, &fitted, &error),
           ALBERT_STATUS_TASK_REQUEST, &error, "missing");
    failed(albert_fit_json(model, albert_text_of("[]"), albert_text_of("{\"fold\": 1}"), NULL, &fitted, &error),
           ALBERT_STATUS_TASK_OPTION, &error, "fold");
    CHECK(albert_fit(NULL, examples, count, NULL, NULL, &fitted, NULL) == ALBERT_STATUS_NULL_POINTER);
    CHECK(fitted == NULL);
    albert_fitted_free(NULL);
}

int main(int arguments, char **argument) {
    CHECK(arguments == 2);
    albert_error *error = NULL;
    albert_shared_model *model = NULL, *own = NULL;
    CHECK(albert_shared_model_open(albert_text_of(argument[1]), &model, &error) == OK);
    size_t count = read_examples();
    refused(model, count);

    albert_fit_options options;
    memset(&options, 0, sizeof options);
    options.folds = 3;
    follower follower = {0, 0, 0};
    albert_watch watch = {follow, &follower};
    albert_fitted *fitted = NULL;
    CHECK(albert_fit(model, examples, count, &options, &watch, &fitted, &error) == OK && error == NULL);
    CHECK(follower.rows == count && follower.folds % 3 == 0 && follower.folds > 0);

    const albert_text *names = NULL;
    size_t found = 0;
    CHECK(albert_fitted_labels(fitted, &names, &found) == OK);
    for (size_t index = 0; index < found; index++) printf("label\t%s\n", names[index].start);
    albert_fit_report report;
    CHECK(albert_fitted_report(fitted, &report) == OK && report.examples == count && !report.multi_label);
    printf("report\t%s\t%.17g\t%.17g\t%.17g\n", report.pooling.start, report.accuracy, report.macro_f1, report.temperature);
    albert_text json = none;
    CHECK(albert_fitted_report_json(fitted, &json, &error) == OK && json.start[json.bytes] == 0);
    printf("json\t%s\n", json.start);
    const uint8_t *head = NULL, *again = NULL, *file = NULL;
    size_t bytes = 0, more = 0;
    CHECK(albert_fitted_head_file(fitted, ALBERT_WEIGHTS_F32, &head, &bytes, &error) == OK);
    print_file("head-f32", head, bytes);
    CHECK(albert_fitted_head_file(fitted, ALBERT_WEIGHTS_INT8, &head, &bytes, &error) == OK);
    CHECK(albert_fitted_head_file(fitted, ALBERT_WEIGHTS_INT8, &again, &more, &error) == OK && again == head && more == bytes);
    print_file("head", head, bytes);
    CHECK(albert_fitted_head_file(fitted, 2, &again, &more, NULL) == ALBERT_STATUS_ARGUMENT);
    CHECK(albert_shared_model_with_head(model, head, bytes, &own, &error) == OK);
    CHECK(albert_shared_model_labels(own, &names, &more) == OK && more == found);
    albert_shared_model_free(own);
    own = NULL;
    CHECK(albert_fitted_model_file(fitted, ALBERT_WEIGHTS_INT8, &file, &bytes, &error) == OK);
    CHECK(albert_shared_model_from_bytes(file, bytes, &own, &error) == OK);
    CHECK(albert_shared_model_verify_checksum(own, &error) == OK);
    print_file("model", file, bytes);
    albert_fitted_free(fitted);
    albert_shared_model_free(own);

    options.portable = true;
    CHECK(albert_fit(model, examples, count, &options, NULL, &fitted, &error) == OK);
    CHECK(albert_fitted_head_file(fitted, ALBERT_WEIGHTS_INT8, &head, &bytes, &error) == OK);
    print_file("portable", head, bytes);
    albert_fitted_free(fitted);
    albert_shared_model_free(model);
    return 0;
}
