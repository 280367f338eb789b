//! Version of the interface.

/// Version of this interface: equal to ALBERT_ABI_VERSION of the header that fits. It changes when a program that was
/// compiled against an older header would break.
#[unsafe(no_mangle)]
pub extern "C" fn albert_abi_version() -> u32 {
    1
}
