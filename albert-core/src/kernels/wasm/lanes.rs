//! 16 lanes in four registers of WebAssembly.

use crate::kernels::math::Float;
use crate::kernels::simd16::lanes::Lanes;
use core::arch::wasm32::*;
use core::ops::{Add, Div, Mul, Sub};

/// Shows that SIMD is enabled: only [`WasmLanes::here`] and a vector can make it.
#[derive(Clone, Copy)]
pub(crate) struct Simd128(());

/// 4 lanes.
#[derive(Clone, Copy)]
pub(super) struct Four(v128);

/// 16 lanes, four a register.
#[derive(Clone, Copy)]
pub(crate) struct WasmLanes([Four; 4]);

impl WasmLanes {
    /// The proof, where the instructions are enabled.
    #[target_feature(enable = "simd128")]
    #[inline]
    pub(crate) fn here() -> Simd128 {
        Simd128(())
    }

    #[inline(always)]
    fn map(self, f: impl Fn(Four) -> Four) -> Self {
        let [a, b, c, d] = self.0;
        Self([f(a), f(b), f(c), f(d)])
    }

    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(Four, Four) -> Four) -> Self {
        let ([a, b, c, d], [i, j, k, l]) = (self.0, other.0);
        Self([f(a, i), f(b, j), f(c, k), f(d, l)])
    }

    /// Folds the lanes 8+8, 4+4, 2+2, 1+1.
    #[inline(always)]
    fn fold(self, both: impl Fn(Four, Four) -> Four) -> f32 {
        let [a, b, c, d] = self.0;
        let four = both(both(a, c), both(b, d));
        let two = both(four, Four(i32x4_shuffle::<2, 3, 2, 3>(four.0, four.0)));
        f32x4_extract_lane::<0>(both(two, Four(i32x4_shuffle::<1, 1, 1, 1>(two.0, two.0))).0)
    }
}

impl Four {
    #[target_feature(enable = "simd128")]
    #[inline]
    pub(super) fn load(x: &[f32; 4]) -> Self {
        // SAFETY: the array has 16 bytes; loads need no alignment.
        Self(unsafe { v128_load(x.as_ptr().cast()) })
    }

    #[inline(always)]
    pub(super) fn store(self, out: &mut [f32; 4]) {
        // SAFETY: the array has 16 bytes; stores need no alignment.
        unsafe { v128_store(out.as_mut_ptr().cast(), self.0) };
    }
}

/// Implements an operator by the instruction of its name.
macro_rules! operator {
    ($operator:ident, $function:ident, $instruction:ident) => {
        impl $operator for Four {
            type Output = Self;
            #[inline(always)]
            fn $function(self, other: Self) -> Self {
                Self($instruction(self.0, other.0))
            }
        }

        impl $operator for WasmLanes {
            type Output = Self;
            #[inline(always)]
            fn $function(self, other: Self) -> Self {
                self.zip(other, |a, b| a.$function(b))
            }
        }
    };
}

operator!(Add, add, f32x4_add);
operator!(Sub, sub, f32x4_sub);
operator!(Mul, mul, f32x4_mul);
operator!(Div, div, f32x4_div);

// `pmin(a, b)` is `if b < a { b } else { a }` and `pmax(a, b)` is `if a < b { b } else { a }`: the selections of the trait, the
// operands the other way round.
impl Float for Four {
    #[inline(always)]
    fn splat(self, x: f32) -> Self {
        Self(f32x4_splat(x))
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        Self(f32x4_sqrt(self.0))
    }

    #[inline(always)]
    fn abs(self) -> Self {
        Self(f32x4_abs(self.0))
    }

    #[inline(always)]
    fn lesser(self, other: Self) -> Self {
        Self(f32x4_pmin(other.0, self.0))
    }

    #[inline(always)]
    fn greater(self, other: Self) -> Self {
        Self(f32x4_pmax(other.0, self.0))
    }

    #[inline(always)]
    fn if_less(self, limit: Self, then: Self, otherwise: Self) -> Self {
        Self(v128_bitselect(then.0, otherwise.0, f32x4_lt(self.0, limit.0)))
    }

    #[inline(always)]
    fn add_exponent(self, shifted: Self) -> Self {
        Self(i32x4_add(self.0, i32x4_shl(shifted.0, 23)))
    }
}

