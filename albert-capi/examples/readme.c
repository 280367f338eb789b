#include <albert.h>
#include <stdio.h>
#include <string.h>

/* `file` is the model, at a multiple of 64 bytes: in flash, or mapped. */
int classify(const uint8_t *file, size_t file_bytes, const char *text) {
    static uint64_t model_memory[ALBERT_MODEL_BYTES / 8], session_memory[ALBERT_SESSION_BYTES / 8];
    static _Alignas(ALBERT_ARENA_ALIGN) uint8_t arena[160 * 1024];
    const albert_plan plan = {32, 0, 0, 0}; /* texts of up to 32 tokens */
    const albert_model *model;
    albert_session *session;
    const float *scores;
    size_t count, best = 0, label_bytes;
    const char *label;
    int status;

    if ((status = albert_model_init(model_memory, sizeof model_memory, file, file_bytes, &model, NULL)) ||
        (status = albert_session_init(session_memory, sizeof session_memory, model, &plan, arena, sizeof arena, NULL,
                                      &session, NULL)) ||
        (status = albert_session_start_text(session, text, strlen(text), NULL, 0, NULL, NULL)) ||
        (status = albert_session_finish(session)) || (status = albert_session_scores(session, &scores, &count))) {
        return status;
    }
    for (size_t i = 1; i < count; i++) {
        if (scores[i] > scores[best]) best = i;
    }
    status = albert_model_label(model, best, &label, &label_bytes);
    if (status == ALBERT_STATUS_OK) printf("%.*s %.4f\n", (int)label_bytes, label, scores[best]);
    return status;
}
