// What albert.hpp adds to the C headers: owners, views, exceptions. The folder of the models is on the command line.
#include <albert.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <thread>

#include "check.hpp"

namespace {

std::string folder;

template <typename Work>
albert::Error thrown(Work work) {
    try {
        work();
    } catch (const albert::Error &error) {
        return error;
    }
    CHECK(!"nothing was thrown");
    std::exit(1);
}

albert::Model open(const std::string &name) { return albert::Model::open(folder + "/" + name + ".albert"); }

std::vector<std::uint8_t> read(const std::string &name) {
    std::ifstream file(folder + "/" + name + ".albert", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Bytes that tell when they are given back.
struct Watched {
    std::vector<std::uint8_t> bytes;
    std::shared_ptr<int> alive;
    const std::uint8_t *data() const { return bytes.data(); }
    std::size_t size() const { return bytes.size(); }
};

void test_models() {
    const albert::Model model = open("text-classification");
    CHECK(model.labels().size() == 3 && model.labels()[2] == "good");
    CHECK(model.tasks()[0] == "text-classification" && model.max_tokens() > 0 && model.config().num_labels == 3);
    model.verify_checksum();
    CHECK(albert::Model::from_bytes(model.bytes()).bytes().size() == model.bytes().size());
    const auto alive = std::make_shared<int>(1);
    {
        std::optional<albert::Pipeline> pipeline;
        pipeline.emplace(albert::Model::from_owner(Watched{read("text-classification"), alive}));
        CHECK(pipeline->task() == "text-classification" && pipeline->run("a river").items().size() == 1);
    }
    CHECK(alive.use_count() == 1);
    CHECK(thrown([&] { albert::Model::from_owner(Watched{{1, 2, 3}, alive}); }).status() == ALBERT_STATUS_FILE_TRUNCATED);
    CHECK(alive.use_count() == 1);
    const albert::Error error = thrown([] { open("none"); });
    CHECK(error.status() == ALBERT_STATUS_FILE_OPEN && std::string(error.what()).find("none.albert") != std::string::npos);
}

void test_pipelines() {
    albert::Options options;
    options.top_k = 2;
    const albert::Pipeline pipeline(open("text-classification"), {}, options);
    const albert::Results one = pipeline.run("the river runs north of Paris");
    CHECK(one.rows() == 1 && one.items().size() == 2 && !one.vectors() && !one.pooled());
    CHECK(one.items()[0].has(ALBERT_FIELD_LABEL) && !one.items()[0].has(ALBERT_FIELD_TEXT));

    // Several threads, the same bits.
    std::vector<std::thread> threads;
    std::vector<float> scores(4);
    for (float &score : scores)
        threads.emplace_back([&] { score = pipeline.run("the river runs north of Paris").items()[0].score(); });
    for (std::thread &thread : threads) thread.join();
    for (float score : scores) CHECK(score == one.items()[0].score());

    const albert::Results json = pipeline.run_json(R"({"text": "the river runs north of Paris"})");
    CHECK(json.json() == one.json());

    std::vector<albert::Request> requests = {"a river", " "};
    CHECK(thrown([&] { pipeline.run(requests); }).row() == 1u);
    CHECK(!thrown([&] { pipeline.run(""); }).row() && thrown([&] { pipeline.run(""); }).status() == ALBERT_STATUS_TEXT_EMPTY);
    CHECK(thrown([&] { pipeline.run("a", [](auto, auto) { return false; }); }).status() == ALBERT_STATUS_CANCELLED);
    try {
        pipeline.run("a", [](auto, auto) -> bool { throw std::logic_error("mine"); });
        CHECK(false);
    } catch (const std::logic_error &error) {
        CHECK(std::string(error.what()) == "mine");
    }
    // Requests as they come, with other tiles.
    albert::Engine engine;
    engine.threads = 2;
    engine.tile_rows = 8;
    engine.group_tokens = 1;
    const albert::Pipeline small(open("text-classification"), {}, options, engine);
    std::size_t asked = 0, answered = 0;
    const auto next = [&]() -> std::optional<albert::Request> {
        if (asked == 40) return std::nullopt;
        return albert::Request(asked++ == 30 ? " " : "the river runs north of Paris");
    };
    const auto take = [&](std::size_t row, albert::Results results) {
        CHECK(row == answered && results.items()[0].score() == one.items()[0].score());
        return ++answered != 20;
    };
    small.run_each(next, take);
    CHECK(answered == 20 && asked <= 20 + 2 * 16 + 2);
    asked = answered = 0;
    const auto all = [&](std::size_t, albert::Results) { return ++answered > 0; };
    const albert::Error empty = thrown([&] { small.run_each(next, all); });
    CHECK(empty.status() == ALBERT_STATUS_TEXT_EMPTY && empty.row() == 30u && answered == 30);
    asked = 0;
    CHECK(thrown([&] { small.run_each(next, all, [](auto, auto) { return false; }); }).status() == ALBERT_STATUS_CANCELLED);
    try {
        small.run_each([]() -> std::optional<albert::Request> { throw std::logic_error("mine"); }, all);
        CHECK(false);
    } catch (const std::logic_error &error) {
        CHECK(std::string(error.what()) == "mine");
    }

    CHECK(thrown([] { albert::Pipeline(open("encoder"), "fill-mask"); }).status() == ALBERT_STATUS_TASK_MODEL);

    const albert::Pipeline embedding(open("encoder"), "sentence-embedding");
    const albert::Results vector = embedding.run("the sea");
    CHECK(vector.items().empty() && vector.vectors()->rows() == 1);
    CHECK((*vector.vectors())[0].size() == embedding.run("the sea").vectors()->columns());
}

void test_heads_and_prototypes() {
    const std::vector<std::uint8_t> head = [] {
        std::ifstream file(folder + "/encoder.head", std::ios::binary);
        return std::vector<std::uint8_t>{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    }();
    const albert::Model encoder = open("encoder"), model = encoder.with_head(head);
    CHECK(model.labels().size() == 5 && model.labels()[2] == "water" && encoder.labels().empty());
    CHECK(thrown([&] { open("text-classification").with_head(head); }).status() == ALBERT_STATUS_FILE_OTHER_ENCODER);
    const std::string text = "the river runs north of Paris";
    const float best = albert::Pipeline(model).run(text).items()[0].score();
    CHECK(best == albert::Pipeline(encoder.with_head_file(folder + "/encoder.head")).run(text).items()[0].score());

    // The same without allocation in the library.
    alignas(64) static unsigned char memory[4096];
    std::copy(head.begin(), head.end(), memory);
    const albert::StaticHead fixed(albert::Span<const std::uint8_t>(memory, head.size()));
    const albert::StaticModel core(encoder.bytes());
    CHECK(fixed.describe().num_labels == 5 && fixed.label(2) == "water" && !fixed.label(5));
    const albert_plan plan{64, 0, 0, 5};
    std::vector<std::uint8_t> arena(core.arena_bytes(plan) + ALBERT_ARENA_ALIGN);
    albert::Session session(core, plan, arena);
    session.set_head(&fixed);
    session.start(text);
    session.finish();
    float largest = 0;
    for (float score : session.scores()) largest = std::max(largest, score);
    CHECK(largest == best);
    session.set_head(nullptr);

    const albert::Pipeline embedding(encoder, "sentence-embedding");
    const auto embed = [&](const char *of) {
        const albert::Results results = embedding.run(of);
        const auto values = (*results.vectors())[0];
        return std::vector<float>(values.begin(), values.end());
    };
    const std::size_t width = embed("a").size();
    albert::Prototypes taught(2, width);
    CHECK(!taught.nearest(embed("the sea")));
    taught.add(0, embed("the river runs to the sea"));
    taught.add(1, embed("Anna lives in London"));
    const auto nearest = taught.nearest(embed("Anna lives in London"));
    CHECK(nearest && nearest->label == 1 && nearest->cosine > 0.9999f);
    albert::Prototypes restored(taught.store(), 2, width);
    CHECK(restored.examples(1) == 1 && restored.nearest(embed("the sea"))->cosine == taught.nearest(embed("the sea"))->cosine);
    restored.forget(1);
    CHECK(restored.examples(1) == 0 && taught.examples(1) == 1);
    CHECK(thrown([&] { taught.add(2, embed("a")); }).status() == ALBERT_STATUS_NOT_FOUND);
    CHECK(thrown([&] { albert::Prototypes(taught.store(), 3, width); }).status() == ALBERT_STATUS_BUFFER_TOO_SMALL);
}

void test_without_allocation() {
    const albert::Model shared = open("text-classification");
    const albert::StaticModel model(shared.bytes());
    const std::string text = "the river runs north of Paris";
    const albert::Encoding encoding(model, text);
    CHECK(encoding.ids().size() == encoding.offsets().size() && encoding.ids().size() > 4);
    CHECK(model.token_id(model.token(encoding.ids()[1])) == encoding.ids()[1] && !model.token_id("no such token"));
    CHECK(model.decode(encoding.ids()) == "the river runs north of paris");
    CHECK(model.label(0) == "bad" && !model.label(3) && model.config().num_labels == 3);

    const albert_plan plan{64, 0, 0, 0};
    std::vector<std::uint8_t> arena(model.arena_bytes(plan) + ALBERT_ARENA_ALIGN);
    albert::Session session(model, plan, arena);
    session.start(text);
    while (session.step()) {
    }
    float best = 0;
    for (float score : session.scores()) best = std::max(best, score);
    CHECK(best == albert::Pipeline(shared).run(text).items()[0].score());

    albert_input input{};
    input.ids = encoding.ids().data();
    input.tokens = encoding.ids().size();
    session.start(input);
    session.finish();
    CHECK(session.output().logits_count == 3);
    CHECK(thrown([&] { session.start(""); session.start(albert_input{}); }).status() == ALBERT_STATUS_INPUT_EMPTY);
    CHECK(thrown([&] { albert::Session(model, plan, albert::Span<std::uint8_t>()); }).status() != ALBERT_STATUS_OK);
}

} // namespace

int main(int, char **argument) {
    folder = argument[1];
    test_models();
    test_pipelines();
    test_heads_and_prototypes();
    test_without_allocation();
    std::cout << "all checks passed\n";
}
