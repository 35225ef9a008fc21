//! What is known of the terrain once all its heights have passed: range, data window, walls, coarse maxima.

use std::ops::Range;

use glam::{DVec2, DVec3};

use crate::error::{RenderError, Result};
use crate::scene::grid::Grid;

/// Heights beyond this are no relief of any planet; f32 would lose the rays.
pub const MAX_ABS_HEIGHT_M: f32 = 1e6;

/// What void samples are stored as; `height.wgsl` knows it too.
pub const VOID_HEIGHT: f32 = -3e38;
/// Anything below is void.
pub const VOID_LIMIT: f32 = -1e38;

/// What finite heights below `VOID_LIMIT` are taken for: as far outside of any terrain, and not void.
const FAR_BELOW: f32 = -9e37;

/// Squares a side, at most, of the coarse maxima.
const COARSE_SIDE: u32 = 128;

/// A grid and all that its heights told. Heights are metres without exaggeration.
#[derive(Debug, Clone, PartialEq)]
pub struct Terrain {
    /// Size and matrix.
    pub grid: Grid,
    /// Lowest height.
    pub lowest: f32,
    /// Highest height.
    pub highest: f32,
    /// First column, first row, last column, last row that hold a height: what there is to see.
    pub data_window: [u32; 4],
    /// Bits of the sides that have a wall: left, top, right, bottom. A side that is mostly void has none: the rest of it
    /// would stand there like stilts.
    pub walls: u32,
    coarse: CoarseMaxima,
}

impl Terrain {
    /// Longest horizontal extent of what there is to see, metres.
    #[must_use]
    pub fn extent_m(&self) -> f64 {
        let corners = self.corners_2d();
        (corners[0] - corners[3]).length().max((corners[1] - corners[2]).length())
    }

    /// Corners of the rectangle of cells that holds all heights.
    fn corners_2d(&self) -> [DVec2; 4] {
        let [left, top, right, bottom] = self.data_window.map(f64::from);
        [(left, top), (right, top), (left, bottom), (right, bottom)].map(|(x, y)| self.grid.world(DVec2::new(x, y)))
    }

    /// Bottom of the block under the lowest height, metres without exaggeration: its side is visible, yet not heavy.
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

    /// The highest ground of the coarse square around a place; none outside and over voids.
    #[must_use]
    pub fn top_at(&self, world: DVec2) -> Option<f64> {
        self.coarse.at(self.grid.cells(world))
    }

    /// How far along a ray in world (z exaggerated) the first coarse square is met from above.
    #[must_use]
    pub fn first_below(&self, origin: DVec3, direction: DVec3, exaggeration: f64) -> Option<f64> {
        let (highest, lowest) = (f64::from(self.highest) * exaggeration, f64::from(self.lowest) * exaggeration);
        let side = f64::from(self.coarse.cells_a_side) * self.grid.cell_size_m();
        let step = side / 4.0 / direction.truncate().length().max(1e-3);
        if direction.z > -1e-3 {
            return None;
        }
        let (first, last) = ((highest - origin.z) / direction.z, (lowest - origin.z) / direction.z);
        // A hundred thousand quarter squares: more than any picture is wide.
        let steps = (((last - first.max(0.0)) / step).ceil()).clamp(0.0, 1e5) as u32;
        (0..=steps).map(|i| first.max(0.0) + f64::from(i) * step).find(|t| {
            let place = origin + direction * *t;
            self.top_at(place.truncate()).is_some_and(|top| place.z <= top * exaggeration)
        })
    }
}

/// The highest ground of coarse squares: enough to keep a camera out of the mountains.
#[derive(Debug, Clone, PartialEq)]
struct CoarseMaxima {
    size: [u32; 2],
    cells_a_side: u32,
    /// Rows of `size[0]`; very low where all is void.
    heights: Vec<f32>,
}

impl CoarseMaxima {
    fn empty(grid: &Grid) -> Self {
        let mut size = grid.cells_across().map(|side| side.div_ceil(2));
        let mut cells_a_side = 2;
        while size.iter().any(|side| *side > COARSE_SIDE) {
            size = size.map(|side| side.div_ceil(2));
            cells_a_side *= 2;
        }
        Self { size, cells_a_side, heights: vec![VOID_HEIGHT; size[0] as usize * size[1] as usize] }
    }

