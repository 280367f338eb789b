//! The C library for phones, without their development kits: every function of the header is in it, and it needs nothing but
//! memory functions and the question what the CPU can do.

use crate::toolchain::{c_library, root};
use std::collections::BTreeSet;
use std::process::Command;

/// What `mobile/android/build-native.sh` builds, and devices with iOS.
const TARGETS: [&str; 3] = ["aarch64-linux-android", "x86_64-linux-android", "aarch64-apple-ios"];
/// What a platform's C library has, and the library may use.
const PLATFORM: [&str; 10] = [
    "bcmp",
    "bzero",
    "getauxval",
    "memcmp",
    "memcpy",
    "memmove",
    "memset",
    "memset_pattern16",
    "strlen",
    "sysctlbyname",
];

/// Builds and checks the library for every target.
pub(crate) fn run() -> Result<(), String> {
    let header = root().join("albert-capi/include/albert.h");
    let header = std::fs::read_to_string(&header).map_err(|error| format!("{}: {error}", header.display()))?;
    let functions: BTreeSet<&str> = header.lines().filter_map(declared).collect();
    for target in TARGETS {
        let library = c_library(target, "3", "every-kind")?;
        // It fails for members in the bitcode of a later LLVM, which crates that were merged into the library leave behind.
        let nm = Command::new("llvm-nm").args(["--extern-only", "--quiet"]).arg(&library).output();
        let symbols = String::from_utf8_lossy(&nm.map_err(|error| format!("llvm-nm: {error}"))?.stdout).into_owned();
        let members = members(&symbols, target);
        let defined: BTreeSet<&str> = members.iter().flat_map(|member| &member.defined).copied().collect();
        if let Some(missing) = functions.difference(&defined).next() {
            return Err(format!("{missing} of albert.h is not in the library for {target}"));
        }
        // As a linker does: members that define what others want. The compiler's own library has more than anybody needs.
        let mut linked: Vec<&Member<'_>> =
            members.iter().filter(|member| member.defined.iter().any(|name| functions.contains(name))).collect();
        let mut seen: BTreeSet<&str> = linked.iter().flat_map(|member| &member.defined).copied().collect();
        let mut next = 0;
        while let Some(member) = linked.get(next).copied() {
            for name in &member.wanted {
                if !seen.contains(name)
                    && let Some(found) = members.iter().find(|member| member.defined.contains(name))
                {
                    seen.extend(&found.defined);
                    linked.push(found);
                }
            }
            next += 1;
        }
        let wanted: BTreeSet<&str> = linked.iter().flat_map(|member| &member.wanted).copied().collect();
        let foreign: Vec<&str> = wanted.difference(&defined).copied().filter(|name| !PLATFORM.contains(name)).collect();
        if !foreign.is_empty() {
            return Err(format!("the library for {target} needs {}", foreign.join(", ")));
        }
        println!("{target}: {} functions", functions.len());
    }
    Ok(())
}

/// An object file of a library.
#[derive(Default)]
struct Member<'s> {
    defined: BTreeSet<&'s str>,
    wanted: BTreeSet<&'s str>,
}

/// The object files of a library, as `llvm-nm` lists them: a line that ends in a colon begins one.
fn members<'s>(symbols: &'s str, target: &str) -> Vec<Member<'s>> {
    let mut members = vec![Member::default()];
    for line in symbols.lines() {
        if line.ends_with(':') {
            members.push(Member::default());
        }
        let mut fields = line.split_whitespace().rev();
        let (Some(name), Some(kind), Some(member)) = (fields.next(), fields.next(), members.last_mut()) else {
            continue;
        };
        let name = if target.contains("apple") { name.strip_prefix('_').unwrap_or(name) } else { name };
        if kind == "U" {
            member.wanted.insert(name)
        } else {
            member.defined.insert(name)
        };
    }
    members
}

/// The function that a line of the header declares.
fn declared(line: &str) -> Option<&str> {
    let (before, _) = line.split_once('(')?;
    let name = before.rsplit([' ', '*']).next()?;
    let is_declaration = before.contains(' ') && !before.starts_with([' ', '#', '/', '*']);
    (is_declaration && name.starts_with("albert_")).then_some(name)
}
