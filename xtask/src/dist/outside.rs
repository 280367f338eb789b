//! A C program against what an archive holds, as somebody who unpacked it builds one: with pkg-config and a C compiler.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use super::Workplace;
use super::platform::Platform;
use crate::files::{make, read};
use crate::toolchain::{captured, check, root};

/// Builds the example with the static library and with the shared one, where there is one. Programs that can be run have to print
/// what the example's test expects.
pub(super) fn try_library(platform: &Platform, stage: &Path, place: &Workplace) -> Result<(), String> {
    let folder = place.folder.join("programs").join(platform.target);
    make(&folder)?;
    let capi = root().join("albert-capi");
    let words = |options: &[&str]| -> Result<Vec<String>, String> {
        let mut command = Command::new("pkg-config");
        command.env("PKG_CONFIG_LIBDIR", stage.join("lib/pkgconfig")).env_remove("PKG_CONFIG_PATH");
        let printed = captured(command.args(options).arg("albert"))?;
        Ok(printed.split_whitespace().map(str::to_owned).collect())
    };
    let includes = words(&["--cflags"])?;
    let mut of_static = vec![stage.join("lib/libalbert.a").display().to_string()];
    // Zig lacks the iconv of macOS, which Rust's package of C declarations names and nothing here calls.
    let is_linked = |word: &String| word != "-lalbert" && word != "-liconv";
    of_static.extend(words(&["--static", "--libs"])?.into_iter().filter(is_linked));
    let mut ways = vec![("static", of_static)];
    if !platform.target.contains("musl") {
        let mut of_shared = words(&["--libs"])?;
        if platform.is_windows() {
            // By `-lalbert` Zig finds the static library.
            if platform.is_linked_by_zig() {
                let import = stage.join("lib/libalbert.dll.a").display().to_string();
                of_shared.iter_mut().filter(|word| *word == "-lalbert").for_each(|word| word.clone_from(&import));
            }
            // A program finds a library that lies beside it.
            let library = "albert.dll";
            fs::copy(stage.join("bin").join(library), folder.join(library)).map_err(|error| error.to_string())?;
        } else {
            of_shared.push(format!("-Wl,-rpath,{}", stage.join("lib").display()));
        }
        ways.push(("shared", of_shared));
    }
    for (way, libraries) in ways {
        let program = folder.join(format!("classify-{way}{}", if platform.is_windows() { ".exe" } else { "" }));
        let mut compile = platform.c_compiler()?;
        compile.args(["-std=c99", "-O1"]).args(&includes).arg(capi.join("examples/classify.c")).args(libraries);
        check(compile.arg("-o").arg(&program))?;
        let Some(mut run) = platform.start(&program, place)? else { continue };
        let texts = capi.join("tests/c/classify.in");
        run.stdin(File::open(&texts).map_err(|error| format!("{}: {error}", texts.display()))?);
        let printed = captured(run.arg(root().join("models/clinc-intents-int8.albert")))?;
        if printed.replace("\r\n", "\n") != read(&capi.join("tests/c/classify.out"))? {
            return Err(format!("{}, {way} library: the example prints {printed}", platform.target));
        }
    }
    Ok(())
}
