/*
 * ALBERT models from C++17: albert.h and albert_tasks.h with owners, views and exceptions. Header only.
 *
 *   albert::Model     a model file, mapped or in memory
 *   albert::Pipeline  a task over it; run() from any number of threads at once
 *   albert::Results   items, vectors or JSON for each request
 *
 *   albert::StaticModel, StaticHead, Session, Encoding, Prototypes: the part that allocates nothing in the library, for memory of the
 *   caller's. With ALBERT_HPP_NO_TASKS defined, there is only this part, and the library needs no feature `tasks`.
 *
 * What fails throws albert::Error. Views are valid as long as the object that they come from.
 */

#ifndef ALBERT_HPP
#define ALBERT_HPP

#include "albert.h"
#ifndef ALBERT_HPP_NO_TASKS
#include "albert_tasks.h"
#endif

#include <cstddef>
#include <cstdint>
#include <functional>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace albert {

/** Elements that somebody else owns. */
template <typename T>
class Span {
public:
    constexpr Span() = default;
    constexpr Span(T *data, std::size_t size) : data_(data), size_(size) {}
    /** The elements of a container that keeps them in a row. */
    template <typename Container,
              typename = std::enable_if_t<
                  std::is_convertible_v<decltype(std::declval<Container &>().data()), T *> &&
                  !std::is_same_v<std::decay_t<Container>, Span>>>
    constexpr Span(Container &&container) : data_(container.data()), size_(container.size()) {}

    constexpr T *data() const { return data_; }
    constexpr std::size_t size() const { return size_; }
    constexpr bool empty() const { return size_ == 0; }
    constexpr T *begin() const { return data_; }
    constexpr T *end() const { return data_ + size_; }
    constexpr T &operator[](std::size_t index) const { return data_[index]; }

private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};

/** What failed: what() for people, status() for programs. */
class Error : public std::runtime_error {
public:
    Error(albert_status status, const std::string &message, std::uint64_t detail = 0,
          std::optional<std::size_t> row = std::nullopt)
        : std::runtime_error(message), status_(status), detail_(detail), row_(row) {}

    /** An ALBERT_STATUS_ number. */
    albert_status status() const { return status_; }
    /** The number that goes with it, see albert_status. */
    std::uint64_t detail() const { return detail_; }
    /** Which of several requests failed, from 0. */
    std::optional<std::size_t> row() const { return row_; }

private:
    albert_status status_;
    std::uint64_t detail_;
    std::optional<std::size_t> row_;
};

/** Throws unless the status is ALBERT_STATUS_OK. */
inline void check(albert_status status, std::uint64_t detail = 0) {
    if (status == ALBERT_STATUS_OK) return;
    std::string message = albert_status_name(status);
    if (detail != 0) message += " (" + std::to_string(detail) + ")";
    throw Error(status, message, detail);
}

/* ---- Without allocation in the library ---- */

/** A checked model file in memory that starts at a multiple of 64 and outlives the handle. Not moved, as in C. */
class StaticModel {
public:
    explicit StaticModel(Span<const std::uint8_t> file) {
        std::uint64_t detail = 0;
        check(albert_model_init(memory_, sizeof memory_, file.data(), file.size(), &model_, &detail), detail);
    }
    StaticModel(const StaticModel &) = delete;
    StaticModel &operator=(const StaticModel &) = delete;

    const albert_model *get() const { return model_; }

    albert_config config() const {
        albert_config config;
        check(albert_model_config(model_, &config));
        return config;
    }

    /** Name of a label, if the file has one. */
    std::optional<std::string_view> label(std::size_t index) const {
        const char *text = nullptr;
        std::uintptr_t bytes = 0;
        const albert_status status = albert_model_label(model_, index, &text, &bytes);
        if (status == ALBERT_STATUS_NOT_FOUND) return std::nullopt;
        check(status);
        return std::string_view(text, bytes);
    }

    /** Bytes of the arena that a session with this plan needs. */
    std::size_t arena_bytes(const albert_plan &plan) const {
        std::uintptr_t bytes = 0;
        check(albert_arena_bytes(model_, &plan, &bytes));
        return bytes;
    }

