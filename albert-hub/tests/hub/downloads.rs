//! Downloads: which files, where they end up, and how they go on.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use albert_hub::{HubError, RepoId};

use crate::server::Answer;
use crate::support::{COMMIT, Files, World, checkpoint, names, sha256};

const WEIGHTS: &str = "model.safetensors";

#[test]
fn what_a_conversion_reads_and_nothing_else() {
    let files = Files::checkpoint();
    let world = World::of(&files);
    let snapshot = world.fetch("org/name").unwrap();
    assert_eq!(names(&snapshot), ["config.json", WEIGHTS, "tokenizer.json", "tokenizer_config.json"]);
    for name in names(&snapshot) {
        assert_eq!(fs::read(snapshot.join(&name)).unwrap(), files.0[name.as_str()], "{name}");
    }
    assert_eq!(world.storage.paths(), ["/model.safetensors?signature=1"]);
    let asked = world.hub.paths();
    assert_eq!(asked[0], "/org/name/resolve/main/config.json");
    assert!(asked[1..].iter().all(|path| path.contains(COMMIT)), "one commit: {asked:?}");
    assert!(!asked.iter().any(|path| path.contains("README") || path.contains("bin") || path.contains("spiece")));
}

#[test]
fn the_cache_has_the_layout_of_the_libraries() {
    let files = Files::checkpoint();
    let world = World::of(&files);
    let snapshot = world.fetch("org/name").unwrap();
    assert_eq!(snapshot, world.repository().join("snapshots").join(COMMIT));
    assert_eq!(fs::read_to_string(world.repository().join("refs/main")).unwrap(), COMMIT);
    let blobs = names(&world.repository().join("blobs"));
    assert_eq!(blobs.len(), 4, "nothing incomplete: {blobs:?}");
    let etag = sha256(&files.0[WEIGHTS]);
    assert!(blobs.contains(&etag));
    #[cfg(unix)]
    assert_eq!(fs::read_link(snapshot.join(WEIGHTS)).unwrap().to_str().unwrap(), format!("../../blobs/{etag}"));
}

#[test]
fn a_second_time_nothing_is_asked() {
    let world = World::of(&Files::checkpoint());
    let first = world.fetch("org/name").unwrap();
    let asked = world.hub.paths().len();
    assert_eq!(world.fetch("org/name").unwrap(), first);
    let mut offline = world.settings();
    offline.offline = true;
    assert_eq!(checkpoint(&offline, "org/name").unwrap(), first);
    assert_eq!(world.hub.paths().len(), asked);
}

#[test]
fn revisions_have_references_of_their_own() {
    let world = World::of(&Files::checkpoint());
    let snapshot = world.fetch("org/name@refs/pr/1").unwrap();
    assert_eq!(world.hub.paths()[0], "/org/name/resolve/refs%2Fpr%2F1/config.json");
    assert_eq!(fs::read_to_string(world.repository().join("refs/refs/pr/1")).unwrap(), COMMIT);
    assert_eq!(world.fetch(&format!("org/name@{COMMIT}")).unwrap(), snapshot);
    assert!(!world.repository().join("refs/main").exists());
}

