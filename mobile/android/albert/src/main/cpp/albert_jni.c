/* Java's native functions over albert_tasks.h and albert_fit.h, and the prototypes of albert.h. Requests and options come as JSON; results go back packed in one byte array, as
 * Packed.java reads them. Texts are UTF-8 in byte arrays: Java's own encoding for native code is not UTF-8. */
#include <albert_fit.h>
#include <jni.h>

#include <stdlib.h>

#define NATIVE(name) JNICALL Java_io_github_albertedge_NativeAlbert_##name

/* Throws the Java exception that NativeAlbert.failure makes, and frees the error. */
static void throw_failure(JNIEnv *env, albert_status status, albert_error *error) {
    const char *message = error == NULL ? albert_status_name(status) : albert_error_message(error);
    size_t row = 0;
    jlong at = albert_error_row(error, &row) ? (jlong)row : -1;
    jsize bytes = (jsize)strlen(message);
    jbyteArray text = (*env)->NewByteArray(env, bytes);
    if (text != NULL) {
        (*env)->SetByteArrayRegion(env, text, 0, bytes, (const jbyte *)message);
        jclass class = (*env)->FindClass(env, "io/github/albertedge/NativeAlbert");
        jmethodID make = class == NULL ? NULL
            : (*env)->GetStaticMethodID(env, class, "failure", "(I[BJ)Ljava/lang/RuntimeException;");
        jobject failure = make == NULL ? NULL : (*env)->CallStaticObjectMethod(env, class, make, (jint)status, text, at);
        if (failure != NULL && !(*env)->ExceptionCheck(env)) (*env)->Throw(env, (jthrowable)failure);
    }
    albert_error_free(error);
}

/* A byte array as a text; null is no text. False with a Java exception when there is no memory. */
static bool borrow(JNIEnv *env, jbyteArray array, albert_text *text) {
    text->start = NULL;
    text->bytes = 0;
    if (array == NULL) return true;
    text->start = (const char *)(*env)->GetByteArrayElements(env, array, NULL);
    text->bytes = (size_t)(*env)->GetArrayLength(env, array);
    return text->start != NULL;
}

static void give_back(JNIEnv *env, jbyteArray array, albert_text text) {
    if (text.start != NULL) (*env)->ReleaseByteArrayElements(env, array, (jbyte *)text.start, JNI_ABORT);
}

/* Bytes one after the other. Without memory, it only counts them. */
typedef struct { uint8_t *bytes; size_t length; } packer;

static void pack(packer *to, const void *from, size_t count) {
    if (to->bytes != NULL && count > 0) memcpy(to->bytes + to->length, from, count);
    to->length += count;
}

static void pack_number(packer *to, size_t number) {
    int32_t value = (int32_t)number;
    pack(to, &value, sizeof value);
}

static void pack_text(packer *to, albert_text text) {
    pack_number(to, text.bytes);
    pack(to, text.start, text.bytes);
}

static void pack_texts(packer *to, const albert_text *texts, size_t count) {
    pack_number(to, count);
    for (size_t index = 0; index < count; index++) pack_text(to, texts[index]);
}

static void pack_matrix(packer *to, albert_matrix matrix) {
    pack_number(to, matrix.rows);
    pack_number(to, matrix.columns);
    pack(to, matrix.values, matrix.rows * matrix.columns * sizeof *matrix.values);
}

static void pack_item(packer *to, const albert_item *item) {
    pack_number(to, item->fields);
    pack(to, &item->score, sizeof item->score);
    pack_number(to, item->start);
    pack_number(to, item->end);
    pack_number(to, item->index);
    pack_number(to, item->token);
    pack_number(to, item->layers);
    pack_text(to, item->label);
    pack_text(to, item->text);
    pack_text(to, item->sequence);
}

static void pack_result(packer *to, const void *from) {
    const albert_result *result = (const albert_result *)from;
    size_t rows = albert_result_rows(result);
    pack_number(to, rows);
    for (size_t row = 0; row < rows; row++) {
        const albert_item *items = NULL;
        size_t count = 0;
        albert_result_items(result, row, &items, &count);
        pack_number(to, count);
        for (size_t index = 0; index < count; index++) pack_item(to, &items[index]);
        albert_matrix none = {NULL, 0, 0}, vectors, pooled;
        pack_matrix(to, albert_result_vectors(result, row, &vectors) == ALBERT_STATUS_OK ? vectors : none);
        pack_matrix(to, albert_result_pooled(result, row, &pooled) == ALBERT_STATUS_OK ? pooled : none);
    }
}

