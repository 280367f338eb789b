//! What commands write: whole or not at all, and never over something that a user has.
#![cfg(unix)]

use std::fs;
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use albert_tests::{block::today, page};

use crate::harness::{Folder, Ran, albert, fixture, program};

/// A checkpoint that converts in no time.
const NAME: &str = "sequence-classification-narrow";

fn checkpoint() -> String {
    fixture(NAME).to_str().unwrap().to_owned()
}

/// A folder's names.
fn names(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A checkpoint in a folder of its own.
fn copy(folder: &Folder) -> String {
    let copy = folder.path("checkpoint");
    fs::create_dir(&copy).unwrap();
    for name in ["config.json", "model.safetensors"] {
        fs::copy(fixture(NAME).join(name), Path::new(&copy).join(name)).unwrap();
    }
    copy
}

#[test]
fn devices_and_pipes_are_written_through() {
    let folder = Folder::new();
    let null = fs::metadata("/dev/null").unwrap();
    assert!(null.file_type().is_char_device());
    assert_eq!(albert(["quantize", &checkpoint(), "-o", "/dev/null"]).code, 0);
    assert_eq!(albert(["synth", "--geometry", "tiny", "-o", "/dev/null"]).code, 0);
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device(), "the device is still there");
    let link = folder.path("link");
    symlink("/dev/null", &link).unwrap();
    assert_eq!(albert(["quantize", &checkpoint(), "-o", &link]).code, 0);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());

    let (pipe, model) = (folder.path("pipe"), folder.path("model"));
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read(pipe).unwrap()
    });
    assert_eq!(albert(["quantize", &checkpoint(), "-o", &pipe]).code, 0);
    assert_eq!(albert(["quantize", &checkpoint(), "-o", &model]).code, 0);
    assert_eq!(reader.join().unwrap(), fs::read(&model).unwrap());
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());

    // A pipe that is standard output would have the summary in it, too.
    assert!(albert(["quantize", &checkpoint(), "-o", "/dev/stdout"]).fails().contains("summary"));
    assert_eq!(names(&folder.path("")), ["link", "model", "pipe"]);
}

#[test]
fn a_links_target_is_written() {
    let folder = Folder::new();
    let (precious, link) = (folder.write("precious", "old"), folder.path("link"));
    symlink("precious", &link).unwrap();
    assert_eq!(albert(["quantize", &checkpoint(), "-o", &link]).code, 0);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read(&precious).unwrap().len() > 1000);
    let dangling = folder.path("dangling");
    symlink("not-yet", &dangling).unwrap();
    assert_eq!(albert(["quantize", &checkpoint(), "-o", &dangling]).code, 0);
    assert_eq!(fs::read(folder.path("not-yet")).unwrap(), fs::read(&precious).unwrap());
    let circle = folder.path("circle");
    symlink("circle", &circle).unwrap();
    assert!(albert(["quantize", &checkpoint(), "-o", &circle]).fails().contains("links"));
    // What others may have put in the way of a temporary file.
    for trap in ["m.partial", "m.tmp", ".m"] {
        symlink("precious", folder.path(trap)).unwrap();
    }
    fs::write(&precious, "still here").unwrap();
    assert_eq!(albert(["quantize", &checkpoint(), "-o", &folder.path("m")]).code, 0);
    assert_eq!(fs::read(&precious).unwrap(), b"still here");
}

#[test]
fn permissions_stay_and_new_files_have_the_usual_ones() {
    let folder = Folder::new();
    let (new, old) = (folder.path("new"), folder.write("old", "x"));
    fs::set_permissions(&old, fs::Permissions::from_mode(0o640)).unwrap();
    let usual = fs::metadata(folder.write("usual", "x")).unwrap().permissions().mode();
    for model in [&new, &old] {
        assert_eq!(albert(["quantize", &checkpoint(), "-o", model]).code, 0);
    }
    assert_eq!(fs::metadata(&new).unwrap().permissions().mode(), usual);
    assert_eq!(fs::metadata(&old).unwrap().permissions().mode() & 0o777, 0o640);
    fs::set_permissions(&old, fs::Permissions::from_mode(0o444)).unwrap();
    assert!(albert(["quantize", &checkpoint(), "-o", &old]).fails().contains("write-protected"));
}

