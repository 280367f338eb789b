// As tests/c/fit.c, in C++.
#include <albert_fit.hpp>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <stdexcept>

#include "check.hpp"

namespace {

void print_file(const char *name, albert::Span<const std::uint8_t> bytes) {
    std::printf("%s\t", name);
    for (const std::uint8_t byte : bytes) std::printf("%02x", byte);
    std::printf("\n");
}

} // namespace

int main(int count, char **arguments) {
    CHECK(count == 2);
    const albert::Model encoder = albert::Model::open(arguments[1]);
    std::vector<albert::Example> examples;
    for (std::string line; std::getline(std::cin, line);) {
        const std::size_t tab = line.find('\t');
        examples.emplace_back(line.substr(tab + 1), line.substr(0, tab));
    }
    albert::FitOptions options;
    options.folds = 1;
    try {
        albert::fit(encoder, examples, options);
        CHECK(!"nothing was thrown");
    } catch (const albert::Error &error) {
        CHECK(error.status() == ALBERT_STATUS_TASK_OPTION);
    }
    options.folds = 3;
    try {
        albert::fit(encoder, examples, options, [](std::uint32_t, std::size_t) -> bool { throw std::runtime_error("mine"); });
        CHECK(!"nothing was thrown");
    } catch (const std::runtime_error &error) {
        CHECK(std::string(error.what()) == "mine");
    }
    const albert::Fitted fitted = albert::fit(encoder, examples, options);
    for (const std::string_view label : fitted.labels()) std::printf("label\t%s\n", label.data());
    const albert_fit_report report = fitted.report();
    std::printf("report\t%s\t%.17g\t%.17g\t%.17g\n", report.pooling.start, report.accuracy, report.macro_f1,
                report.temperature);
    std::printf("json\t%s\n", fitted.report_json().data());
    print_file("head-f32", fitted.head_file(albert::Weights::f32));
    print_file("head", fitted.head_file());
    CHECK(encoder.with_head(fitted.head_file()).labels() == fitted.labels());
    print_file("model", fitted.model_file());
    options.portable = true;
    print_file("portable", albert::fit(encoder, examples, options).head_file());
    return 0;
}