static void pack_model(packer *to, const void *from) {
    const albert_shared_model *model = (const albert_shared_model *)from;
    const albert_text *labels = NULL, *tasks = NULL;
    size_t label_count = 0, task_count = 0, max_tokens = 0;
    albert_shared_model_max_tokens(model, &max_tokens);
    albert_shared_model_labels(model, &labels, &label_count);
    albert_shared_model_tasks(model, &tasks, &task_count);
    pack_number(to, max_tokens);
    pack_texts(to, labels, label_count);
    pack_texts(to, tasks, task_count);
}

/* A byte array with what `write` packs of an object; null with a Java exception when there is no memory. */
static jbyteArray packed(JNIEnv *env, void (*write)(packer *, const void *), const void *from) {
    packer to = {NULL, 0};
    write(&to, from);
    if (to.length > INT32_MAX) {
        throw_failure(env, ALBERT_STATUS_OUT_OF_MEMORY, NULL);
        return NULL;
    }
    jbyteArray array = (*env)->NewByteArray(env, (jsize)to.length);
    if (array == NULL) return NULL;
    /* No other function of Java's is called before it is released. */
    to.bytes = (uint8_t *)(*env)->GetPrimitiveArrayCritical(env, array, NULL);
    if (to.bytes == NULL) {
        throw_failure(env, ALBERT_STATUS_OUT_OF_MEMORY, NULL);
        return NULL;
    }
    void *bytes = to.bytes;
    to.length = 0;
    write(&to, from);
    (*env)->ReleasePrimitiveArrayCritical(env, array, bytes, 0);
    return array;
}

static jlong opened(JNIEnv *env, albert_status status, albert_shared_model *model, albert_error *error) {
    if (status == ALBERT_STATUS_OK) return (jlong)(uintptr_t)model;
    throw_failure(env, status, error);
    return 0;
}

JNIEXPORT jlong NATIVE(openFile)(JNIEnv *env, jclass class, jbyteArray path) {
    (void)class;
    albert_text name;
    if (!borrow(env, path, &name)) return 0;
    albert_shared_model *model = NULL;
    albert_error *error = NULL;
    albert_status status = albert_shared_model_open(name, &model, &error);
    give_back(env, path, name);
    return opened(env, status, model, error);
}

JNIEXPORT jlong NATIVE(openBytes)(JNIEnv *env, jclass class, jbyteArray bytes) {
    (void)class;
    albert_text file;
    if (!borrow(env, bytes, &file)) return 0;
    albert_shared_model *model = NULL;
    albert_error *error = NULL;
    albert_status status = albert_shared_model_from_bytes((const uint8_t *)file.start, file.bytes, &model, &error);
    give_back(env, bytes, file);
    return opened(env, status, model, error);
}

JNIEXPORT jlong NATIVE(headFile)(JNIEnv *env, jclass class, jlong encoder, jbyteArray path) {
    (void)class;
    albert_text name;
    if (!borrow(env, path, &name)) return 0;
    albert_shared_model *model = NULL;
    albert_error *error = NULL;
    albert_status status =
        albert_shared_model_with_head_file((const albert_shared_model *)(uintptr_t)encoder, name, &model, &error);
    give_back(env, path, name);
    return opened(env, status, model, error);
}

JNIEXPORT jlong NATIVE(headBytes)(JNIEnv *env, jclass class, jlong encoder, jbyteArray bytes) {
    (void)class;
    albert_text head;
    if (!borrow(env, bytes, &head)) return 0;
    albert_shared_model *model = NULL;
    albert_error *error = NULL;
    albert_status status = albert_shared_model_with_head((const albert_shared_model *)(uintptr_t)encoder,
                                                         (const uint8_t *)head.start, head.bytes, &model, &error);
    give_back(env, bytes, head);
    return opened(env, status, model, error);
}

/* A Java object that lives as long as a model reads its memory. */
typedef struct { JavaVM *vm; jobject object; } owner;

/* May be called from a thread that Java does not know. */
static void release(void *context) {
    owner *of = (owner *)context;
    JNIEnv *env = NULL;
    bool known = (*of->vm)->GetEnv(of->vm, (void **)&env, JNI_VERSION_1_6) == JNI_OK;
#ifdef __ANDROID__
    JNIEnv **attached = &env;
#else
    void **attached = (void **)&env;
#endif
    if (known || (*of->vm)->AttachCurrentThread(of->vm, attached, NULL) == JNI_OK) {
        (*env)->DeleteGlobalRef(env, of->object);
        if (!known) (*of->vm)->DetachCurrentThread(of->vm);
    }
    free(of);
}