    fn at(&self, cells: DVec2) -> Option<f64> {
        let node = (cells / f64::from(self.cells_a_side)).floor();
        let inside =
            node.cmpge(DVec2::ZERO).all() && node.x < f64::from(self.size[0]) && node.y < f64::from(self.size[1]);
        let height = inside.then(|| self.heights.get(node.y as usize * self.size[0] as usize + node.x as usize))??;
        (*height > VOID_LIMIT).then(|| f64::from(*height))
    }
}

/// Numbers that are compared side by side, so that the compiler can do it with vector instructions.
const LANES: usize = 16;

fn lowest_of(values: &[f32]) -> f32 {
    fold(values, f32::INFINITY, |low, value| if value < low { value } else { low })
}

fn highest_of(values: &[f32]) -> f32 {
    fold(values, f32::NEG_INFINITY, |high, value| if value > high { value } else { high })
}

fn fold(values: &[f32], start: f32, better: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [start; LANES];
    let chunks = values.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = better(*lane, *value);
        }
    }
    lanes.into_iter().chain(rest.iter().copied()).fold(start, better)
}

/// What some rows of heights tell. Parts that different threads gathered are joined in any order.
pub struct FactsPart {
    lowest: f32,
    highest: f32,
    /// As `Terrain::data_window`; first after last until a height is met.
    data_window: [u32; 4],
    /// Heights on the left, top, right and bottom side.
    on_sides: [u32; 4],
    /// Rows of the coarse maxima that these rows touch, from the first one on.
    coarse_rows: Range<usize>,
    coarse: Vec<f32>,
    clean: Vec<f32>,
    above: Vec<f32>,
    tops: Vec<f32>,
}

/// Gathers facts while rows of heights pass.
pub struct FactsBuilder {
    grid: Grid,
    part: FactsPart,
    coarse: CoarseMaxima,
    seen_rows: u32,
}

impl FactsBuilder {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(grid: Grid) -> Self {
        let coarse = CoarseMaxima::empty(&grid);
        Self { part: FactsPart::new(0..0, 0, 0), coarse, grid, seen_rows: 0 }
    }

    /// For gathering the facts of `rows`, in their order. `above` is the row before the first of them, if there is one.
    #[must_use]
    pub fn part(&self, rows: &Range<u32>, above: Option<&[f32]>) -> FactsPart {
        let side = self.coarse.cells_a_side;
        // The cells of a row of samples lie above it.
        let first = (rows.start.max(1) - 1) / side;
        let last = (rows.end.max(2) - 2) / side;
        let mut part =
            FactsPart::new(first as usize..last as usize + 1, self.coarse.size[0] as usize, self.grid.cols as usize);
        if let Some(above) = above {
            part.clean(above);
            std::mem::swap(&mut part.clean, &mut part.above);
        }
        part
    }

