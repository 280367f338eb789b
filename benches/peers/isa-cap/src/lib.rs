//! Hides instruction sets from a process, so that every engine on a new CPU runs as it would on an older one.
//!
//! Some engines have a switch for this and some have none, and switches differ in what they cover. This library, loaded
//! with `LD_AUDIT`, makes the CPUID instruction trap and answers it with the hidden features' bits cleared. An engine
//! cannot tell: it takes the code path that it would take on the older CPU. The C library has chosen its string functions
//! by then; they are no part of what is measured.
//!
//! There are two ways to make it trap. Where the kernel and the CPU can fault CPUID, the kernel is asked to. Elsewhere the
//! dynamic linker tells this library of each file that it has mapped, before any of its code runs, and the CPUID
//! instructions in it are overwritten by an undefined instruction of the same length.
//!
//! `PEERS_ISA_CAP` names the highest level that stays visible; see [`Level`]. The file `PEERS_ISA_CAP_LOG` says which code
//! has asked: a line `PROCESS file ADDRESS PATH` for each file that is mapped, and `PROCESS hid ADDRESS` for each CPUID
//! that was answered with something hidden.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod code;
mod hidden;

use std::ffi::{CStr, OsStr, c_char, c_int, c_uint, c_void};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use libc::{REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RIP, SA_SIGINFO, SIG_DFL, SIGILL, SIGSEGV, SYS_arch_prctl};

use self::code::CPUID;
use self::hidden::Level;

/// `arch_prctl`: whether CPUID runs (1) or faults (0) in this thread and its children.
const ARCH_SET_CPUID: c_int = 0x1012;
/// `ud2`, which takes the place of CPUID.
const UNDEFINED: [u8; 2] = [0x0f, 0x0b];
/// Most instructions that are overwritten in a process.
const MOST_SITES: usize = 4096;

struct Cap {
    level: Level,
    /// The kernel faults CPUID. Otherwise it is overwritten.
    faults: bool,
    log: File,
}

static CAP: OnceLock<Cap> = OnceLock::new();
/// Addresses of overwritten instructions. The signal handler reads them, so there is no lock.
static SITES: [AtomicUsize; MOST_SITES] = [const { AtomicUsize::new(0) }; MOST_SITES];
static SITE_COUNT: AtomicUsize = AtomicUsize::new(0);

/// The beginning of the dynamic linker's description of a loaded file.
#[repr(C)]
pub struct LinkMap {
    base: usize,
    name: *const c_char,
}

/// The dynamic linker's first call, before the program's libraries are loaded.
#[unsafe(no_mangle)]
pub extern "C" fn la_version(version: c_uint) -> c_uint {
    let Some(level) = std::env::var("PEERS_ISA_CAP").ok().and_then(|name| Level::named(&name)) else {
        fail("PEERS_ISA_CAP must be avx2, avxvnni or avx512")
    };
    let log = std::env::var_os("PEERS_ISA_CAP_LOG").unwrap_or_else(|| "/dev/null".into());
    let log = OpenOptions::new().append(true).create(true).open(&log);
    let log = log.unwrap_or_else(|error| fail(&format!("cannot open PEERS_ISA_CAP_LOG: {error}")));
    let faults = fault_cpuid(true);
    let _ = CAP.set(Cap { level, faults, log });
    // SAFETY: all zeros is a valid `sigaction`; `on_trap` has the signature that SA_SIGINFO asks for.
    let set = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_trap as *const () as usize;
        action.sa_flags = SA_SIGINFO;
        libc::sigaction(if faults { SIGSEGV } else { SIGILL }, &action, std::ptr::null_mut())
    };
    if set != 0 {
        fail("cannot handle signals");
    }
    version
}

/// The dynamic linker has mapped a file, and has run nothing of it.
///
/// # Safety
/// `map` describes a mapped file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn la_objopen(map: *const LinkMap, _namespace: libc::c_long, _cookie: *mut usize) -> c_uint {
    // SAFETY: the caller passes a valid description, with its name.
    let (base, name) = unsafe { ((*map).base, CStr::from_ptr((*map).name)) };
    // SAFETY: asks for a number: where the kernel has put its own code, which is no file.
    let kernel = unsafe { libc::getauxval(libc::AT_SYSINFO_EHDR) } as usize;
    let Some(cap) = CAP.get().filter(|_| base != kernel) else { return 0 };
    // The program itself has no name.
    let name = if name.is_empty() { c"/proc/self/exe" } else { name };
    let file = PathBuf::from(OsStr::from_bytes(name.to_bytes()));
    if !cap.faults {
        overwrite(base, &file);
    }
    let file = file.canonicalize().unwrap_or(file);
    let line = format!("{} file {base:x} {}\n", std::process::id(), file.display());
    let _ = (&cap.log).write_all(line.as_bytes());
    0
}