JNIEXPORT jlong NATIVE(openBuffer)(JNIEnv *env, jclass class, jobject buffer) {
    (void)class;
    const uint8_t *bytes = (const uint8_t *)(*env)->GetDirectBufferAddress(env, buffer);
    jlong count = (*env)->GetDirectBufferCapacity(env, buffer);
    owner *of = (owner *)malloc(sizeof *of);
    if (of == NULL || bytes == NULL || count < 0) {
        free(of);
        throw_failure(env, of == NULL ? ALBERT_STATUS_OUT_OF_MEMORY : ALBERT_STATUS_ARGUMENT, NULL);
        return 0;
    }
    of->object = (*env)->NewGlobalRef(env, buffer);
    if (of->object == NULL || (*env)->GetJavaVM(env, &of->vm) != JNI_OK) {
        if (of->object != NULL) (*env)->DeleteGlobalRef(env, of->object);
        free(of);
        throw_failure(env, ALBERT_STATUS_OUT_OF_MEMORY, NULL);
        return 0;
    }
    albert_shared_model *model = NULL;
    albert_error *error = NULL;
    albert_status status = albert_shared_model_from_memory(bytes, (size_t)count, release, of, &model, &error);
    return opened(env, status, model, error);
}

JNIEXPORT jbyteArray NATIVE(describeModel)(JNIEnv *env, jclass class, jlong model) {
    (void)class;
    return packed(env, pack_model, (const void *)(uintptr_t)model);
}

JNIEXPORT void NATIVE(verifyChecksum)(JNIEnv *env, jclass class, jlong model) {
    (void)class;
    albert_error *error = NULL;
    albert_status status = albert_shared_model_verify_checksum((const albert_shared_model *)(uintptr_t)model, &error);
    if (status != ALBERT_STATUS_OK) throw_failure(env, status, error);
}

JNIEXPORT void NATIVE(freeModel)(JNIEnv *env, jclass class, jlong model) {
    (void)env;
    (void)class;
    albert_shared_model_free((albert_shared_model *)(uintptr_t)model);
}

JNIEXPORT jlong NATIVE(newPipeline)(JNIEnv *env, jclass class, jlong model, jbyteArray task, jbyteArray options, jint threads,
                                    jlong memory_limit, jbyteArray kernels, jint layers, jint early_exit,
                                    jfloat early_exit_value, jint tile_rows, jint group_tokens) {
    (void)class;
    albert_text name, json, kernel_set;
    jlong made = 0;
    if (!borrow(env, task, &name)) return 0;
    if (borrow(env, options, &json)) {
        if (borrow(env, kernels, &kernel_set)) {
            uint64_t limit = (uint64_t)memory_limit;
            albert_engine engine = {(size_t)threads, limit > SIZE_MAX ? SIZE_MAX : (size_t)limit, kernel_set,
                                    (uint32_t)layers, (uint32_t)early_exit, early_exit_value, false,
                                    (size_t)tile_rows, (size_t)group_tokens};
            albert_pipeline *pipeline = NULL;
            albert_error *error = NULL;
            albert_status status = albert_pipeline_new_json((const albert_shared_model *)(uintptr_t)model, name, json, &engine,
                                                            &pipeline, &error);
            if (status == ALBERT_STATUS_OK) made = (jlong)(uintptr_t)pipeline;
            give_back(env, kernels, kernel_set);
            if (status != ALBERT_STATUS_OK) throw_failure(env, status, error);
        }
        give_back(env, options, json);
    }
    give_back(env, task, name);
    return made;
}

/* Called from threads that Java does not know, so the flag is memory and no call of Java's. */
static bool proceed(void *cancelled, uint32_t event, size_t rows) {
    (void)event;
    (void)rows;
    return __atomic_load_n((const int32_t *)cancelled, __ATOMIC_RELAXED) == 0;
}

JNIEXPORT jbyteArray NATIVE(run)(JNIEnv *env, jclass class, jlong pipeline, jbyteArray requests, jobject cancelled) {
    (void)class;
    albert_text json;
    if (!borrow(env, requests, &json)) return NULL;
    albert_watch watch = {proceed, cancelled == NULL ? NULL : (*env)->GetDirectBufferAddress(env, cancelled)};
    albert_result *result = NULL;
    albert_error *error = NULL;
    albert_status status = albert_pipeline_run_json((const albert_pipeline *)(uintptr_t)pipeline, json,
                                                    watch.context == NULL ? NULL : &watch, &result, &error);
    give_back(env, requests, json);
    if (status != ALBERT_STATUS_OK) {
        throw_failure(env, status, error);
        return NULL;
    }
    jbyteArray array = packed(env, pack_result, result);
    albert_result_free(result);
    return array;
}