    /** A token of the vocabulary. */
    std::string_view token(std::uint32_t id) const {
        const char *text = nullptr;
        std::uintptr_t bytes = 0;
        check(albert_token(model_, id, &text, &bytes));
        return std::string_view(text, bytes);
    }

    /** The id of a token, if it is in the vocabulary. */
    std::optional<std::uint32_t> token_id(std::string_view token) const {
        std::uint32_t id = 0;
        const albert_status status = albert_token_id(model_, token.data(), token.size(), &id);
        if (status == ALBERT_STATUS_NOT_FOUND) return std::nullopt;
        check(status);
        return id;
    }

    /** Text of ids. */
    std::string decode(Span<const std::uint32_t> ids, bool skip_special_tokens = true) const {
        std::string text;
        std::uintptr_t bytes = 0;
        albert_status status =
            albert_decode(model_, ids.data(), ids.size(), skip_special_tokens, text.data(), 0, &bytes);
        if (status == ALBERT_STATUS_BUFFER_TOO_SMALL) {
            text.resize(bytes);
            status = albert_decode(model_, ids.data(), ids.size(), skip_special_tokens, text.data(), text.size(), &bytes);
        }
        check(status);
        return text;
    }

private:
    alignas(ALBERT_HANDLE_ALIGN) unsigned char memory_[ALBERT_MODEL_BYTES];
    const albert_model *model_ = nullptr;
};

/** Tokens of a text, with the memory that they are in. */
class Encoding {
public:
    Encoding(const StaticModel &model, std::string_view text, std::optional<std::string_view> pair = std::nullopt,
             const albert_encode_options &options = {}) {
        // Most texts have fewer tokens than bytes; a longer word asks for more.
        std::size_t bytes = albert_encode_memory_bytes(text.size() + (pair ? pair->size() : 0) + 8, 64);
        albert_status status;
        std::uint64_t detail = 0;
        do {
            memory_.resize(bytes / sizeof(std::uint64_t) + 1);
            status = albert_encode(model.get(), text.data(), text.size(), pair ? pair->data() : nullptr,
                                   pair ? pair->size() : 0, &options, memory_.data(),
                                   memory_.size() * sizeof(std::uint64_t), &encoding_, &detail);
            bytes = memory_.size() * sizeof(std::uint64_t) + static_cast<std::size_t>(detail);
        } while (status == ALBERT_STATUS_TEXT_MEMORY);
        check(status, detail);
    }
    Encoding(Encoding &&) = default;
    Encoding &operator=(Encoding &&) = default;

    Span<const std::uint32_t> ids() const { return {encoding_.ids, encoding_.tokens}; }
    Span<const std::uint8_t> token_types() const { return {encoding_.token_types, encoding_.tokens}; }
    Span<const std::uint8_t> special_tokens_mask() const { return {encoding_.special_tokens_mask, encoding_.tokens}; }
    Span<const albert_offsets> offsets() const { return {encoding_.offsets, encoding_.tokens}; }

private:
    std::vector<std::uint64_t> memory_;
    albert_encoding encoding_{};
};

/** A checked head file in memory that starts at a multiple of 64; outlives the sessions that use it. Not moved, as in C. */
class StaticHead {
public:
    explicit StaticHead(Span<const std::uint8_t> file) {
        std::uint64_t detail = 0;
        check(albert_head_init(memory_, sizeof memory_, file.data(), file.size(), &head_, &detail), detail);
    }
    StaticHead(const StaticHead &) = delete;
    StaticHead &operator=(const StaticHead &) = delete;

    const albert_head *get() const { return head_; }

    albert_head_info describe() const {
        albert_head_info info;
        check(albert_head_describe(head_, &info));
        return info;
    }
    /** Name of a label, if the file has one. */
    std::optional<std::string_view> label(std::size_t index) const {
        const char *text = nullptr;
        std::uintptr_t bytes = 0;
        const albert_status status = albert_head_label(head_, index, &text, &bytes);
        if (status == ALBERT_STATUS_NOT_FOUND) return std::nullopt;
        check(status);
        return std::string_view(text, bytes);
    }

private:
    alignas(ALBERT_HANDLE_ALIGN) unsigned char memory_[ALBERT_HEAD_BYTES];
    const albert_head *head_ = nullptr;
};

