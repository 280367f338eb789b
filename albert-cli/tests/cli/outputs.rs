//! What commands write: whole or not at all, and never over something that a user has.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use albert_tests::{block::today, page};

use crate::harness::{Folder, albert, fixture, program};

/// A checkpoint that converts in no time.
const NAME: &str = "sequence-classification-narrow";

pub(crate) fn checkpoint() -> String {
    fixture(NAME).to_str().unwrap().to_owned()
}

const LINUX: bool = cfg!(target_os = "linux");
/// How names of files start that are not whole yet.
const UNFINISHED: &str = ".albert-unfinished-";

/// A folder's names.
pub(crate) fn names(folder: &str) -> Vec<String> {
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
        if cfg!(windows) && output == &hard {
            continue; // Rust's stable library tells of no file there which names it has.
        }
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
    let nowhere = if cfg!(windows) { "C:\\no\\such\\folder\\no.albert" } else { "/proc/no.albert" };
    assert!(albert(["synth", "--geometry", "base", "-o", nowhere]).fails().contains("cannot write"));
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
        // On Linux the new file may have a second name between two calls of the system, which the next write removes. Elsewhere a
        // file has a name before it is whole, and stays when its program is killed.
        for name in names(&folder.path("")).iter().filter(|name| *name != "m") {
            let whole = fs::read(folder.path(name)).unwrap() == new;
            assert!(whole || (!LINUX && name.starts_with(UNFINISHED)), "{name} after {kill} of {kills}");
            left += 1;
        }
        fs::write(&model, "the old file").unwrap();
    }
    assert_eq!(albert(arguments).code, 0);
    let stays = |name: &String| name == "m" || (!LINUX && name.starts_with(UNFINISHED));
    assert!(names(&folder.path("")).iter().all(stays), "{:?}", names(&folder.path("")));
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
