//! Goal: what the renderer draws is what can be computed: places, colours, light, depth, shares.
//! Method: draw small scenes with a native GPU (in CI lavapipe), compare pixels with the CPU twins
//! of the shaders and pictures with each other.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod scenes;

use glam::Vec3;
use scenes::{
    Bench, ENCODING, LATTICE, OFF_SHARE_MAX, SIZE_PX, ball_of_triangles, camera, difference,
    mesh_ball, on, points, upload_ball, voxel_ball,
};
use touchline_render::{
    Background, Item, MeshHandle, Shadow, Stage, Surface, TextureFormat, UploadError, View, twin,
};
use touchline_scene::{
    Lattice, PackedAttribute, PackedPoint, PackedVertex, PointChunk, Viewpoint,
    normal_from_octahedral, octahedral_from_normal,
};

/// What leaves encoding sRGB to the shaders, as canvases in browsers do.
const NOT_ENCODING: TextureFormat = TextureFormat::Rgba8Unorm;

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
                next: None,
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
fn warming_up_leaves_no_trace() {
    let mut cold = Bench::new();
    let mut warm = Bench::new();
    warm.renderer.warm_up(SIZE_PX).unwrap();
    let [cold, warm] = [&mut cold, &mut warm].map(|bench| {
        let ball = upload_ball(bench);
        bench.draw(&on(Surface::Pitch), &[points(&ball)])
    });
    assert_eq!(cold, warm);
}

