//! 16 lanes in four NEON registers.

use crate::kernels::math::Float;
use crate::kernels::simd16::lanes::Lanes;
use core::arch::aarch64::*;
use core::ops::{Add, Div, Mul, Sub};

/// Shows that NEON is enabled: only [`NeonLanes::here`] and a vector can make it.
#[derive(Clone, Copy)]
pub(crate) struct Neon(());

/// 16 lanes, four a register.
///
/// Every `SAFETY: NEON` below stands on this: the module is compiled only where the target has NEON.
#[derive(Clone, Copy)]
pub(crate) struct NeonLanes([float32x4_t; 4]);

impl NeonLanes {
    /// The proof, where the instructions are enabled.
    #[target_feature(enable = "neon")]
    #[inline]
    pub(crate) fn here() -> Neon {
        Neon(())
    }
}

impl NeonLanes {
    #[inline(always)]
    fn map(self, f: impl Fn(float32x4_t) -> float32x4_t) -> Self {
        let [a, b, c, d] = self.0;
        Self([f(a), f(b), f(c), f(d)])
    }

    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(float32x4_t, float32x4_t) -> float32x4_t) -> Self {
        let ([a, b, c, d], [i, j, k, l]) = (self.0, other.0);
        Self([f(a, i), f(b, j), f(c, k), f(d, l)])
    }
}

/// Implements an operator by the intrinsic of its name.
macro_rules! operator {
    ($operator:ident, $function:ident, $intrinsic:ident) => {
        impl $operator for NeonLanes {
            type Output = Self;
            #[inline(always)]
            fn $function(self, other: Self) -> Self {
                // SAFETY: NEON.
                self.zip(other, |a, b| unsafe { $intrinsic(a, b) })
            }
        }
    };
}

operator!(Add, add, vaddq_f32);
operator!(Sub, sub, vsubq_f32);
operator!(Mul, mul, vmulq_f32);
operator!(Div, div, vdivq_f32);

// `fmin` and `fmax` order zeros and pass on what is not a number: the selections of the trait do neither.
impl Float for NeonLanes {
    #[inline(always)]
    fn splat(self, x: f32) -> Self {
        Self::all(self.proof(), x)
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        // SAFETY: NEON.
        self.map(|x| unsafe { vsqrtq_f32(x) })
    }

    #[inline(always)]
    fn abs(self) -> Self {
        // SAFETY: NEON.
        self.map(|x| unsafe { vabsq_f32(x) })
    }

    #[inline(always)]
    fn lesser(self, other: Self) -> Self {
        // SAFETY: NEON.
        self.zip(other, |a, b| unsafe { vbslq_f32(vcltq_f32(a, b), a, b) })
    }

    #[inline(always)]
    fn greater(self, other: Self) -> Self {
        // SAFETY: NEON.
        self.zip(other, |a, b| unsafe { vbslq_f32(vcgtq_f32(a, b), a, b) })
    }

    #[inline(always)]
    fn if_less(self, limit: Self, then: Self, otherwise: Self) -> Self {
        // All ones where less.
        // SAFETY: NEON.
        let less = self.zip(limit, |x, limit| unsafe { vreinterpretq_f32_u32(vcltq_f32(x, limit)) });
        let [a, b, c, d] = less.0;
        let ([i, j, k, l], [q, r, s, t]) = (then.0, otherwise.0);
        // SAFETY: NEON.
        let select = |less, x, y| unsafe { vbslq_f32(vreinterpretq_u32_f32(less), x, y) };
        Self([select(a, i, q), select(b, j, r), select(c, k, s), select(d, l, t)])
    }

    #[inline(always)]
    fn add_exponent(self, shifted: Self) -> Self {
        // SAFETY: NEON.
        self.zip(shifted, |x, shifted| unsafe {
            let exponent = vshlq_n_s32::<23>(vreinterpretq_s32_f32(shifted));
            vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(x), exponent))
        })
    }
}

impl Lanes for NeonLanes {
    type Proof = Neon;

    #[inline(always)]
    fn proof(self) -> Neon {
        Neon(())
    }

    #[inline(always)]
    fn all(_: Neon, x: f32) -> Self {
        // SAFETY: NEON.
        let x = unsafe { vdupq_n_f32(x) };
        // Written out: compiled for size, `[x; 4]` is a loop that fills memory.
        Self([x, x, x, x])
    }

    #[inline(always)]
    fn load(_: Neon, x: &[f32; 16]) -> Self {
        let x = x.as_ptr();
        // SAFETY: NEON; the array has 16 elements.
        Self(unsafe { [vld1q_f32(x), vld1q_f32(x.add(4)), vld1q_f32(x.add(8)), vld1q_f32(x.add(12))] })
    }

    #[inline(always)]
    fn store(self, out: &mut [f32; 16]) {
        let ([a, b, c, d], out) = (self.0, out.as_mut_ptr());
        // SAFETY: NEON; the array has 16 elements.
        unsafe {
            vst1q_f32(out, a);
            vst1q_f32(out.add(4), b);
            vst1q_f32(out.add(8), c);
            vst1q_f32(out.add(12), d);
        }
    }

    #[inline(always)]
    fn difference(_: Neon, a: &[i32; 16], b: &[i32; 16], factor: i32) -> Self {
        let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (load_i32(a), load_i32(b));
        // SAFETY: NEON.
        let difference = |a, b| unsafe { vcvtq_f32_s32(vmlsq_s32(a, b, vdupq_n_s32(factor))) };
        Self([difference(a0, b0), difference(a1, b1), difference(a2, b2), difference(a3, b3)])
    }

    #[inline(always)]
    fn plain_difference(_: Neon, a: &[i32; 16], b: &[i32; 16]) -> Self {
        let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (load_i32(a), load_i32(b));
        // SAFETY: NEON.
        let difference = |a, b| unsafe { vcvtq_f32_s32(vsubq_s32(a, b)) };
        Self([difference(a0, b0), difference(a1, b1), difference(a2, b2), difference(a3, b3)])
    }

    #[inline(always)]
    fn store_bytes(self, zero_point: i32, offset: i32, out: &mut [u8; 16]) {
        // SAFETY: NEON; the array has 16 bytes.
        unsafe {
            let add = |x| vaddq_s32(vreinterpretq_s32_f32(x), vdupq_n_s32(zero_point));
            let [a, b, c, d] = self.0;
            let (a, b, c, d) = (add(a), add(b), add(c), add(d));
            // Narrowing twice with saturation clamps to [-128, 127].
            let (low, high) = (vqmovn_high_s32(vqmovn_s32(a), b), vqmovn_high_s32(vqmovn_s32(c), d));
            let bytes = vmaxq_s8(vqmovn_high_s16(vqmovn_s16(low), high), vdupq_n_s8(-127));
            // i8 and u8 add alike.
            vst1q_u8(out.as_mut_ptr(), vreinterpretq_u8_s8(vaddq_s8(bytes, vdupq_n_s8(offset as i8))));
        }
    }
}

/// The lanes of an array of integers.
#[inline(always)]
fn load_i32(x: &[i32; 16]) -> [int32x4_t; 4] {
    let x = x.as_ptr();
    // SAFETY: NEON; the array has 16 elements.
    unsafe { [vld1q_s32(x), vld1q_s32(x.add(4)), vld1q_s32(x.add(8)), vld1q_s32(x.add(12))] }
}