/** Labels that are taught by a few examples each, with memory of their own. Not moved, as in C. */
class Prototypes {
public:
    struct Nearest {
        std::size_t label;
        /** From -1 to 1. */
        float cosine;
    };

    /** Up to `labels` labels over embeddings of `width` elements; they know nothing yet. */
    Prototypes(std::size_t labels, std::size_t width) : means_(albert_prototypes_memory_bytes(labels, width)) {
        std::uint64_t detail = 0;
        check(albert_prototypes_init(memory_, sizeof memory_, means_.data(), means_.size(), labels, width, &prototypes_,
                                     &detail),
              detail);
    }
    /** What store() gave, here or on a device. */
    Prototypes(Span<const std::uint8_t> stored, std::size_t labels, std::size_t width)
        : means_(stored.begin(), stored.end()) {
        std::uint64_t detail = 0;
        check(albert_prototypes_restore(memory_, sizeof memory_, means_.data(), means_.size(), labels, width,
                                        &prototypes_, &detail),
              detail);
    }
    Prototypes(const Prototypes &) = delete;
    Prototypes &operator=(const Prototypes &) = delete;

    /** Teaches a label one more example. */
    void add(std::size_t label, Span<const float> embedding) {
        check(albert_prototypes_add(prototypes_, label, embedding.data(), embedding.size()));
    }
    void forget(std::size_t label) { check(albert_prototypes_forget(prototypes_, label)); }
    /** Examples that a label was taught with. */
    std::uint32_t examples(std::size_t label) const {
        std::uint32_t examples = 0;
        check(albert_prototypes_examples(prototypes_, label, &examples));
        return examples;
    }
    /** The label whose mean is nearest; none when no label has been taught. */
    std::optional<Nearest> nearest(Span<const float> embedding) const {
        std::uintptr_t label = 0;
        float cosine = 0;
        const albert_status status =
            albert_prototypes_nearest(prototypes_, embedding.data(), embedding.size(), &label, &cosine);
        if (status == ALBERT_STATUS_NO_RESULT) return std::nullopt;
        check(status);
        return Nearest{label, cosine};
    }
    /** The bytes to keep; valid until the prototypes change. */
    Span<const std::uint8_t> store() {
        const std::uint8_t *bytes = nullptr;
        std::uintptr_t count = 0;
        check(albert_prototypes_store(prototypes_, &bytes, &count));
        return {bytes, count};
    }

private:
    std::vector<std::uint8_t> means_;
    alignas(ALBERT_HANDLE_ALIGN) unsigned char memory_[ALBERT_PROTOTYPES_BYTES];
    albert_prototypes *prototypes_ = nullptr;
};

/** One inference at a time over a model, in an arena that outlives it. Not moved, as in C. */
class Session {
public:
    Session(const StaticModel &model, const albert_plan &plan, Span<std::uint8_t> arena, const char *kernels = nullptr) {
        std::uint64_t detail = 0;
        check(albert_session_init(memory_, sizeof memory_, model.get(), &plan, arena.data(), arena.size(), kernels,
                                  &session_, &detail),
              detail);
    }
    Session(const Session &) = delete;
    Session &operator=(const Session &) = delete;

    albert_session *get() const { return session_; }

    /** Lets the caller's threads run the tasks of a step; the executor outlives the session. */
    void set_executor(const albert_executor &executor) { check(albert_session_set_executor(session_, &executor)); }
    /** Classifies by a head file, for which the plan has room, or by the model's own head again. */
    void set_head(const StaticHead *head) { check(albert_session_set_head(session_, head ? head->get() : nullptr)); }
    void set_early_exit(std::uint32_t policy, float value) { check(albert_session_set_early_exit(session_, policy, value)); }

    void start(std::string_view text, std::optional<std::string_view> pair = std::nullopt,
               const albert_encode_options &options = {}) {
        std::uint64_t detail = 0;
        check(albert_session_start_text(session_, text.data(), text.size(), pair ? pair->data() : nullptr,
                                        pair ? pair->size() : 0, &options, &detail),
              detail);
    }
    void start(const albert_input &input) {
        std::uint64_t detail = 0;
        check(albert_session_start_ids(session_, &input, &detail), detail);
    }

