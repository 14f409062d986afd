//! What may change from one version of an open manifest to the next.
//!
//! Follows FORMAT.md 2.8.
//! So a player that has read one version can go on with another in place: whatever it holds is
//! still right.

use crate::manifest::{in_track, rule};
use crate::{Manifest, PackError, Stream, Track};

impl Manifest {
    /// Holds `next`, a version that was read later, against what may have changed since this one.
    ///
    /// Both are checked manifests ([`Manifest::check`]).
    ///
    /// # Errors
    /// [`PackError::Malformed`] for the first rule that is broken.
    ///
    /// Source: FORMAT.md 2.8.
    pub fn check_growth(&self, next: &Self) -> Result<(), PackError> {
        let closed = "a manifest that is not open stays as it is";
        rule("2.8", self.is_open || self == next, closed)?;
        let grows = next.frame_count >= self.frame_count;
        rule("2.8", grows, "`frameCount` does not fall")?;
        let holds = self.bounds.union(next.bounds) == next.bounds;
        rule("2.8", holds, "`bounds` hold those of the version before")?;
        let mut expected = self.clone();
        for (track, next) in expected.tracks.iter_mut().zip(&next.tracks) {
            grow_track(track, next).map_err(|error| in_track(error, &next.id))?;
        }
        expected.is_open = next.is_open;
        expected.frame_count = next.frame_count;
        expected.bounds = next.bounds;
        rule("2.8", expected == *next, "nothing else changes")
    }
}

/// Takes over what may change in the streams of a track.
fn grow_track(track: &mut Track, next: &Track) -> Result<(), PackError> {
    track
        .streams_mut()
        .zip(next.streams())
        .try_for_each(|(stream, next)| grow_stream(stream, next))
}

fn grow_stream(stream: &mut Stream, next: &Stream) -> Result<(), PackError> {
    let stays = next.segments.starts_with(&stream.segments);
    rule("2.8", stays, "the segments that are there stay")?;
    let falls = next.element_count_max < stream.element_count_max
        || next.triangle_count_max < stream.triangle_count_max
        || next.codec_string < stream.codec_string;
    let text = "`elementCountMax`, `triangleCountMax` and `codecString` do not fall";
    rule("2.8", !falls, text)?;
    stream.segments.clone_from(&next.segments);
    stream.element_count_max = next.element_count_max;
    stream.triangle_count_max = next.triangle_count_max;
    if stream.codec_string.is_some() {
        stream.codec_string.clone_from(&next.codec_string);
    }
    Ok(())
}