JNIEXPORT void NATIVE(freePipeline)(JNIEnv *env, jclass class, jlong pipeline) {
    (void)env;
    (void)class;
    albert_pipeline_free((albert_pipeline *)(uintptr_t)pipeline);
}

/* A classifier with the file of it that is wanted. */
typedef struct {
    const albert_fitted *fitted;
    albert_text json, file;
} own_classifier;

static void pack_fitted(packer *to, const void *from) {
    const own_classifier *of = (const own_classifier *)from;
    albert_fit_report report;
    const albert_text *labels = NULL;
    size_t count = 0;
    albert_fitted_report(of->fitted, &report);
    albert_fitted_labels(of->fitted, &labels, &count);
    double numbers[] = {report.strength, report.temperature, report.threshold, report.accuracy, report.accuracy_deviation,
                        report.macro_f1, report.macro_f1_deviation, report.calibration_error};
    pack_number(to, report.examples);
    pack_number(to, report.multi_label);
    pack_text(to, report.pooling);
    pack(to, numbers, sizeof numbers);
    pack_texts(to, labels, count);
    pack_text(to, of->json);
    pack_text(to, of->file);
}

JNIEXPORT jbyteArray NATIVE(fit)(JNIEnv *env, jclass class, jlong model, jbyteArray examples, jbyteArray options,
                                 jobject cancelled, jboolean whole, jint weights) {
    (void)class;
    albert_text rows, json;
    jbyteArray array = NULL;
    if (!borrow(env, examples, &rows)) return NULL;
    if (borrow(env, options, &json)) {
        albert_watch watch = {proceed, cancelled == NULL ? NULL : (*env)->GetDirectBufferAddress(env, cancelled)};
        albert_fitted *fitted = NULL;
        albert_error *error = NULL;
        albert_status status = albert_fit_json((const albert_shared_model *)(uintptr_t)model, rows, json,
                                               watch.context == NULL ? NULL : &watch, &fitted, &error);
        own_classifier own = {fitted, {NULL, 0}, {NULL, 0}};
        const uint8_t *file = NULL;
        if (status == ALBERT_STATUS_OK) status = albert_fitted_report_json(fitted, &own.json, &error);
        if (status == ALBERT_STATUS_OK) {
            status = (whole ? albert_fitted_model_file : albert_fitted_head_file)(fitted, (uint32_t)weights, &file,
                                                                                  &own.file.bytes, &error);
        }
        own.file.start = (const char *)file;
        if (status == ALBERT_STATUS_OK) {
            array = packed(env, pack_fitted, &own);
        } else {
            throw_failure(env, status, error);
        }
        albert_fitted_free(fitted);
        give_back(env, options, json);
    }
    give_back(env, examples, rows);
    return array;
}

/* Prototypes and the memory of their means. */
typedef struct {
    union { uint64_t align; uint8_t bytes[ALBERT_PROTOTYPES_BYTES]; } handle;
    albert_prototypes *prototypes;
    uint8_t means[];
} taught;

/* Makes prototypes, from stored bytes if there are any; 0 with a Java exception when that fails. */
static jlong make_prototypes(JNIEnv *env, jbyteArray stored, jlong labels, jlong width) {
    if (labels < 0 || width < 0 || (uint64_t)labels > SIZE_MAX || (uint64_t)width > SIZE_MAX) {
        throw_failure(env, ALBERT_STATUS_ARGUMENT, NULL);
        return 0;
    }
    size_t needed = albert_prototypes_memory_bytes((size_t)labels, (size_t)width);
    bool fits = stored == NULL || (size_t)(*env)->GetArrayLength(env, stored) == needed;
    taught *made = fits && needed < SIZE_MAX / 2 ? (taught *)malloc(sizeof *made + needed) : NULL;
    if (made == NULL) {
        throw_failure(env, fits ? ALBERT_STATUS_OUT_OF_MEMORY : ALBERT_STATUS_STORED, NULL);
        return 0;
    }
    if (stored != NULL) (*env)->GetByteArrayRegion(env, stored, 0, (jsize)needed, (jbyte *)made->means);
    albert_status status = (stored == NULL ? albert_prototypes_init : albert_prototypes_restore)(
        &made->handle, sizeof made->handle, made->means, needed, (size_t)labels, (size_t)width, &made->prototypes, NULL);
    if (status == ALBERT_STATUS_OK) return (jlong)(uintptr_t)made;
    free(made);
    throw_failure(env, status, NULL);
    return 0;
}

