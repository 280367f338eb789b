//! Programs outside the repository, against the install tree that `ALBERT_INSTALLED` leads to.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::conforms;
use crate::tools::{output, path, printed};

/// The install tree, and an empty folder to build in.
fn places(name: &str) -> (PathBuf, PathBuf) {
    let prefix = PathBuf::from(std::env::var_os("ALBERT_INSTALLED").expect("cargo xtask install-test sets it"));
    let build = prefix.with_file_name(name);
    let _ = std::fs::remove_dir_all(&build);
    std::fs::create_dir_all(&build).unwrap();
    (prefix, build)
}

/// Words that pkg-config prints.
fn pkg_config(prefix: &Path, options: &[&str]) -> Vec<String> {
    let mut command = Command::new("pkg-config");
    command.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")).args(options).arg("albert");
    printed(&mut command, "").split_whitespace().map(str::to_owned).collect()
}

#[test]
#[ignore = "cargo xtask install-test makes the install tree"]
fn installed_library_serves_programs_by_pkg_config() {
    let (prefix, build) = places("pkg-config");
    assert_eq!(pkg_config(&prefix, &["--modversion"]), [env!("CARGO_PKG_VERSION")]);
    for (compiler, standard, source) in
        [("cc", "-std=c99", "tests/c/conformance.c"), ("c++", "-std=c++17", "tests/cpp/conformance.cpp")]
    {
        let name = Path::new(source).file_name().unwrap();
        std::fs::copy(path(source), build.join(name)).unwrap();
        let mut command = Command::new(compiler);
        command.current_dir(&build).args([standard, "-Wall", "-Wextra", "-Werror", "-pedantic"]).arg(name);
        command.args(pkg_config(&prefix, &["--cflags", "--libs"]));
        command.arg(format!("-Wl,-rpath,{}", prefix.join("lib").display())).arg("-o").arg("program");
        output(&mut command, "");
        conforms(&build.join("program"), false);
        // Programs ask for the version that they were linked with.
        let needed = printed(Command::new("readelf").arg("-d").arg(build.join("program")), "");
        assert!(needed.contains("[libalbert.so.1]"), "{needed}");
    }
    // The static library with what pkg-config says that it needs.
    let mut command = Command::new("cc");
    command.current_dir(&build).args(["-std=c99", "conformance.c", "-o", "program"]);
    command.args(pkg_config(&prefix, &["--cflags"])).arg(prefix.join("lib/libalbert.a"));
    let needed = pkg_config(&prefix, &["--static", "--libs-only-l"]);
    output(command.args(needed.iter().filter(|name| *name != "-lalbert")), "");
    conforms(&build.join("program"), false);
}

#[test]
#[ignore = "cargo xtask install-test makes the install tree"]
fn installed_library_serves_programs_by_cmake() {
    let (prefix, build) = places("cmake");
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(path("tests/outside")).arg("-B").arg(&build);
    configure.arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display()));
    output(configure.arg(format!("-DSOURCES={}", path("tests").display())), "");
    output(Command::new("cmake").arg("--build").arg(&build), "");
    conforms(&build.join("conformance-c"), false);
    conforms(&build.join("conformance-cpp"), false);
    // The lines of docs/c-api.md, as the whole of a program's build.
    let page = std::fs::read_to_string(path("../docs/c-api.md")).unwrap();
    let lines = albert_tests::readme::blocks_of(&page).into_iter().find(|block| block.language == "cmake").unwrap();
    let guide = build.join("guide");
    std::fs::create_dir_all(&guide).unwrap();
    std::fs::copy(path("tests/c/conformance.c"), guide.join("program.c")).unwrap();
    let start = "cmake_minimum_required(VERSION 3.16)\nproject(guide LANGUAGES C)\nadd_executable(program program.c)\n";
    std::fs::write(guide.join("CMakeLists.txt"), format!("{start}{}", lines.text)).unwrap();
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(&guide).arg("-B").arg(guide.join("build"));
    output(configure.arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display())), "");
    output(Command::new("cmake").arg("--build").arg(guide.join("build")), "");
    conforms(&guide.join("build/program"), false);
    // A program that needs a later version is refused.
    let text = std::fs::read_to_string(path("tests/outside/CMakeLists.txt")).unwrap();
    let later = build.join("later");
    std::fs::create_dir_all(&later).unwrap();
    std::fs::write(later.join("CMakeLists.txt"), text.replace("albert 0.1 ", "albert 0.2 ")).unwrap();
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(&later).arg("-B").arg(later.join("build"));
    configure.arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display()));
    let refused = configure.arg(format!("-DSOURCES={}", path("tests").display())).output().unwrap();
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("requested version \"0.2\""));
}
