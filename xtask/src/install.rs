//! The C library as other programs expect it: headers, libraries with a version, pkg-config and CMake files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::cargo_c;
use crate::toolchain::{captured, cargo, check, host_cargo, host_target_dir, root, target_dir};

const HEADERS: [&str; 5] = ["albert.h", "albert_tasks.h", "albert_fit.h", "albert.hpp", "albert_fit.hpp"];

/// The library with which programs for musl unwind the stack.
const UNWINDER: &str = "libunwind.a";

/// Names of files on a platform.
struct Names {
    /// The shared library's file, below the prefix; none on a platform of static programs.
    shared: String,
    /// Other names of it, in the same folder.
    links: Vec<String>,
    /// What the linker is given for it on Windows.
    import: String,
    /// The name that programs ask for.
    soname: String,
    /// The linker's option for that name.
    linker: Option<String>,
    /// What cargo calls the shared library, the import library and the static one.
    built: [&'static str; 3],
}

impl Names {
    /// `version` is the library's own, of which the first number is that of the ABI.
    fn of(target: &str, version: &str) -> Self {
        let abi = version.split('.').next().unwrap_or(version);
        if target.contains("musl") {
            return Self {
                shared: String::new(),
                links: Vec::new(),
                import: String::new(),
                soname: String::new(),
                linker: None,
                built: ["", "", "libalbert.a"],
            };
        }
        if target.contains("windows") {
            return Self {
                shared: "bin/albert.dll".to_owned(),
                links: Vec::new(),
                import: "lib/libalbert.dll.a".to_owned(),
                soname: String::new(),
                linker: None,
                built: ["albert.dll", "libalbert.dll.a", "libalbert.a"],
            };
        }
        let (names, option, built) = if target.contains("apple") {
            let names = [version, abi].map(|version| format!("libalbert.{version}.dylib"));
            (names, "-Wl,-install_name,@rpath/", "libalbert.dylib")
        } else {
            ([version, abi].map(|version| format!("libalbert.so.{version}")), "-Wl,-soname,", "libalbert.so")
        };
        let [file, soname] = names;
        Self {
            shared: format!("lib/{file}"),
            links: vec![soname.clone(), built.to_owned()],
            import: String::new(),
            linker: Some(format!("{option}{soname}")),
            soname,
            built: [built, "", "libalbert.a"],
        }
    }
}

/// `--prefix DIR [--target TRIPLE]`
pub(crate) fn run(options: &[String]) -> Result<(), String> {
    let (mut prefix, mut target) = (None, None);
    let mut options = options.iter();
    while let Some(option) = options.next() {
        let place = match option.as_str() {
            "--prefix" => &mut prefix,
            "--target" => &mut target,
            _ => return Err(format!("install has no option {option}: --prefix DIR [--target TRIPLE]")),
        };
        *place = Some(options.next().ok_or_else(|| format!("{option} needs a value"))?.as_str());
    }
    let prefix = prefix.ok_or("install needs --prefix DIR")?;
    install(&std::path::absolute(prefix).map_err(|error| error.to_string())?, Builder::of(target)?)
}

/// Installs into a folder of its own, and builds and runs programs against that, outside the repository; then what cargo-c
/// installs, which has no CMake files.
pub(crate) fn test() -> Result<(), String> {
    let place = std::env::temp_dir().join(format!("albert-install-{}", std::process::id()));
    let (prefix, by_cargo_c) = (place.join("prefix"), place.join("cargo-c"));
    let outcome = Builder::of(None)
        .and_then(|builder| install(&prefix, builder))
        .and_then(|()| try_programs(&prefix, "installed"))
        .and_then(|()| cargo_c::install(&by_cargo_c))
        .and_then(|there| {
            if there { try_programs(&by_cargo_c, "installed_library_serves_programs_by_pkg_config") } else { Ok(()) }
        });
    let removed = fs::remove_dir_all(&place).map_err(|error| format!("{}: {error}", place.display()));
    outcome.and(removed)
}

/// Builds and runs programs against an install tree, by the tests of this name.
fn try_programs(prefix: &Path, tests: &str) -> Result<(), String> {
    let mut test = host_cargo("test");
    test.args(["--package", "albert-capi", "--test", "c_programs", "--", "--ignored", tests]);
    check(test.env("ALBERT_INSTALLED", prefix))
}

/// What builds the libraries.
pub(crate) struct Builder {
    /// What they are for.
    pub(crate) target: String,
    /// `cargo rustc` for the target.
    pub(crate) cargo: Command,
    /// Where it puts them.
    pub(crate) folder: PathBuf,
}

impl Builder {
    /// Cargo as it is, for this machine or for `target`.
    fn of(target: Option<&str>) -> Result<Self, String> {
        let Some(target) = target else {
            let folder = root().join(host_target_dir()).join("release");
            return Ok(Self { target: host()?, cargo: host_cargo("rustc"), folder });
        };
        let mut cargo = cargo("rustc", target, "std,panic_unwind")?;
        cargo.arg("--locked");
        Ok(Self { target: target.to_owned(), cargo, folder: target_dir().join(target).join("release") })
    }
}

/// Builds the libraries and puts everything where `prefix` says.
pub(crate) fn install(prefix: &Path, builder: Builder) -> Result<(), String> {
    let package = package()?;
    let text = |pointer: &str| package.pointer(pointer).and_then(Value::as_str).unwrap_or("").to_owned();
    let (version, library_version) = (text("/version"), text("/metadata/capi/library/version"));
    let names = Names::of(&builder.target, &library_version);
    let (built, target) = (builder.folder.clone(), builder.target.clone());
    let static_libraries = build(builder, &names)?;

    let capi = root().join("albert-capi");
    for header in HEADERS {
        copy(&capi.join("include").join(header), &prefix.join("include").join(header))?;
    }
    let [shared, import, archive] = names.built;
    if !names.shared.is_empty() {
        copy(&built.join(shared), &prefix.join(&names.shared))?;
    }
    for link in &names.links {
        let link = prefix.join("lib").join(link);
        let _ = fs::remove_file(&link);
        symlink(Path::new(&names.shared).file_name().unwrap_or_default(), &link)?;
    }
    if !names.import.is_empty() {
        copy(&built.join(import), &prefix.join(&names.import))?;
    }
    copy(&built.join(archive), &prefix.join("lib").join(archive))?;
    // What unwinds the stack is no part of the static library, and not of musl either: Rust brings it for its own programs.
    if names.shared.is_empty() {
        let brought = target_libdir(&target)?.join("self-contained").join(UNWINDER);
        copy(&brought, &prefix.join("lib").join(UNWINDER))?;
    }

    // CMake and programs name system libraries without -l.
    let list: Vec<&str> = static_libraries.split_whitespace().map(|name| name.trim_start_matches("-l")).collect();
    let compatible = match version.split('.').collect::<Vec<_>>().as_slice() {
        ["0", minor, ..] => format!("0\\\\.{minor}(\\\\.|$)"),
        numbers => format!("{}(\\\\.|$)", numbers.first().unwrap_or(&"")),
    };
    let values = [
        ("@VERSION@", version),
        ("@COMPATIBLE@", compatible),
        ("@DESCRIPTION@", text("/description")),
        ("@REPOSITORY@", text("/repository")),
        ("@SONAME@", names.soname),
        ("@SHARED_LIBRARY@", names.shared),
        ("@IMPORT_LIBRARY@", names.import),
        ("@STATIC_LIBRARY@", format!("lib/{archive}")),
        ("@STATIC_LIBRARIES@", static_libraries.clone()),
        ("@STATIC_LIBRARIES_LIST@", list.join(";")),
    ];
    for (name, folder) in [
        ("albert.pc", "pkgconfig"),
        ("albert-config.cmake", "cmake/albert"),
        ("albert-config-version.cmake", "cmake/albert"),
    ] {
        let from = capi.join("install").join(format!("{name}.in"));
        let template = fs::read_to_string(&from).map_err(|error| format!("{}: {error}", from.display()))?;
        let filled = values.iter().fold(template, |text, (name, value)| text.replace(name, value));
        let to = prefix.join("lib").join(folder).join(name);
        parent(&to)?;
        fs::write(&to, filled).map_err(|error| format!("{}: {error}", to.display()))?;
    }
    println!("installed in {}", prefix.display());
    Ok(())
}

/// What cargo knows of albert-capi.
fn package() -> Result<Value, String> {
    let metadata = captured(host_cargo("metadata").args(["--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|error| error.to_string())?;
    let mut packages = metadata["packages"].as_array().into_iter().flatten();
    packages.find(|package| package["name"] == "albert-capi").cloned().ok_or("there is no albert-capi".to_owned())
}

/// Where the compiler has the target's standard library.
fn target_libdir(target: &str) -> Result<PathBuf, String> {
    let mut rustc = Command::new("rustc");
    captured(rustc.current_dir(root()).args(["--print", "target-libdir", "--target", target]))
        .map(|folder| PathBuf::from(folder.trim()))
}

fn host() -> Result<String, String> {
    let version = captured(Command::new("rustc").current_dir(root()).arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or("rustc -vV tells no host".to_owned())
}

/// Builds the libraries. What programs link with the static one.
fn build(builder: Builder, names: &Names) -> Result<String, String> {
    let mut build = builder.cargo;
    let kinds = if names.shared.is_empty() { "staticlib" } else { "cdylib,staticlib" };
    build.args(["--release", "--package", "albert-capi", "--lib", "--crate-type", kinds, "--"]);
    build.args(["-C", "strip=symbols", "--print", "native-static-libs"]);
    if let Some(option) = &names.linker {
        build.args(["-C", &format!("link-arg={option}")]);
    }
    // It is a note of the compiler, which cargo repeats when there is nothing to do.
    let output = build.output().map_err(|error| format!("{build:?}: {error}"))?;
    let notes = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{build:?}: {notes}"));
    }
    let libraries =
        notes.lines().find_map(|line| line.split_once("native-static-libs: ")).map(|(_, libraries)| libraries);
    let libraries = libraries.ok_or_else(|| format!("{build:?} tells no native-static-libs: {notes}"))?;
    Ok(libraries.trim().to_owned())
}

fn parent(path: &Path) -> Result<(), String> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    parent(to)?;
    // A program that runs keeps the library that it has.
    let _ = fs::remove_file(to);
    fs::copy(from, to).map(|_| ()).map_err(|error| format!("{} to {}: {error}", from.display(), to.display()))
}

#[cfg(unix)]
fn symlink(to: &std::ffi::OsStr, link: &Path) -> Result<(), String> {
    std::os::unix::fs::symlink(to, link).map_err(|error| format!("{}: {error}", link.display()))
}

#[cfg(not(unix))]
fn symlink(to: &std::ffi::OsStr, link: &Path) -> Result<(), String> {
    copy(&link.with_file_name(to), link)
}
