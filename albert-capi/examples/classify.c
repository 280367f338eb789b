/*
 * Classifies each line of standard input and prints what `albert run MODEL --json` prints.
 *
 *   cc -std=c99 classify.c -I ../include -L ../../target/release -lalbert -o classify
 *   echo "what is my balance" | ./classify MODEL
 */
#include <albert.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TOKENS 128

/* Prints what failed and ends the program. */
static void fail(const char *what, albert_status status, uint64_t detail) {
    fprintf(stderr, "classify: %s: %s (%llu)\n", what, albert_status_name(status), (unsigned long long)detail);
    exit(1);
}

/* Memory that starts at a multiple of 64; `block` is what to free. */
static uint8_t *aligned_memory(size_t bytes, void **block) {
    *block = malloc(bytes + ALBERT_ARENA_ALIGN);
    if (*block == NULL) {
        fprintf(stderr, "classify: out of memory\n");
        exit(1);
    }
    return (uint8_t *)(((uintptr_t)*block + ALBERT_ARENA_ALIGN - 1) / ALBERT_ARENA_ALIGN * ALBERT_ARENA_ALIGN);
}

/* Reads a whole file. */
static uint8_t *read_file(const char *path, size_t *bytes, void **block) {
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        fprintf(stderr, "classify: cannot read %s\n", path);
        exit(1);
    }
    long length = ftell(file);
    rewind(file);
    uint8_t *memory = aligned_memory((size_t)length, block);
    *bytes = fread(memory, 1, (size_t)length, file);
    fclose(file);
    return memory;
}

/* Prints a string as JSON. */
static void print_string(const char *text, size_t bytes) {
    putchar('"');
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\') {
            printf("\\%c", c);
        } else if (c < 0x20) {
            printf("\\u%04x", c);
        } else {
            putchar(c);
        }
    }
    putchar('"');
}

/* Prints the shortest decimal number that reads back as the same float. */
static void print_float(float value) {
    char text[32];
    for (int digits = 1; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value) break;
    }
    printf(strpbrk(text, ".e") == NULL ? "%s.0" : "%s", text);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: classify MODEL < TEXTS\n");
        return 2;
    }
    uint64_t detail = 0;
    void *file_block, *arena_block;
    size_t file_bytes;
    const uint8_t *file = read_file(argv[1], &file_bytes, &file_block);

    /* Handles live wherever the program likes: here on the stack. */
    union { uint64_t align; uint8_t bytes[ALBERT_MODEL_BYTES]; } model_memory;
    union { uint64_t align; uint8_t bytes[ALBERT_SESSION_BYTES]; } session_memory;

    const albert_model *model;
    albert_status status = albert_model_init(&model_memory, sizeof model_memory, file, file_bytes, &model, &detail);
    if (status != ALBERT_STATUS_OK) fail(argv[1], status, detail);

    albert_plan plan = {MAX_TOKENS, 0, 0, 0};
    size_t arena_bytes;
    status = albert_arena_bytes(model, &plan, &arena_bytes);
    if (status != ALBERT_STATUS_OK) fail("arena", status, 0);
    uint8_t *arena = aligned_memory(arena_bytes, &arena_block);

    albert_session *session;
    status = albert_session_init(&session_memory, sizeof session_memory, model, &plan, arena, arena_bytes, NULL, &session,
                                 &detail);
    if (status != ALBERT_STATUS_OK) fail("session", status, detail);

    char line[4096];
    for (unsigned long row = 1; fgets(line, sizeof line, stdin) != NULL; row++) {
        size_t length = strcspn(line, "\r\n");
        status = albert_session_start_text(session, line, length, NULL, 0, NULL, &detail);
        if (status != ALBERT_STATUS_OK) fail("text", status, detail);
        while ((status = albert_session_step(session)) == ALBERT_STATUS_RUNNING) {
            /* A device would feed its watchdog here. */
        }
        if (status != ALBERT_STATUS_OK) fail("step", status, 0);

        const float *scores;
        size_t count, best = 0;
        status = albert_session_scores(session, &scores, &count);
        if (status != ALBERT_STATUS_OK) fail("scores", status, 0);
        for (size_t i = 1; i < count; i++) {
            if (scores[i] > scores[best]) best = i;
        }
        const char *label;
        size_t label_bytes;
        char unnamed[24];
        if (albert_model_label(model, best, &label, &label_bytes) != ALBERT_STATUS_OK) {
            label_bytes = (size_t)snprintf(unnamed, sizeof unnamed, "LABEL_%lu", (unsigned long)best);
            label = unnamed;
        }
        printf("{\"label\":");
        print_string(label, label_bytes);
        printf(",\"score\":");
        print_float(scores[best]);
        printf(",\"row\":%lu}\n", row);
    }
    free(arena_block);
    free(file_block);
    return 0;
}