    /// Notes the facts of one row, whose clean copy (void for all that is not finite) it returns.
    pub fn gather<'a>(&self, part: &'a mut FactsPart, row: u32, heights: &[f32]) -> &'a [f32] {
        part.clean(heights);
        let low = lowest_of_valid(&part.clean);
        if low.is_finite() {
            part.lowest = part.lowest.min(low);
            part.highest = part.highest.max(highest_of(&part.clean));
            let valid = |height: &f32| *height > VOID_LIMIT;
            let left = part.clean.iter().position(valid).unwrap_or(0) as u32;
            let right = part.clean.iter().rposition(valid).unwrap_or(0) as u32;
            let [west, north, east, south] = part.data_window;
            part.data_window = [west.min(left), north.min(row), east.max(right), south.max(row)];
            let [on_left, top, on_right, bottom] = &mut part.on_sides;
            *on_left += u32::from(part.clean.first().is_some_and(valid));
            *on_right += u32::from(part.clean.last().is_some_and(valid));
            if row == 0 || row == self.grid.rows - 1 {
                let side = if row == 0 { top } else { bottom };
                *side += part.clean.iter().filter(|height| valid(height)).count() as u32;
            }
            if row > 0 {
                let side = self.coarse.cells_a_side as usize;
                let at = ((row - 1) as usize / side - part.coarse_rows.start) * self.coarse.size[0] as usize;
                part.note_cells(side, at);
            }
        }
        std::mem::swap(&mut part.clean, &mut part.above);
        &part.above
    }

    /// Joins what was gathered of `rows` rows.
    pub fn join(&mut self, part: &FactsPart, rows: u32) {
        let all = &mut self.part;
        all.lowest = all.lowest.min(part.lowest);
        all.highest = all.highest.max(part.highest);
        let ([west, north, east, south], [left, top, right, bottom]) = (all.data_window, part.data_window);
        all.data_window = [west.min(left), north.min(top), east.max(right), south.max(bottom)];
        for (side, more) in all.on_sides.iter_mut().zip(part.on_sides) {
            *side += more;
        }
        let from = part.coarse_rows.start * self.coarse.size[0] as usize;
        for (height, more) in self.coarse.heights[from..].iter_mut().zip(&part.coarse) {
            *height = height.max(*more);
        }
        self.seen_rows += rows;
    }

    /// Another matrix from cells to metres, of the same size.
    pub fn place(&mut self, grid: Grid) {
        self.grid = grid;
    }

    /// The whole, when all rows have passed.
    pub fn finish(self) -> Result<Terrain> {
        let Self { grid, part, coarse, seen_rows } = self;
        if seen_rows != grid.rows {
            return Err(RenderError::Upload(format!("heights: expected {} rows; got {seen_rows}", grid.rows)));
        }
        if highest_of(&coarse.heights) < VOID_LIMIT {
            return Err(RenderError::Input(
                "heights: expected at least one cell with four valid corners; got void everywhere; fix: check the nodata value and the area".into(),
            ));
        }
        let (lowest, highest) = (part.lowest, part.highest);
        if lowest < -MAX_ABS_HEIGHT_M || highest > MAX_ABS_HEIGHT_M {
            return Err(RenderError::Input(format!(
                "heights: expected metres within ±{MAX_ABS_HEIGHT_M:.0}; got {lowest}..{highest}; fix: declare the nodata value, scale the heights, or take a common height out of them"
            )));
        }
        let largest = lowest.abs().max(highest.abs());
        let step = f64::from(largest.next_up() - largest);
        if grid.cell_size_m() < step {
            return Err(RenderError::Input(format!(
                "heights: expected cells of at least {step} m, the smallest step of heights around {largest} m; got cells of {} m; fix: check cell size and units, or take a common height out of the heights",
                grid.cell_size_m()
            )));
        }
        let lengths = [grid.rows, grid.cols, grid.rows, grid.cols];
        let walls = (0..4).map(|side| u32::from(part.on_sides[side] * 2 > lengths[side]) << side).sum();
        Ok(Terrain { grid, lowest, highest, data_window: part.data_window, walls, coarse })
    }
}

/// The lowest height that is not void; infinite where all are.
fn lowest_of_valid(clean: &[f32]) -> f32 {
    let low = lowest_of(clean);
    if low > VOID_LIMIT {
        return low;
    }
    fold(clean, f32::INFINITY, |low, value| if value < low && value > VOID_LIMIT { value } else { low })
}

impl FactsPart {
    fn new(coarse_rows: Range<usize>, coarse_cols: usize, cols: usize) -> Self {
        Self {
            lowest: f32::INFINITY,
            highest: f32::NEG_INFINITY,
            data_window: [u32::MAX, u32::MAX, 0, 0],
            on_sides: [0; 4],
            coarse: vec![VOID_HEIGHT; coarse_rows.len() * coarse_cols],
            coarse_rows,
            clean: vec![VOID_HEIGHT; cols],
            above: vec![VOID_HEIGHT; cols],
            tops: vec![VOID_HEIGHT; cols],
        }
    }

    fn clean(&mut self, heights: &[f32]) {
        for (clean, height) in self.clean.iter_mut().zip(heights) {
            // A finite number beyond any terrain is no void that somebody meant: it stays above the limit, and is refused.
            *clean = if height.is_finite() { height.max(FAR_BELOW) } else { VOID_HEIGHT };
        }
    }