    /** One bounded piece of work; whether more is left. */
    bool step() {
        const albert_status status = albert_session_step(session_);
        if (status != ALBERT_STATUS_RUNNING) check(status);
        return status == ALBERT_STATUS_RUNNING;
    }
    void finish() { check(albert_session_finish(session_)); }

    albert_output output() {
        albert_output output;
        check(albert_session_output(session_, &output));
        return output;
    }
    /** Scores of a sequence classifier; they take the place of the logits. */
    Span<const float> scores() {
        const float *scores = nullptr;
        std::uintptr_t count = 0;
        check(albert_session_scores(session_, &scores, &count));
        return {scores, count};
    }
    /** The best vocabulary entries for a row of the hidden states, best first, in `places`. */
    Span<albert_candidate> vocabulary_top_k(std::size_t row, Span<albert_candidate> places) {
        std::uintptr_t found = 0;
        check(albert_session_vocabulary_top_k(session_, row, places.data(), places.size(), &found));
        return {places.data(), found};
    }

private:
    alignas(ALBERT_HANDLE_ALIGN) unsigned char memory_[ALBERT_SESSION_BYTES];
    albert_session *session_ = nullptr;
};

/* ---- Tasks ---- */
#ifndef ALBERT_HPP_NO_TASKS

namespace detail {

/** Frees with a function of the library. */
template <auto free>
struct Free {
    template <typename T>
    void operator()(T *object) const {
        free(object);
    }
};
template <typename T, auto free>
using Owner = std::unique_ptr<T, Free<free>>;

inline std::string_view view(albert_text text) {
    return text.start == nullptr ? std::string_view() : std::string_view(text.start, text.bytes);
}
/** An empty text is a text; its pointer must not be null. */
inline albert_text text(std::string_view text) { return {text.data() == nullptr ? "" : text.data(), text.size()}; }
inline albert_text text(const std::optional<std::string> &from) {
    return from ? text(std::string_view(*from)) : albert_text{nullptr, 0};
}
inline std::vector<albert_text> texts(const std::vector<std::string> &from) {
    std::vector<albert_text> to;
    to.reserve(from.size());
    for (const std::string &each : from) to.push_back(text(std::string_view(each)));
    return to;
}
inline albert_number number(std::optional<std::size_t> from) { return {from.has_value(), from.value_or(0)}; }
inline std::uint32_t flag(std::optional<bool> from) { return !from ? ALBERT_AS_TASK : *from ? ALBERT_YES : ALBERT_NO; }

/** Calls `work` with a place for the error object and throws what is put there. */
template <typename Work>
void call(Work work) {
    albert_error *made = nullptr;
    const albert_status status = work(&made);
    const Owner<albert_error, albert_error_free> error(made);
    if (status == ALBERT_STATUS_OK) return;
    std::size_t row = 0;
    const bool has_row = albert_error_row(made, &row);
    throw Error(status, albert_error_message(made), 0, has_row ? std::optional(row) : std::nullopt);
}

} // namespace detail

/** A model file, checked once. Pipelines keep what they need of it. */
class Model {
public:
    /** Maps a file. It must not change while it is in use; replacing it by renaming a new one is safe. */
    static Model open(const std::string &path) {
        return make([&](auto model, auto error) {
            return albert_shared_model_open(detail::text(std::string_view(path)), model, error);
        });
    }
    /** Copies the bytes. */
    static Model from_bytes(Span<const std::uint8_t> bytes) {
        return make([&](auto model, auto error) {
            return albert_shared_model_from_bytes(bytes.data(), bytes.size(), model, error);
        });
    }
    /** Keeps an object with data() and size(); used in place when the bytes start at a multiple of 64. */
    template <typename Owner>
    static Model from_owner(Owner owner) {
        auto kept = std::make_unique<Owner>(std::move(owner));
        const auto *bytes = reinterpret_cast<const std::uint8_t *>(kept->data());
        const std::size_t size = kept->size();
        // The library releases it whether the call succeeds or not.
        Owner *context = kept.release();
        const auto release = [](void *owner) { delete static_cast<Owner *>(owner); };
        return make([&](auto model, auto error) {
            return albert_shared_model_from_memory(bytes, size, release, context, model, error);
        });
    }

