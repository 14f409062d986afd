//! Axis-aligned boxes in the stage.

use glam::Vec3;
use serde::{Deserialize, Serialize};

/// A box in the stage, metres; empty while `lo > hi` on any axis.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// The corner with the smallest coordinates.
    pub lo: Vec3,
    /// The corner with the largest coordinates.
    pub hi: Vec3,
}

/// Where points are and how far apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    /// Around all of them.
    pub bounds: Bounds,
    /// Between neighbouring points where they are densest, metres.
    pub spacing_metres: f32,
}

impl Bounds {
    /// Holds nothing; grows with [`Bounds::include`].
    pub const EMPTY: Self = Self {
        lo: Vec3::INFINITY,
        hi: Vec3::NEG_INFINITY,
    };

    /// Whether it holds no point at all.
    pub fn is_empty(self) -> bool {
        !self.lo.cmple(self.hi).all()
    }

    /// Grows to hold `point`.
    pub fn include(&mut self, point: Vec3) {
        self.lo = self.lo.min(point);
        self.hi = self.hi.max(point);
    }

    /// The smallest box around both.
    pub fn union(self, other: Self) -> Self {
        Self {
            lo: self.lo.min(other.lo),
            hi: self.hi.max(other.hi),
        }
    }

    /// The middle; not finite if empty.
    pub fn center(self) -> Vec3 {
        (self.lo + self.hi) * 0.5
    }

    /// Edge lengths, metres; not finite if empty.
    pub fn size(self) -> Vec3 {
        self.hi - self.lo
    }

    /// Radius of the sphere around the box, metres; not finite if empty.
    pub fn radius(self) -> f32 {
        self.size().length() * 0.5
    }
}
