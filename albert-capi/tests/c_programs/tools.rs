//! Compiling and running C and C++ programs.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const WARNINGS: [&str; 4] = ["-Wall", "-Wextra", "-Werror", "-pedantic"];

/// Folder of the libraries that cargo built for this test.
pub(crate) fn libraries() -> PathBuf {
    let folder = std::env::current_exe().unwrap().parent().unwrap().to_path_buf();
    assert!(folder.join("libalbert.a").exists() && folder.join("libalbert.so").exists(), "{}", folder.display());
    folder
}

/// A place in this crate.
pub(crate) fn path(relative: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(relative)
}

/// Output of a command that must succeed.
pub(crate) fn output(command: &mut Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // The program may write before it has read everything.
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
    writer.join().unwrap().unwrap();
    output
}

/// What a command that must succeed writes to its standard output.
pub(crate) fn printed(command: &mut Command, input: &str) -> String {
    String::from_utf8(output(command, input).stdout).unwrap()
}

/// Compiles a source with `compiler` and links it with the static library, or the shared one.
pub(crate) fn compile(compiler: &[&str], source: &str, name: &str, shared: bool) -> PathBuf {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let folder = libraries();
    let mut command = Command::new(compiler[0]);
    command.args(&compiler[1..]).args(WARNINGS).arg("-g").arg("-I").arg(path("include")).arg(path(source));
    command.arg("-o").arg(&program);
    if shared {
        command.arg("-L").arg(&folder).arg("-lalbert").arg(format!("-Wl,-rpath,{}", folder.display()));
    } else {
        command.arg(folder.join("libalbert.a")).args(["-lpthread", "-ldl", "-lm"]);
    }
    output(&mut command, "");
    program
}

/// Runs a program under valgrind: no error and no leak. What the libraries keep for streams and threads does not count.
pub(crate) fn valgrind(program: &Path, arguments: &[&str], input: &str) -> String {
    let mut command = Command::new("valgrind");
    command.args([
        "-q",
        "--leak-check=full",
        "--errors-for-leak-kinds=definite,indirect,possible",
        "--error-exitcode=9",
    ]);
    command.arg(format!("--suppressions={}", path("tests/valgrind.supp").display()));
    let output = output(command.arg(program).args(arguments), input);
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
