//! What a grid, a picture and a drape will cost, by the very functions that size the allocations. Makes nothing.

use crate::error::{RenderError, Result};
use crate::gpu::transfer::PIECE_BYTES;
use crate::render::frame::FrameBuffers;
use crate::render::heightfield::HeightfieldBytes;
use crate::render::stored::Bits;
use crate::render::{drape, target};
use crate::scene::grid::Grid;

fn check_drape_size(size: [u32; 2]) -> Result<()> {
    if size.contains(&0) {
        return Err(RenderError::Input(format!(
            "drape: expected sides from 1; got {}×{}; fix: leave it out where there is none",
            size[0], size[1]
        )));
    }
    Ok(())
}

/// Bytes by what they are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estimate {
    /// Name, bytes, whether the host sees them.
    pub items: Vec<(&'static str, u64, bool)>,
    /// The longest storage binding that is not split where an adapter allows less.
    pub largest_binding: u64,
    /// The longest side of a texture.
    pub largest_texture_side: u32,
}

impl Estimate {
    /// For heights of `cols` × `rows` samples, held as `bits`, a picture drawn at once, and a drape.
    pub fn new(grid: Option<[u32; 2]>, bits: Bits, picture: Option<[u32; 2]>, drape: Option<[u32; 2]>) -> Result<Self> {
        let mut items = vec![("frame", FrameBuffers::BYTES, false)];
        let (mut largest_binding, mut largest_texture_side, mut staging) = (0, 0, 0);
        let drape = drape.map(|size| check_drape_size(size).map(|()| size)).transpose()?;
        if let Some([cols, rows]) = grid {
            let bytes = HeightfieldBytes::of(&Grid::new(cols, rows, [1.0, 0.0, 0.0, -1.0])?, bits);
            items.push(("height texture", bytes.texture, false));
            items.push(("maximum pyramid", bytes.pyramid, false));
            (largest_binding, largest_texture_side, staging) = (bytes.pyramid, cols.max(rows), bytes.staging);
        }
        if let Some(size) = drape {
            let (texture, upload) = drape::bytes(size);
            items.push(("drape", texture, false));
            staging = staging.max(upload);
            largest_texture_side = largest_texture_side.max(size[0]).max(size[1]);
        }
        if let Some(size) = picture {
            crate::render::check_size(size)?;
            items.push(("picture", target::device_bytes(size), false));
            items.push(("read back", target::readback_bytes(size), true));
        }
        items.push(("upload staging", staging.max(if picture.is_some() { PIECE_BYTES } else { 0 }), true));
        Ok(Self { items, largest_binding, largest_texture_side })
    }

    /// All bytes.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.items.iter().fold(0, |sum, (_, bytes, _)| sum.saturating_add(*bytes))
    }

    /// Bytes that the host sees.
    #[must_use]
    pub fn host_visible(&self) -> u64 {
        self.items
            .iter()
            .filter(|(.., host_visible)| *host_visible)
            .fold(0, |sum, (_, bytes, _)| sum.saturating_add(*bytes))
    }
}
