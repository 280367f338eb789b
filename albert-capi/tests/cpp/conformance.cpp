// Runs cases through albert.hpp and prints what comes out, to the bit. It reads and writes what tests/c/conformance.c does.
#include <albert.hpp>

#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <map>
#include <sstream>

namespace {

struct Case {
    std::string model, head, task;
    albert::Options options;
    albert::Request request;
};

template <typename T>
using Fields = std::map<std::string, std::function<void(T &, const std::string &)>>;

template <typename T, typename Field>
auto number(Field T::*field) {
    return [field](T &to, const std::string &value) { to.*field = std::stoul(value); };
}
template <typename T, typename Field>
auto text(Field T::*field) {
    return [field](T &to, const std::string &value) { to.*field = value; };
}
template <typename T, typename Field>
auto flag(Field T::*field) {
    return [field](T &to, const std::string &value) { to.*field = value == "true"; };
}
template <typename T>
auto list(std::vector<std::string> T::*field) {
    return [field](T &to, const std::string &value) { (to.*field).push_back(value); };
}
template <typename T>
auto ids(std::vector<std::uint32_t> T::*field) {
    return [field](T &to, const std::string &value) { (to.*field).push_back(static_cast<std::uint32_t>(std::stoul(value))); };
}

using albert::Options;
using albert::Request;

const Fields<Options> options = {
    {"top_k", number(&Options::top_k)},
    {"stride", number(&Options::stride)},
    {"max_seq_len", number(&Options::max_seq_len)},
    {"doc_stride", number(&Options::doc_stride)},
    {"max_answer_len", number(&Options::max_answer_len)},
    {"max_length", number(&Options::max_length)},
    {"function_to_apply", text(&Options::function_to_apply)},
    {"hypothesis_template", text(&Options::hypothesis_template)},
    {"entailment_label", text(&Options::entailment_label)},
    {"aggregation_strategy", text(&Options::aggregation_strategy)},
    {"truncation", text(&Options::truncation)},
    {"multi_label", flag(&Options::multi_label)},
    {"align_to_words", flag(&Options::align_to_words)},
    {"handle_impossible_answer", flag(&Options::handle_impossible_answer)},
    {"normalize", flag(&Options::normalize)},
    {"candidate_labels", list(&Options::candidate_labels)},
    {"targets", list(&Options::targets)},
};
const Fields<Request> requests = {
    {"text", text(&Request::text)},
    {"text_pair", text(&Request::text_pair)},
    {"question", text(&Request::question)},
    {"context", text(&Request::context)},
    {"choices", list(&Request::choices)},
    {"targets", list(&Request::targets)},
    {"candidate_labels", list(&Request::candidate_labels)},
    {"documents", list(&Request::documents)},
    {"input_ids", ids(&Request::input_ids)},
    {"token_type_ids", ids(&Request::token_type_ids)},
};

std::string bits(float value) {
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    char text[9];
    std::snprintf(text, sizeof text, "%08" PRIx32, bits);
    return text;
}

void print(const char *name, const std::optional<albert::Matrix> &matrix) {
    if (!matrix) return;
    std::cout << name << '\t' << matrix->rows() << '\t' << matrix->columns();
    for (float value : matrix->values()) std::cout << '\t' << bits(value);
    std::cout << '\n';
}

void run(const Case &now, std::size_t times) {
    albert::Model model = albert::Model::open(now.model);
    if (!now.head.empty()) model = model.with_head_file(now.head);
    const albert::Pipeline pipeline(model, now.task, now.options);
    const std::vector<albert::Request> several(times, now.request);
    const albert::Results results = pipeline.run(several);
    for (std::size_t row = 0; row < results.rows(); row++) {
        for (const albert::Item item : results.items(row)) {
            std::cout << "item\t" << item.get().fields << '\t' << item.label() << '\t' << item.text() << '\t'
                      << item.sequence() << '\t' << item.start() << '\t' << item.end() << '\t' << item.index() << '\t'
                      << bits(item.score()) << '\t' << item.token() << '\t' << item.layers() << '\n';
        }
        print("vectors", results.vectors(row));
        print("pooled", results.pooled(row));
        std::cout << "json\t" << results.json(row) << '\n';
    }
    std::cout << "end\n";
}

} // namespace

int main() try {
    Case now;
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words(line);
        std::string word, name, value;
        std::getline(words, word, '\t');
        std::getline(words, name, '\t');
        std::getline(words, value, '\t');
        if (word == "model") now.model = name;
        else if (word == "head") now.head = name;
        else if (word == "task") now.task = name;
        else if (word == "option") options.at(name)(now.options, value);
        else if (word == "request") requests.at(name)(now.request, value);
        else {
            run(now, word == "twice" ? 2 : 1);
            now = Case();
        }
    }
    return 0;
} catch (const std::exception &error) {
    std::cerr << error.what() << '\n';
    return 1;
}