#[test]
fn inputs_are_not_written_over() {
    let folder = Folder::new();
    let checkpoint = copy(&folder);
    let own = |name: &str| format!("{checkpoint}/{name}");
    let before = fs::read(own("model.safetensors")).unwrap();
    let (calibration, hard) = (folder.write("texts", "the river\n"), folder.path("hard"));
    fs::hard_link(own("model.safetensors"), &hard).unwrap();
    let quantize = |arguments: &[&str]| albert([&["quantize", &checkpoint], arguments].concat()).fails();
    assert!(quantize(&["-o", &own("model.safetensors")]).contains("file of the checkpoint"));
    assert!(quantize(&["-o", &own("config.json")]).contains("file of the checkpoint"));
    assert!(quantize(&["-o", &calibration, "--calibration", &calibration]).contains("which is read"));
    assert!(quantize(&["-o", &folder.path("m"), "--report", &folder.path("m")]).contains("two outputs"));
    let weights = own("model.safetensors");
    for output in [&weights, &hard] {
        assert!(albert(["quantize", &weights, "-o", output]).fails().contains("which is read"));
    }
    let beside = own("model.albert");
    for _ in 0..2 {
        assert_eq!(
            albert(["quantize", &checkpoint, "-o", &beside]).code,
            0,
            "a model file beside the checkpoint is fine"
        );
    }
    assert_eq!(fs::read(own("model.safetensors")).unwrap(), before);

    let reference = folder.path("reference");
    fs::copy(fixture(NAME).join("reference.safetensors"), &reference).unwrap();
    let validate = ["validate", &beside, "--reference", &reference];
    for (option, path) in [("--dump", &reference), ("--plot", &reference), ("--dump", &beside)] {
        assert!(albert([&validate[..], &[option, path]].concat()).fails().contains("which is read"));
    }
    let compare = ["compare", &beside, &beside, "--report", &beside];
    assert!(albert(compare).fails().contains("which is read"));
    let text = folder.write("notes", "x");
    assert!(albert(["inspect", &beside, "--save-vocabulary", &text]).code == 2);
}

#[test]
fn what_cannot_be_written_is_found_before_the_work() {
    let folder = Folder::new();
    let model = folder.path("m");
    let quantize =
        |arguments: &[&str]| albert([&["quantize", &checkpoint(), "-o", &model], arguments].concat()).fails();
    assert!(quantize(&["--report", &folder.path("no/such")]).contains("cannot write"));
    assert!(quantize(&["--report", &folder.path("")]).contains("directory"));
    assert!(quantize(&["--data", &folder.path("none")]).contains("cannot open"));
    assert!(quantize(&["--data", &folder.write("bad", "x\n{\"text\"\n")]).contains("line 2"));
    assert!(quantize(&["--data", &folder.write("empty", "")]).contains("no rows"));
    assert!(!fs::exists(&model).unwrap(), "nothing was written");
    assert!(albert(["synth", "--geometry", "base", "-o", "/proc/no.albert"]).fails().contains("cannot write"));
}

/// A run with a limit on the size of files, as on a full disk.
fn with_file_limit(blocks: u32, arguments: &[&str]) -> Ran {
    let program = program();
    let mut command = Command::new("sh");
    command.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), "sh"]);
    command.arg(program.get_program()).args(program.get_args()).args(arguments);
    Ran::new(command.output().unwrap())
}

#[test]
fn a_full_disk_leaves_the_old_file() {
    let folder = Folder::new();
    let old = folder.write("m", "the old file");
    for path in [&old, &folder.path("new")] {
        let ran = with_file_limit(16, &["quantize", &checkpoint(), "-o", path]);
        assert!(ran.code == 2 && ran.err.contains("cannot write"), "{}", ran.err);
    }
    assert_eq!(fs::read(&old).unwrap(), b"the old file");
    assert_eq!(names(&folder.path("")), ["m"]);
}

/// A run that permissions bind: a superuser's without the capabilities to pass over them.
fn bound_by_permissions(folder: &str, arguments: &[&str]) -> Ran {
    let program = program();
    let free = fs::write(Path::new(folder).join("x"), "").is_ok();
    let mut command = Command::new(if free { "setpriv" } else { "env" });
    if free {
        fs::remove_file(Path::new(folder).join("x")).unwrap();
        command.args(["--bounding-set", "-dac_override,-dac_read_search", "--"]);
    }
    command.arg(program.get_program()).args(program.get_args()).args(arguments);
    Ran::new(command.output().unwrap())
}

