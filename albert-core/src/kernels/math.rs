//! The elementary functions, written once for one float and for any vector of floats.
//!
//! Straight-line code from correctly rounded `+ - * / sqrt`, selections and integer operations on the bits, so that every
//! lane of every instruction set returns the same bits. `docs/numerics.md` lists the measured errors; the coefficients
//! are minimax fits of our own.

use core::ops::{Add, Div, Mul, Sub};

/// One f32, or a vector of them that is computed lane by lane.
pub(crate) trait Float:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    /// `x` in every lane of a vector like this one.
    fn splat(self, x: f32) -> Self;
    /// Correctly rounded square root.
    fn sqrt(self) -> Self;
    /// [`exp2`].
    #[inline(always)]
    fn exp2(self) -> Self {
        exp2_in_line(self)
    }
    /// The value without its sign.
    fn abs(self) -> Self;
    /// `if self < other { self } else { other }`.
    fn lesser(self, other: Self) -> Self;
    /// `if self > other { self } else { other }`.
    fn greater(self, other: Self) -> Self;
    /// `if self < limit { then } else { otherwise }`.
    fn if_less(self, limit: Self, then: Self, otherwise: Self) -> Self;
    /// The bits of `self` plus the bits of `shifted` times 2^23: adds the low bits of `shifted` to the exponent.
    fn add_exponent(self, shifted: Self) -> Self;
}

impl Float for f32 {
    #[inline(always)]
    fn splat(self, x: f32) -> Self {
        x
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        square_root(self)
    }
    #[inline(always)]
    fn exp2(self) -> Self {
        exp2_of_one(self)
    }
    #[inline(always)]
    fn abs(self) -> Self {
        f32::from_bits(self.to_bits() & 0x7fff_ffff)
    }
    #[inline(always)]
    fn lesser(self, other: Self) -> Self {
        if self < other { self } else { other }
    }
    #[inline(always)]
    fn greater(self, other: Self) -> Self {
        if self > other { self } else { other }
    }
    #[inline(always)]
    fn if_less(self, limit: Self, then: Self, otherwise: Self) -> Self {
        if self < limit { then } else { otherwise }
    }
    #[inline(always)]
    fn add_exponent(self, shifted: Self) -> Self {
        f32::from_bits(self.to_bits().wrapping_add(shifted.to_bits() << 23))
    }
}

/// Adding 1.5 x 2^23 rounds to an integer, which is then in the low bits.
pub(super) const ROUND: f32 = 12_582_912.0;

/// Square root by the FPU where the compiler would call software.
#[inline(always)]
pub(crate) fn square_root(x: f32) -> f32 {
    #[cfg(all(target_arch = "arm", target_abi = "eabihf"))]
    {
        let mut bits = x.to_bits();
        // SAFETY: a computation on registers; this ABI has an FPU. Its registers cannot be operands: s0 is put back.
        unsafe {
            core::arch::asm!(
                "vmov {kept}, s0",
                "vmov s0, {bits}",
                "vsqrt.f32 s0, s0",
                "vmov {bits}, s0",
                "vmov s0, {kept}",
                bits = inout(reg) bits,
                kept = out(reg) _,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        f32::from_bits(bits)
    }
    // libm's is assembly in the old encoding, which costs a hundred cycles between vectors in the new one.
    #[cfg(target_arch = "x86_64")]
    {
        use core::arch::x86_64::{_mm_cvtss_f32, _mm_set_ss, _mm_sqrt_ss};
        // SAFETY: every CPU of this architecture has the instruction.
        unsafe { _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(x))) }
    }
    #[cfg(not(any(target_arch = "x86_64", all(target_arch = "arm", target_abi = "eabihf"))))]
    libm::sqrtf(x)
}

/// `c[0] + c[1] x + c[2] x² + …` by Horner's rule, written out: a loop would keep the coefficients on the stack.
macro_rules! polynomial {
    ($x:expr, $table:ident[$last:literal $(, $index:literal)*]) => {{
        let x = $x;
        let sum = x.splat($table[$last]);
        $(let sum = sum * x + x.splat($table[$index]);)*
        sum
    }};
}

