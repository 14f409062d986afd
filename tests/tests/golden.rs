//! Goal: the renderer draws the pictures that a person has looked at, on every machine.
//! Method: draw small scenes made here with a native GPU (in CI lavapipe) and compare with
//! `golden/*.png`; `BLESS=1` writes them anew. Beside them, what can be computed is: a point's
//! pixel, a colour, a shade.

use std::path::PathBuf;

use glam::{UVec2, Vec3};
use touchline_render::{
    Background, Gpu, Item, MeshHandle, PointsHandle, Renderer, RendererOptions, Shadow, Snapshot,
    Stage, Surface, TextureFormat, UploadError, View, twin,
};
use touchline_scene::{
    Camera, Lattice, PackedAttribute, PackedPoint, PackedVertex, PointChunk, Viewpoint,
    octahedral_from_normal,
};

const SIZE_PX: UVec2 = UVec2::new(160, 120);

/// GPUs round interpolation, filtering and coverage differently, by a level or two everywhere and
/// by more along edges. A wrong colour, size or place moves whole areas, far beyond these.
const MEAN_DIFFERENCE_MAX: f64 = 1.0;
/// A pixel is off when a channel differs by more than this.
const PIXEL_DIFFERENCE_MAX: u8 = 24;
/// The share of pixels that may be off: a scene's outlines are some 3 % of its pixels.
const OFF_SHARE_MAX: f64 = 0.01;

const ENCODING: TextureFormat = TextureFormat::Rgba8UnormSrgb;
const NOT_ENCODING: TextureFormat = TextureFormat::Rgba8Unorm;

struct Bench {
    gpu: Gpu,
    renderer: Renderer,
}

impl Bench {
    fn new() -> Self {
        Self::with(ENCODING, 4)
    }

    fn with(format: TextureFormat, sample_count: u32) -> Self {
        let gpu = pollster::block_on(Gpu::headless()).unwrap_or_else(|error| {
            panic!(
                "{error}: golden images need a Vulkan driver; on Debian install \
                 mesa-vulkan-drivers (`cargo xtask setup` does)"
            )
        });
        let renderer = Renderer::with_options(&gpu, format, RendererOptions { sample_count });
        Self { gpu, renderer }
    }

    fn draw(&mut self, view: &View<'_>, items: &[Item<'_>]) -> Vec<u8> {
        Snapshot::with_format(&self.gpu, SIZE_PX, self.renderer.target_format())
            .render_rgba(&mut self.renderer, view, items)
            .unwrap()
    }
}

/// How two pictures differ: mean over all channels, and the share of pixels that are off.
fn difference(left: &[u8], right: &[u8]) -> (f64, f64) {
    assert_eq!(left.len(), right.len());
    let sum: u64 = left
        .iter()
        .zip(right)
        .map(|(&a, &b)| u64::from(a.abs_diff(b)))
        .sum();
    let off_count = left
        .chunks_exact(4)
        .zip(right.chunks_exact(4))
        .filter(|(a, b)| {
            (0..4).any(|channel| a[channel].abs_diff(b[channel]) > PIXEL_DIFFERENCE_MAX)
        })
        .count();
    (
        sum as f64 / left.len() as f64,
        off_count as f64 / (left.len() / 4) as f64,
    )
}

fn check(name: &str, rgba: &[u8]) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("golden/{name}.png"));
    if std::env::var_os("BLESS").is_some() {
        image::save_buffer(&path, rgba, SIZE_PX.x, SIZE_PX.y, image::ColorType::Rgba8).unwrap();
        return;
    }
    let golden = image::open(&path)
        .unwrap_or_else(|error| panic!("{error}: BLESS=1 writes {}", path.display()))
        .to_rgba8();
    assert_eq!(golden.dimensions(), (SIZE_PX.x, SIZE_PX.y), "{name}");
    let (mean, off_share) = difference(golden.as_raw(), rgba);
    if mean > MEAN_DIFFERENCE_MAX || off_share > OFF_SHARE_MAX {
        let drawn = std::env::temp_dir().join(format!("touchline-golden-{name}.png"));
        image::save_buffer(&drawn, rgba, SIZE_PX.x, SIZE_PX.y, image::ColorType::Rgba8).unwrap();
        panic!(
            "{name}: mean difference {mean:.2}, {:.2} % of pixels off; drawn: {}",
            off_share * 100.0,
            drawn.display()
        );
    }
}