    /** The encoder with the classifier of a head file, whose bytes are copied; shares this model's memory. */
    Model with_head(Span<const std::uint8_t> head) const {
        return make([&](auto model, auto error) {
            return albert_shared_model_with_head(get(), head.data(), head.size(), model, error);
        });
    }
    /** The same with a head file that is mapped. */
    Model with_head_file(const std::string &path) const {
        return make([&](auto model, auto error) {
            return albert_shared_model_with_head_file(get(), detail::text(std::string_view(path)), model, error);
        });
    }

    const albert_shared_model *get() const { return model_.get(); }

    /** The file's bytes, for StaticModel. */
    Span<const std::uint8_t> bytes() const {
        const std::uint8_t *bytes = nullptr;
        std::size_t count = 0;
        check(albert_shared_model_bytes(get(), &bytes, &count));
        return {bytes, count};
    }
    albert_config config() const {
        albert_config config;
        check(albert_shared_model_config(get(), &config));
        return config;
    }
    /** Names of the labels. */
    std::vector<std::string_view> labels() const { return names(albert_shared_model_labels); }
    /** Names of the tasks that the model serves, its own first. */
    std::vector<std::string_view> tasks() const { return names(albert_shared_model_tasks); }
    /** Longest input in tokens. */
    std::size_t max_tokens() const {
        std::size_t tokens = 0;
        check(albert_shared_model_max_tokens(get(), &tokens));
        return tokens;
    }
    /** Compares the file's checksum with its bytes; reads every byte. */
    void verify_checksum() const {
        detail::call([&](auto error) { return albert_shared_model_verify_checksum(get(), error); });
    }

private:
    template <typename Make>
    static Model make(Make make) {
        albert_shared_model *model = nullptr;
        detail::call([&](auto error) { return make(&model, error); });
        return Model(model);
    }
    explicit Model(albert_shared_model *model) : model_(model) {}

    template <typename Get>
    std::vector<std::string_view> names(Get get_names) const {
        const albert_text *texts = nullptr;
        std::size_t count = 0;
        check(get_names(get(), &texts, &count));
        std::vector<std::string_view> names;
        for (const albert_text &text : Span(texts, count)) names.push_back(detail::view(text));
        return names;
    }

    detail::Owner<albert_shared_model, albert_shared_model_free> model_;
};

/** Options of all tasks, with the names of the Hugging Face pipelines; see albert_options. */
struct Options {
    std::optional<std::size_t> top_k;
    std::optional<std::string> function_to_apply;
    std::optional<std::string> hypothesis_template;
    std::optional<std::string> entailment_label;
    std::vector<std::string> candidate_labels;
    std::optional<bool> multi_label;
    std::optional<bool> align_to_words;
    std::optional<bool> handle_impossible_answer;
    std::optional<bool> normalize;
    std::optional<std::string> aggregation_strategy;
    std::optional<std::size_t> stride;
    std::vector<std::string> targets;
    std::optional<std::size_t> max_seq_len;
    std::optional<std::size_t> doc_stride;
    std::optional<std::size_t> max_answer_len;
    std::optional<std::string> truncation;
    std::optional<std::size_t> max_length;
};

/** How inferences are run; see albert_engine. */
struct Engine {
    std::size_t threads = 0;
    std::size_t memory_limit = 0;
    std::optional<std::string> kernels;
    std::uint32_t layers = 0;
    std::uint32_t early_exit = ALBERT_EXIT_NEVER;
    float early_exit_value = 0;
    bool release_pages = false;
    std::size_t tile_rows = 0;
    std::size_t group_tokens = 0;
};

/** An input of any task; see albert_request. */
struct Request {
    Request() = default;
    /** A text. */
    Request(std::string text) : text(std::move(text)) {}
    Request(const char *text) : text(text) {}

    std::optional<std::string> text;
    std::optional<std::string> text_pair;
    std::optional<std::string> question;
    std::optional<std::string> context;
    std::vector<std::string> choices;
    std::vector<std::string> targets;
    std::vector<std::string> candidate_labels;
    std::vector<std::string> documents;
    std::vector<std::uint32_t> input_ids;
    std::vector<std::uint32_t> token_type_ids;
};

