//! Outputs and what Unix alone has: devices and pipes, links that anybody may make, permissions, limits on the size of files.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::harness::{Folder, Ran, albert, program};
use crate::outputs::{checkpoint, names};

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
