//! Numbers side by side: SIMD in WebAssembly, plain arrays elsewhere.
//!
//! The plain halves are the reading copy, and what native tests check; the SIMD halves are held
//! to them by the decoder's tests in browsers, which decode the same bytes.

/// Four 32-bit numbers.
#[derive(Clone, Copy)]
pub(crate) struct Lanes(Inner);

#[cfg(target_arch = "wasm32")]
use simd::Inner;
#[cfg(not(target_arch = "wasm32"))]
type Inner = [i32; 4];

#[cfg(not(target_arch = "wasm32"))]
impl Lanes {
    #[inline]
    pub(crate) fn new(lanes: [i32; 4]) -> Self {
        Self(lanes)
    }

    #[inline]
    pub(crate) fn from_i16(lanes: [i16; 4]) -> Self {
        Self(lanes.map(i32::from))
    }

    #[inline]
    pub(crate) fn splat(lane: i32) -> Self {
        Self([lane; 4])
    }

    #[inline]
    pub(crate) fn lane<const LANE: usize>(self) -> i32 {
        self.0[LANE]
    }

    #[inline]
    pub(crate) fn plus(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i].wrapping_add(other.0[i])))
    }

    #[inline]
    pub(crate) fn minus(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i].wrapping_sub(other.0[i])))
    }

    /// The low 32 bits of the products.
    #[inline]
    pub(crate) fn times(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i].wrapping_mul(other.0[i])))
    }

    /// Each lane divided by `1 << bits`, rounded down.
    #[inline]
    pub(crate) fn shifted(self, bits: u32) -> Self {
        Self(self.0.map(|lane| lane >> bits))
    }

    /// Each lane as the nearest 16-bit number.
    #[inline]
    pub(crate) fn to_i16(self) -> [i16; 4] {
        self.0
            .map(|lane| lane.clamp(i16::MIN.into(), i16::MAX.into()) as i16)
    }

    /// Each lane as the nearest byte.
    #[inline]
    pub(crate) fn to_u8(self) -> [u8; 4] {
        self.0.map(|lane| lane.clamp(0, 255) as u8)
    }
}

#[cfg(target_arch = "wasm32")]
mod simd {
    use core::arch::wasm32 as arch;

    pub(super) type Inner = arch::v128;

    impl super::Lanes {
        #[inline]
        pub(crate) fn new([a, b, c, d]: [i32; 4]) -> Self {
            Self(arch::i32x4(a, b, c, d))
        }

        #[inline]
        pub(crate) fn from_i16(lanes: [i16; 4]) -> Self {
            let packed = arch::u64x2(bytemuck::cast(lanes), 0);
            Self(arch::i32x4_extend_low_i16x8(packed))
        }

        #[inline]
        pub(crate) fn splat(lane: i32) -> Self {
            Self(arch::i32x4_splat(lane))
        }

        #[inline]
        pub(crate) fn lane<const LANE: usize>(self) -> i32 {
            arch::i32x4_extract_lane::<LANE>(self.0)
        }

        #[inline]
        pub(crate) fn plus(self, other: Self) -> Self {
            Self(arch::i32x4_add(self.0, other.0))
        }

        #[inline]
        pub(crate) fn minus(self, other: Self) -> Self {
            Self(arch::i32x4_sub(self.0, other.0))
        }

        #[inline]
        pub(crate) fn times(self, other: Self) -> Self {
            Self(arch::i32x4_mul(self.0, other.0))
        }

        #[inline]
        pub(crate) fn shifted(self, bits: u32) -> Self {
            Self(arch::i32x4_shr(self.0, bits))
        }

        #[inline]
        pub(crate) fn to_i16(self) -> [i16; 4] {
            let packed = arch::i16x8_narrow_i32x4(self.0, self.0);
            bytemuck::cast(arch::u64x2_extract_lane::<0>(packed))
        }

        #[inline]
        pub(crate) fn to_u8(self) -> [u8; 4] {
            let words = arch::i16x8_narrow_i32x4(self.0, self.0);
            let packed = arch::u8x16_narrow_i16x8(words, words);
            arch::u32x4_extract_lane::<0>(packed).to_le_bytes()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_saturate() {
        let lanes = Lanes::new([-70000, 70000, -1, 256]);
        assert_eq!(lanes.to_i16(), [i16::MIN, i16::MAX, -1, 256]);
        assert_eq!(lanes.to_u8(), [0, 255, 0, 255]);
        assert_eq!(lanes.shifted(8).to_i16(), [-274, 273, -1, 1]);
    }
}