/// Over the ground, a little from above, as a fan stands.
fn camera() -> Camera {
    Viewpoint {
        target: Vec3::new(0.0, 0.9, 0.0),
        yaw_radians: 0.5,
        pitch_radians: 0.22,
        distance_metres: 4.5,
        fov_y_radians: 0.7,
    }
    .camera()
}

const BALL: Shadow = Shadow {
    center: Vec3::new(0.0, 0.6, 0.0),
    radius_metres: 0.6,
};

fn on(surface: Surface) -> View<'static> {
    View {
        camera: camera(),
        stage: Stage {
            surface,
            ground_metres: 0.0,
        },
        background: Background::Sky,
        shadows: &[BALL],
    }
}

/// The surface of a ball of voxels, 1.2 m wide, standing on the ground; coloured by direction.
fn voxel_ball() -> (PointChunk, Vec<PackedPoint>) {
    const CELLS: i32 = 128;
    let step_metres = 1.2 / CELLS as f32;
    let mut points = Vec::new();
    for (z, y, x) in cells(CELLS) {
        let from_center =
            (Vec3::new(x as f32, y as f32, z as f32) + 0.5) / CELLS as f32 * 2.0 - 1.0;
        let is_shell = (1.0 - 2.0 / CELLS as f32..=1.0).contains(&from_center.length());
        if is_shell {
            let rgb = (from_center * 100.0 + 128.0).to_array().map(|c| c as u8);
            points.push(PackedPoint::new([x as u32, y as u32, z as u32], rgb));
        }
    }
    let chunk = PointChunk {
        origin: [-0.6, 0.0, -0.6],
        step_metres,
        size: [1.2; 3],
        spacing_metres: step_metres,
        first_point: 0,
        point_count: points.len() as u32,
        spare: [0; 2],
    };
    (chunk, points)
}

fn cells(count: i32) -> impl Iterator<Item = (i32, i32, i32)> {
    (0..count).flat_map(move |z| (0..count).flat_map(move |y| (0..count).map(move |x| (z, y, x))))
}

fn upload_ball(bench: &mut Bench) -> PointsHandle {
    let (chunk, points) = voxel_ball();
    bench.renderer.upload_points(&[chunk], &points).unwrap()
}

const LATTICE: Lattice = Lattice {
    origin: [-1.0, 0.0, -1.0],
    step_metres: 0.001,
};

/// A ball of triangles in the voxel ball's place; rows of `SLICES + 1`, for the texture's seam.
fn mesh_ball(bench: &mut Bench, colour: [u8; 4]) -> MeshHandle {
    const SLICES: u32 = 32;
    const ROWS: u32 = 16;
    let (mut vertices, mut attributes, mut indices) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..=ROWS {
        for slice in 0..=SLICES {
            let u = slice as f32 / SLICES as f32;
            let v = row as f32 / ROWS as f32;
            let (around, down) = (u * std::f32::consts::TAU, v * std::f32::consts::PI);
            let normal = Vec3::new(
                down.sin() * around.sin(),
                down.cos(),
                down.sin() * around.cos(),
            );
            let place = (normal * 600.0 + Vec3::new(1000.0, 600.0, 1000.0)).round();
            vertices.push(PackedVertex {
                position: place.to_array().map(|axis| axis as u16),
                normal: octahedral_from_normal(normal),
            });
            attributes.push(PackedAttribute {
                texture: [(u * 65535.0) as u16, (v * 65535.0) as u16],
                colour,
            });
            if row < ROWS && slice < SLICES {
                let corner = row * (SLICES + 1) + slice;
                let below = corner + SLICES + 1;
                indices.extend([corner, below, corner + 1, corner + 1, below, below + 1]);
            }
        }
    }
    let topology = bench
        .renderer
        .upload_topology(&indices, &attributes)
        .unwrap();
    bench
        .renderer
        .upload_mesh(&topology, LATTICE, &vertices)
        .unwrap()
}

fn points(frame: &PointsHandle) -> Item<'_> {
    Item::Points {
        frame,
        opacity: 1.0,
    }
}

