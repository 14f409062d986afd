//! Numbers side by side: SIMD in WebAssembly, plain arrays elsewhere.
//!
//! The plain halves are the reading copy, and what native tests check; the SIMD halves are held
//! to them by the decoder's tests in browsers, which decode the same bytes.

/// Four 32-bit numbers.
#[derive(Clone, Copy)]
pub(crate) struct Lanes(Inner);

/// Eight 16-bit numbers, or two fours of them.
#[derive(Clone, Copy)]
pub(crate) struct Lanes16(Inner16);

#[cfg(target_arch = "wasm32")]
use simd::{Inner, Inner16};
#[cfg(not(target_arch = "wasm32"))]
type Inner = [i32; 4];
#[cfg(not(target_arch = "wasm32"))]
type Inner16 = [i16; 8];

#[cfg(not(target_arch = "wasm32"))]
impl Lanes {
    #[inline]
    pub(crate) fn new(lanes: [i32; 4]) -> Self {
        Self(lanes)
    }

    #[inline]
    pub(crate) fn splat(lane: i32) -> Self {
        Self([lane; 4])
    }

    #[inline]
    pub(crate) fn to_array(self) -> [i32; 4] {
        self.0
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

    #[inline]
    pub(crate) fn and(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] & other.0[i]))
    }

    #[inline]
    pub(crate) fn min(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i].min(other.0[i])))
    }

    #[inline]
    pub(crate) fn max(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i].max(other.0[i])))
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
}

#[cfg(not(target_arch = "wasm32"))]
impl Lanes16 {
    #[inline]
    pub(crate) fn new(lanes: [i16; 8]) -> Self {
        Self(lanes)
    }

    #[inline]
    pub(crate) fn splat(lane: i16) -> Self {
        Self([lane; 8])
    }

    /// A four in both halves.
    #[inline]
    pub(crate) fn twice([a, b, c, d]: [i16; 4]) -> Self {
        Self([a, b, c, d, a, b, c, d])
    }

    #[inline]
    pub(crate) fn to_array(self) -> [i16; 8] {
        self.0
    }

    #[inline]
    pub(crate) fn lane<const LANE: usize>(self) -> i16 {
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

    /// Sums held to what 16 bits can hold.
    #[inline]
    pub(crate) fn plus_held(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| {
            self.0[i].saturating_add(other.0[i])
        }))
    }

    /// The low 16 bits of the products.
    #[inline]
    pub(crate) fn times(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i].wrapping_mul(other.0[i])))
    }

    /// The products divided by 2^15, rounded to the nearest; no lane may be -2^15.
    #[inline]
    pub(crate) fn shared(self, other: Self) -> Self {
        let product = |i: usize| i32::from(self.0[i]) * i32::from(other.0[i]);
        Self(std::array::from_fn(|i| {
            ((product(i) + (1 << 14)) >> 15) as i16
        }))
    }

    #[inline]
    pub(crate) fn and(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] & other.0[i]))
    }

    /// All bits where lanes are the same, none where they differ.
    #[inline]
    pub(crate) fn same(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| -i16::from(self.0[i] == other.0[i])))
    }

    #[inline]
    pub(crate) fn clamp(self, min: i16, max: i16) -> Self {
        Self(self.0.map(|lane| lane.clamp(min, max)))
    }

    /// Each lane divided by `1 << bits`, rounded down.
    #[inline]
    pub(crate) fn shifted(self, bits: u32) -> Self {
        Self(self.0.map(|lane| lane >> bits))
    }

    /// The last lane of each four in all of its lanes.
    #[inline]
    pub(crate) fn lasts(self) -> Self {
        Self(std::array::from_fn(|i| self.0[i | 3]))
    }

    /// The other half of each half.
    #[inline]
    pub(crate) fn halves_swapped(self) -> Self {
        Self(std::array::from_fn(|i| self.0[i ^ 4]))
    }

    /// Each lane as the nearest byte, four by four; those of `next` follow.
    #[inline]
    pub(crate) fn to_u8(self, next: Self) -> [[u8; 4]; 4] {
        let byte = |four: usize, lane: usize| {
            let lanes = if four < 2 { &self.0 } else { &next.0 };
            lanes[four % 2 * 4 + lane].clamp(0, 255) as u8
        };
        std::array::from_fn(|four| std::array::from_fn(|lane| byte(four, lane)))
    }
}

#[cfg(target_arch = "wasm32")]
mod simd {
    use core::arch::wasm32 as arch;

    pub(super) type Inner = arch::v128;
    pub(super) type Inner16 = arch::v128;

