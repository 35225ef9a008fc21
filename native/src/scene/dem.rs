//! The ground under the heights: size, the matrix from cells to metres, the range of heights.

use glam::{DMat2, DVec2, DVec3};

use crate::error::{RenderError, Result};

/// Heights beyond this are no terrain of any planet; f32 would lose the rays.
pub const HIGHEST: f32 = 1e6;

/// A heightfield without its heights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dem {
    /// Samples a row.
    pub cols: u32,
    /// Rows of samples.
    pub rows: u32,
    /// Columns: one column right, one row down, in metres east and north.
    pub world_from_cells: DMat2,
    /// Lowest height, metres.
    pub lowest: f32,
    /// Highest height, metres.
    pub highest: f32,
    /// First column, first row, last column, last row that hold a height: what there is to see.
    pub known: [u32; 4],
    /// Bits of the sides that have a wall: left, top, right, bottom. A side that is mostly void has none: the rest of it
    /// would stand there like stilts.
    pub walls: u32,
}

impl Dem {
    /// Checks size and matrix; the range is filled in by the upload.
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
        Ok(Self {
            cols,
            rows,
            world_from_cells,
            lowest: 0.0,
            highest: 0.0,
            known: [0, 0, cols - 1, rows - 1],
            walls: 0b1111,
        })
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

    /// Longest horizontal extent of what there is to see, metres.
    #[must_use]
    pub fn extent_m(&self) -> f64 {
        let corners = self.corners_2d();
        (corners[0] - corners[3]).length().max((corners[1] - corners[2]).length())
    }

    /// Corners of the rectangle of cells that holds all heights.
    fn corners_2d(&self) -> [DVec2; 4] {
        let [left, top, right, bottom] = self.known.map(f64::from);
        [(left, top), (right, top), (left, bottom), (right, bottom)].map(|(x, y)| self.world(DVec2::new(x, y)))
    }

    /// Depth of the block under the lowest height, metres without exaggeration: visible, yet not heavy.
    #[must_use]
    pub fn base(&self, exaggeration: f64) -> f64 {
        f64::from(self.lowest) - 0.015 * self.extent_m() / exaggeration
    }

    /// The eight corners of the block that holds all heights, z exaggerated.
    #[must_use]
    pub fn box_corners(&self, exaggeration: f64) -> [DVec3; 8] {
        let heights = [self.base(exaggeration) * exaggeration, f64::from(self.highest) * exaggeration];
        let flat = self.corners_2d();
        std::array::from_fn(|i| flat[i % 4].extend(heights[i / 4]))
    }

    /// Middle of what there is to see, z exaggerated.
    #[must_use]
    pub fn middle(&self, exaggeration: f64) -> DVec3 {
        let corners = self.corners_2d();
        let z = (f64::from(self.lowest) + f64::from(self.highest)) / 2.0 * exaggeration;
        ((corners[0] + corners[3]) / 2.0).extend(z)
    }
}

/// The highest ground of coarse squares: enough to keep a camera out of the mountains.
#[derive(Debug, Clone, PartialEq)]
pub struct Tops {
    dem: Dem,
    size: [u32; 2],
    cells_a_side: f64,
    heights: Vec<f32>,
}

impl Tops {
    /// `heights` in rows of `size[0]`, each the highest of a square of `cells_a_side` cells; very low where all is void.
    #[must_use]
    pub fn new(dem: Dem, size: [u32; 2], cells_a_side: u32, heights: Vec<f32>) -> Self {
        Self { dem, size, cells_a_side: f64::from(cells_a_side), heights }
    }

    /// Metres, without exaggeration; none outside and over voids.
    #[must_use]
    pub fn at(&self, world: DVec2) -> Option<f64> {
        let node = ((self.dem.cells(world)) / self.cells_a_side).floor();
        let inside =
            node.cmpge(DVec2::ZERO).all() && node.x < f64::from(self.size[0]) && node.y < f64::from(self.size[1]);
        let height = inside.then(|| self.heights.get(node.y as usize * self.size[0] as usize + node.x as usize))??;
        (*height > -HIGHEST * 2.0).then(|| f64::from(*height))
    }

    /// How far along a ray in world (z exaggerated) the first of these squares is met from above.
    #[must_use]
    pub fn first_below(&self, origin: DVec3, direction: DVec3, exaggeration: f64) -> Option<f64> {
        let (highest, lowest) = (f64::from(self.dem.highest) * exaggeration, f64::from(self.dem.lowest) * exaggeration);
        let step = self.cells_a_side * self.dem.cell_size_m() / 4.0 / direction.truncate().length().max(1e-3);
        if direction.z > -1e-3 {
            return None;
        }
        let (first, last) = ((highest - origin.z) / direction.z, (lowest - origin.z) / direction.z);
        // A hundred thousand quarter squares: more than any picture is wide.
        let steps = (((last - first.max(0.0)) / step).ceil()).clamp(0.0, 1e5) as u32;
        (0..=steps).map(|i| first.max(0.0) + f64::from(i) * step).find(|t| {
            let place = origin + direction * *t;
            self.at(place.truncate()).is_some_and(|top| place.z <= top * exaggeration)
        })
    }
}