#[test]
fn light_falls_as_its_twin_says() {
    let mut bench = Bench::new();
    let frame = &mesh_ball(&mut bench, [255; 4]);
    let item = Item::Mesh {
        frame,
        next: None,
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

/// The ball's topology, and its vertices moved by `way`, packed on `lattice`.
fn moved_ball(way: Vec3, lattice: Lattice) -> Vec<PackedVertex> {
    let (vertices, ..) = ball_of_triangles([255; 4]);
    let moved = vertices.into_iter().map(|vertex| {
        let place = twin::mesh::vertex_in_stage(LATTICE, vertex) + way;
        let cell = (place - Vec3::from(lattice.origin)) / lattice.step_metres;
        PackedVertex {
            position: cell.round().to_array().map(|axis| axis as u16),
            ..vertex
        }
    });
    moved.collect()
}

#[test]
fn half_way_to_the_next_frame_is_the_mean_of_both() {
    let mut bench = Bench::new();
    let (_, attributes, indices) = ball_of_triangles([255, 180, 90, 255]);
    let topology = bench.renderer.upload_topology(&indices, &attributes);
    let topology = topology.unwrap();
    // Another lattice for each, and a way of 40 cm between the two.
    let lattices = [
        LATTICE,
        Lattice {
            origin: [-1.7, -0.3, -1.2],
            step_metres: 0.0005,
        },
    ];
    let half_way = Vec3::new(0.1, 0.05, -0.166);
    let mut upload = |way, lattice| {
        let vertices = moved_ball(way, lattice);
        let mesh = bench.renderer.upload_mesh(&topology, lattice, &vertices);
        mesh.unwrap()
    };
    let first = upload(-half_way, lattices[0]);
    let last = upload(half_way, lattices[1]);
    let mean = upload(Vec3::ZERO, lattices[0]);
    let other = mesh_ball(&mut bench, [255, 180, 90, 255]);
    let mut draw = |frame, next| drawn_between(&mut bench, frame, next);
    let expected = draw(&mean, None);
    let mixed = draw(&first, Some((&last, 0.5)));
    // Positions are the same but for a millionth of a metre.
    let (difference_mean, off_share) = difference(&expected, &mixed);
    assert!(
        difference_mean < 0.05 && off_share < 0.001,
        "{difference_mean} {off_share}"
    );
    let alone = draw(&first, None);
    assert!(difference(&alone, &mixed).1 > 0.02, "it moved");
    assert_eq!(draw(&first, Some((&last, 0.0))), alone);
    assert_eq!(draw(&first, Some((&first, 0.5))), alone);
    assert_eq!(
        draw(&first, Some((&other, 0.5))),
        alone,
        "no topology shared"
    );
    let (mean, off_share) = difference(&draw(&last, None), &draw(&first, Some((&last, 1.0))));
    assert!(mean < 0.05 && off_share < 0.001, "{mean} {off_share}");
}

/// A mesh in a void, that much on its way to the next.
fn drawn_between(
    bench: &mut Bench,
    frame: &MeshHandle,
    next: Option<(&MeshHandle, f32)>,
) -> Vec<u8> {
    let item = Item::Mesh {
        frame,
        next,
        texture: None,
        is_lit: true,
        opacity: 1.0,
    };
    bench.draw(&in_a_void(), &[item])
}

#[test]
fn normals_turn_from_frame_to_frame() {
    let mut bench = Bench::new();
    let (vertices, attributes, indices) = ball_of_triangles([255; 4]);
    let topology = bench.renderer.upload_topology(&indices, &attributes);
    let topology = topology.unwrap();
    let mut upload = |normal_of: fn(Vec3) -> Vec3| {
        let turned = vertices.iter().map(|vertex| PackedVertex {
            normal: octahedral_from_normal(normal_of(normal_from_octahedral(vertex.normal)).into()),
            ..*vertex
        });
        let turned: Vec<PackedVertex> = turned.collect();
        let mesh = bench.renderer.upload_mesh(&topology, LATTICE, &turned);
        mesh.unwrap()
    };
    let up = upload(|_| Vec3::Y);
    let side = upload(|_| Vec3::X);
    let between = upload(|_| Vec3::new(1.0, 1.0, 0.0).normalize());
    let down = upload(|_| Vec3::NEG_Y);
    let mut draw = |frame, next| drawn_between(&mut bench, frame, next);
    let (mean, off_share) = difference(&draw(&between, None), &draw(&up, Some((&side, 0.5))));
    // A packed normal is good to a degree.
    assert!(mean < 1.0 && off_share == 0.0, "{mean} {off_share}");
    // Between opposite ones there is no direction: the first stays.
    assert_eq!(draw(&up, Some((&down, 0.5))), draw(&up, None));
}

#[test]
fn shadows_go_with_what_casts_them() {
    let [first, last] = [-0.2, 0.2].map(|x| {
        let vertices = moved_ball(Vec3::new(x, 0.0, 0.0), LATTICE);
        Shadow::under_vertices(LATTICE, &vertices).unwrap()
    });
    let middle = first.mixed(last, 0.5);
    assert!((middle.center.x - (first.center.x + last.center.x) / 2.0).abs() < 1e-6);
    assert_eq!(first.mixed(last, 0.0), first);
}

#[test]
fn the_ground_lies_where_its_twin_says() {
    // Lane lines of 5 cm run along z every 1.22 m.
    let mut bench = Bench::new();
    let view = on(Surface::Track);
    let rgba = bench.draw(&view, &[]);
    let (mut line_count, mut rubber_count) = (0, 0);
    for (y, x) in (70..SIZE_PX.y).flat_map(|y| (0..SIZE_PX.x).map(move |x| (y, x))) {
        let middle = glam::Vec2::new(x as f32 + 0.5, y as f32 + 0.5);
        let place = twin::backdrop::ground_under(view.camera, SIZE_PX, middle, 0.0).unwrap();
        let lane = place.x / 1.22;
        let away_metres = (lane - lane.round()).abs() * 1.22;
        let [red, green, _] = pixel(&rgba, x, y);
        let whiteness = f32::from(green) / f32::from(red);
        if away_metres < 0.01 {
            assert!(whiteness > 0.55, "no line at {place}: {whiteness}");
            line_count += 1;
        } else if away_metres > 0.15 {
            assert!(whiteness < 0.55, "a line at {place}: {whiteness}");
            rubber_count += 1;
        }
    }
    assert!(
        line_count > 20 && rubber_count > 1000,
        "{line_count} {rubber_count}"
    );
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
        next: None,
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
                next: None,
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
        next: None,
        texture: None,
        is_lit: true,
        opacity: 1.0,
    };
    let drawn = bench.draw(&in_a_void(), &[points(&cloud), points(&hollow), mesh]);
    assert_eq!(drawn, expected);
}
