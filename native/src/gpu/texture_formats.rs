//! Bytes of textures of every WebGPU format, by wgpu's own description of it: block dimensions and bytes of a block.

use wgpu::TextureFormat as F;

use crate::error::{RenderError, Result};

/// Names as in the WebGPU specification's GPUTextureFormat, without ASTC, whose names are made of block and channels.
const NAMES: [(&str, F); 73] = [
    ("r8unorm", F::R8Unorm),
    ("r8snorm", F::R8Snorm),
    ("r8uint", F::R8Uint),
    ("r8sint", F::R8Sint),
    ("r16unorm", F::R16Unorm),
    ("r16snorm", F::R16Snorm),
    ("r16uint", F::R16Uint),
    ("r16sint", F::R16Sint),
    ("r16float", F::R16Float),
    ("rg8unorm", F::Rg8Unorm),
    ("rg8snorm", F::Rg8Snorm),
    ("rg8uint", F::Rg8Uint),
    ("rg8sint", F::Rg8Sint),
    ("r32uint", F::R32Uint),
    ("r32sint", F::R32Sint),
    ("r32float", F::R32Float),
    ("rg16unorm", F::Rg16Unorm),
    ("rg16snorm", F::Rg16Snorm),
    ("rg16uint", F::Rg16Uint),
    ("rg16sint", F::Rg16Sint),
    ("rg16float", F::Rg16Float),
    ("rgba8unorm", F::Rgba8Unorm),
    ("rgba8unorm-srgb", F::Rgba8UnormSrgb),
    ("rgba8snorm", F::Rgba8Snorm),
    ("rgba8uint", F::Rgba8Uint),
    ("rgba8sint", F::Rgba8Sint),
    ("bgra8unorm", F::Bgra8Unorm),
    ("bgra8unorm-srgb", F::Bgra8UnormSrgb),
    ("rgb9e5ufloat", F::Rgb9e5Ufloat),
    ("rgb10a2uint", F::Rgb10a2Uint),
    ("rgb10a2unorm", F::Rgb10a2Unorm),
    ("rg11b10ufloat", F::Rg11b10Ufloat),
    ("rg32uint", F::Rg32Uint),
    ("rg32sint", F::Rg32Sint),
    ("rg32float", F::Rg32Float),
    ("rgba16unorm", F::Rgba16Unorm),
    ("rgba16snorm", F::Rgba16Snorm),
    ("rgba16uint", F::Rgba16Uint),
    ("rgba16sint", F::Rgba16Sint),
    ("rgba16float", F::Rgba16Float),
    ("rgba32uint", F::Rgba32Uint),
    ("rgba32sint", F::Rgba32Sint),
    ("rgba32float", F::Rgba32Float),
    ("stencil8", F::Stencil8),
    ("depth16unorm", F::Depth16Unorm),
    ("depth24plus", F::Depth24Plus),
    ("depth24plus-stencil8", F::Depth24PlusStencil8),
    ("depth32float", F::Depth32Float),
    ("depth32float-stencil8", F::Depth32FloatStencil8),
    ("bc1-rgba-unorm", F::Bc1RgbaUnorm),
    ("bc1-rgba-unorm-srgb", F::Bc1RgbaUnormSrgb),
    ("bc2-rgba-unorm", F::Bc2RgbaUnorm),
    ("bc2-rgba-unorm-srgb", F::Bc2RgbaUnormSrgb),
    ("bc3-rgba-unorm", F::Bc3RgbaUnorm),
    ("bc3-rgba-unorm-srgb", F::Bc3RgbaUnormSrgb),
    ("bc4-r-unorm", F::Bc4RUnorm),
    ("bc4-r-snorm", F::Bc4RSnorm),
    ("bc5-rg-unorm", F::Bc5RgUnorm),
    ("bc5-rg-snorm", F::Bc5RgSnorm),
    ("bc6h-rgb-ufloat", F::Bc6hRgbUfloat),
    ("bc6h-rgb-float", F::Bc6hRgbFloat),
    ("bc7-rgba-unorm", F::Bc7RgbaUnorm),
    ("bc7-rgba-unorm-srgb", F::Bc7RgbaUnormSrgb),
    ("etc2-rgb8unorm", F::Etc2Rgb8Unorm),
    ("etc2-rgb8unorm-srgb", F::Etc2Rgb8UnormSrgb),
    ("etc2-rgb8a1unorm", F::Etc2Rgb8A1Unorm),
    ("etc2-rgb8a1unorm-srgb", F::Etc2Rgb8A1UnormSrgb),
    ("etc2-rgba8unorm", F::Etc2Rgba8Unorm),
    ("etc2-rgba8unorm-srgb", F::Etc2Rgba8UnormSrgb),
    ("eac-r11unorm", F::EacR11Unorm),
    ("eac-r11snorm", F::EacR11Snorm),
    ("eac-rg11unorm", F::EacRg11Unorm),
    ("eac-rg11snorm", F::EacRg11Snorm),
];

