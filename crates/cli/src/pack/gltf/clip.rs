//! Clips: the animations of a glTF file, one of which is chosen, and where it moves the nodes.
//!
//! Source: glTF 2.0 specification, section 3.11 and appendix C.

use std::ops::{Add, Mul};

use ::gltf::json::animation::{Animation, Interpolation, Property};
use ::gltf::json::validation::Checked;
use anyhow::Result;
use glam::{Quat, Vec3};

use super::document::Document;
use super::nodes::Local;
use crate::args::ClipArg;
use crate::error::BadInput;

/// The longest clip, seconds: a replay lasts seconds, so an hour is a mistake.
const CLIP_SECS_MAX: f32 = 3600.0;

/// The animation that was chosen; of a file without one nothing moves.
#[derive(Debug, Default)]
pub(super) struct Clip {
    channels: Vec<Channel>,
    /// When its last key is.
    pub(super) duration_secs: f32,
}

/// What one node does.
#[derive(Debug)]
struct Channel {
    node: usize,
    motion: Motion,
}

#[derive(Debug)]
enum Motion {
    Translation(Curve<Vec3>),
    Rotation(Curve<Quat>),
    Scale(Curve<Vec3>),
    /// One a morph target.
    Weights(Vec<Curve<f32>>),
}

impl Clip {
    /// The clip that `wanted` says.
    pub(super) fn of(document: &Document, wanted: &ClipArg) -> Result<Self> {
        let Some(animation) = choose(document, wanted)? else {
            return Ok(Self::default());
        };
        let mut clip = Self::default();
        for channel in &animation.channels {
            let target = &channel.target;
            document.get(target.node)?;
            let keys = Keys::of(document, animation, channel.sampler.value())?;
            let last = keys.times.last().copied().unwrap_or(0.0);
            clip.duration_secs = clip.duration_secs.max(last);
            let Checked::Valid(property) = target.path else {
                return Err(document.broken("a channel moves no known property").into());
            };
            clip.channels.push(Channel {
                node: target.node.value(),
                motion: keys.motion(document, property)?,
            });
        }
        if clip.duration_secs > CLIP_SECS_MAX {
            let what = format!("the clip lasts {} s", clip.duration_secs);
            let remedy = "correct the times of its keys: seconds, an hour at most";
            return Err(BadInput::new(&document.path, what, remedy).into());
        }
        Ok(clip)
    }

    /// Moves nodes from where they rest to where they are at a time.
    pub(super) fn pose(&self, locals: &mut [Local], secs: f32) {
        for channel in &self.channels {
            let local = &mut locals[channel.node];
            match &channel.motion {
                Motion::Translation(curve) => local.translation = curve.at(secs),
                Motion::Rotation(curve) => local.rotation = curve.at(secs),
                Motion::Scale(curve) => local.scale = curve.at(secs),
                Motion::Weights(curves) => {
                    local.weights = curves.iter().map(|curve| curve.at(secs)).collect();
                    continue;
                }
            }
            local.take_apart();
        }
    }
}

/// The animation that was asked for.
fn choose<'a>(document: &'a Document, wanted: &ClipArg) -> Result<Option<&'a Animation>> {
    let clips = &document.root.animations;
    let wrong = |what: String| {
        let name = |(index, clip): (usize, &Animation)| match &clip.name {
            Some(name) => format!("{index} \"{name}\""),
            None => index.to_string(),
        };
        let names: Vec<String> = clips.iter().enumerate().map(name).collect();
        let names = match names.as_slice() {
            [] => "it has none".to_owned(),
            names => format!("it has {}", names.join(", ")),
        };
        let remedy = format!("choose one by its name or number with `clip=` ({names})");
        Err(BadInput::new(&document.path, what, remedy).into())
    };
    match wanted {
        ClipArg::None => Ok(None),
        ClipArg::Only if clips.len() < 2 => Ok(clips.first()),
        ClipArg::Only => wrong(format!("the file has {} clips", clips.len())),
        ClipArg::Chosen(text) => {
            let mut named = clips.iter().filter(|clip| clip.name.as_ref() == Some(text));
            let number = || text.parse().ok().and_then(|index: usize| clips.get(index));
            match (named.next(), named.next()) {
                (Some(_), Some(_)) => wrong(format!("two clips are named \"{text}\"")),
                (found, _) => match found.or_else(number) {
                    Some(clip) => Ok(Some(clip)),
                    None => wrong(format!("the file has no clip \"{text}\"")),
                },
            }
        }
    }
}

/// A sampler's keys, not yet said of what.
struct Keys {
    times: Vec<f32>,
    interpolation: Interpolation,
    output: ::gltf::json::Index<::gltf::json::Accessor>,
}

