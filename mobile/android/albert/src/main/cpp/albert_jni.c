/* Java's native functions over albert.h. Java memory is copied; the model's file is used in place when it is aligned. */
#include <albert.h>
#include <jni.h>

#include <stdlib.h>
#include <string.h>

/* One allocation a session: handles, then the arena, then a copy of the file if it must be moved. */
typedef struct {
    union { uint64_t align; uint8_t bytes[ALBERT_MODEL_BYTES]; } model_memory;
    union { uint64_t align; uint8_t bytes[ALBERT_SESSION_BYTES]; } session_memory;
    const albert_model *model;
    albert_session *session;
    void *arena;
    void *file_copy;
} state;

static void *aligned_memory(size_t bytes, void **block) {
    *block = malloc(bytes + ALBERT_ARENA_ALIGN);
    if (*block == NULL) return NULL;
    return (void *)(((uintptr_t)*block + ALBERT_ARENA_ALIGN - 1) / ALBERT_ARENA_ALIGN * ALBERT_ARENA_ALIGN);
}

static void throw_status(JNIEnv *env, albert_status status) {
    jclass class = (*env)->FindClass(env, "java/lang/IllegalArgumentException");
    if (class != NULL) (*env)->ThrowNew(env, class, albert_status_name(status));
}

static void throw_memory(JNIEnv *env) {
    jclass class = (*env)->FindClass(env, "java/lang/OutOfMemoryError");
    if (class != NULL) (*env)->ThrowNew(env, class, "albert");
}

static void release(state *s) {
    free(s->arena);
    free(s->file_copy);
    free(s);
}

JNIEXPORT jlong JNICALL Java_io_github_albertedge_NativeAlbert_open(JNIEnv *env, jclass class, jobject buffer,
                                                                    jint max_tokens) {
    (void)class;
    const uint8_t *file = (*env)->GetDirectBufferAddress(env, buffer);
    jlong capacity = (*env)->GetDirectBufferCapacity(env, buffer);
    if (file == NULL || capacity < 0 || max_tokens < 1) {
        throw_status(env, ALBERT_STATUS_ARGUMENT);
        return 0;
    }
    size_t file_bytes = (size_t)capacity;
    state *s = calloc(1, sizeof *s);
    if (s == NULL) {
        throw_memory(env);
        return 0;
    }
    if ((uintptr_t)file % ALBERT_ARENA_ALIGN != 0) {
        void *copy = aligned_memory(file_bytes, &s->file_copy);
        if (copy == NULL) {
            release(s);
            throw_memory(env);
            return 0;
        }
        file = memcpy(copy, file, file_bytes);
    }
    albert_plan plan = {(uint32_t)max_tokens, 0, 0};
    size_t arena_bytes = 0;
    albert_status status =
        albert_model_init(&s->model_memory, sizeof s->model_memory, file, file_bytes, &s->model, NULL);
    if (status == ALBERT_STATUS_OK) status = albert_arena_bytes(s->model, &plan, &arena_bytes);
    if (status == ALBERT_STATUS_OK) {
        uint8_t *arena = aligned_memory(arena_bytes, &s->arena);
        if (arena == NULL) {
            release(s);
            throw_memory(env);
            return 0;
        }
        status = albert_session_init(&s->session_memory, sizeof s->session_memory, s->model, &plan, arena, arena_bytes, NULL,
                                     &s->session, NULL);
    }
    if (status != ALBERT_STATUS_OK) {
        release(s);
        throw_status(env, status);
        return 0;
    }
    return (jlong)(uintptr_t)s;
}

JNIEXPORT void JNICALL Java_io_github_albertedge_NativeAlbert_close(JNIEnv *env, jclass class, jlong handle) {
    (void)env;
    (void)class;
    if (handle != 0) release((state *)(uintptr_t)handle);
}

JNIEXPORT jfloatArray JNICALL Java_io_github_albertedge_NativeAlbert_scores(JNIEnv *env, jclass class, jlong handle,
                                                                            jbyteArray text, jbyteArray pair) {
    (void)class;
    state *s = (state *)(uintptr_t)handle;
    jbyte *first = (*env)->GetByteArrayElements(env, text, NULL);
    jbyte *second = pair == NULL ? NULL : (*env)->GetByteArrayElements(env, pair, NULL);
    albert_status status = ALBERT_STATUS_NULL_POINTER;
    if (first != NULL && (pair == NULL || second != NULL)) {
        size_t first_bytes = (size_t)(*env)->GetArrayLength(env, text);
        size_t second_bytes = pair == NULL ? 0 : (size_t)(*env)->GetArrayLength(env, pair);
        status = albert_session_start_text(s->session, (const char *)first, first_bytes, (const char *)second, second_bytes,
                                           NULL, NULL);
    }
    if (first != NULL) (*env)->ReleaseByteArrayElements(env, text, first, JNI_ABORT);
    if (second != NULL) (*env)->ReleaseByteArrayElements(env, pair, second, JNI_ABORT);
    const float *scores = NULL;
    size_t count = 0;
    if (status == ALBERT_STATUS_OK) status = albert_session_finish(s->session);
    if (status == ALBERT_STATUS_OK) status = albert_session_scores(s->session, &scores, &count);
    if (status != ALBERT_STATUS_OK) {
        throw_status(env, status);
        return NULL;
    }
    jfloatArray result = (*env)->NewFloatArray(env, (jsize)count);
    if (result != NULL) (*env)->SetFloatArrayRegion(env, result, 0, (jsize)count, scores);
    return result;
}

JNIEXPORT jbyteArray JNICALL Java_io_github_albertedge_NativeAlbert_label(JNIEnv *env, jclass class, jlong handle,
                                                                          jint index) {
    (void)class;
    const state *s = (const state *)(uintptr_t)handle;
    const char *label;
    size_t bytes;
    if (index < 0 || albert_model_label(s->model, (size_t)index, &label, &bytes) != ALBERT_STATUS_OK) return NULL;
    jbyteArray result = (*env)->NewByteArray(env, (jsize)bytes);
    if (result != NULL) (*env)->SetByteArrayRegion(env, result, 0, (jsize)bytes, (const jbyte *)label);
    return result;
}
