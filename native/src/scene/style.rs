//! Colours: ramp, walls, background.

use crate::error::{RenderError, Result};

/// Entries of the table a ramp becomes, at most: two for each of the stops.
pub const RAMP_ENTRIES: usize = 2 * MOST_STOPS;
/// Stops of a ramp, at most.
const MOST_STOPS: usize = 4096;

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
    /// One stop or more, values ascending; `relative` values are 0..1 of the height range, others metres.
    pub fn new(stops: Vec<(f64, Rgba)>, relative: bool, discrete: bool) -> Result<Self> {
        if stops.is_empty()
            || stops.len() > MOST_STOPS
            || stops.iter().any(|(value, _)| !value.is_finite())
            || stops.windows(2).any(|pair| pair[0].0 > pair[1].0)
        {
            return Err(RenderError::Input(format!(
                "color_ramp: expected 1..{MOST_STOPS} stops, values ascending; got {} stops; fix: sort them",
                stops.len()
            )));
        }
        Ok(Self { stops, relative, discrete })
    }

    /// The ramp as a path of straight pieces for heights between `lowest` and `highest`: linear-light colours with their
    /// metres as fourth number, ascending. A step is two entries of one height: up to it the first one's colour counts.
    #[must_use]
    pub fn table(&self, lowest: f64, highest: f64) -> Vec<[f32; 4]> {
        let entry = |value: f64, color: [f64; 4]| {
            let metres = if self.relative { lowest + value * (highest - lowest) } else { value };
            let [r, g, b, _] = linear(color);
            [r, g, b, metres as f32]
        };
        let (first_value, first_color) = self.stops[0];
        let mut entries = vec![entry(first_value, first_color.map(f64::from))];
        let most = (RAMP_ENTRIES - 1) / self.stops.len();
        for pair in self.stops.windows(2) {
            let [(low, below), (high, above)] = [pair[0], pair[1]];
            let (below, above) = (below.map(f64::from), above.map(f64::from));
            if self.discrete {
                entries.extend([entry(low, above), entry(high, above)]);
                continue;
            }
            // Interpolated in sRGB: what gdaldem and QGIS do, so the same file gives the same colours. Pieces of four
            // bytes are straight enough in linear light too.
            let change = (0..3).map(|i| (above[i] - below[i]).abs()).fold(0.0, f64::max);
            let pieces = ((change / 4.0).ceil() as usize).clamp(1, most.max(1));
            entries.extend((1..=pieces).map(|piece| {
                let weight = piece as f64 / pieces as f64;
                let color = std::array::from_fn(|i| below[i] * (1.0 - weight) + above[i] * weight);
                entry(low * (1.0 - weight) + high * weight, color)
            }));
        }
        entries
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