impl Keys {
    fn of(document: &Document, animation: &Animation, sampler: usize) -> Result<Self> {
        let missing = || document.broken(format!("a clip has no sampler {sampler}"));
        let sampler = animation.samplers.get(sampler).ok_or_else(missing)?;
        let times = document.numbers::<1>(sampler.input)?;
        let times: Vec<f32> = times.into_iter().map(|[time]| time).collect();
        let is_sound = times.iter().all(|time| time.is_finite()) && times.is_sorted();
        if times.is_empty() || !is_sound {
            return Err(document
                .broken("the keys of a clip are not in order")
                .into());
        }
        let Checked::Valid(interpolation) = sampler.interpolation else {
            return Err(document
                .broken("a clip has an unknown interpolation")
                .into());
        };
        Ok(Self {
            times,
            interpolation,
            output: sampler.output,
        })
    }

    fn motion(self, document: &Document, property: Property) -> Result<Motion> {
        let output = self.output;
        Ok(match property {
            Property::Translation => Motion::Translation(self.vectors(document)?),
            Property::Scale => Motion::Scale(self.vectors(document)?),
            Property::Rotation => {
                let values = document.numbers(output)?.into_iter().map(Quat::from_array);
                Motion::Rotation(self.curve(document, values.collect())?)
            }
            Property::MorphTargetWeights => {
                let values = document.numbers::<1>(output)?.into_iter();
                Motion::Weights(self.weights(document, values.map(|[value]| value).collect())?)
            }
        })
    }

    fn vectors(&self, document: &Document) -> Result<Curve<Vec3>> {
        let values = document.numbers(self.output)?;
        self.curve(document, values.into_iter().map(Vec3::from).collect())
    }

    /// A curve for each morph target: the values of all come together at each key.
    fn weights(&self, document: &Document, values: Vec<f32>) -> Result<Vec<Curve<f32>>> {
        let row_count = self.times.len() * self.values_per_key();
        if !values.len().is_multiple_of(row_count) {
            return Err(document
                .broken("a clip has not all weights of a key")
                .into());
        }
        let target_count = values.len() / row_count;
        let of_target = |target: usize| {
            let values = values.iter().skip(target).step_by(target_count);
            self.curve(document, values.copied().collect())
        };
        (0..target_count).map(of_target).collect()
    }

    fn curve<T>(&self, document: &Document, values: Vec<T>) -> Result<Curve<T>> {
        if values.len() != self.times.len() * self.values_per_key() {
            let (values, times) = (values.len(), self.times.len());
            let what = format!("a clip has {values} values for {times} keys");
            return Err(document.broken(what).into());
        }
        Ok(Curve {
            times: self.times.clone(),
            values,
            interpolation: self.interpolation,
        })
    }

    fn values_per_key(&self) -> usize {
        values_per_key(self.interpolation)
    }
}

/// A spline's keys have a tangent before and one after.
fn values_per_key(interpolation: Interpolation) -> usize {
    match interpolation {
        Interpolation::Linear | Interpolation::Step => 1,
        Interpolation::CubicSpline => 3,
    }
}

/// A value over time; its times are finite and in order, and each has its values.
#[derive(Debug)]
struct Curve<T> {
    times: Vec<f32>,
    values: Vec<T>,
    interpolation: Interpolation,
}

impl<T: Value> Curve<T> {
    /// The value at a time; before the first key and after the last it stands still.
    fn at(&self, secs: f32) -> T {
        let next = self.times.partition_point(|&time| time <= secs);
        let from = next.saturating_sub(1);
        if next == 0 || next == self.times.len() {
            return self.key(from);
        }
        let span = self.times[next] - self.times[from];
        let share = (secs - self.times[from]) / span;
        match self.interpolation {
            Interpolation::Step => self.key(from),
            Interpolation::Linear => self.key(from).blend(self.key(next), share),
            Interpolation::CubicSpline => {
                let leaving = self.values[3 * from + 2] * span;
                let coming = self.values[3 * next] * span;
                let (square, cube) = (share * share, share * share * share);
                self.key(from) * (2.0 * cube - 3.0 * square + 1.0)
                    + leaving * (cube - 2.0 * square + share)
                    + self.key(next) * (3.0 * square - 2.0 * cube)
                    + coming * (cube - square)
            }
        }
    }

    fn key(&self, index: usize) -> T {
        match self.interpolation {
            Interpolation::Linear | Interpolation::Step => self.values[index],
            Interpolation::CubicSpline => self.values[3 * index + 1],
        }
    }
}

/// What can lie between two keys.
trait Value: Copy + Add<Output = Self> + Mul<f32, Output = Self> {
    /// From this at 0 to `to` at 1.
    fn blend(self, to: Self, share: f32) -> Self {
        self * (1.0 - share) + to * share
    }
}

impl Value for f32 {}
impl Value for Vec3 {}
impl Value for Quat {
    /// The shorter way around.
    fn blend(self, to: Self, share: f32) -> Self {
        self.slerp(to, share)
    }
}