#[test]
fn every_surface() {
    let mut bench = Bench::new();
    let surfaces = [
        ("none", Surface::None),
        ("studio", Surface::Studio),
        ("pitch", Surface::Pitch),
        ("track", Surface::Track),
        ("ice", Surface::Ice),
        ("snow", Surface::Snow),
        ("court", Surface::Court),
    ];
    assert_eq!(surfaces.map(|(_, surface)| surface), Surface::ALL);
    for (name, surface) in surfaces {
        let rgba = bench.draw(&on(surface), &[]);
        check(&format!("surface-{name}"), &rgba);
    }
}

#[test]
fn points_on_a_pitch() {
    let mut bench = Bench::new();
    let ball = upload_ball(&mut bench);
    let rgba = bench.draw(&on(Surface::Pitch), &[points(&ball)]);
    check("points", &rgba);
}

#[test]
fn a_lit_mesh_in_vertex_colours() {
    let mut bench = Bench::new();
    let frame = &mesh_ball(&mut bench, [200, 60, 40, 255]);
    let item = Item::Mesh {
        frame,
        texture: None,
        is_lit: true,
        opacity: 1.0,
    };
    let rgba = bench.draw(&on(Surface::Pitch), &[item]);
    check("mesh-lit", &rgba);
}

/// Eight by four squares, finer and finer to the right; rows from the top.
fn chequers() -> (UVec2, Vec<u8>) {
    let size_px = UVec2::new(256, 128);
    let texel = |x: u32, y: u32| {
        let edge = if x < 128 { 16 } else { 2 };
        let is_light = (x / edge + y / edge).is_multiple_of(2);
        let top = if y < 32 { 255 } else { 40 };
        if is_light {
            [250, 250, 245, 255]
        } else {
            [top, 40, 90, 255]
        }
    };
    let rgba = (0..size_px.y)
        .flat_map(|y| (0..size_px.x).flat_map(move |x| texel(x, y)))
        .collect();
    (size_px, rgba)
}

#[test]
fn a_textured_mesh() {
    let mut bench = Bench::new();
    let frame = &mesh_ball(&mut bench, [255; 4]);
    let (size_px, rgba) = chequers();
    let texture = bench.renderer.create_texture(size_px.x, size_px.y).unwrap();
    bench.renderer.write_rgba(&texture, &rgba).unwrap();
    let item = Item::Mesh {
        frame,
        texture: Some(&texture),
        is_lit: false,
        opacity: 1.0,
    };
    let rgba = bench.draw(&on(Surface::Studio), &[item]);
    check("mesh-textured", &rgba);
}

/// Red, green and blue of a pixel, from the picture's upper left corner.
fn pixel(rgba: &[u8], x: u32, y: u32) -> [u8; 3] {
    let start = (y * SIZE_PX.x + x) as usize * 4;
    [rgba[start], rgba[start + 1], rgba[start + 2]]
}

fn in_a_void() -> View<'static> {
    View {
        camera: camera(),
        stage: Stage {
            surface: Surface::None,
            ground_metres: 0.0,
        },
        background: Background::Plain(VOID),
        shadows: &[],
    }
}

const VOID: [u8; 3] = [10, 20, 30];

/// One chunk of 1 cm cells around the camera's target.
fn chunk(point_count: u32) -> PointChunk {
    PointChunk {
        origin: [-1.0, 0.0, -1.0],
        step_metres: 0.01,
        size: [2.0; 3],
        spacing_metres: 0.01,
        first_point: 0,
        point_count,
        spare: [0; 2],
    }
}