/** One of a task's answers; see albert_item. A field that is not there is empty or 0. */
class Item {
public:
    explicit Item(const albert_item &item) : item_(&item) {}

    std::string_view label() const { return detail::view(item_->label); }
    std::string_view text() const { return detail::view(item_->text); }
    std::string_view sequence() const { return detail::view(item_->sequence); }
    float score() const { return item_->score; }
    /** Code points of the text, `end` one past the last. */
    std::size_t start() const { return item_->start; }
    std::size_t end() const { return item_->end; }
    std::size_t index() const { return item_->index; }
    std::uint32_t token() const { return item_->token; }
    std::uint32_t layers() const { return item_->layers; }
    /** Whether a field is there, by its ALBERT_FIELD_ number. */
    bool has(std::uint32_t field) const { return (item_->fields & field) != 0; }
    const albert_item &get() const { return *item_; }

private:
    const albert_item *item_;
};

/** The answers to one request. */
class Items {
public:
    class Iterator {
    public:
        explicit Iterator(const albert_item *item) : item_(item) {}
        Item operator*() const { return Item(*item_); }
        Iterator &operator++() {
            ++item_;
            return *this;
        }
        bool operator!=(const Iterator &other) const { return item_ != other.item_; }

    private:
        const albert_item *item_;
    };

    explicit Items(Span<const albert_item> items) : items_(items) {}
    std::size_t size() const { return items_.size(); }
    bool empty() const { return items_.empty(); }
    Item operator[](std::size_t index) const { return Item(items_[index]); }
    Iterator begin() const { return Iterator(items_.begin()); }
    Iterator end() const { return Iterator(items_.end()); }

private:
    Span<const albert_item> items_;
};

/** Rows of numbers. */
class Matrix {
public:
    explicit Matrix(const albert_matrix &matrix) : matrix_(matrix) {}
    std::size_t rows() const { return matrix_.rows; }
    std::size_t columns() const { return matrix_.columns; }
    Span<const float> operator[](std::size_t row) const { return {matrix_.values + row * matrix_.columns, matrix_.columns}; }
    /** All rows, one after the other. */
    Span<const float> values() const { return {matrix_.values, matrix_.rows * matrix_.columns}; }

private:
    albert_matrix matrix_;
};

/** Results of one call, a row for each request. */
class Results {
public:
    explicit Results(albert_result *result) : result_(result) {}

    std::size_t rows() const { return albert_result_rows(result_.get()); }

    /** Labels, entities, answers ...; none for the tasks that give numbers. */
    Items items(std::size_t row = 0) const {
        const albert_item *items = nullptr;
        std::size_t count = 0;
        check(albert_result_items(result_.get(), row, &items, &count));
        return Items({items, count});
    }
    /** Hidden states, a row for each token, or an embedding of one row. */
    std::optional<Matrix> vectors(std::size_t row = 0) const { return matrix(albert_result_vectors, row); }
    /** Pooled output of a feature extraction, when the model has a pooler. */
    std::optional<Matrix> pooled(std::size_t row = 0) const { return matrix(albert_result_pooled, row); }
    /** JSON with the field names of the Hugging Face pipelines. */
    std::string_view json(std::size_t row = 0) const {
        albert_text json{nullptr, 0};
        detail::call([&](auto error) { return albert_result_json(result_.get(), row, &json, error); });
        return detail::view(json);
    }

private:
    template <typename Get>
    std::optional<Matrix> matrix(Get get, std::size_t row) const {
        albert_matrix matrix{nullptr, 0, 0};
        const albert_status status = get(result_.get(), row, &matrix);
        if (status == ALBERT_STATUS_NO_RESULT) return std::nullopt;
        check(status);
        return Matrix(matrix);
    }

    detail::Owner<albert_result, albert_result_free> result_;
};

/** Follows a call: an ALBERT_EVENT_ number and the requests that are done; false ends the call. May be called from several
 *  threads at once. An exception ends the call, too, and comes out of it. */
using Watch = std::function<bool(std::uint32_t event, std::size_t rows)>;

namespace detail {

/** A watch, and the exception that came out of it. */
struct Watching {
    const Watch &watch;
    std::mutex lock;
    std::exception_ptr thrown;

