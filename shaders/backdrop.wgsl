// backdrop: fills the picture with the sky and the ground, behind everything else.
//
// One full-screen triangle; each pixel's ray is met with the plane of the ground.
// Before: nothing. After: points, mesh.
// Joined after common/frame, colour and noise. Twin of the ray: crates/render/src/twin/backdrop.rs.
// Colours here are sRGB: gradients between them are even to the eye.

const SURFACE_NONE: u32 = 0u;
const SURFACE_STUDIO: u32 = 1u;
const SURFACE_PITCH: u32 = 2u;
const SURFACE_TRACK: u32 = 3u;
const SURFACE_ICE: u32 = 4u;
const SURFACE_SNOW: u32 = 5u;
const SURFACE_COURT: u32 = 6u;

// A clear evening over a lit stadium.
const SKY_HORIZON: vec3f = vec3f(0.735, 0.765, 0.785);
const SKY_MIDDLE: vec3f = vec3f(0.375, 0.495, 0.640);
const SKY_ZENITH: vec3f = vec3f(0.110, 0.185, 0.330);

// The ground is lost in the haze between these distances from an eye on the ground, and farther
// for each metre that the eye stands higher: a whole pitch is seen from a broadcast camera.
const HAZE_NEAR_METRES: f32 = 8.0;
const HAZE_FAR_METRES: f32 = 60.0;
const HAZE_METRES_PER_METRE: f32 = 16.0;

struct Corner {
    @builtin(position) in_clip: vec4f,
    @location(0) ray: vec3f,
}

struct Fill {
    @location(0) colour: vec4f,
    @builtin(frag_depth) depth: f32,
}

// A place on the ground, and the lengths there that one pixel covers along x and z.
struct Spot {
    metres: vec2f,
    footprint: vec2f,
}

@vertex
fn cover_picture(@builtin(vertex_index) corner: u32) -> Corner {
    let place = vec2f(vec2u(corner << 1u, corner) & vec2u(2u)) * 2.0 - 1.0;
    let ray = frame.forward + place.x * frame.right + place.y * frame.up;
    return Corner(vec4f(place, 0.0, 1.0), ray);
}

@fragment
fn fill_backdrop(corner: Corner) -> Fill {
    let ray = corner.ray; // Reaches one metre ahead of the eye, along the camera's axis.
    let direction = normalize(ray);
    var srgb = mix(sky(direction.y), frame.plain.rgb, frame.plain.a);
    var depth = 0.0; // Infinitely far.

    let drop_metres = frame.ground_metres - frame.eye_in_stage.y;
    let ahead_metres = drop_metres / ray.y;
    if frame.surface != SURFACE_NONE && ahead_metres > 0.0 {
        let away_metres = ahead_metres * length(ray);
        let clear_metres = abs(drop_metres) * HAZE_METRES_PER_METRE;
        let haze = smoothstep(HAZE_NEAR_METRES, HAZE_FAR_METRES + clear_metres, away_metres);
        let place_in_stage = frame.eye_in_stage + direction * away_metres;
        let spot = spot_at(place_in_stage.xz, direction, away_metres);
        srgb = mix(ground(spot) * shadow(spot.metres), srgb, sqrt(haze));
        let place_in_clip = frame.clip_from_stage * vec4f(place_in_stage, 1.0);
        depth = saturate(place_in_clip.z / place_in_clip.w);
    }
    // Half a step of noise, so that the gradients do not band.
    srgb += (dither(corner.in_clip.xy) - 0.5) / 255.0 * (1.0 - frame.plain.a);
    return Fill(vec4f(target_from_srgb(saturate(srgb)), 1.0), depth);
}

fn sky(up: f32) -> vec3f {
    let height = max(up, 0.0);
    let low = mix(SKY_HORIZON, SKY_MIDDLE, smoothstep(-0.04, 0.26, height));
    return mix(low, SKY_ZENITH, smoothstep(0.08, 0.75, height));
}

fn spot_at(metres: vec2f, direction: vec3f, away_metres: f32) -> Spot {
    let across = away_metres * frame.px_radians;
    let along = across / max(abs(direction.y), 1e-4);
    let heading = abs(direction.xz) / max(length(direction.xz), 1e-6);
    return Spot(metres, heading * along + heading.yx * across);
}

fn ground(spot: Spot) -> vec3f {
    switch frame.surface {
        case SURFACE_PITCH: { return pitch(spot); }
        case SURFACE_TRACK: { return track(spot); }
        case SURFACE_ICE: { return ice(spot); }
        case SURFACE_SNOW: { return snow(spot); }
        case SURFACE_COURT: { return court(spot); }
        default: { return studio(spot); }
    }
}

// Mown in stripes as wide as the goal area is deep, so a pitch's lines fall on their edges.
fn pitch(spot: Spot) -> vec3f {
    let stripe = stripes(spot.metres.x, spot.footprint.x, 5.5);
    let blades = grain(spot, 0.018) * 0.075 + grain(spot, 0.11) * 0.045;
    let wear = grain(spot, 1.7) * 0.035;
    let green = mix(vec3f(0.262, 0.390, 0.190), vec3f(0.318, 0.455, 0.222), stripe);
    return green * (1.0 + blades + wear);
}