impl Float for WasmLanes {
    #[inline(always)]
    fn splat(self, x: f32) -> Self {
        Self::all(self.proof(), x)
    }

    #[inline(always)]
    fn sqrt(self) -> Self {
        self.map(Four::sqrt)
    }

    #[inline(always)]
    fn abs(self) -> Self {
        self.map(Four::abs)
    }

    #[inline(always)]
    fn lesser(self, other: Self) -> Self {
        self.zip(other, Four::lesser)
    }

    #[inline(always)]
    fn greater(self, other: Self) -> Self {
        self.zip(other, Four::greater)
    }

    #[inline(always)]
    fn if_less(self, limit: Self, then: Self, otherwise: Self) -> Self {
        let ([a, b, c, d], [i, j, k, l]) = (self.0, limit.0);
        let ([m, n, o, p], [q, r, s, t]) = (then.0, otherwise.0);
        Self([a.if_less(i, m, q), b.if_less(j, n, r), c.if_less(k, o, s), d.if_less(l, p, t)])
    }

    #[inline(always)]
    fn add_exponent(self, shifted: Self) -> Self {
        self.zip(shifted, Four::add_exponent)
    }
}

impl Lanes for WasmLanes {
    type Proof = Simd128;
    const FOUR: bool = false;

    #[inline(always)]
    fn proof(self) -> Simd128 {
        Simd128(())
    }

    #[inline(always)]
    fn all(_: Simd128, x: f32) -> Self {
        let x = Four(f32x4_splat(x));
        // Written out: compiled for size, `[x; 4]` is a loop that fills memory.
        Self([x, x, x, x])
    }

    #[inline(always)]
    fn load(_: Simd128, x: &[f32; 16]) -> Self {
        load(x)
    }

    #[inline(always)]
    fn store(self, out: &mut [f32; 16]) {
        for (x, out) in self.0.into_iter().zip(out.as_chunks_mut::<4>().0) {
            x.store(out);
        }
    }

    #[inline(always)]
    fn difference(_: Simd128, a: &[i32; 16], b: &[i32; 16], factor: i32) -> Self {
        let factor = i32x4_splat(factor);
        load(a).zip(load(b), |a, b| Four(f32x4_convert_i32x4(i32x4_sub(a.0, i32x4_mul(b.0, factor)))))
    }

    #[inline(always)]
    fn plain_difference(_: Simd128, a: &[i32; 16], b: &[i32; 16]) -> Self {
        load(a).zip(load(b), |a, b| Four(f32x4_convert_i32x4(i32x4_sub(a.0, b.0))))
    }

    #[inline(always)]
    fn store_bytes(self, zero_point: i32, offset: i32, out: &mut [u8; 16]) {
        let add = |x: Four| i32x4_add(x.0, i32x4_splat(zero_point));
        let [a, b, c, d] = self.0;
        let (a, b, c, d) = (add(a), add(b), add(c), add(d));
        // Narrowing twice with saturation clamps to [-128, 127].
        let bytes = i8x16_narrow_i16x8(i16x8_narrow_i32x4(a, b), i16x8_narrow_i32x4(c, d));
        // i8 and u8 add alike.
        let bytes = i8x16_add(i8x16_max(bytes, i8x16_splat(-127)), i8x16_splat(offset as i8));
        // SAFETY: the array has 16 bytes.
        unsafe { v128_store(out.as_mut_ptr().cast(), bytes) };
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        self.fold(Add::add)
    }

    #[inline(always)]
    fn least(self) -> f32 {
        self.fold(Float::lesser)
    }

    #[inline(always)]
    fn greatest(self) -> f32 {
        self.fold(Float::greater)
    }
}

/// The lanes of an array of floats or integers.
#[inline(always)]
fn load<T: bytemuck::Pod>(x: &[T; 16]) -> WasmLanes {
    const { assert!(size_of::<T>() == 4) };
    let x = x.as_ptr().cast::<v128>();
    // SAFETY: the array has 64 bytes; loads need no alignment.
    unsafe {
        let (a, b, c, d) = (v128_load(x), v128_load(x.add(1)), v128_load(x.add(2)), v128_load(x.add(3)));
        WasmLanes([Four(a), Four(b), Four(c), Four(d)])
    }
}
