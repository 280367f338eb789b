/* Classifiers from a few examples in C++17, over albert_fit.h.
 *
 *   const albert::Model encoder = albert::Model::open("encoder.albert");
 *   const albert::Fitted fitted = albert::fit(encoder, {{"switch the light on", "light"}, {"play some jazz", "music"}, ...});
 *   const albert::Model own = encoder.with_head(fitted.head_file());
 */
#ifndef ALBERT_FIT_HPP
#define ALBERT_FIT_HPP

#include "albert.hpp"
#include "albert_fit.h"

namespace albert {

/** A text, or a pair of texts, and its labels; see albert_example. */
struct Example {
    Example(std::string text, std::string label) : text(std::move(text)), labels{std::move(label)} {}
    Example(std::string text, std::vector<std::string> labels) : text(std::move(text)), labels(std::move(labels)) {}

    std::string text;
    std::optional<std::string> text_pair;
    std::vector<std::string> labels;
};

/** How to fit; see albert_fit_options. */
struct FitOptions {
    std::optional<std::string> pooling;
    std::optional<double> strength;
    std::optional<std::size_t> folds;
    bool balanced = false;
    bool portable = false;
    std::optional<bool> multi_label;
    std::optional<double> reject;
    std::optional<std::string> out_of_scope_label;
    std::optional<std::size_t> max_length;
    std::uint64_t seed = 0;
    std::size_t threads = 0;
};

/** What a classifier's weights are stored in. */
enum class Weights : std::uint32_t { int8 = ALBERT_WEIGHTS_INT8, f32 = ALBERT_WEIGHTS_F32 };

/** A classifier for an encoder. Views and spans are valid as long as it lives. */
class Fitted {
public:
    explicit Fitted(albert_fitted *fitted) : fitted_(fitted) {}

    /** How good it is on examples that it has not seen. */
    albert_fit_report report() const {
        albert_fit_report report;
        check(albert_fitted_report(fitted_.get(), &report));
        return report;
    }
    /** The whole report as JSON. */
    std::string_view report_json() const {
        albert_text json{nullptr, 0};
        detail::call([&](auto error) { return albert_fitted_report_json(fitted_.get(), &json, error); });
        return detail::view(json);
    }
    /** Names of the labels, in the order of the logits. */
    std::vector<std::string_view> labels() const {
        const albert_text *texts = nullptr;
        std::size_t count = 0;
        check(albert_fitted_labels(fitted_.get(), &texts, &count));
        std::vector<std::string_view> labels;
        for (const albert_text &text : Span(texts, count)) labels.push_back(detail::view(text));
        return labels;
    }
    /** The classifier alone, for programs that have the encoder: Model::with_head takes it. */
    Span<const std::uint8_t> head_file(Weights weights = Weights::int8) const {
        return file(albert_fitted_head_file, weights);
    }
    /** The encoder with the classifier in place of its own head. */
    Span<const std::uint8_t> model_file(Weights weights = Weights::int8) const {
        return file(albert_fitted_model_file, weights);
    }

private:
    template <typename Get>
    Span<const std::uint8_t> file(Get get, Weights weights) const {
        const std::uint8_t *bytes = nullptr;
        std::size_t count = 0;
        const auto number = static_cast<std::uint32_t>(weights);
        detail::call([&](auto error) { return get(fitted_.get(), number, &bytes, &count, error); });
        return {bytes, count};
    }

    detail::Owner<albert_fitted, albert_fitted_free> fitted_;
};

/** Fits a classifier on examples; the model's encoder stays as it is. Error::row() tells which example is wrong. */
inline Fitted fit(const Model &model, const std::vector<Example> &examples, const FitOptions &options = {},
                  const Watch &watch = {}) {
    std::vector<std::vector<albert_text>> labels;
    std::vector<albert_example> from;
    for (const Example &example : examples) {
        labels.push_back(detail::texts(example.labels));
        from.push_back({detail::text(std::string_view(example.text)), detail::text(example.text_pair), labels.back().data(),
                        labels.back().size()});
    }
    albert_fit_options settings{};
    settings.pooling = detail::text(options.pooling);
    settings.strength = options.strength.value_or(0);
    settings.folds = options.folds.value_or(0);
    settings.balanced = options.balanced;
    settings.portable = options.portable;
    settings.multi_label = detail::flag(options.multi_label);
    settings.reject = options.reject.value_or(0);
    settings.out_of_scope_label = detail::text(options.out_of_scope_label);
    settings.max_length = detail::number(options.max_length);
    settings.seed = options.seed;
    settings.threads = options.threads;
    albert_fitted *fitted = nullptr;
    detail::watched(watch, [&](auto watching, auto error) {
        return albert_fit(model.get(), from.data(), from.size(), &settings, watching, &fitted, error);
    });
    return Fitted(fitted);
}

} // namespace albert

#endif /* ALBERT_FIT_HPP */
