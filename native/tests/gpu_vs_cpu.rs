//! The march on the GPU against an f64 twin that tries every cell.

mod common;

use common::cpu_reference::{Ground, Random, first_hit};
use forge3d_native::render::cast::Ray;

fn rough(cols: usize, rows: usize, seed: u64) -> Ground {
    let mut random = Random(seed);
    let mut ground = Ground::new(cols, rows, |col, row| {
        let wave = (col as f64 * 0.11).sin() * 9.0 + (row as f64 * 0.07).cos() * 12.0;
        (wave + random.between(-4.0, 4.0)) as f32
    });
    // A ridge one sample wide: the first thing a careless pyramid loses.
    for row in 0..rows {
        ground.heights[row * cols + cols / 3] += 25.0;
    }
    ground
}

fn rays(ground: &Ground, count: usize, seed: u64) -> Vec<([f64; 3], [f64; 3])> {
    let mut random = Random(seed);
    let (width, depth) = ((ground.cols - 1) as f64, (ground.rows - 1) as f64);
    (0..count)
        .map(|i| {
            let origin = [random.between(-0.2, 1.2) * width, random.between(-0.2, 1.2) * depth, 60.0];
            // From grazing to steep, aimed at a place of the ground.
            let target = [random.next() * width, random.next() * depth, random.between(-20.0, 20.0)];
            let mut direction: [f64; 3] = std::array::from_fn(|k| target[k] - origin[k]);
            match i % 50 {
                // Straight down, and along the axes: where 1 / direction is infinite.
                0 => direction = [0.0, 0.0, -1.0],
                1 => direction[0] = 0.0,
                2 => direction[1] = 0.0,
                _ => {}
            }
            let length = direction.iter().map(|d| d * d).sum::<f64>().sqrt();
            (origin, direction.map(|d| d / length))
        })
        .collect()
}

/// Rays of the twin (columns, rows, height) in world: one metre a cell, row 0 in the north, centre at zero.
fn in_world(ground: &Ground, rays: &[([f64; 3], [f64; 3])]) -> Vec<Ray> {
    let centre = [(ground.cols - 1) as f64 / 2.0, (ground.rows - 1) as f64 / 2.0];
    rays.iter()
        .map(|(o, d)| Ray {
            origin: [(o[0] - centre[0]) as f32, (centre[1] - o[1]) as f32, o[2] as f32, 0.0],
            direction: [d[0] as f32, -d[1] as f32, d[2] as f32, 0.0],
        })
        .collect()
}

/// What the GPU was given, in the twin's axes: both judge the same numbers.
fn as_given(ground: &Ground, ray: &Ray) -> ([f64; 3], [f64; 3]) {
    let centre = [(ground.cols - 1) as f64 / 2.0, (ground.rows - 1) as f64 / 2.0];
    let (o, d) = (ray.origin.map(f64::from), ray.direction.map(f64::from));
    ([o[0] + centre[0], centre[1] - o[1], o[2]], [d[0], -d[1], d[2]])
}

fn share_that_agrees(ground: &Ground, seed: u64) -> (f64, usize) {
    let mut renderer = common::renderer([64, 64], ground);
    let rays = in_world(ground, &rays(ground, 20_000, seed));
    let hits = renderer.cast_rays(&rays).expect("rays are cast");
    let (mut agree, mut surface_hits) = (0, 0);
    for (ray, hit) in rays.iter().zip(&hits) {
        let (origin, direction) = as_given(ground, ray);
        let expected = first_hit(ground, origin, direction);
        let got = (hit[3] == 1.0).then_some(f64::from(hit[0]));
        surface_hits += usize::from(got.is_some());
        agree += usize::from(match (expected, got) {
            (Some(expected), Some(got)) => (expected - got).abs() < 1e-3,
            (None, None) => true,
            _ => false,
        });
    }
    (agree as f64 / rays.len() as f64, surface_hits)
}

#[test]
fn hits_on_rough_ground_lie_within_a_thousandth_of_a_cell_of_the_f64_twin() {
    for (cols, rows, seed) in [(257, 200, 1), (64, 301, 2), (33, 33, 3)] {
        let (share, hits) = share_that_agrees(&rough(cols, rows, seed), seed + 10);
        assert!(hits > 5_000, "{cols}×{rows}: only {hits} rays met the ground");
        assert!(share >= 0.999, "{cols}×{rows}: {share:.5} of the rays agree");
    }
}

#[test]
fn hits_beside_voids_agree_with_the_twin() {
    let mut ground = rough(150, 120, 5);
    let mut random = Random(77);
    for height in &mut ground.heights {
        if random.next() < 0.01 {
            *height = f32::NAN;
        }
    }
    let (share, hits) = share_that_agrees(&ground, 6);
    assert!(hits > 5_000);
    assert!(share >= 0.999, "{share:.5} of the rays agree");
}

#[test]
fn no_ray_passes_a_ridge_of_one_sample() {
    let cols = 700;
    let ground = Ground::new(cols, 64, |col, _| if col == 431 { 50.0 } else { 0.0 });
    let mut renderer = common::renderer([8, 8], &ground);
    let mut random = Random(3);
    let rays: Vec<_> = (0..5_000)
        .map(|_| {
            let row = random.between(1.0, 62.0);
            // Level rays just under the crest, across the whole field.
            ([-5.0, row, random.between(20.0, 49.9)], [1.0, random.between(-1e-3, 1e-3), 0.0])
        })
        .collect();
    let hits = renderer.cast_rays(&in_world(&ground, &rays)).expect("rays are cast");
    let passed = hits.iter().filter(|hit| hit[3] != 1.0 || (hit[1] - 431.0).abs() > 1.0).count();
    assert_eq!(passed, 0, "of {} rays", rays.len());
}

#[test]
fn the_ground_is_solid_at_its_sides_and_open_at_its_voids() {
    let mut ground = Ground::new(20, 20, |_, _| 5.0);
    ground.heights[10 * 20 + 10] = f32::NAN;
    let mut renderer = common::renderer([8, 8], &ground);
    let rays = in_world(
        &ground,
        &[
            ([-4.0, 8.0, 4.9], [1.0, 0.0, 0.0]),
            ([9.5, 9.5, 9.0], [0.0, 0.0, -1.0]),
            ([3.5, 3.5, 9.0], [0.0, 0.0, -1.0]),
        ],
    );
    let kinds: Vec<f32> = renderer.cast_rays(&rays).expect("rays are cast").iter().map(|hit| hit[3]).collect();
    assert_eq!(kinds, [2.0, 0.0, 1.0], "wall, void, surface");
}

#[test]
fn a_side_that_is_mostly_void_has_no_wall_and_the_others_keep_theirs() {
    // Void along the left column but for its lower end.
    let ground = Ground::new(20, 20, |col, row| if col == 0 && row < 16 { f32::NAN } else { 5.0 });
    let mut renderer = common::renderer([8, 8], &ground);
    let from_the_left = ([-4.0, 18.0, 4.9], [1.0, 0.0, 0.0]);
    let from_the_right = ([24.0, 18.0, 4.9], [-1.0, 0.0, 0.0]);
    let hits = renderer.cast_rays(&in_world(&ground, &[from_the_left, from_the_right])).expect("rays are cast");
    assert_eq!([hits[0][3], hits[1][3]], [0.0, 2.0], "no stilt on the left, a wall on the right");
}