const ASTC_BLOCKS: [(&str, wgpu::AstcBlock); 14] = {
    use wgpu::AstcBlock as B;
    [
        ("4x4", B::B4x4),
        ("5x4", B::B5x4),
        ("5x5", B::B5x5),
        ("6x5", B::B6x5),
        ("6x6", B::B6x6),
        ("8x5", B::B8x5),
        ("8x6", B::B8x6),
        ("8x8", B::B8x8),
        ("10x5", B::B10x5),
        ("10x6", B::B10x6),
        ("10x8", B::B10x8),
        ("10x10", B::B10x10),
        ("12x10", B::B12x10),
        ("12x12", B::B12x12),
    ]
};

/// All names with their formats.
pub fn formats() -> impl Iterator<Item = (String, F)> {
    let astc = ASTC_BLOCKS.iter().flat_map(|&(name, block)| {
        [("unorm", wgpu::AstcChannel::Unorm), ("unorm-srgb", wgpu::AstcChannel::UnormSrgb)]
            .map(|(suffix, channel)| (format!("astc-{name}-{suffix}"), F::Astc { block, channel }))
    });
    NAMES.iter().map(|&(name, format)| (name.to_owned(), format)).chain(astc)
}

/// The format of a name of the WebGPU specification.
pub fn format_of(name: &str) -> Result<F> {
    if let Some((_, format)) = formats().find(|(known, _)| known == name) {
        return Ok(format);
    }
    let shown: String = name.chars().take(60).collect();
    // Letters and digits alone first: most who miss one write it as another language does, Rgba8UnormSrgb.
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let mut wanted = plain(&shown);
    let is_of_three = ["rgb8", "rgb16", "rgb32"].iter().any(|start| wanted.starts_with(start));
    let no_three = if is_of_three { " (there are none of three channels)" } else { "" };
    if is_of_three {
        wanted.insert(3, 'a');
    }
    let nearness = |known: &str| {
        let known = plain(known);
        if wanted.len() > 2 && known.starts_with(&wanted) { 0 } else { distance(&known, &wanted) }
    };
    let nearest = formats().map(|(known, _)| (nearness(&known), known)).min().filter(|(far, _)| *far <= 4);
    let fix = match nearest {
        Some((_, known)) => format!("did you mean {known:?}?"),
        None => "names are those of the WebGPU specification, such as \"rgba8unorm-srgb\" or \"bc1-rgba-unorm\"".into(),
    };
    Err(RenderError::Input(format!(
        "format: expected a WebGPU texture format; got {shown:?}: no such WebGPU format{no_three}; fix: {fix}"
    )))
}

/// How many letters must change to get from one text to the other (Levenshtein's distance).
fn distance(one: &str, other: &str) -> usize {
    let other = other.as_bytes();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.bytes().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, &b) in other.iter().enumerate() {
            let changed = corner + usize::from(a != b);
            corner = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(corner + 1);
        }
    }
    row[other.len()]
}

