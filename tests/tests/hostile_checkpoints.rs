//! Checkpoints that mean harm are refused, or read at a cost that their size warrants; ordinary mistakes get the right sentence.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use albert_quant::{Error, Options, Weights, convert};
use albert_tests::bombs::{self, MOST_TIME};
use albert_tests::memory::Counting;
use albert_tests::page;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Memory is counted for the whole process: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

fn heads() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../albert-quant/tests/fixtures/heads/sequence-classification")
}

/// Also writes the table of `docs/security.md` when `ALBERT_WRITE_DOCS` is set.
#[test]
fn bombs_cost_what_their_size_warrants() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut table = "| input | bytes | before | memory | time | |\n|---|--:|---|--:|--:|---|\n".to_owned();
    for maker in bombs::ALL {
        let bomb = maker();
        let cost = bomb.cost();
        let error = cost.result.as_ref().err().map_or("converted", String::as_str);
        let valid = ["deep", "wide", "labels"].contains(&bomb.name);
        assert_eq!(cost.result.is_ok(), valid, "{}: {error}", bomb.name);
        assert!(!error.contains('\n') && error.len() < 2000, "{}: {error}", bomb.name);
        assert!(cost.time < MOST_TIME, "{}: {:?}", bomb.name, cost.time);
        assert!(cost.memory <= bomb.most_memory(), "{}: {} bytes for {}", bomb.name, cost.memory, bomb.bytes());
        let (bytes, held) = (bomb.bytes(), cost.memory as f64 / 1e6);
        let seconds = cost.time.as_secs_f64();
        let error: String = error.rsplit('/').next().unwrap_or(error).chars().take(90).collect();
        let (name, trick, before) = (bomb.name, bomb.trick, bomb.before);
        table += &format!("| {name}: {trick} | {bytes} | {before} | {held:.1} MB | {seconds:.2} s | {error} |\n");
    }
    println!("{table}");
    page::write("security.md", "bombs", &table);
}

fn converted(directory: &Path) -> Result<(), Error> {
    let mut options = Options::default();
    options.weights = Weights::Fp32;
    convert(directory, &options).map(drop)
}

/// The fixture, with one of its files replaced.
fn with(name: &str, replace: impl Fn(&Path)) -> Result<(), Error> {
    let directory = tempfile::tempdir().unwrap();
    for file in ["config.json", "model.safetensors"] {
        fs::copy(heads().join(file), directory.path().join(file)).unwrap();
    }
    let file = directory.path().join(name);
    fs::remove_file(&file).unwrap();
    replace(&file);
    converted(directory.path())
}

#[test]
fn git_lfs_pointers_say_what_to_do() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 46742144\n";
    for name in ["config.json", "model.safetensors"] {
        let error = with(name, |file| fs::write(file, pointer).unwrap()).unwrap_err();
        assert!(matches!(error, Error::LfsPointer { .. }), "{error}");
        assert!(error.to_string().contains("run git lfs pull"), "{error}");
    }
}

#[test]
#[cfg(unix)]
fn devices_and_pipes_are_refused() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    for name in ["config.json", "model.safetensors"] {
        let fifo = |file: &Path| assert!(Command::new("mkfifo").arg(file).status().unwrap().success());
        let zero = |file: &Path| std::os::unix::fs::symlink("/dev/zero", file).unwrap();
        for replace in [&fifo as &dyn Fn(&Path), &zero] {
            let error = with(name, replace).unwrap_err();
            assert!(matches!(error, Error::NotRegular { .. }), "{error}");
        }
    }
}

#[test]
fn configurations_are_bounded() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let error = with("config.json", |file| fs::write(file, vec![b' '; 5 << 20]).unwrap()).unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    // More blocks than the file can have are refused before they are listed.
    let many = |file: &Path| {
        let config = fs::read_to_string(heads().join("config.json")).unwrap();
        let mut config: serde_json::Value = serde_json::from_str(&config).unwrap();
        (config["num_hidden_groups"], config["inner_group_num"]) = (4096.into(), 64.into());
        fs::write(file, config.to_string()).unwrap();
    };
    let (result, peak) = albert_tests::memory::peak(|| with("config.json", many));
    assert!(matches!(result, Err(Error::MissingTensor { .. })), "{result:?}");
    assert!(peak < 16 << 20, "{peak}");
}
