//! Instructions, by the system timer.
//!
//! QEMU with `-icount shift=0` runs one instruction a nanosecond of virtual time. The timer counts the board's clock, so one
//! tick is so many instructions. On hardware the ticks are cycles.

use cortex_m::Peripherals;
use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;

/// Instructions of four ticks: the boards' clocks are 25 MHz, 20 MHz on mps2-an505 and 32 MHz on mps3-an547.
const PER_FOUR_TICKS: u64 = if cfg!(feature = "mps2-an505") {
    200
} else if cfg!(feature = "mps3-an547") {
    125
} else {
    160
};
/// Has the core trap unaligned addresses, as cores of Armv6-M do.
const UNALIGNED_TRAP: u32 = 1 << 3;
/// The timer counts down from here to 0 and begins again.
const RELOAD: u32 = 0x00ff_ffff;

/// Counts instructions between two calls of [`Counter::lap`], which may be up to 600 million apart.
pub struct Counter {
    timer: SYST,
    last: u32,
}

impl Counter {
    /// Starts the timer; once.
    pub fn start() -> Option<Self> {
        let Peripherals { SYST: mut timer, SCB: control, .. } = Peripherals::take()?;
        if cfg!(feature = "mps2-an385") {
            // SAFETY: the compiler was told of a core that cannot load or store at unaligned addresses.
            unsafe { control.ccr.modify(|settings| settings | UNALIGNED_TRAP) }
        }
        timer.set_clock_source(SystClkSource::Core);
        timer.set_reload(RELOAD);
        timer.clear_current();
        timer.enable_counter();
        Some(Self { timer, last: RELOAD })
    }

    /// Instructions since the last call.
    pub fn lap(&mut self) -> u64 {
        let _ = &self.timer;
        let now = SYST::get_current();
        let ticks = self.last.wrapping_sub(now) & RELOAD;
        self.last = now;
        u64::from(ticks) * PER_FOUR_TICKS / 4
    }
}