    static bool proceed(void *context, std::uint32_t event, std::size_t rows) noexcept {
        auto *self = static_cast<Watching *>(context);
        try {
            return self->watch(event, rows);
        } catch (...) {
            const std::lock_guard<std::mutex> guard(self->lock);
            self->thrown = std::current_exception();
            return false;
        }
    }
};

/** As call(), with a watch that `work` gets before the place for the error object. */
template <typename Work>
void watched(const Watch &watch, Work work) {
    Watching watching{watch, {}, {}};
    const albert_watch from{Watching::proceed, &watching};
    try {
        call([&](auto error) { return work(watch ? &from : nullptr, error); });
    } catch (const Error &) {
        if (watching.thrown) std::rethrow_exception(watching.thrown);
        throw;
    }
}

} // namespace detail

/** Gives the next request of a stream, or none at its end. Called from one thread at a time. */
using Next = std::function<std::optional<Request>()>;
/** Takes the results of request `row`, in the order of the requests; false ends the stream. Called from one thread at a time. */
using Take = std::function<bool(std::size_t row, Results results)>;

namespace detail {

/** Requests as C has them, as long as they and this live. */
class Requests {
public:
    explicit Requests(Span<const Request> requests) : requests_(requests.size()) {
        lists_.reserve(requests.size() * 4);
        for (std::size_t row = 0; row < requests.size(); row++) convert(requests[row], requests_[row]);
    }

    const std::vector<albert_request> &get() const { return requests_; }

private:
    void list(const std::vector<std::string> &texts, const albert_text *&start, std::size_t &count) {
        lists_.push_back(detail::texts(texts));
        start = lists_.back().data();
        count = lists_.back().size();
    }

    void convert(const Request &request, albert_request &to) {
        to.text = detail::text(request.text);
        to.text_pair = detail::text(request.text_pair);
        to.question = detail::text(request.question);
        to.context = detail::text(request.context);
        list(request.choices, to.choices, to.choice_count);
        list(request.targets, to.targets, to.target_count);
        list(request.candidate_labels, to.candidate_labels, to.candidate_label_count);
        list(request.documents, to.documents, to.document_count);
        to.input_ids = request.input_ids.data();
        to.input_id_count = request.input_ids.size();
        if (!request.token_type_ids.empty()) {
            if (request.token_type_ids.size() != request.input_ids.size())
                throw Error(ALBERT_STATUS_TASK_REQUEST, "token_type_ids and input_ids differ in length");
            to.token_type_ids = request.token_type_ids.data();
        }
    }

    std::vector<albert_request> requests_;
    std::vector<std::vector<albert_text>> lists_;
};

/** The two ends of a stream, and what ended it early. */
struct Stream {
    const Next &from;
    const Take &to;
    std::optional<Request> request;
    std::optional<Requests> converted;
    std::mutex lock;
    std::exception_ptr thrown;
    bool ended = false;

    static bool next(void *context, albert_request *place) noexcept {
        auto *self = static_cast<Stream *>(context);
        return self->guarded([&] {
            self->request = self->from();
            if (!self->request) return false;
            *place = self->converted.emplace(Span<const Request>(&*self->request, 1)).get()[0];
            return true;
        });
    }

    static bool take(void *context, std::size_t row, albert_result *result, const albert_error *failed) noexcept {
        auto *self = static_cast<Stream *>(context);
        return self->guarded([&] {
            if (failed) throw Error(albert_error_status(failed), albert_error_message(failed), 0, row);
            const bool proceeds = self->to(row, Results(result));
            if (!proceeds) self->end(nullptr);
            return proceeds;
        });
    }

    template <typename Work>
    bool guarded(Work work) noexcept {
        try {
            return work();
        } catch (...) {
            end(std::current_exception());
            return false;
        }
    }

    /** The first reason counts. */
    void end(std::exception_ptr why) {
        const std::lock_guard<std::mutex> guard(lock);
        if (!ended) thrown = why;
        ended = true;
    }
};

} // namespace detail