#[test]
fn a_point_lands_where_its_twin_says() {
    let mut bench = Bench::with(ENCODING, 1);
    let view = in_a_void();
    let focal_px = SIZE_PX.y as f32 * 0.5 / (view.camera.lens.fov_y_radians * 0.5).tan();
    let rgb = [250, 128, 3];
    for cell in [[100, 90, 100], [20, 130, 80], [170, 10, 150], [60, 60, 199]] {
        let (chunk, point) = (chunk(1), PackedPoint::new(cell, rgb));
        let clip_from_stage = view.clip_from_stage(SIZE_PX);
        let spot = twin::points::project_point(clip_from_stage, SIZE_PX, focal_px, &chunk, point);
        let frame = bench.renderer.upload_points(&[chunk], &[point]).unwrap();
        let rgba = bench.draw(&view, &[points(&frame)]);
        for y in 0..SIZE_PX.y {
            for x in 0..SIZE_PX.x {
                let middle = glam::Vec2::new(x as f32 + 0.5, y as f32 + 0.5);
                let away_px = middle.distance(spot.center_px) - spot.radius_px;
                // Within a tenth of the rim, rounding decides.
                if away_px.abs() > 0.1 {
                    let expected = if away_px < 0.0 { rgb } else { VOID };
                    assert_eq!(pixel(&rgba, x, y), expected, "{cell:?} at {x}, {y}");
                }
            }
        }
    }
}

#[test]
fn every_grey_keeps_its_value() {
    // Both ways of encoding, and through the linear light of a mesh.
    for format in [ENCODING, NOT_ENCODING] {
        let mut bench = Bench::with(format, 4);
        for grey in [0, 1, 10, 55, 128, 200, 254, 255] {
            let view = View {
                background: Background::Plain([grey; 3]),
                ..in_a_void()
            };
            assert_eq!(pixel(&bench.draw(&view, &[]), 3, 3), [grey; 3]);
            let frame = &mesh_ball(&mut bench, [grey, grey, grey, 255]);
            let item = Item::Mesh {
                frame,
                texture: None,
                is_lit: false,
                opacity: 1.0,
            };
            let drawn = pixel(&bench.draw(&in_a_void(), &[item]), 80, 70);
            assert_eq!(drawn, [grey; 3]);
        }
    }
}

#[test]
fn both_ways_of_encoding_agree() {
    let pictures = [ENCODING, NOT_ENCODING].map(|format| {
        let mut bench = Bench::with(format, 4);
        let ball = upload_ball(&mut bench);
        bench.draw(&on(Surface::Pitch), &[points(&ball)])
    });
    // Samples are averaged in linear light or in sRGB: outlines differ a little.
    let (mean, off_share) = difference(&pictures[0], &pictures[1]);
    assert!(
        mean < 0.5 && off_share < OFF_SHARE_MAX,
        "{mean} {off_share}"
    );
}

#[test]
fn one_sample_shows_the_same_scene() {
    let pictures = [1, 4].map(|sample_count| {
        let mut bench = Bench::with(ENCODING, sample_count);
        let ball = upload_ball(&mut bench);
        bench.draw(&on(Surface::Pitch), &[points(&ball)])
    });
    // Only outlines differ, of the ball and of its voxels.
    let (mean, off_share) = difference(&pictures[0], &pictures[1]);
    assert!(mean < 2.0 && off_share < 0.04, "{mean} {off_share}");
}

#[test]
fn light_falls_as_its_twin_says() {
    let mut bench = Bench::new();
    let frame = &mesh_ball(&mut bench, [255; 4]);
    let item = Item::Mesh {
        frame,
        texture: None,
        is_lit: true,
        opacity: 1.0,
    };
    let view = in_a_void();
    let rgba = bench.draw(&view, &[item]);
    let (center, radius) = (Vec3::new(0.0, 0.6, 0.0), 0.6);
    for normal in [
        Vec3::new(0.3, 0.4, 0.9),
        Vec3::new(0.9, 0.1, 0.5),
        Vec3::new(0.0, 0.9, 0.6),
    ] {
        let normal = normal.normalize();
        let on_screen = view
            .clip_from_stage(SIZE_PX)
            .project_point3(center + normal * radius);
        let x = (on_screen.x * 0.5 + 0.5) * SIZE_PX.x as f32;
        let y = (0.5 - on_screen.y * 0.5) * SIZE_PX.y as f32;
        let light = twin::mesh::light_on(normal);
        let expected = twin::colour::srgb_from_linear(light) * 255.0;
        let drawn = Vec3::from(pixel(&rgba, x as u32, y as u32).map(f32::from));
        // The ball is made of flat triangles: its normals are bent, its surface is not.
        assert!(
            drawn.distance(expected) < 8.0,
            "{normal}: {drawn}, not {expected}"
        );
    }
}

