//! The grid under the heights: its size and the matrix from cells to metres.

use glam::{DMat2, DVec2};

use crate::error::{RenderError, Result};

/// A raster of samples without its heights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// Samples a row.
    pub cols: u32,
    /// Rows of samples.
    pub rows: u32,
    /// Columns: one column right, one row down, in metres east and north.
    pub world_from_cells: DMat2,
}

impl Grid {
    /// Checks size and matrix.
    pub fn new(cols: u32, rows: u32, [xc, xr, yc, yr]: [f64; 4]) -> Result<Self> {
        if cols < 2 || rows < 2 {
            return Err(RenderError::Input(format!(
                "heights: expected at least 2×2 samples; got {rows}×{cols} (rows×cols); fix: repeat the row or column"
            )));
        }
        let world_from_cells = DMat2::from_cols(DVec2::new(xc, yc), DVec2::new(xr, yr));
        let area = world_from_cells.determinant().abs();
        let longest = world_from_cells.x_axis.length().max(world_from_cells.y_axis.length());
        if !(world_from_cells.is_finite()
            && longest > 0.0
            && area > 1e-6 * longest * longest
            && (1e-9..1e9).contains(&longest))
        {
            return Err(RenderError::Input(format!(
                "cell_to_world: expected two independent directions in metres; got ({xc}, {xr}, {yc}, {yr}); fix: (dx, 0, 0, -dy) for a north-up raster"
            )));
        }
        Ok(Self { cols, rows, world_from_cells })
    }

    /// Cells across and down: one less than samples.
    #[must_use]
    pub fn cells_across(&self) -> [u32; 2] {
        [self.cols - 1, self.rows - 1]
    }

    /// Side of a square cell of the same area, metres.
    #[must_use]
    pub fn cell_size_m(&self) -> f64 {
        self.world_from_cells.determinant().abs().sqrt()
    }

    /// The sample at the centre of the grid, in cells.
    #[must_use]
    pub fn centre(&self) -> DVec2 {
        DVec2::new(f64::from(self.cols - 1), f64::from(self.rows - 1)) / 2.0
    }

    /// World metres of a place in cells.
    #[must_use]
    pub fn world(&self, cells: DVec2) -> DVec2 {
        self.world_from_cells * (cells - self.centre())
    }

    /// Cells of a place in world metres.
    #[must_use]
    pub fn cells(&self, world: DVec2) -> DVec2 {
        self.world_from_cells.inverse() * world + self.centre()
    }
}
