//! Colours: ramp, walls, background.

use crate::error::{RenderError, Result};

/// Entries of the table a ramp becomes.
pub const RAMP_ENTRIES: usize = 1024;

/// sRGB bytes with straight alpha.
pub type Rgba = [u8; 4];

/// Colours by height.
#[derive(Debug, Clone, PartialEq)]
pub struct ColorRamp {
    stops: Vec<(f64, Rgba)>,
    relative: bool,
    discrete: bool,
}

impl ColorRamp {
    /// At least one stop, values ascending; `relative` values are 0..1 of the height range, others metres.
    pub fn new(stops: Vec<(f64, Rgba)>, relative: bool, discrete: bool) -> Result<Self> {
        if stops.is_empty()
            || stops.iter().any(|(value, _)| !value.is_finite())
            || stops.windows(2).any(|pair| pair[0].0 > pair[1].0)
        {
            return Err(RenderError::Input(format!(
                "color_ramp: expected at least one stop, values ascending; got {} stops; fix: sort them",
                stops.len()
            )));
        }
        Ok(Self { stops, relative, discrete })
    }

    /// Heights of the first and the last entry of the table for heights between `lowest` and `highest`.
    #[must_use]
    pub fn domain(&self, lowest: f64, highest: f64) -> (f64, f64) {
        let (first, last) = (self.stops[0].0, self.stops[self.stops.len() - 1].0);
        if self.relative {
            (lowest + first * (highest - lowest), lowest + last * (highest - lowest))
        } else {
            (first, last)
        }
    }

    /// Linear-light colours over the domain.
    #[must_use]
    pub fn table(&self) -> Vec<[f32; 4]> {
        let (first, last) = (self.stops[0].0, self.stops[self.stops.len() - 1].0);
        (0..RAMP_ENTRIES)
            .map(|i| linear(self.color_at(first + (last - first) * i as f64 / (RAMP_ENTRIES - 1) as f64)))
            .collect()
    }

    fn color_at(&self, value: f64) -> [f64; 4] {
        let upper = self.stops.partition_point(|(stop, _)| *stop < value).min(self.stops.len() - 1);
        let (high, above) = self.stops[upper];
        if upper == 0 || self.discrete {
            return above.map(f64::from);
        }
        let (low, below) = self.stops[upper - 1];
        let weight = if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 1.0 };
        // Interpolated in sRGB: what gdaldem and QGIS do, so the same file gives the same colours.
        std::array::from_fn(|i| f64::from(below[i]) * (1.0 - weight) + f64::from(above[i]) * weight)
    }

    /// Whether table entries are to be taken as they are, not mixed.
    #[must_use]
    pub fn is_discrete(&self) -> bool {
        self.discrete
    }
}

/// All colours of a scene.
#[derive(Debug, Clone, PartialEq)]
pub struct Style {
    /// Colours by height.
    pub ramp: ColorRamp,
    /// Side walls.
    pub wall: Rgba,
    /// Behind the terrain; alpha 0 for a transparent picture.
    pub background: Rgba,
}

/// Reads `#rrggbb` or `transparent`.
pub fn parse_color(name: &str, text: &str) -> Result<Rgba> {
    let wrong = || {
        RenderError::Input(format!(
            "{name}: expected '#rrggbb' or 'transparent'; got '{text}'; fix: for example '#ffffff'"
        ))
    };
    if text.eq_ignore_ascii_case("transparent") {
        return Ok([0; 4]);
    }
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii()).ok_or_else(wrong)?;
    let mut color = [255; 4];
    for (i, channel) in color.iter_mut().take(3).enumerate() {
        *channel = u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).map_err(|_| wrong())?;
    }
    Ok(color)
}

/// sRGB channel 0..255 to linear light 0..1 (IEC 61966-2-1).
#[must_use]
pub fn linear_channel(byte: f64) -> f64 {
    let value = byte / 255.0;
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

/// sRGB bytes to linear light, alpha to 0..1.
#[must_use]
pub fn linear(color: [f64; 4]) -> [f32; 4] {
    let [r, g, b, a] = color;
    [linear_channel(r) as f32, linear_channel(g) as f32, linear_channel(b) as f32, (a / 255.0) as f32]
}