#[test]
fn the_ground_lies_where_it_should() {
    // Lane lines run along z every 1.22 m.
    let mut bench = Bench::new();
    let view = on(Surface::Track);
    let rgba = bench.draw(&view, &[]);
    for (lanes, is_line) in [(1.0, true), (1.5, false), (-1.0, true), (-0.5, false)] {
        let place = Vec3::new(1.22 * lanes, 0.0, -1.0);
        let on_screen = view.clip_from_stage(SIZE_PX).project_point3(place);
        let x = (on_screen.x * 0.5 + 0.5) * SIZE_PX.x as f32;
        let y = (0.5 - on_screen.y * 0.5) * SIZE_PX.y as f32;
        let [_, green, _] = pixel(&rgba, x as u32, y as u32);
        assert_eq!(green > 95, is_line, "{lanes} lanes: green is {green}");
    }
}

#[test]
fn the_ground_hides_what_is_below() {
    let mut bench = Bench::new();
    let ball = upload_ball(&mut bench);
    let mut view = in_a_void();
    view.stage.surface = Surface::Studio;
    // Splats face the camera and are a pixel large at least: 3 cm here.
    for (ground_metres, is_seen) in [(-0.01, true), (1.15, true), (1.25, false)] {
        view.stage.ground_metres = ground_metres;
        let empty = bench.draw(&view, &[]);
        let full = bench.draw(&view, &[points(&ball)]);
        assert_eq!(empty != full, is_seen, "ground at {ground_metres} m");
    }
}

#[test]
fn points_and_meshes_hide_each_other() {
    let mut bench = Bench::new();
    let view = in_a_void();
    let ball = upload_ball(&mut bench);
    let mesh = mesh_ball(&mut bench, [255, 0, 0, 255]);
    // One point inside the mesh, and a ball of points around nothing.
    let inside = PackedPoint::new([100, 60, 100], [0, 255, 0]);
    let inside = bench
        .renderer
        .upload_points(&[chunk(1)], &[inside])
        .unwrap();
    let mesh = Item::Mesh {
        frame: &mesh,
        texture: None,
        is_lit: false,
        opacity: 1.0,
    };
    let alone = bench.draw(&view, &[mesh]);
    assert_eq!(bench.draw(&view, &[mesh, points(&inside)]), alone);
    assert_eq!(bench.draw(&view, &[points(&inside), mesh]), alone);
    let both = bench.draw(&view, &[mesh, points(&ball)]);
    assert_eq!(bench.draw(&view, &[points(&ball), mesh]), both);
}

#[test]
fn opacity_lets_through_its_share() {
    for sample_count in [1, 4] {
        let mut bench = Bench::with(ENCODING, sample_count);
        let frame = &mesh_ball(&mut bench, [255; 4]);
        let mut share = |opacity| {
            let item = Item::Mesh {
                frame,
                texture: None,
                is_lit: false,
                opacity,
            };
            let rgba = bench.draw(&in_a_void(), &[item]);
            let sum: f64 = rgba
                .chunks_exact(4)
                .map(|pixel| {
                    let srgb = Vec3::splat(f32::from(pixel[0]) / 255.0);
                    f64::from(twin::colour::linear_from_srgb(srgb).x)
                })
                .sum();
            sum
        };
        let (none, half, all) = (share(0.0), share(0.5), share(1.0));
        let middle = (half - none) / (all - none);
        assert!((middle - 0.5).abs() < 0.05, "{sample_count}: {middle}");
    }
}

