//! Chores that cargo alone cannot do: `cargo xtask help` lists them.

mod aarch64;
#[path = "../../tests/src/block.rs"]
#[allow(unreachable_pub, reason = "another crate has this file, too")]
mod block;
mod cargo_c;
mod cmsis_nn;
mod conformance;
mod counted;
mod dist;
mod emulated;
mod environment;
mod features;
mod files;
mod firmware;
mod firmware_boards;
mod firmware_bounds;
mod firmware_copies;
mod firmware_counts;
mod firmware_fast;
mod firmware_projects;
mod firmware_reads;
mod firmware_taught;
mod first_image;
mod fuzz;
mod i686;
mod install;
mod instructions;
mod js;
mod kotlin;
mod lint;
mod loom;
mod mobile;
mod python;
mod quantization;
mod reproduce;
mod sanitize;
mod site;
mod size;
mod swift;
mod throughput;
mod together;
mod toolchain;
mod versus;
mod wasm;
mod windows;
mod wine;
mod zig;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask aarch64 [--kernels]              tests the NEON kernel sets under QEMU, with the programs around them or alone
cargo xtask arm32                            tests the kernel sets for 32-bit Arm under QEMU
cargo xtask riscv64                          tests the kernel sets for 64-bit RISC-V under QEMU
cargo xtask counted [--sizes]                counts instructions of the kernel sets under QEMU; or those of programs compiled for
                                             size beside those compiled for speed
cargo xtask cmsis-nn CHECKOUT                counts those of CMSIS-NN's fully connected kernels on emulated Cortex-M
cargo xtask throughput                       simulates the inner loops of the NEON kernel sets with llvm-mca
cargo xtask wasm                             tests the WebAssembly kernel sets under Node or Deno
cargo xtask js                               builds the npm package and its demo page, tests both under Node, Deno and in Chromium
cargo xtask js --build | --bench             builds them alone, or counts bytes and times the package beside its peers
cargo xtask i686                             tests on a 32-bit x86
cargo xtask lint                             clippy and rustdoc over the workspace, with every feature at once
cargo xtask features                         checks every library with each of its features alone
cargo xtask package                          packs every crate that is published and builds it from that
cargo xtask bare-metal                       builds the core for processors without an operating system
cargo xtask firmware [CORES]...              builds the firmware and runs it on emulated boards; on those with these cores alone
cargo xtask loom                             models of the executor in every order of their atomic operations
cargo xtask install --prefix DIR [--target TRIPLE]
                                             the C library with headers, pkg-config and CMake files
cargo xtask install-test                     installs, and builds and runs C and C++ programs against that; with cargo-c, too,
                                             where it is
cargo xtask dist [--out DIR] [--unoptimized] [TARGET]...
                                             archives of a release for every platform, or those named, with checksums; or such that
                                             are compiled quickly, as a check
cargo xtask windows                          tests the command and the libraries for Windows, under Wine
cargo xtask mobile                           the C library for phones, and what it needs from them
cargo xtask kotlin                           compiles the Kotlin of mobile and of the documents on the JVM
cargo xtask swift                            parses the Swift of mobile and of the documents
cargo xtask python [--all]                   the Python package: wheel, tests and types; with other engines
cargo xtask quantization [--speed]           every scheme on the trained models in ../shared/models (or ALBERT_MODELS)
cargo xtask versus REVISION [--geometry A,B] [--weights A,B] [--isa A,B] [--tokens N,N] [--seconds N] [--update]
                                             speed beside another revision, an inference of each by turns; writes the
                                             table of docs/benchmarks.md
cargo xtask together [--update]              the latency of zero-shot classification and multiple choice, inputs one by one and
                                             together; writes the table of docs/benchmarks.md
cargo xtask instructions [--record]          counts the benchmarks' instructions under Valgrind, against recorded counts
cargo xtask fuzz [--minutes N] [--record] [--minimize] [--built] [TARGET]...
                                             fuzzes for N minutes in all, with programs built before; counts executions,
                                             renews the committed inputs