    impl super::Lanes {
        #[inline]
        pub(crate) fn new([a, b, c, d]: [i32; 4]) -> Self {
            Self(arch::i32x4(a, b, c, d))
        }

        #[inline]
        pub(crate) fn splat(lane: i32) -> Self {
            Self(arch::i32x4_splat(lane))
        }

        #[inline]
        pub(crate) fn to_array(self) -> [i32; 4] {
            bytemuck::cast(self.0)
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
        pub(crate) fn and(self, other: Self) -> Self {
            Self(arch::v128_and(self.0, other.0))
        }

        #[inline]
        pub(crate) fn min(self, other: Self) -> Self {
            Self(arch::i32x4_min(self.0, other.0))
        }

        #[inline]
        pub(crate) fn max(self, other: Self) -> Self {
            Self(arch::i32x4_max(self.0, other.0))
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
    }

    impl super::Lanes16 {
        #[inline]
        pub(crate) fn new(lanes: [i16; 8]) -> Self {
            Self(bytemuck::cast(lanes))
        }

        #[inline]
        pub(crate) fn splat(lane: i16) -> Self {
            Self(arch::i16x8_splat(lane))
        }

        #[inline]
        pub(crate) fn twice(four: [i16; 4]) -> Self {
            Self(arch::u64x2_splat(bytemuck::cast(four)))
        }

        #[inline]
        pub(crate) fn to_array(self) -> [i16; 8] {
            bytemuck::cast(self.0)
        }

        #[inline]
        pub(crate) fn lane<const LANE: usize>(self) -> i16 {
            arch::i16x8_extract_lane::<LANE>(self.0)
        }

        #[inline]
        pub(crate) fn plus(self, other: Self) -> Self {
            Self(arch::i16x8_add(self.0, other.0))
        }

        #[inline]
        pub(crate) fn minus(self, other: Self) -> Self {
            Self(arch::i16x8_sub(self.0, other.0))
        }

        #[inline]
        pub(crate) fn plus_held(self, other: Self) -> Self {
            Self(arch::i16x8_add_sat(self.0, other.0))
        }

        #[inline]
        pub(crate) fn times(self, other: Self) -> Self {
            Self(arch::i16x8_mul(self.0, other.0))
        }

        #[inline]
        pub(crate) fn shared(self, other: Self) -> Self {
            Self(arch::i16x8_q15mulr_sat(self.0, other.0))
        }

        #[inline]
        pub(crate) fn and(self, other: Self) -> Self {
            Self(arch::v128_and(self.0, other.0))
        }

        #[inline]
        pub(crate) fn same(self, other: Self) -> Self {
            Self(arch::i16x8_eq(self.0, other.0))
        }

        #[inline]
        pub(crate) fn clamp(self, min: i16, max: i16) -> Self {
            let (min, max) = (arch::i16x8_splat(min), arch::i16x8_splat(max));
            Self(arch::i16x8_min(arch::i16x8_max(self.0, min), max))
        }

        #[inline]
        pub(crate) fn shifted(self, bits: u32) -> Self {
            Self(arch::i16x8_shr(self.0, bits))
        }

        #[inline]
        pub(crate) fn lasts(self) -> Self {
            Self(arch::i16x8_shuffle::<3, 3, 3, 3, 7, 7, 7, 7>(
                self.0, self.0,
            ))
        }

        #[inline]
        pub(crate) fn halves_swapped(self) -> Self {
            Self(arch::i64x2_shuffle::<1, 0>(self.0, self.0))
        }

        #[inline]
        pub(crate) fn to_u8(self, next: Self) -> [[u8; 4]; 4] {
            bytemuck::cast(arch::u8x16_narrow_i16x8(self.0, next.0))
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
        assert_eq!(lanes.shifted(8).to_i16(), [-274, 273, -1, 1]);
        let lanes = Lanes16::new([-1, 0, 255, 256, 1, 2, 3, i16::MAX]);
        assert_eq!(lanes.to_u8(lanes)[0], [0, 0, 255, 255]);
        assert_eq!(lanes.plus_held(lanes).lane::<7>(), i16::MAX);
    }

    #[test]
    fn a_share_is_rounded_to_the_nearest() {
        let lanes = Lanes16::new([100, 101, -100, -101, 2040, 16320, 1, 0]);
        let thirds = lanes.shared(Lanes16::splat(10923)).to_array();
        assert_eq!(thirds, [33, 34, -33, -34, 680, 5440, 0, 0]);
        assert_eq!(
            lanes.shared(Lanes16::splat(i16::MAX)).to_array(),
            lanes.to_array()
        );
    }
}