/// Calls a macro with the table of activation functions: the name and the function here. `Linear` does nothing and is not in it.
macro_rules! activations {
    ($table:ident) => {
        $table! {
            Gelu => gelu,
            GeluTanh => gelu_tanh,
            Relu => relu,
            QuickGelu => quick_gelu,
            Silu => silu,
            Tanh => tanh,
            Sigmoid => sigmoid,
            Relu6 => relu6,
            Relu2 => relu2,
            LeakyRelu => leaky_relu,
            HardSwish => hard_swish,
            Mish => mish,
            Gelu10 => gelu_10,
            Laplace => laplace,
            SqrtSoftplus => sqrt_softplus,
        }
    };
}
pub(crate) use activations;

/// 2^x for x clamped to [-100, 126].
///
/// The lower clamp keeps products with scales out of the denormal range, which some CPUs handle slowly.
#[inline(always)]
pub(crate) fn exp2<F: Float>(x: F) -> F {
    x.exp2()
}

/// [`exp2`] as a function, once for all that take one value at a time.
#[inline(never)]
fn exp2_of_one(x: f32) -> f32 {
    exp2_in_line(x)
}

#[inline(always)]
fn exp2_in_line<F: Float>(x: F) -> F {
    exp2_clamped(x.greater(x.splat(LEAST_EXPONENT)).lesser(x.splat(126.0)))
}

/// Where [`exp2`] ends.
pub(super) const LEAST_EXPONENT: f32 = -100.0;

/// 2^x for x that is clamped.
#[inline(always)]
pub(super) fn exp2_clamped<F: Float>(x: F) -> F {
    let shifted = x + x.splat(ROUND);
    let fraction = x - (shifted - x.splat(ROUND));
    polynomial!(fraction, EXP2[5, 4, 3, 2, 1, 0]).add_exponent(shifted)
}

/// 2^x on [-1/2, 1/2].
#[allow(clippy::approx_constant)] // Fitted, and therefore not quite ln 2.
const EXP2: [f32; 6] = [1.0, 0.693_147, 0.240_222_42, 0.055_507_336, 0.009_671_513, 0.001_326_472_7];

/// -log2(e): exp(-x) = exp2(MINUS_LOG2_E x).
const MINUS_LOG2_E: f32 = -core::f32::consts::LOG2_E;

/// 1 / (1 + exp(-x)).
#[inline(always)]
pub(super) fn sigmoid<F: Float>(x: F) -> F {
    x.splat(1.0) / (x.splat(1.0) + exp2(x * x.splat(MINUS_LOG2_E)))
}

/// x σ(x).
#[inline(always)]
pub(super) fn silu<F: Float>(x: F) -> F {
    x / (x.splat(1.0) + exp2(x * x.splat(MINUS_LOG2_E)))
}

/// x σ(1.702 x).
#[inline(always)]
pub(super) fn quick_gelu<F: Float>(x: F) -> F {
    x / (x.splat(1.0) + exp2(x * x.splat(1.702 * MINUS_LOG2_E)))
}

/// Hyperbolic tangent: a polynomial below 0.625, (1 - e) / (1 + e) with e = exp(-2|x|) above.
#[inline(always)]
pub(super) fn tanh<F: Float>(x: F) -> F {
    let (one, size) = (x.splat(1.0), x.abs());
    let near = x * polynomial!(x * x, TANH[5, 4, 3, 2, 1, 0]);
    let e = exp2(size * x.splat(2.0 * MINUS_LOG2_E));
    let far = (one - e) / (one + e);
    let signed = x.if_less(x.splat(0.0), x.splat(0.0) - far, far);
    size.if_less(x.splat(0.625), near, signed)
}

/// tanh(x)/x in x² on [0, 0.625²].
const TANH: [f32; 6] = [1.0, -0.333_332_83, 0.133_314_42, -0.053_739_715, 0.020_639_087, -0.005_704_987];

/// `NORMAL_TAIL(a)^16` = 1 / erfc(a/√2) for a >= 0: no exponential is needed, and the quotient is small where erfc is.
#[inline(always)]
fn inverse_erfc<F: Float>(a: F) -> F {
    let p = polynomial!(a, NORMAL_TAIL[7, 6, 5, 4, 3, 2, 1, 0]);
    let p2 = p * p;
    let p4 = p2 * p2;
    let p8 = p4 * p4;
    p8 * p8
}

/// erfc(a/√2)^(-1/16) on [0, 5.6], weighted for the absolute error of GELU.
const NORMAL_TAIL: [f32; 8] =
    [1.0, 0.049_869_097, 0.021_127_516, 0.003_313_3, -5.147_655_5e-6, 7.478_5e-5, -2.073_180_6e-6, 8.168_549e-7];

