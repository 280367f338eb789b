//! Hides instruction sets from a process, so that every engine on a new CPU runs as it would on an older one.
//!
//! Some engines have a switch for this and some have none, and switches differ in what they cover. This library, loaded
//! with `LD_PRELOAD`, asks the kernel to fault the CPUID instruction and answers it with the hidden features' bits
//! cleared. An engine cannot tell: it takes the code path that it would take on the older CPU. The C library has chosen
//! its string functions by then; they are no part of what is measured.
//!
//! `PEERS_ISA_CAP` names the highest level that stays visible; see [`Level`].

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::arch::x86_64::{__cpuid_count, CpuidResult};
use std::sync::OnceLock;

use libc::{REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RIP, SA_SIGINFO, SIG_DFL, SIGSEGV, SYS_arch_prctl};

/// `arch_prctl`: whether CPUID runs (1) or faults (0) in this thread and its children.
const ARCH_SET_CPUID: libc::c_int = 0x1012;
/// The instruction's bytes.
const CPUID: [u8; 2] = [0x0f, 0xa2];

/// What stays visible.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    /// AVX2 and FMA.
    Avx2,
    /// AVX2 and 256-bit AVX-VNNI, as Intel's client CPUs since Alder Lake.
    AvxVnni,
    /// AVX-512 with VNNI and bf16, as Ice Lake and Zen 4 to 5; no AMX, no fp16 arithmetic.
    Avx512,
}

static LEVEL: OnceLock<Level> = OnceLock::new();

/// Bits to clear: leaf, subleaf, what they belong to, and masks for EAX, EBX, ECX, EDX. A bit goes when `LEVEL` is at
/// or below the row's level.
const HIDDEN: [(u32, u32, Level, [u32; 4]); 7] = [
    // AMX bf16, tile, int8; AVX-512 fp16.
    (7, 0, Level::Avx512, [0, 0, 0, 1 << 22 | 1 << 23 | 1 << 24 | 1 << 25]),
    // AMX fp16; AMX complex, AVX10.
    (7, 1, Level::Avx512, [1 << 21, 0, 0, 1 << 8 | 1 << 19]),
    // AVX-512 F, DQ, IFMA, PF, ER, CD, BW, VL; VBMI, VBMI2, VNNI, BITALG, VPOPCNTDQ; 4VNNIW, 4FMAPS, VP2INTERSECT.
    (
        7,
        0,
        Level::AvxVnni,
        [
            0,
            1 << 16 | 1 << 17 | 1 << 21 | 0b111 << 26 | 1 << 30 | 1 << 31,
            1 << 1 | 1 << 6 | 1 << 11 | 1 << 12 | 1 << 14,
            1 << 2 | 1 << 3 | 1 << 8,
        ],
    ),
    // AVX-512 bf16.
    (7, 1, Level::AvxVnni, [1 << 5, 0, 0, 0]),
    // AVX-VNNI, AVX-IFMA; AVX-VNNI-INT8, AVX-NE-CONVERT, AVX-VNNI-INT16.
    (7, 1, Level::Avx2, [1 << 4 | 1 << 23, 0, 0, 1 << 4 | 1 << 5 | 1 << 10]),
    // AMX palettes and multiplier.
    (0x1d, 0, Level::Avx512, [u32::MAX; 4]),
    (0x1e, 0, Level::Avx512, [u32::MAX; 4]),
];

#[used]
#[unsafe(link_section = ".init_array")]
static INIT: extern "C" fn() = init;

extern "C" fn init() {
    let level = match std::env::var("PEERS_ISA_CAP").as_deref() {
        Ok("avx2") => Level::Avx2,
        Ok("avxvnni") => Level::AvxVnni,
        Ok("avx512") => Level::Avx512,
        _ => fail("PEERS_ISA_CAP must be avx2, avxvnni or avx512"),
    };
    let _ = LEVEL.set(level);
    // SAFETY: all zeros is a valid `sigaction`; `on_fault` has the signature that SA_SIGINFO asks for.
    let set = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_fault as *const () as usize;
        action.sa_flags = SA_SIGINFO;
        libc::sigaction(SIGSEGV, &action, std::ptr::null_mut())
    };
    if set != 0 || !fault_cpuid(true) {
        fail(
            "the CPU or the kernel cannot fault CPUID (no cpuid_fault in /proc/cpuinfo): instruction sets cannot be hidden",
        );
    }
}

fn fail(message: &str) -> ! {
    eprintln!("isa-cap: {message}");
    std::process::exit(2);
}

fn fault_cpuid(fault: bool) -> bool {
    // SAFETY: a system call that touches no memory.
    unsafe { libc::syscall(SYS_arch_prctl, ARCH_SET_CPUID, libc::c_ulong::from(!fault)) == 0 }
}

/// Answers CPUID. Any other fault is left to happen again with the default action.
extern "C" fn on_fault(_: libc::c_int, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel passes the interrupted thread's context, and nobody else uses it now.
    let registers = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
    let at = registers[REG_RIP as usize] as *const [u8; 2];
    // SAFETY: the processor has just fetched an instruction there; if it could not, the read faults with the signal
    // blocked and the kernel ends the process, which is what the fault would have done.
    if unsafe { at.read_unaligned() } != CPUID {
        // SAFETY: resets a handler.
        unsafe { libc::signal(SIGSEGV, SIG_DFL) };
        return;
    }
    let (leaf, subleaf) = (registers[REG_RAX as usize] as u32, registers[REG_RCX as usize] as u32);
    fault_cpuid(false);
    let CpuidResult { eax, ebx, ecx, edx } = __cpuid_count(leaf, subleaf);
    fault_cpuid(true);
    let mut result = [eax, ebx, ecx, edx];
    for (_, _, level, masks) in HIDDEN.iter().filter(|hidden| (hidden.0, hidden.1) == (leaf, subleaf)) {
        if LEVEL.get().is_some_and(|cap| cap <= level) {
            result.iter_mut().zip(masks).for_each(|(word, mask)| *word &= !mask);
        }
    }
    for (register, word) in [REG_RAX, REG_RBX, REG_RCX, REG_RDX].into_iter().zip(result) {
        registers[register as usize] = i64::from(word);
    }
    registers[REG_RIP as usize] += CPUID.len() as i64;
}