// Lanes of 1.22 m, lines of 5 cm, along z (World Athletics, Track and Field Facilities Manual).
fn track(spot: Spot) -> vec3f {
    let rubber = vec3f(0.615, 0.285, 0.215) * (1.0 + grain(spot, 0.012) * 0.10);
    let worn = rubber * (1.0 + grain(spot, 1.3) * 0.03);
    let line = lines(spot.metres.x, spot.footprint.x, 1.22, 0.05);
    return mix(worn, vec3f(0.90, 0.90, 0.88), line);
}

fn ice(spot: Spot) -> vec3f {
    let cloud = grain(spot, 2.3) * 0.020 + grain(spot, 0.6) * 0.012;
    // Skates leave fine arcs; noise stretched along one way and turned reads as such.
    let turned = Spot(
        vec2f(spot.metres.x * 0.92 + spot.metres.y * 0.38, spot.metres.y * 0.10),
        spot.footprint,
    );
    let scratch = max(grain(turned, 0.03) - 0.35, 0.0) * 0.07;
    return vec3f(0.800, 0.868, 0.910) * (1.0 + cloud + scratch);
}

fn snow(spot: Spot) -> vec3f {
    let drift = grain(spot, 3.1) * 0.030 + grain(spot, 0.45) * 0.022;
    let crystals = grain(spot, 0.02) * 0.030;
    return vec3f(0.875, 0.905, 0.945) * (1.0 + drift + crystals);
}

// Boards 7 cm wide along z, each of its own shade.
fn court(spot: Spot) -> vec3f {
    let board = floor(spot.metres.x / 0.07);
    let length_index = floor(spot.metres.y / 1.4 + hash(vec2f(board, 7.0)));
    let is_resolved = saturate(1.0 - spot.footprint.x / 0.07);
    let shade = (hash(vec2f(board, length_index)) - 0.5) * 0.09 * is_resolved;
    let seam = lines(spot.metres.x, spot.footprint.x, 0.07, 0.003) * 0.22;
    let fibre = grain(Spot(spot.metres * vec2f(1.0, 0.06), spot.footprint), 0.008) * 0.04;
    return vec3f(0.720, 0.535, 0.345) * (1.0 + shade + fibre - seam);
}

// A floor that asks for nothing: a metre grid for scale.
fn studio(spot: Spot) -> vec3f {
    let metre = max(
        lines(spot.metres.x, spot.footprint.x, 1.0, 0.012),
        lines(spot.metres.y, spot.footprint.y, 1.0, 0.012),
    );
    return mix(vec3f(0.300, 0.325, 0.360), vec3f(0.430, 0.460, 0.500), metre);
}

// Stripes of one width in turn, 0 and 1, averaged over the footprint.
fn stripes(metres: f32, footprint: f32, width_metres: f32) -> f32 {
    let turn = abs(fract(metres / (2.0 * width_metres)) - 0.5) - 0.25;
    let blur = max(footprint, 0.25); // A mower leaves no sharp edge.
    let sharp = saturate(turn * 2.0 * width_metres / blur + 0.5);
    return mix(sharp, 0.5, smoothstep(0.5, 1.5, footprint / width_metres));
}

// The share of the footprint that lies on lines around each multiple of `every_metres`.
fn lines(metres: f32, footprint: f32, every_metres: f32, width_metres: f32) -> f32 {
    let away = abs(fract(metres / every_metres + 0.5) - 0.5) * every_metres;
    let blur = max(footprint, 1e-4);
    let near_edge = max(away - blur * 0.5, -width_metres * 0.5);
    let far_edge = min(away + blur * 0.5, width_metres * 0.5);
    let share = saturate((far_edge - near_edge) / blur);
    return mix(share, width_metres / every_metres, smoothstep(0.3, 1.0, footprint / every_metres));
}

// Noise from -1 to 1 in cells of one size, gone where a pixel no longer resolves it.
fn grain(spot: Spot, cell_metres: f32) -> f32 {
    let blur = max(spot.footprint.x, spot.footprint.y) / cell_metres;
    if blur > 1.5 { return 0.0; }
    let noise = value_noise(spot.metres / cell_metres) * 2.0 - 1.0;
    return noise * (1.0 - smoothstep(0.5, 1.5, blur));
}

// What is left of the light beside those who stand there.
fn shadow(metres: vec2f) -> f32 {
    var light = 1.0;
    for (var index = 0u; index < frame.shadow_count; index++) {
        let blob = frame.shadows[index];
        let height = max(blob.y - frame.ground_metres, 0.0);
        let radius = max(blob.w, 0.01);
        let spread = radius + height * 0.5; // The higher, the softer and the fainter.
        let away = distance(metres, blob.xz) / spread;
        let strength = radius / spread;
        let dark = 0.38 * exp(-away * away * 2.6) + 0.14 * exp(-away * away * 0.5);
        light *= 1.0 - strength * dark;
    }
    return light;
}
