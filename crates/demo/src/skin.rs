//! Carries the rest surface along with the bones.
//!
//! Weights spread over the surface itself, so that an arm never pulls at the hip it hangs next
//! to. Dual quaternions keep the volume of bent knees and turned arms (Kavan et al. 2008).
//! Loose cloth trails a little behind.

use glam::{Quat, Vec3, Vec4};
use rayon::prelude::*;

use crate::skeleton::{BONE_COUNT, Bone, Pose, rest};
use crate::surface::{Field, Mesh, neighbours};

/// How far a bone's influence fades into the next, metres: a joint bends over twice this.
const FADE_METRES: f32 = 0.036;
/// The furthest that cloth hangs behind, metres: about as loose as it is cut.
const TRAIL_METRES_MAX: f32 = 0.016;

/// The bones that move a vertex, with shares that sum to 1.
type Bones = Vec<(u8, f32)>;

/// The bond between a surface and the bones.
#[derive(Debug)]
pub(crate) struct Skin {
    bones: Vec<Bones>,
}

/// A rigid motion as a unit dual quaternion.
#[derive(Clone, Copy)]
struct Motion {
    real: Vec4,
    dual: Vec4,
}

impl Motion {
    /// Stage in `pose` from stage at rest, for one bone.
    fn new(pose: &Pose, rest: &Pose, bone: usize) -> Self {
        let (to, from) = (&pose.0[bone], &rest.0[bone]);
        let rotation = (to.rotation * from.rotation.inverse()).normalize();
        let shift = to.joint - rotation * from.joint;
        let dual = Quat::from_xyzw(shift.x, shift.y, shift.z, 0.0) * rotation;
        Self {
            real: Vec4::from(rotation),
            dual: Vec4::from(dual) * 0.5,
        }
    }
}

impl Skin {
    /// Ties `mesh`, a polygonised `field`, to the bones.
    pub(crate) fn new(field: &Field, mesh: &Mesh) -> Self {
        let around = neighbours(mesh);
        let edges: f32 = around
            .iter()
            .zip(&mesh.positions)
            .map(|(others, at)| {
                let sum = |&other: &u32| at.distance(mesh.positions[other as usize]);
                others.iter().map(sum).sum::<f32>() / others.len() as f32
            })
            .sum::<f32>()
            / around.len() as f32;
        let mut weights: Vec<[f32; BONE_COUNT]> = mesh
            .positions
            .par_iter()
            .map(|&point| {
                let mut one = [0.0; BONE_COUNT];
                one[field.part(field.at(point).part).bone.index()] = 1.0;
                one
            })
            .collect();
        // A random walk that rests every other step: its variance grows by edge^2 / 4 a step.
        let rounds = (4.0 * (FADE_METRES / edges).powi(2)).ceil() as usize;
        for _ in 0..rounds {
            weights = (0..weights.len())
                .into_par_iter()
                .map(|index| {
                    let others = &around[index];
                    let share = 0.5 / others.len() as f32;
                    let mut mixed = weights[index].map(|weight| weight * 0.5);
                    for &other in others {
                        for (sum, weight) in mixed.iter_mut().zip(&weights[other as usize]) {
                            *sum += weight * share;
                        }
                    }
                    mixed
                })
                .collect();
        }
        Self {
            bones: weights.iter().map(sparse).collect(),
        }
    }

    /// The surface in a pose.
    pub(crate) fn positions(&self, mesh: &Mesh, pose: &Pose) -> Vec<Vec3> {
        let rest = rest();
        let motions: Vec<Motion> = (0..BONE_COUNT)
            .map(|bone| Motion::new(pose, &rest, bone))
            .collect();
        mesh.positions
            .iter()
            .zip(&self.bones)
            .map(|(&point, bones)| moved(point, bones, &motions))
            .collect()
    }

    /// The surface in a pose, its cloth where it hung `before` by its looseness, 0 to 1.
    pub(crate) fn clothed(
        &self,
        mesh: &Mesh,
        looseness: &[f32],
        pose: &Pose,
        before: &Pose,
    ) -> Vec<Vec3> {
        let now = self.positions(mesh, pose);
        let then = self.positions(mesh, before);
        let travelled = pose.of(Bone::Pelvis).joint - before.of(Bone::Pelvis).joint;
        now.into_iter()
            .zip(then)
            .zip(looseness)
            .map(|((now, then), loose)| {
                let behind = (then + travelled - now) * *loose;
                // Soft limit: cloth tightens.
                now + behind * (TRAIL_METRES_MAX / (TRAIL_METRES_MAX + behind.length()))
            })
            .collect()
    }
}

fn sparse(weights: &[f32; BONE_COUNT]) -> Bones {
    let mut bones: Bones = weights
        .iter()
        .enumerate()
        .filter(|(_, weight)| **weight > 0.004)
        .map(|(bone, weight)| (bone as u8, *weight))
        .collect();
    let sum: f32 = bones.iter().map(|bone| bone.1).sum();
    for bone in &mut bones {
        bone.1 /= sum;
    }
    bones
}

fn moved(point: Vec3, bones: &Bones, motions: &[Motion]) -> Vec3 {
    let (mut real, mut dual) = (Vec4::ZERO, Vec4::ZERO);
    for &(bone, weight) in bones {
        let motion = &motions[bone as usize];
        let weight = if motion.real.dot(real) < 0.0 {
            -weight
        } else {
            weight
        };
        real += motion.real * weight;
        dual += motion.dual * weight;
    }
    let length = real.length();
    let (rotation, dual) = (
        Quat::from_vec4(real / length),
        Quat::from_vec4(dual / length),
    );
    let shift = dual * 2.0 * rotation.conjugate();
    rotation * point + Vec3::new(shift.x, shift.y, shift.z)
}
