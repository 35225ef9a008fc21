//! The two ways in which a height is held: a 32-bit float, or a 16-bit whole number above a base. `height.wgsl` and
//! `heightfield.wgsl` read what is written here, by `HEIGHT_BITS`.

use std::borrow::Cow;

use crate::error::{RenderError, Result};
use crate::scene::facts::VOID_LIMIT;

/// The code of a void sample: below all others, so that a maximum passes over it.
pub const VOID_CODE: u16 = 0;

/// Bases beyond this would round when a code is added.
const MAX_ABS_BASE: f32 = 8e6;

/// How many bits a height takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bits {
    /// A float, metres.
    Float32,
    /// A code; the height is the base and as many metres.
    Whole16,
}

impl Bits {
    /// `16` or `32`.
    pub fn of_number(bits: u32) -> Result<Self> {
        match bits {
            32 => Ok(Self::Float32),
            16 => Ok(Self::Whole16),
            _ => {
                Err(RenderError::Input(format!("height_bits: expected 16 or 32; got {bits}; fix: leave it out for 32")))
            }
        }
    }

    /// Of the texture of heights.
    #[must_use]
    pub fn format(self) -> wgpu::TextureFormat {
        match self {
            Self::Float32 => wgpu::TextureFormat::R32Float,
            Self::Whole16 => wgpu::TextureFormat::R32Uint,
        }
    }

    /// 32-bit words of a row of `count` heights, in the texture as in the pyramid.
    #[must_use]
    pub fn words(self, count: u32) -> u32 {
        count.div_ceil(self.heights_a_word())
    }

    /// Heights that share a 32-bit word.
    #[must_use]
    pub fn heights_a_word(self) -> u32 {
        match self {
            Self::Float32 => 1,
            Self::Whole16 => 2,
        }
    }

    /// What the shaders are told, before their texts.
    #[must_use]
    pub fn wgsl_prelude(self) -> &'static str {
        match self {
            Self::Float32 => "const HEIGHT_BITS = 32u;\nalias HeightTexel = f32;\n",
            Self::Whole16 => "const HEIGHT_BITS = 16u;\nalias HeightTexel = u32;\n",
        }
    }
}

/// How the heights of a raster are held.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stored {
    /// The kind of number.
    pub bits: Bits,
    /// Metres, what code 0 would be; 0 for floats.
    pub base: f32,
}

impl Stored {
    /// Floats: any height.
    pub const FLOATS: Self = Self { bits: Bits::Float32, base: 0.0 };

    /// What `height.wgsl` adds to the float with the bits of 2²³ + code; exact, as the base is within ±2²³.
    #[must_use]
    pub fn shifted_base(&self) -> f32 {
        self.base - 8_388_608.0
    }

    /// Whole heights from `base + 1` to `base + 65535`.
    pub fn whole(base: f64) -> Result<Self> {
        let as_float = base as f32;
        if base.fract() != 0.0 || as_float.is_nan() || as_float.abs() > MAX_ABS_BASE {
            return Err(RenderError::Input(format!(
                "height_base: expected a whole number within ±{MAX_ABS_BASE:.0}; got {base}; fix: leave it out"
            )));
        }
        Ok(Self { bits: Bits::Whole16, base: as_float })
    }

    /// The bytes of a row, void where below `VOID_LIMIT`. `codes` is room for them.
    pub fn encode<'a>(&self, row: &'a [f32], codes: &'a mut Vec<u16>) -> Result<&'a [u8]> {
        if self.bits == Bits::Float32 {
            return Ok(bytemuck::cast_slice(row));
        }
        // Whole words.
        codes.resize(row.len().next_multiple_of(2), VOID_CODE);
        let mut wrong = 0u32;
        for (code, height) in codes.iter_mut().zip(row) {
            let above = *height - self.base;
            let number = above as i32;
            let void = *height < VOID_LIMIT;
            let fits = (1..=0xffff).contains(&number) & (number as f32 == above);
            wrong |= u32::from(!(void | fits));
            *code = if void { VOID_CODE } else { number as u16 };
        }
        if wrong == 0 {
            return Ok(bytemuck::cast_slice(codes));
        }
        let fits = |height: &f32| {
            let above = *height - self.base;
            *height < VOID_LIMIT || (above.fract() == 0.0 && (1.0..=65535.0).contains(&above))
        };
        let other = row.iter().find(|height| !fits(height)).copied().unwrap_or(f32::NAN);
        let (low, high) = (self.base + 1.0, self.base + 65535.0);
        Err(RenderError::Input(format!(
            "heights: expected whole metres in {low}..{high}, as they are to be held as 16-bit numbers; got {other}; fix: leave height_base out"
        )))
    }

    /// `count` heights of a row of words that came back, from the height `first` of the first word on; NaN where void.
    pub fn decode(&self, words: &[u8], first: usize, count: usize, heights: &mut Vec<f32>) {
        match self.bits {
            Bits::Float32 => heights.extend(
                words
                    .chunks_exact(4)
                    .skip(first)
                    .take(count)
                    .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                    .map(|height| if height < VOID_LIMIT { f32::NAN } else { height }),
            ),
            Bits::Whole16 => heights.extend(
                words
                    .chunks_exact(2)
                    .skip(first)
                    .take(count)
                    .map(|b| u16::from_le_bytes([b[0], b[1]]))
                    .map(|code| if code == VOID_CODE { f32::NAN } else { f32::from(code) + self.base }),
            ),
        }
    }
}

/// The prelude of `bits` before the texts of a program.
#[must_use]
pub fn with_prelude(bits: Bits, mut parts: Vec<Cow<'static, str>>) -> Vec<Cow<'static, str>> {
    parts.insert(0, Cow::Borrowed(bits.wgsl_prelude()));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::facts::VOID_HEIGHT;

    #[test]
    fn every_code_comes_back_as_the_height_it_was() {
        for base in [-32769.0, -32768.0, -1.0, 0.0, 8e6] {
            let stored = Stored::whole(base).expect("a whole base");
            let mut row: Vec<f32> = (1..=65535).map(|code| base as f32 + code as f32).collect();
            row.push(VOID_HEIGHT);
            let mut codes = Vec::new();
            let mut back = Vec::new();
            stored.decode(stored.encode(&row, &mut codes).expect("they fit"), 0, row.len(), &mut back);
            assert_eq!(back.len(), row.len());
            assert!(back.iter().zip(&row).all(|(b, h)| if *h < VOID_LIMIT { b.is_nan() } else { b == h }), "{base}");
        }
    }

    #[test]
    fn what_no_code_can_hold_is_refused_by_name() {
        let stored = Stored::whole(-32768.0).expect("a whole base");
        let mut codes = Vec::new();
        for height in [-32768.0, 32768.0, 0.5, 9e8] {
            let refused = stored.encode(&[1.0, height, 2.0], &mut codes).expect_err("no code").to_string();
            assert!(refused.contains(&format!("got {height}")), "{refused}");
        }
        assert!(Stored::whole(0.5).is_err() && Stored::whole(1e9).is_err() && Stored::whole(f64::NAN).is_err());
        assert!(Bits::of_number(8).is_err());
    }
}