/// |x| beyond this is far outside every bell curve; its 16th power still fits.
const FAR: f32 = 16.0;

/// x/2 (1 + erf(x/√2)), as max(x, 0) - |x|/2 erfc(|x|/√2).
#[inline(always)]
pub(super) fn gelu<F: Float>(x: F) -> F {
    let a = x.abs().lesser(x.splat(FAR));
    x.greater(x.splat(0.0)) - a * x.splat(0.5) / inverse_erfc(a)
}

/// x/2 (1 + tanh(u)), u = √(2/π) (x + 0.044715 x³), as x / (1 + exp(-2u)).
#[inline(always)]
pub(super) fn gelu_tanh<F: Float>(x: F) -> F {
    const LINEAR: f32 = (0.797_884_560_802_865_4 * 2.0 * -core::f64::consts::LOG2_E) as f32;
    const CUBIC: f32 = (0.044_715 * 0.797_884_560_802_865_4 * 2.0 * -core::f64::consts::LOG2_E) as f32;
    let minus_2u = x * (x * x * x.splat(CUBIC) + x.splat(LINEAR));
    x / (x.splat(1.0) + exp2(minus_2u))
}

/// (1 + erf((x - μ)/(σ√2)))/2 with Hugging Face's μ and σ, from MEGA (arXiv 2209.10655).
#[inline(always)]
pub(super) fn laplace<F: Float>(x: F) -> F {
    #[allow(clippy::approx_constant)] // The published constant, not 1/√2.
    const MEAN: f32 = 0.707_107;
    const INVERSE_DEVIATION: f32 = (1.0 / 0.282_095_f64) as f32;
    let z = (x - x.splat(MEAN)) * x.splat(INVERSE_DEVIATION);
    let tail = x.splat(0.5) / inverse_erfc(z.abs().lesser(x.splat(FAR)));
    z.if_less(x.splat(0.0), tail, x.splat(1.0) - tail)
}

/// x tanh(ln(1 + eˣ)) = x n / (n + 2), n = eˣ (eˣ + 2).
#[inline(always)]
pub(super) fn mish<F: Float>(x: F) -> F {
    // From 20 on the quotient is 1 to the last bit, and n would overflow from 44 on.
    let e = exp2(x.lesser(x.splat(20.0)) * x.splat(core::f32::consts::LOG2_E));
    let n = e * (e + x.splat(2.0));
    // Below -100 the clamp of exp2 would let x grow while the quotient stands still.
    x.greater(x.splat(-100.0)) * (n / (n + x.splat(2.0)))
}

/// √(ln(1 + eˣ)), with ln(1 + eˣ) = max(x, 0) + 2 artanh(e / (2 + e)), e = exp(-|x|).
#[inline(always)]
pub(super) fn sqrt_softplus<F: Float>(x: F) -> F {
    let e = exp2(x.abs() * x.splat(MINUS_LOG2_E));
    let s = e / (x.splat(2.0) + e);
    let log = s * polynomial!(s * s, ARTANH[4, 3, 2, 1, 0]);
    (x.greater(x.splat(0.0)) + (log + log)).sqrt()
}

/// artanh(s)/s in s² on [0, 1/9].
const ARTANH: [f32; 5] = [1.0, 0.333_332_1, 0.200_107_64, 0.140_009_03, 0.140_059_93];

/// max(0, x).
#[inline(always)]
pub(super) fn relu<F: Float>(x: F) -> F {
    x.greater(x.splat(0.0))
}

/// min(max(0, x), 6).
#[inline(always)]
pub(super) fn relu6<F: Float>(x: F) -> F {
    relu(x).lesser(x.splat(6.0))
}

/// max(0, x)².
#[inline(always)]
pub(super) fn relu2<F: Float>(x: F) -> F {
    relu(x) * relu(x)
}

/// x for x > 0, else x/100.
#[inline(always)]
pub(super) fn leaky_relu<F: Float>(x: F) -> F {
    x.splat(0.0).if_less(x, x, x * x.splat(0.01))
}

/// x relu6(x + 3) / 6.
#[inline(always)]
pub(super) fn hard_swish<F: Float>(x: F) -> F {
    x * relu6(x + x.splat(3.0)) / x.splat(6.0)
}

/// GELU clamped to [-10, 10].
#[inline(always)]
pub(super) fn gelu_10<F: Float>(x: F) -> F {
    gelu(x).greater(x.splat(-10.0)).lesser(x.splat(10.0))
}