#[test]
fn chunks_out_of_sight_are_left_out_unseen() {
    let mut bench = Bench::new();
    let (whole, all) = voxel_ball();
    // The same ball in columns of 16 cells along x, from near enough that most are out of sight.
    let mut sorted = all.clone();
    sorted.sort_by_key(|point| point.cell()[0] / 16);
    let mut columns = Vec::new();
    for column in 0..8 {
        let first_point = sorted.partition_point(|point| point.cell()[0] / 16 < column) as u32;
        let end = sorted.partition_point(|point| point.cell()[0] / 16 <= column) as u32;
        // A chunk's box starts at its origin, and so do its cells.
        let mut origin = whole.origin;
        origin[0] += whole.step_metres * 16.0 * column as f32;
        for point in &mut sorted[first_point as usize..end as usize] {
            let [x, y, z] = point.cell();
            let [red, green, blue, _] = point.colour;
            *point = PackedPoint::new([x - 16 * column, y, z], [red, green, blue]);
        }
        columns.push(PointChunk {
            origin,
            size: [whole.step_metres * 16.0, 1.2, 1.2],
            first_point,
            point_count: end - first_point,
            ..whole
        });
    }
    let one = bench.renderer.upload_points(&[whole], &all).unwrap();
    let eight = bench.renderer.upload_points(&columns, &sorted).unwrap();
    let view = View {
        camera: Viewpoint {
            target: Vec3::new(0.4, 0.6, 0.0),
            yaw_radians: 0.1,
            pitch_radians: 0.0,
            distance_metres: 0.8,
            fov_y_radians: 0.5,
        }
        .camera(),
        ..in_a_void()
    };
    let expected = bench.draw(&view, &[points(&one)]);
    let (mean, off_share) = difference(&expected, &bench.draw(&view, &[points(&eight)]));
    // The columns' origins are rounded: some splats move by a millionth of a metre.
    assert!(mean < 0.05 && off_share < 0.001, "{mean} {off_share}");
}

#[test]
fn playing_holds_no_more_than_its_frames() {
    let mut bench = Bench::new();
    let before = bench.renderer.size_bytes();
    let frames = (upload_ball(&mut bench), mesh_ball(&mut bench, [255; 4]));
    drop(frames);
    let first = bench.renderer.size_bytes();
    assert!(first > before);
    for _ in 0..10 {
        let ball = upload_ball(&mut bench);
        let mesh = mesh_ball(&mut bench, [255; 4]);
        assert!(ball.size_bytes() > 0 && mesh.size_bytes() > 0);
    }
    assert_eq!(bench.renderer.size_bytes(), first);
    bench.renderer.trim();
    assert_eq!(bench.renderer.size_bytes(), before);
    drop(bench.renderer.create_texture(64, 64).unwrap());
    assert_eq!(bench.renderer.size_bytes(), before);
}

#[test]
fn inconsistent_frames_are_refused() {
    let mut bench = Bench::new();
    let renderer = &mut bench.renderer;
    let refused = |result: Result<(), UploadError>| {
        assert!(
            matches!(result, Err(UploadError::Inconsistent(_))),
            "{result:?}"
        );
    };
    let beyond = PointChunk {
        first_point: u32::MAX,
        ..chunk(2)
    };
    let point = PackedPoint::default();
    refused(renderer.upload_points(&[chunk(2)], &[point]).map(drop));
    refused(renderer.upload_points(&[beyond], &[point]).map(drop));
    let attributes = [PackedAttribute::default(); 3];
    refused(renderer.upload_topology(&[0, 1], &attributes).map(drop));
    refused(renderer.upload_topology(&[0, 1, 3], &attributes).map(drop));
    let topology = renderer.upload_topology(&[0, 1, 2], &attributes).unwrap();
    let vertices = [PackedVertex::default(); 2];
    refused(
        renderer
            .upload_mesh(&topology, LATTICE, &vertices)
            .map(drop),
    );
    refused(renderer.create_texture(0, 4).map(drop));
    let texture = renderer.create_texture(2, 2).unwrap();
    refused(renderer.write_rgba(&texture, &[0; 15]));
    let huge = renderer.create_texture(1 << 20, 4).map(drop);
    assert!(
        matches!(huge, Err(UploadError::OverLimit { .. })),
        "{huge:?}"
    );
}

#[test]
fn empty_frames_draw_nothing() {
    let mut bench = Bench::new();
    let expected = bench.draw(&in_a_void(), &[]);
    let cloud = bench.renderer.upload_points(&[], &[]).unwrap();
    let hollow = bench.renderer.upload_points(&[chunk(0)], &[]).unwrap();
    let topology = bench.renderer.upload_topology(&[], &[]).unwrap();
    let mesh = bench.renderer.upload_mesh(&topology, LATTICE, &[]).unwrap();
    let mesh = Item::Mesh {
        frame: &mesh,
        texture: None,
        is_lit: true,
        opacity: 1.0,
    };
    let drawn = bench.draw(&in_a_void(), &[points(&cloud), points(&hollow), mesh]);
    assert_eq!(drawn, expected);
}