#[test]
fn a_read_only_folder_keeps_its_file() {
    let folder = Folder::new();
    let out = folder.path("out");
    fs::create_dir(&out).unwrap();
    let old = folder.write("out/m", "the old file");
    fs::set_permissions(&out, fs::Permissions::from_mode(0o555)).unwrap();
    for path in [&old, &folder.path("out/new")] {
        for arguments in [["quantize", &checkpoint(), "-o", path], ["synth", "--geometry=tiny", "-o", path]] {
            let error = bound_by_permissions(&out, &arguments).fails();
            assert!(error.contains("cannot write"), "{error}");
        }
    }
    assert_eq!(fs::read(&old).unwrap(), b"the old file");
    assert_eq!(names(&out), ["m"]);
    fs::set_permissions(&out, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
#[cfg(target_os = "linux")]
fn what_a_killed_program_left_is_removed() {
    let folder = Folder::new();
    let (model, left) = (folder.write("m", "the old file"), folder.write(".albert-unfinished-abcdef", "the new file"));
    let other = folder.write(".albert-unfinished-ghijkl", "somebody is at it");
    let held = fs::File::open(&other).unwrap();
    held.lock().unwrap();
    assert_eq!(albert(["quantize", &checkpoint(), "-o", &model]).code, 0);
    assert!(!fs::exists(left).unwrap());
    assert_eq!(names(&folder.path("")), [".albert-unfinished-ghijkl", "m"]);
}

fn start(arguments: &[&str]) -> Child {
    let mut command = program();
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
fn killed_at_any_moment_it_leaves_the_old_file_or_the_new_one() {
    let folder = Folder::new();
    let (checkpoint, model) = (checkpoint(), folder.write("m", "the old file"));
    let arguments = ["quantize", &checkpoint, "-o", &model, "--weights", "fp32"];
    let whole = std::time::Instant::now();
    let other = folder.path("other");
    assert_eq!(albert(["quantize", &checkpoint, "-o", &other, "--weights", "fp32"]).code, 0);
    let whole = whole.elapsed();
    let new = fs::read(&other).unwrap();
    fs::remove_file(&other).unwrap();
    // The documented campaign sets more.
    let asked = std::env::var("ALBERT_KILLS").ok().and_then(|count| count.parse::<u32>().ok());
    let kills = asked.unwrap_or(25);
    let (mut finished, mut left) = (0, 0);
    for kill in 0..kills {
        let mut child = start(&arguments);
        std::thread::sleep(whole.mul_f64(1.1 * f64::from(kill) / f64::from(kills)));
        child.kill().unwrap();
        finished += u32::from(child.wait().unwrap().success());
        let found = fs::read(&model).unwrap();
        assert!(found == b"the old file" || found == new, "{} bytes", found.len());
        // Between two calls of the system the new file may have a second name, which the next write removes.
        for name in names(&folder.path("")).iter().filter(|name| *name != "m") {
            assert!(fs::read(folder.path(name)).unwrap() == new, "{name} after {kill} of {kills}");
            left += 1;
        }
        fs::write(&model, "the old file").unwrap();
    }
    assert_eq!(albert(arguments).code, 0);
    assert_eq!(names(&folder.path("")), ["m"]);
    println!("{kills} kills, {finished} too late, {left} between two names");
    if asked.is_some() {
        let line = format!("- {}: {kills} kills, {} during the run.\n", today(), kills - finished);
        page::write("security.md", "kills", &line);
    }
}

#[test]
fn two_writers_leave_one_whole_file() {
    let folder = Folder::new();
    let (checkpoint, model) = (checkpoint(), folder.path("m"));
    let of = |weights: &str| {
        let path = folder.path(weights);
        albert(["quantize", &checkpoint, "-o", &path, "--weights", weights]);
        fs::read(path).unwrap()
    };
    let [int8, fp16] = ["int8", "fp16"].map(of);
    for round in 0..6 {
        let writers: Vec<Child> = ["int8", "fp16", "int8", "fp16"]
            .iter()
            .map(|weights| start(&["quantize", &checkpoint, "-o", &model, "--weights", weights]))
            .collect();
        for mut writer in writers {
            let status = writer.wait().unwrap();
            let mut message = String::new();
            writer.stderr.take().unwrap().read_to_string(&mut message).unwrap();
            assert!(status.success(), "{message}");
            std::thread::sleep(Duration::from_millis(1));
        }
        let found = fs::read(&model).unwrap();
        assert!(found == int8 || found == fp16, "round {round}");
    }
    assert_eq!(names(&folder.path("")), ["fp16", "int8", "m"]);
}