/// Overwrites the CPUID instructions of a file that is loaded at `base`.
fn overwrite(base: usize, file: &Path) {
    let sections = code::sections(file).unwrap_or_else(|error| fail(&format!("{}: {error}", file.display())));
    for section in sections {
        // SAFETY: the file's sections are mapped at this distance, and nobody writes to code.
        let code = unsafe { std::slice::from_raw_parts((base + section.start) as *const u8, section.len()) };
        for offset in code::cpuids(code) {
            let site = base + section.start + offset;
            let index = SITE_COUNT.fetch_add(1, Ordering::AcqRel);
            let Some(slot) = SITES.get(index) else { fail("too many CPUID instructions") };
            slot.store(site, Ordering::Release);
            replace(site);
        }
    }
}

/// Writes an undefined instruction over the one at `site`.
fn replace(site: usize) {
    // SAFETY: asks for a number.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
    let start = site / page * page;
    let length = site + UNDEFINED.len() - start;
    let protect = |protection| {
        // SAFETY: changes what may be done with pages of code, which stay executable: the dynamic linker's are among them.
        if unsafe { libc::mprotect(start as *mut c_void, length, protection) } != 0 {
            fail("cannot write to code");
        }
    };
    protect(libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC);
    // SAFETY: the page is writable, and the file's code does not run yet.
    unsafe { (site as *mut [u8; 2]).write_unaligned(UNDEFINED) };
    protect(libc::PROT_READ | libc::PROT_EXEC);
}

fn fail(message: &str) -> ! {
    eprintln!("isa-cap: {message}");
    std::process::exit(2);
}

fn fault_cpuid(fault: bool) -> bool {
    // SAFETY: a system call that touches no memory.
    unsafe { libc::syscall(SYS_arch_prctl, ARCH_SET_CPUID, libc::c_ulong::from(!fault)) == 0 }
}

/// Answers CPUID. Any other trap is left to happen again with the default action.
extern "C" fn on_trap(signal: c_int, _: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel passes the interrupted thread's context, and nobody else uses it now.
    let registers = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
    let at = registers[REG_RIP as usize] as usize;
    let Some(cap) = CAP.get().filter(|cap| asks(at, cap.faults)) else {
        // SAFETY: resets a handler.
        unsafe { libc::signal(signal, SIG_DFL) };
        return;
    };
    let (leaf, subleaf) = (registers[REG_RAX as usize] as u32, registers[REG_RCX as usize] as u32);
    if cap.faults {
        fault_cpuid(false);
    }
    let (words, less) = hidden::answer(leaf, subleaf, cap.level);
    if cap.faults {
        fault_cpuid(true);
    }
    if less {
        let mut line = [0; 64];
        let mut rest = &mut line[..];
        let _ = writeln!(rest, "{} hid {at:x}", std::process::id());
        let unused = rest.len();
        let _ = (&cap.log).write_all(&line[..line.len() - unused]);
    }
    for (register, word) in [REG_RAX, REG_RBX, REG_RCX, REG_RDX].into_iter().zip(words) {
        registers[register as usize] = i64::from(word);
    }
    registers[REG_RIP as usize] += CPUID.len() as i64;
}

/// Whether the instruction that has trapped is, or was, CPUID.
fn asks(at: usize, faults: bool) -> bool {
    if !faults {
        let count = SITE_COUNT.load(Ordering::Acquire).min(MOST_SITES);
        return SITES[..count].iter().any(|site| site.load(Ordering::Acquire) == at);
    }
    // SAFETY: the processor has just fetched an instruction there; if it could not, the read faults with the signal
    // blocked and the kernel ends the process, which is what the fault would have done.
    unsafe { (at as *const [u8; 2]).read_unaligned() == CPUID }
}
