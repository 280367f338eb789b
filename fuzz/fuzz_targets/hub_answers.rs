//! Any bytes as the answers of a hub: a download ends with a checkpoint or an error, and writes nothing outside its cache.
//!
//! Answers are cut at a zero byte and sent in turn, each to a connection of its own; after the last one connections end at once.
#![no_main]

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use albert_hub::{Hub, RepoId};
use albert_tests::robust::one_line;

albert_fuzz::target!(|bytes| check(bytes));

/// What the next connections get.
static ANSWERS: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

fn check(bytes: &[u8]) {
    *ANSWERS.lock().expect("no thread panics") = bytes.split(|&byte| byte == 0).rev().map(<[u8]>::to_vec).collect();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let mut hub = Hub::from_env();
    (hub.cache, hub.endpoint, hub.token, hub.offline) =
        (Some(folder.path().join("cache")), endpoint().into(), None, false);
    hub.limits.settings_bytes = 1 << 16;
    hub.limits.weights_bytes = 1 << 18;
    hub.limits.time = Duration::from_secs(2);
    hub.limits.stall = Duration::from_millis(500);
    let id: RepoId = "org/name".parse().expect("an id");
    match hub.checkpoint(&id, &mut |_| {}) {
        Ok(directory) => assert!(directory.starts_with(folder.path())),
        Err(error) => one_line(&error),
    }
    let inside = fs::read_dir(folder.path()).expect("the directory is readable");
    inside.for_each(|entry| assert_eq!(entry.expect("an entry").file_name(), "cache"));
    assert!(bytes_in(folder.path()) <= 4 << 20, "more was kept than the limits allow");
}

fn bytes_in(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_in(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.map(bytes).sum()
}

/// Address of the server, which runs as long as the process.
fn endpoint() -> &'static str {
    static ENDPOINT: OnceLock<String> = OnceLock::new();
    ENDPOINT.get_or_init(|| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        std::thread::spawn(move || listener.incoming().flatten().for_each(answer));
        address
    })
}

/// Reads a request's header and sends the next answer.
fn answer(mut connection: TcpStream) {
    let _ = connection.set_read_timeout(Some(Duration::from_millis(200)));
    let (mut header, mut part) = (Vec::new(), [0; 1024]);
    while !header.windows(4).any(|end| end == b"\r\n\r\n") {
        match connection.read(&mut part) {
            Ok(count) if count > 0 && header.len() < 1 << 14 => header.extend_from_slice(&part[..count]),
            _ => return,
        }
    }
    if let Some(bytes) = ANSWERS.lock().expect("no thread panics").pop() {
        let _ = connection.write_all(&bytes);
    }
}