#[test]
fn weights_in_the_best_container_there_is() {
    let only = |weights: &[(&'static str, &str)]| {
        let mut files = Files::checkpoint();
        files.0.retain(|name, _| !Files::is_large(name));
        files.0.extend(weights.iter().map(|(name, text)| (*name, text.as_bytes().to_vec())));
        names(&World::of(&files).fetch("org/name").unwrap())
    };
    assert!(only(&[("pytorch_model.bin", "x"), ("tf_model.h5", "y")]).contains(&"pytorch_model.bin".to_owned()));
    assert!(only(&[("flax_model.msgpack", "x")]).contains(&"flax_model.msgpack".to_owned()));
    let index = "{\"weight_map\": {\"a\": \"model-1.safetensors\", \"b\": \"model-2.safetensors\"}}";
    let index = ("model.safetensors.index.json", index);
    let sharded = only(&[index, ("model-1.safetensors", "x"), ("model-2.safetensors", "y"), ("tf_model.h5", "z")]);
    let shards: Vec<&String> = sharded.iter().filter(|name| name.starts_with("model")).collect();
    assert_eq!(shards, ["model-1.safetensors", "model-2.safetensors", "model.safetensors.index.json"]);
}

#[test]
fn the_token_goes_to_the_endpoint_alone() {
    let world = World::of(&Files::checkpoint());
    let mut hub = world.settings();
    hub.token = Some("hf_secret".to_owned());
    checkpoint(&hub, "org/name").unwrap();
    let sent = |requests: Vec<crate::server::Request>| {
        requests.into_iter().map(|request| request.headers.get("authorization").cloned()).collect::<Vec<_>>()
    };
    let (to_hub, to_storage) = (sent(world.hub.requests()), sent(world.storage.requests()));
    assert!(to_hub.iter().all(|header| header.as_deref() == Some("Bearer hf_secret")), "{to_hub:?}");
    assert_eq!(to_storage, [None]);
}

/// As for a repository that was renamed, and for small files: the endpoint redirects to itself.
#[test]
fn relative_redirects_stay_at_the_endpoint() {
    let files = Files::checkpoint();
    let moved = |request: &crate::server::Request, answer: Answer| match request.path.strip_prefix("/old/") {
        Some(rest) => Answer::new(307).with("Location", format!("/org/{rest}")),
        None => answer,
    };
    let world = World::with(&files, moved, |_, answer| answer);
    let mut hub = world.settings();
    hub.token = Some("hf_secret".to_owned());
    let snapshot = checkpoint(&hub, "old/name").unwrap();
    assert_eq!(fs::read(snapshot.join(WEIGHTS)).unwrap(), files.0[WEIGHTS]);
    assert!(world.hub.requests().iter().all(|request| request.headers.contains_key("authorization")));
}

/// Breaks connections of the storage host after so many bytes, for as many requests as are given.
fn breaking(after: usize, times: usize) -> impl Fn(&crate::server::Request, Answer) -> Answer + Send + Sync {
    let left = AtomicUsize::new(times);
    move |_, mut answer| {
        let breaks = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        answer.breaks_after = breaks.then_some(after.min(answer.body.len()));
        answer
    }
}

#[test]
fn a_broken_connection_is_taken_up_again() {
    let files = Files::checkpoint();
    let world = World::with(&files, |_, answer| answer, breaking(400_000, 2));
    let snapshot = world.fetch("org/name").unwrap();
    assert_eq!(fs::read(snapshot.join(WEIGHTS)).unwrap(), files.0[WEIGHTS]);
    let requests = world.storage.requests();
    let starts: Vec<Option<usize>> = requests.iter().map(crate::server::Request::start).collect();
    assert_eq!(starts, [None, Some(400_000), Some(800_000)]);
    assert!(
        requests[1..].iter().all(|request| request.headers.get("if-range").is_some_and(|tag| tag == "\"storage\""))
    );
}

#[test]
fn an_interrupted_download_goes_on_the_next_time() {
    let files = Files::checkpoint();
    // The first answer gives bytes, the next ones none.
    let given = AtomicUsize::new(0);
    let world = World::with(
        &files,
        |_, answer| answer,
        move |_, mut answer| {
            let before = given.fetch_add(1, Ordering::SeqCst);
            answer.breaks_after = (before < 4).then_some(if before == 0 { 500_000 } else { 0 });
            answer
        },
    );
    let error = world.fetch("org/name").unwrap_err();
    assert!(matches!(error, HubError::Interrupted { done: 500_000, .. }), "{error}");
    assert!(error.to_string().contains("run it again"), "{error}");
    assert!(!world.repository().join("refs/main").exists(), "half a checkpoint has no name");
    let mut partial = names(&world.repository().join("blobs"));
    partial.retain(|name| name.ends_with(".incomplete"));
    assert_eq!(partial, [format!("{}.incomplete", sha256(&files.0[WEIGHTS]))]);
    let snapshot = world.fetch("org/name").unwrap();
    assert_eq!(fs::read(snapshot.join(WEIGHTS)).unwrap(), files.0[WEIGHTS]);
    assert_eq!(world.storage.requests().last().unwrap().start(), Some(500_000));
}

#[test]
fn a_server_without_ranges_sends_everything_again() {
    let files = Files::checkpoint();
    let whole = files.0[WEIGHTS].clone();
    let first = AtomicUsize::new(0);
    let world = World::with(
        &files,
        |_, answer| answer,
        move |_, _| {
            let mut answer = Answer::new(200).body(&whole);
            answer.breaks_after = (first.fetch_add(1, Ordering::SeqCst) == 0).then_some(123_456);
            answer
        },
    );
    let snapshot = world.fetch("org/name").unwrap();
    assert_eq!(fs::read(snapshot.join(WEIGHTS)).unwrap(), files.0[WEIGHTS]);
}

/// What another program left behind: too much, or nothing of this file.
#[test]
fn leftovers_do_no_harm() {
    let files = Files::checkpoint();
    let etag = sha256(&files.0[WEIGHTS]);
    for leftover in [vec![7; 2_000_000], vec![7; 1_200_000]] {
        let world = World::of(&files);
        let blobs = world.repository().join("blobs");
        fs::create_dir_all(&blobs).unwrap();
        let exact = leftover.len() == files.0[WEIGHTS].len();
        fs::write(blobs.join(format!("{etag}.incomplete")), leftover).unwrap();
        match world.fetch("org/name") {
            Ok(snapshot) => assert_eq!(fs::read(snapshot.join(WEIGHTS)).unwrap(), files.0[WEIGHTS]),
            // As long as the file, and not the file: found by its SHA-256, and the next time it is loaded anew.
            Err(error) => {
                assert!(exact && matches!(error, HubError::Checksum { .. }), "{error}");
                let snapshot = world.fetch("org/name").unwrap();
                assert_eq!(fs::read(snapshot.join(WEIGHTS)).unwrap(), files.0[WEIGHTS]);
            }
        }
    }
}

#[test]
fn progress_is_told_file_by_file() {
    let files = Files::checkpoint();
    let world = World::of(&files);
    let id: RepoId = "org/name".parse().unwrap();
    let mut seen = Vec::new();
    world.settings().checkpoint(&id, &mut |step| seen.push((step.file.to_owned(), step.done, step.total))).unwrap();
    let total = files.0[WEIGHTS].len() as u64;
    let weights: Vec<_> = seen.iter().filter(|(file, ..)| file == WEIGHTS).collect();
    assert!(weights.iter().all(|(_, _, all)| *all == Some(total)));
    assert!(weights.windows(2).all(|pair| pair[0].1 <= pair[1].1));
    assert_eq!(weights.last().unwrap().1, total);
}

#[test]
fn two_downloads_at_once_agree() {
    let files = Files::checkpoint();
    let world = Arc::new(World::of(&files));
    let start = Arc::new(Barrier::new(4));
    let downloads: Vec<_> = (0..4)
        .map(|_| {
            let (world, start) = (Arc::clone(&world), Arc::clone(&start));
            thread::spawn(move || {
                start.wait();
                world.fetch("org/name").unwrap()
            })
        })
        .collect();
    for download in downloads {
        let snapshot = download.join().unwrap();
        assert_eq!(fs::read(snapshot.join(WEIGHTS)).unwrap(), files.0[WEIGHTS]);
    }
    assert!(names(&world.repository().join("blobs")).iter().all(|name| !name.ends_with("incomplete")));
}