/** A task over a model. run() may be called from several threads at once. */
class Pipeline {
public:
    /** An empty `task` is the one that the model is made for. */
    explicit Pipeline(const Model &model, std::string_view task = {}, const Options &options = {},
                      const Engine &engine = {}) {
        const std::vector<albert_text> labels = detail::texts(options.candidate_labels);
        const std::vector<albert_text> targets = detail::texts(options.targets);
        albert_options from{};
        from.top_k = detail::number(options.top_k);
        from.function_to_apply = detail::text(options.function_to_apply);
        from.hypothesis_template = detail::text(options.hypothesis_template);
        from.entailment_label = detail::text(options.entailment_label);
        from.candidate_labels = labels.data();
        from.candidate_label_count = labels.size();
        from.multi_label = detail::flag(options.multi_label);
        from.align_to_words = detail::flag(options.align_to_words);
        from.handle_impossible_answer = detail::flag(options.handle_impossible_answer);
        from.normalize = detail::flag(options.normalize);
        from.aggregation_strategy = detail::text(options.aggregation_strategy);
        from.stride = detail::number(options.stride);
        from.targets = targets.data();
        from.target_count = targets.size();
        from.max_seq_len = detail::number(options.max_seq_len);
        from.doc_stride = detail::number(options.doc_stride);
        from.max_answer_len = detail::number(options.max_answer_len);
        from.truncation = detail::text(options.truncation);
        from.max_length = detail::number(options.max_length);
        albert_engine settings{};
        settings.threads = engine.threads;
        settings.memory_limit = engine.memory_limit;
        settings.kernels = detail::text(engine.kernels);
        settings.layers = engine.layers;
        settings.early_exit = engine.early_exit;
        settings.early_exit_value = engine.early_exit_value;
        settings.release_pages = engine.release_pages;
        settings.tile_rows = engine.tile_rows;
        settings.group_tokens = engine.group_tokens;
        const albert_text name = task.empty() ? albert_text{nullptr, 0} : detail::text(task);
        albert_pipeline *pipeline = nullptr;
        detail::call([&](auto error) { return albert_pipeline_new(model.get(), name, &from, &settings, &pipeline, error); });
        pipeline_.reset(pipeline);
    }

    /** Name of the task. */
    std::string_view task() const {
        albert_text task{nullptr, 0};
        check(albert_pipeline_task(pipeline_.get(), &task));
        return detail::view(task);
    }

    /** Runs a request. */
    Results run(const Request &request, const Watch &watch = {}) const {
        return run(Span<const Request>(&request, 1), watch);
    }

    /** Runs requests side by side; Error::row() tells which of several failed. */
    Results run(Span<const Request> requests, const Watch &watch = {}) const {
        const detail::Requests converted(requests);
        const std::vector<albert_request> &from = converted.get();
        return watched(watch, [&](auto watching, auto result, auto error) {
            return albert_pipeline_run(pipeline_.get(), from.data(), from.size(), watching, result, error);
        });
    }

    /** Runs requests as they come, on all threads, with bounded memory. A request that fails throws: Error::row() tells which. An
     *  exception of `next` or `take` ends the stream, too, and comes out of it. */
    void run_each(const Next &next, const Take &take, const Watch &watch = {}) const {
        detail::Stream stream{next, take, {}, {}, {}, {}};
        const albert_stream from{detail::Stream::next, detail::Stream::take, &stream};
        try {
            detail::watched(watch, [&](auto watching, auto error) {
                return albert_pipeline_run_each(pipeline_.get(), &from, watching, error);
            });
        } catch (const Error &) {
            if (!stream.ended) throw;
        }
        if (stream.thrown) std::rethrow_exception(stream.thrown);
    }

    /** A request as a JSON object, or several as an array of them. */
    Results run_json(std::string_view requests, const Watch &watch = {}) const {
        return watched(watch, [&](auto watching, auto result, auto error) {
            return albert_pipeline_run_json(pipeline_.get(), detail::text(requests), watching, result, error);
        });
    }

private:
    template <typename Run>
    static Results watched(const Watch &watch, Run run) {
        albert_result *result = nullptr;
        detail::watched(watch, [&](auto watching, auto error) { return run(watching, &result, error); });
        return Results(result);
    }

    detail::Owner<albert_pipeline, albert_pipeline_free> pipeline_;
};

#endif /* ALBERT_HPP_NO_TASKS */

} // namespace albert

#endif /* ALBERT_HPP */
