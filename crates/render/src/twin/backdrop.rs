//! Twin of the ray in `shaders/backdrop.wgsl`.

use glam::{UVec2, Vec2, Vec3};
use touchline_scene::{Camera, tan};

/// Where a pixel's ray meets the ground, in the stage; `None` where it goes to the sky.
///
/// `place_px`: from the picture's upper left corner, y down.
pub fn ground_under(
    camera: Camera,
    size_px: UVec2,
    place_px: Vec2,
    ground_metres: f32,
) -> Option<Vec3> {
    let size = size_px.as_vec2();
    let tan_y = tan(camera.lens.fov_y_radians * 0.5);
    let place = (place_px / size * 2.0 - 1.0) * Vec2::new(size.x / size.y, -1.0) * tan_y;
    let ray = camera.pose.orientation * place.extend(-1.0);
    let ahead_metres = (ground_metres - camera.pose.position.y) / ray.y;
    (ahead_metres > 0.0).then(|| camera.pose.position + ray * ahead_metres)
}