/// Bytes of one block. WebGPU leaves the size of three depth formats open; they are reckoned as wgpu does, at what drivers
/// commonly take: depth24plus 4, depth24plus-stencil8 4, depth32float-stencil8 8 (its 5 with padding).
fn block_bytes(format: F) -> u64 {
    let (width, height) = format.block_dimensions();
    format.theoretical_memory_footprint(wgpu::Extent3d { width, height, depth_or_array_layers: 1 })
}

/// Bytes of a level, in whole blocks.
fn level_bytes([width, height]: [u32; 2], format: F) -> u128 {
    let (block_width, block_height) = format.block_dimensions();
    let blocks = u128::from(width.div_ceil(block_width)) * u128::from(height.div_ceil(block_height));
    blocks * u128::from(block_bytes(format))
}

/// Bytes of a 2D texture of one level, one layer and one sample.
#[must_use]
pub fn texture_bytes(size: [u32; 2], format: F) -> u64 {
    u64::try_from(level_bytes(size, format)).unwrap_or(u64::MAX)
}

/// What a 2D texture is made of.
#[derive(Debug, Clone, Copy)]
pub struct TextureShape {
    /// Width and height, pixels.
    pub size: [u32; 2],
    /// Its format.
    pub format: F,
    /// Levels: each half as wide and as high as the one before, at least one pixel.
    pub mips: u32,
    /// Array layers.
    pub layers: u32,
    /// Samples a pixel: 1 or 4.
    pub samples: u32,
}

impl TextureShape {
    /// Its bytes, or what WebGPU does not allow of it.
    pub fn bytes(&self) -> Result<u64> {
        let Self { size: [width, height], format, mips, layers, samples } = *self;
        let input = |text: String| Err(RenderError::Input(text));
        if width == 0 || height == 0 || layers == 0 {
            return input(format!(
                "texture: expected width, height and layers from 1; got {width}×{height}, {layers} layers; fix: give at \
                 least 1 each"
            ));
        }
        let chain = width.max(height).ilog2() + 1;
        if mips == 0 || mips > chain {
            return input(format!(
                "mips: expected 1..{chain}, down to one pixel of {width}×{height}; got {mips}; fix: give 1 for no mips, \
                 {chain} for all"
            ));
        }
        if samples != 1 && samples != 4 {
            return input(format!(
                "samples: expected 1 or 4, what WebGPU has; got {samples}; fix: give 4, or 1 for none"
            ));
        }
        if samples > 1 && (format.is_compressed() || mips > 1 || layers > 1) {
            return input(format!(
                "samples: expected 1 for a compressed format, mips or layers; got {samples}; fix: several samples are for \
                 one level of one layer of an uncompressed format"
            ));
        }
        let levels: u128 =
            (0..mips).map(|level| level_bytes([(width >> level).max(1), (height >> level).max(1)], format)).sum();
        let bytes = levels.saturating_mul(u128::from(layers)).saturating_mul(u128::from(samples));
        u64::try_from(bytes).or_else(|_| {
            input(format!(
                "texture: expected bytes that 64 bits count; got {width}×{height}, {layers} layers; fix: less"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_of_the_format_that_wgpu_calls_so_and_no_format_has_two() {
        let plain = |text: &str| text.replace('-', "").to_ascii_lowercase();
        for (name, format) in &NAMES {
            assert_eq!(plain(name), plain(&format!("{format:?}")));
            assert_eq!(format_of(name).expect("a name of the table"), *format);
        }
        assert_eq!(NAMES.map(|(_, format)| format).iter().collect::<std::collections::HashSet<_>>().len(), NAMES.len());
        for (name, block) in ASTC_BLOCKS {
            let (width, height) = F::Astc { block, channel: wgpu::AstcChannel::Unorm }.block_dimensions();
            assert_eq!(name, format!("{width}x{height}"));
        }
        assert_eq!(formats().count(), NAMES.len() + 28);
    }
}