JNIEXPORT jlong NATIVE(newPrototypes)(JNIEnv *env, jclass class, jlong labels, jlong width) {
    (void)class;
    return make_prototypes(env, NULL, labels, width);
}

JNIEXPORT jlong NATIVE(restorePrototypes)(JNIEnv *env, jclass class, jbyteArray stored, jlong labels, jlong width) {
    (void)class;
    return make_prototypes(env, stored, labels, width);
}

JNIEXPORT jbyteArray NATIVE(storePrototypes)(JNIEnv *env, jclass class, jlong of) {
    (void)class;
    const uint8_t *bytes = NULL;
    size_t count = 0;
    albert_status status = albert_prototypes_store(((taught *)(uintptr_t)of)->prototypes, &bytes, &count);
    if (status == ALBERT_STATUS_OK && count > INT32_MAX) status = ALBERT_STATUS_OUT_OF_MEMORY;
    if (status != ALBERT_STATUS_OK) {
        throw_failure(env, status, NULL);
        return NULL;
    }
    jbyteArray array = (*env)->NewByteArray(env, (jsize)count);
    if (array != NULL) (*env)->SetByteArrayRegion(env, array, 0, (jsize)count, (const jbyte *)bytes);
    return array;
}

JNIEXPORT void NATIVE(addExample)(JNIEnv *env, jclass class, jlong of, jlong label, jfloatArray embedding) {
    (void)class;
    jfloat *values = (*env)->GetFloatArrayElements(env, embedding, NULL);
    if (values == NULL) return;
    size_t width = (size_t)(*env)->GetArrayLength(env, embedding);
    albert_status status = label < 0 || (uint64_t)label > SIZE_MAX
        ? ALBERT_STATUS_NOT_FOUND
        : albert_prototypes_add(((taught *)(uintptr_t)of)->prototypes, (size_t)label, values, width);
    (*env)->ReleaseFloatArrayElements(env, embedding, values, JNI_ABORT);
    if (status != ALBERT_STATUS_OK) throw_failure(env, status, NULL);
}

JNIEXPORT void NATIVE(forgetLabel)(JNIEnv *env, jclass class, jlong of, jlong label) {
    (void)class;
    albert_status status = label < 0 || (uint64_t)label > SIZE_MAX
        ? ALBERT_STATUS_NOT_FOUND
        : albert_prototypes_forget(((taught *)(uintptr_t)of)->prototypes, (size_t)label);
    if (status != ALBERT_STATUS_OK) throw_failure(env, status, NULL);
}

JNIEXPORT jlong NATIVE(countExamples)(JNIEnv *env, jclass class, jlong of, jlong label) {
    (void)env;
    (void)class;
    uint32_t examples = 0;
    if (label >= 0 && (uint64_t)label <= SIZE_MAX) {
        albert_prototypes_examples(((taught *)(uintptr_t)of)->prototypes, (size_t)label, &examples);
    }
    return examples;
}

JNIEXPORT jlong NATIVE(nearestLabel)(JNIEnv *env, jclass class, jlong of, jfloatArray embedding, jfloatArray cosine) {
    (void)class;
    jfloat *values = (*env)->GetFloatArrayElements(env, embedding, NULL);
    if (values == NULL) return -1;
    size_t width = (size_t)(*env)->GetArrayLength(env, embedding), label = 0;
    jfloat found = 0;
    albert_status status = albert_prototypes_nearest(((taught *)(uintptr_t)of)->prototypes, values, width, &label, &found);
    (*env)->ReleaseFloatArrayElements(env, embedding, values, JNI_ABORT);
    if (status == ALBERT_STATUS_OK) {
        (*env)->SetFloatArrayRegion(env, cosine, 0, 1, &found);
        return (jlong)label;
    }
    if (status != ALBERT_STATUS_NO_RESULT) throw_failure(env, status, NULL);
    return -1;
}

JNIEXPORT void NATIVE(freePrototypes)(JNIEnv *env, jclass class, jlong of) {
    (void)env;
    (void)class;
    free((void *)(uintptr_t)of);
}
