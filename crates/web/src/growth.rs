//! A pack that is still being made: asks for its manifest again until it has ended.
//!
//! Nothing is asked for while nobody looks, and ever less often while nothing changes; what fails
//! is tried again in silence, for what is there so far plays on.

use std::cell::RefCell;
use std::rc::Weak;
use std::sync::Arc;

use touchline_pack::{Manifest, Sha256, Track};
use touchline_player::Event;
use touchline_scene::{Held, Seconds};

use crate::cmcd::Figures;
use crate::core::{Core, enter};
use crate::fetch::{Abort, Fetched};
use crate::js;
use crate::messages::Notice;
use crate::open::{Source, manifest_at, parse};
use crate::requests::Wanted;

/// Between two requests at least, however short segments are.
const PAUSE_MIN: Seconds = Seconds(0.2);
/// Between two requests at most.
const PAUSE_MAX: Seconds = Seconds(10.0);
/// How much longer each pause is than the one before, while nothing changes.
const BACK_OFF: f64 = 1.5;

/// Follows the pack that was opened at `visit`, until it has ended or is replaced.
pub(crate) async fn follow(me: Weak<RefCell<Core>>, visit: u32) {
    let mut pause = None;
    let mut last = None;
    while let Some(manifest) = wanted(&me, visit) {
        let first = first_pause(&manifest);
        let span = pause.unwrap_or(first);
        js::sleep(span).await;
        let Some(fetched) = ask(&me, visit).await else {
            // Out of sight, or without an answer.
            pause = Some(Seconds((span.0 * BACK_OFF).min(PAUSE_MAX.0)));
            continue;
        };
        let hash = Sha256::of(&fetched.bytes.to_vec());
        if last.replace(hash) == Some(hash) || !take(&me, visit, &manifest, &fetched).await {
            pause = Some(Seconds((span.0 * BACK_OFF).min(PAUSE_MAX.0)));
        } else {
            pause = None;
        }
    }
}

/// The manifest, as long as it grows and is wanted.
fn wanted(me: &Weak<RefCell<Core>>, visit: u32) -> Option<Arc<Manifest>> {
    let mut found = None;
    enter(me, |core| {
        let is_folder = matches!(core.source.as_deref(), Some(Source::Folder { .. }));
        let manifest = core.manifest.clone();
        found = manifest.filter(|open| open.is_open && is_folder && core.visit == visit);
    });
    found
}

/// Half of a segment: so late a new one is noticed on average.
fn first_pause(manifest: &Manifest) -> Seconds {
    let streams = manifest.tracks.iter().flat_map(Track::streams);
    let last = streams.filter_map(|stream| stream.segments.last());
    let frame_count = last.map(|segment| segment.frame_count).max().unwrap_or(1);
    let half = manifest.frame_rate.start_of(frame_count) * 0.5;
    Seconds(half.0.held(PAUSE_MIN.0, PAUSE_MAX.0))
}

/// The manifest's bytes as they are now, if anybody looks and there is an answer.
async fn ask(me: &Weak<RefCell<Core>>, visit: u32) -> Option<Fetched> {
    let abort = Abort::default();
    let mut asked = None;
    enter(me, |core| {
        if core.visit == visit && core.is_visible {
            let base = core.source.as_ref().and_then(|source| source.base_url());
            asked = base.map(|base| (manifest_at(base, None), core.requests.clone()));
            core.opening = Some(abort.clone());
        }
    });
    let (manifest, requests) = asked?;
    let wanted = Wanted {
        is_anew: true,
        figures: Figures::default(),
        ..manifest
    };
    let fetched = requests.fetch(&wanted, &abort).await;
    enter(me, |core| {
        if core.visit == visit {
            core.opening = None;
        }
    });
    fetched.ok()
}

/// Goes on with another version of `manifest`; says whether it is one.
async fn take(
    me: &Weak<RefCell<Core>>,
    visit: u32,
    manifest: &Manifest,
    fetched: &Fetched,
) -> bool {
    let mut decodable = None;
    enter(me, |core| decodable = Some(core.decodable.clone()));
    let Some(decodable) = decodable else {
        return false;
    };
    let Ok(next) = parse(&fetched.bytes, "", &decodable).await else {
        return false;
    };
    if next == *manifest {
        return false;
    }
    let is_grown = manifest.check_growth(&next).is_ok();
    enter(me, |core| {
        if core.visit != visit {
            return;
        }
        let next = Arc::new(next);
        if is_grown {
            core.manifest = Some(next.clone());
            core.report.say(Notice::Grown {
                duration_secs: next.duration().0,
                frame_count: next.frame_count,
            });
        }
        // The player says what is wrong with one that is not taken.
        core.inbox.push(Event::Grown(next));
    });
    is_grown
}
