//! Which frames are on screen: one instant of all tracks, changed only as a whole.
//!
//! Always true: every frame shown is resident with all its streams.

use touchline_scene::sorted;

use crate::buffer::{Buffer, Fit};
use crate::event::Shown;

/// How far back from the clock a picture is looked for while the clock runs, frames: at 50 a
/// second half a second, after which the picture is better held than jumping about.
const SEARCH_COUNT_MAX: u32 = 25;

/// The picture on screen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Picture {
    pub(crate) shown: Vec<Shown>,
    /// The instant it shows; `None` before the first.
    pub(crate) frame: Option<u32>,
}

/// What the picture should be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// The clock's frame.
    pub(crate) frame: u32,
    /// The way the clock runs: an earlier frame on that way will do. 0: only this one.
    pub(crate) direction: i32,
}

impl Picture {
    /// Whether all selected tracks can show `frame`, or will never be able to.
    pub(crate) fn is_showable(buffer: &Buffer, selected: &[u16], frame: u32) -> bool {
        moving(buffer, selected).all(|track| buffer.fit(track, frame) != Fit::Missing)
    }

    /// Changes to the wanted picture as far as it is there; says whether anything changed.
    pub(crate) fn update(&mut self, buffer: &Buffer, selected: &[u16], wanted: Wanted) -> bool {
        let found = self.find(buffer, selected, wanted);
        let instant = found.or(self.frame);
        let mut shown = Vec::with_capacity(selected.len());
        for &track in selected {
            let is_static = buffer.manifest.tracks[usize::from(track)].is_static;
            let frame = if is_static { Some(0) } else { found };
            let fits = frame.is_some_and(|frame| buffer.fit(track, frame) == Fit::Complete);
            match (frame.filter(|_| fits), self.of(track)) {
                (Some(frame), _) => shown.push(buffer.shown(track, frame)),
                // A gap in this track: its last picture stays beside the others.
                (None, Some(last)) if buffer.fit(track, last.frame) == Fit::Complete => {
                    shown.push(buffer.shown(track, last.frame));
                }
                _ => {}
            }
        }
        if found.is_none() {
            // The alternatives that are being replaced stay until the new ones are there.
            let stays = |last: &&Shown| {
                !shown.iter().any(|new| new.track == last.track)
                    && buffer.fit(last.track, last.frame) == Fit::Complete
            };
            let kept = self.shown.iter().filter(stays);
            let kept = kept.map(|last| buffer.shown(last.track, last.frame));
            let kept: Vec<Shown> = kept.collect();
            shown.extend(kept);
        }
        let shown = sorted(shown);
        let has_changed = shown != self.shown;
        self.shown = shown;
        self.frame = instant;
        has_changed
    }

    /// What is shown of a track.
    pub(crate) fn of(&self, track: u16) -> Option<Shown> {
        self.shown
            .iter()
            .copied()
            .find(|shown| shown.track == track)
    }

    /// The newest instant on the clock's way from the picture on screen that can be shown.
    fn find(&self, buffer: &Buffer, selected: &[u16], wanted: Wanted) -> Option<u32> {
        let mut frame = wanted.frame;
        for _ in 0..SEARCH_COUNT_MAX {
            if Self::is_showable(buffer, selected, frame) {
                return Some(frame);
            }
            if wanted.direction == 0 || Some(frame) == self.frame {
                return None;
            }
            frame = frame.checked_add_signed(-wanted.direction)?;
        }
        None
    }
}

/// The selected tracks that move.
fn moving<'a>(buffer: &'a Buffer, selected: &'a [u16]) -> impl Iterator<Item = u16> + 'a {
    let tracks = &buffer.manifest.tracks;
    selected
        .iter()
        .copied()
        .filter(|&track| !tracks[usize::from(track)].is_static)
}