    /// The highest corner of each cell between the rows `above` and `clean`, into squares of `side` cells from `at` on.
    fn note_cells(&mut self, side: usize, at: usize) {
        let (above, below) = (&self.above[..], &self.clean[..]);
        let cells = below.len() - 1;
        let (tops, a, b) = (&mut self.tops[..cells], &above[..cells], &below[..cells]);
        let (a1, b1) = (&above[1..=cells], &below[1..=cells]);
        let lower = |x: f32, y: f32| if x < y { x } else { y };
        let higher = |x: f32, y: f32| if x > y { x } else { y };
        for i in 0..cells {
            let lowest = lower(lower(a[i], a1[i]), lower(b[i], b1[i]));
            let highest = higher(higher(a[i], a1[i]), higher(b[i], b1[i]));
            // A cell with a void corner is a hole.
            tops[i] = if lowest > VOID_LIMIT { highest } else { VOID_HEIGHT };
        }
        for (square, tops) in self.coarse[at..].iter_mut().zip(tops.chunks(side)) {
            *square = square.max(highest_of(tops));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terrain(cols: u32, rows: u32, parts: &[u32], height: impl Fn(u32, u32) -> f32) -> Result<Terrain> {
        let grid = Grid::new(cols, rows, [1.0, 0.0, 0.0, -1.0])?;
        let row = |row: u32| (0..cols).map(|col| height(col, row)).collect::<Vec<f32>>();
        let mut builder = FactsBuilder::new(grid);
        let mut first = 0;
        // Joined from the last to the first: the order must not matter.
        let ranges: Vec<_> = parts
            .iter()
            .map(|count| {
                first += count;
                first - count..first
            })
            .collect();
        for range in ranges.into_iter().rev() {
            let above = (range.start > 0).then(|| row(range.start - 1));
            let mut part = builder.part(&range, above.as_deref());
            for at in range.clone() {
                let heights = row(at);
                let clean = builder.gather(&mut part, at, &heights).to_vec();
                assert!(clean.iter().zip(&heights).all(|(c, h)| if h.is_finite() {
                    c == h
                } else {
                    *c == VOID_HEIGHT
                }));
            }
            builder.join(&part, range.end - range.start);
        }
        builder.finish()
    }

    /// The same by trying every cell.
    fn highest_of_square(cols: u32, rows: u32, side: u32, square: [u32; 2], height: &impl Fn(u32, u32) -> f32) -> f32 {
        let mut highest = VOID_HEIGHT;
        for row in square[1] * side..((square[1] + 1) * side).min(rows - 1) {
            for col in square[0] * side..((square[0] + 1) * side).min(cols - 1) {
                let corners = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(x, y)| height(col + x, row + y));
                if corners.iter().all(|corner| corner.is_finite()) {
                    highest = corners.into_iter().fold(highest, f32::max);
                }
            }
        }
        highest
    }

    #[test]
    fn facts_are_those_of_a_search_through_all_cells_however_the_rows_were_split() {
        let height = |col: u32, row: u32| {
            let number = (col * 7919 + row * 104_729) % 1013;
            if number.is_multiple_of(11) || col < 3 || row >= 290 { f32::NAN } else { number as f32 - 300.0 }
        };
        for parts in [&[300][..], &[1, 299], &[7, 93, 100, 99, 1]] {
            let terrain = terrain(517, 300, parts, height).expect("valid terrain");
            let all: Vec<f32> =
                (0..517 * 300).map(|at| height(at % 517, at / 517)).filter(|height| height.is_finite()).collect();
            let range = all.iter().fold((f32::MAX, f32::MIN), |(low, high), h| (low.min(*h), high.max(*h)));
            assert_eq!((terrain.lowest, terrain.highest), range);
            assert_eq!(terrain.data_window, [3, 0, 516, 289]);
            assert_eq!(terrain.walls, 0b0110, "left and bottom are void");
            let CoarseMaxima { size, cells_a_side, heights } = &terrain.coarse;
            assert_eq!((*size, *cells_a_side), ([65, 38], 8));
            for (at, found) in heights.iter().enumerate() {
                let square = [at as u32 % size[0], at as u32 / size[0]];
                assert_eq!(*found, highest_of_square(517, 300, 8, square, &height), "{square:?} of {parts:?}");
            }
        }
    }

    #[test]
    fn heights_without_a_whole_cell_or_beyond_the_limit_are_refused() {
        let stripes = terrain(9, 9, &[9], |col, _| if col % 2 == 0 { 1.0 } else { f32::NAN });
        assert!(stripes.is_err_and(|error| error.to_string().contains("void everywhere")));
        let radii = terrain(9, 9, &[9], |_, _| 1_737_400.0);
        assert!(radii.is_err_and(|error| error.to_string().contains("±1000000")));
    }

    #[test]
    fn cells_smaller_than_a_step_of_the_heights_are_refused() {
        let build = |cell: f64| {
            let mut builder = FactsBuilder::new(Grid::new(4, 4, [cell, 0.0, 0.0, -cell]).expect("a grid"));
            let mut part = builder.part(&(0..4), None);
            for row in 0..4 {
                builder.gather(&mut part, row, &[900_000.0; 4]);
            }
            builder.join(&part, 4);
            builder.finish()
        };
        // Floats around 900 000 are 1/16 apart.
        assert!(build(0.0626).is_ok());
        assert!(build(0.0624).is_err_and(|error| error.to_string().contains("smallest step")));
    }
}