cargo xtask sanitize address|thread          the kernels, the C interface, damaged files; or the executor, under a sanitizer
cargo xtask reproduce FOLDER                 converts every checkpoint in a folder, with limits of time and memory
cargo xtask conformance                      writes the conformance models, their recorded results and the table of languages anew
cargo xtask site                             the documents as a site, with the demo page in it
cargo xtask size [--features]                flash bytes of the core by module, RAM and stack, against recorded bounds; or those of each feature
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.split_first() {
        Some((command, [])) if command == "aarch64" => aarch64::run(),
        Some((command, [option])) if command == "aarch64" && option == "--kernels" => aarch64::kernels(),
        Some((command, [])) if command == "arm32" => emulated::ARM32.run(),
        Some((command, [])) if command == "riscv64" => emulated::RISCV64.run(),
        Some((command, [])) if command == "counted" => counted::table(),
        Some((command, [option])) if command == "counted" && option == "--sizes" => counted::sizes(),
        Some((command, [checkout])) if command == "cmsis-nn" => cmsis_nn::run(checkout.as_ref()),
        Some((command, [])) if command == "throughput" => throughput::run(),
        Some((command, [])) if command == "wasm" => wasm::run(),
        Some((command, [])) if command == "js" => js::run(),
        Some((command, [option])) if command == "js" && option == "--build" => js::build(),
        Some((command, [option])) if command == "js" && option == "--bench" => js::bench(),
        Some((command, [])) if command == "i686" => i686::run(),
        Some((command, [])) if command == "lint" => lint::run(),
        Some((command, [])) if command == "features" => features::run(),
        Some((command, [])) if command == "package" => features::package(),
        Some((command, [])) if command == "bare-metal" => features::bare_metal(),
        Some((command, cores)) if command == "firmware" => firmware::run(cores),
        Some((command, [])) if command == "loom" => loom::run(),
        Some((command, options)) if command == "install" => install::run(options),
        Some((command, [])) if command == "install-test" => install::test(),
        Some((command, options)) if command == "dist" => dist::run(options),
        Some((command, [])) if command == "windows" => windows::run(),
        Some((command, [])) if command == "mobile" => mobile::run(),
        Some((command, [])) if command == "kotlin" => kotlin::run(),
        Some((command, [])) if command == "swift" => swift::run(),
        Some((command, [])) if command == "python" => python::run(false),
        Some((command, [option])) if command == "python" && option == "--all" => python::run(true),
        Some((command, [])) if command == "quantization" => quantization::run(false),
        Some((command, [option])) if command == "quantization" && option == "--speed" => quantization::run(true),
        Some((command, arguments)) if command == "versus" => versus::run(arguments),
        Some((command, [])) if command == "together" => together::run(false),
        Some((command, [option])) if command == "together" && option == "--update" => together::run(true),
        Some((command, [])) if command == "instructions" => instructions::run(false),
        Some((command, [option])) if command == "instructions" && option == "--record" => instructions::run(true),
        Some((command, options)) if command == "fuzz" => fuzz::run(options),
        Some((command, [kind])) if command == "sanitize" && kind == "address" => sanitize::address(),
        Some((command, [kind])) if command == "sanitize" && kind == "thread" => sanitize::thread(),
        Some((command, [folder])) if command == "reproduce" => reproduce::run(folder.as_ref()),
        Some((command, [])) if command == "conformance" => conformance::run(),
        Some((command, [])) if command == "site" => site::run(),
        Some((command, [])) if command == "size" => size::run(),
        Some((command, [option])) if command == "size" && option == "--features" => size::features(),
        Some((command, [])) if command == "help" => {
            print!("{HELP}");
            Ok(())
        }
        _ => Err(format!("unknown command; there are\n{HELP}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
