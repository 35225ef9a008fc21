//! Obvious f64 twins of the kernels: no pyramid, no tricks. They judge the GPU; they share no line with it.

/// Heights in rows, one unit a cell, NaN where void.
pub struct Ground {
    pub cols: usize,
    pub rows: usize,
    pub heights: Vec<f32>,
}

impl Ground {
    pub fn new(cols: usize, rows: usize, mut height: impl FnMut(usize, usize) -> f32) -> Self {
        let heights = (0..rows * cols).map(|i| height(i % cols, i / cols)).collect();
        Self { cols, rows, heights }
    }

    pub fn at(&self, col: usize, row: usize) -> f64 {
        f64::from(self.heights[row * self.cols + col])
    }
}

/// First distance at which the ray goes below the bilinear surface: every cell it crosses, in order, by all crossings of
/// grid lines. Origin and direction in columns, rows, height. `None` also where it enters the ground sideways.
pub fn first_hit(ground: &Ground, origin: [f64; 3], direction: [f64; 3]) -> Option<f64> {
    let sizes = [ground.cols - 1, ground.rows - 1];
    let mut times = vec![0.0];
    for axis in 0..2 {
        if direction[axis].abs() > 1e-12 {
            times.extend(
                (0..=sizes[axis]).map(|line| (line as f64 - origin[axis]) / direction[axis]).filter(|t| *t > 0.0),
            );
        }
    }
    times.sort_by(f64::total_cmp);
    let at = |t: f64, axis: usize| origin[axis] + t * direction[axis];
    // Vertical rays cross no line: let them fall far enough.
    times.push(times[times.len() - 1] + 1e4);
    for pair in times.windows(2) {
        let (enter, leave) = (pair[0], pair[1]);
        let middle = if leave - enter > 9e3 { enter + 1.0 } else { (enter + leave) / 2.0 };
        let (x, y) = (at(middle, 0).floor(), at(middle, 1).floor());
        if x < 0.0 || y < 0.0 || x >= sizes[0] as f64 || y >= sizes[1] as f64 {
            continue;
        }
        let (col, row) = (x as usize, y as usize);
        let (h00, h10, h01, h11) =
            (ground.at(col, row), ground.at(col + 1, row), ground.at(col, row + 1), ground.at(col + 1, row + 1));
        if [h00, h10, h01, h11].iter().any(|h| h.is_nan()) {
            continue;
        }
        let above = |t: f64| {
            let (u, v) = (at(t, 0) - x, at(t, 1) - y);
            at(t, 2) - (h00 * (1.0 - u) * (1.0 - v) + h10 * u * (1.0 - v) + h01 * (1.0 - u) * v + h11 * u * v)
        };
        if above(enter) < -1e-9 {
            return None;
        }
        // A quadratic in t: three values give it, two roots at most.
        let (f0, f1, f2) = (above(enter), above((enter + leave) / 2.0), above(leave));
        let (a, b, c) = (2.0 * (f0 + f2 - 2.0 * f1), 4.0 * f1 - 3.0 * f0 - f2, f0);
        let mut roots = Vec::new();
        if a.abs() < 1e-9 * b.abs() {
            roots.push(-c / b);
        } else {
            let discriminant = b * b - 4.0 * a * c;
            if discriminant >= 0.0 {
                roots.extend([(-b - discriminant.sqrt()) / (2.0 * a), (-b + discriminant.sqrt()) / (2.0 * a)]);
            }
        }
        let falling = |s: f64| 2.0 * a * s + b < 0.0;
        if let Some(s) = roots.into_iter().filter(|s| (0.0..=1.0).contains(s) && falling(*s)).min_by(f64::total_cmp) {
            return Some(enter + s * (leave - enter));
        }
    }
    None
}

/// Numbers that look random and are the same on every machine (SplitMix64, Steele et al. 2014).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.next()
    }
}
