//! What the page is told: notices, said when something changed and no more often than it draws.

use std::collections::VecDeque;

use touchline_pack::Manifest;
use touchline_player as player;
use touchline_player::Player;
use touchline_scene::{Seconds, sorted};

use crate::convert;
use crate::js;
use crate::messages::{Notice, State, Stats, View};
use crate::picture::Picture;
use crate::screen::Screen;

/// Figures are told this often.
const STATS_PERIOD: Seconds = Seconds(0.5);
/// Times of which the median is told.
const SAMPLE_COUNT: usize = 31;

/// How far a seek or step has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Seek {
    /// None is under way.
    #[default]
    Over,
    /// The player looks for the picture.
    Asked,
    /// The player has the picture; the fan has not.
    Found,
}

/// Gathers notices until the engine is at rest.
#[derive(Debug, Default)]
pub(crate) struct Reporter {
    notices: Vec<Notice>,
    state: Option<State>,
    view: Option<View>,
    is_displayed: bool,
    seek: Seek,
    stats_at: Option<Seconds>,
    stats_drawn_count: u32,
    fetched_bytes: f64,
    decode_millis: Samples,
    draw_millis: Samples,
}

impl Reporter {
    /// Says something, once the engine is at rest.
    pub(crate) fn say(&mut self, notice: Notice) {
        self.notices.push(notice);
    }

    /// The screen is there.
    pub(crate) fn started(&mut self, screen: &Screen) {
        self.say(Notice::Started {
            renderer: "webgpu".to_owned(),
            adapter: screen.adapter_name(),
        });
    }

    /// Everything said since the last time.
    pub(crate) fn take(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// Bytes came from the network.
    pub(crate) fn fetched(&mut self, size_bytes: u32) {
        self.fetched_bytes += f64::from(size_bytes);
    }

    /// A frame was decoded.
    pub(crate) fn decoded(&mut self, millis: f64) {
        self.decode_millis.push(millis);
    }

    /// The page asked for another moment.
    pub(crate) fn seek_asked(&mut self) {
        self.seek = Seek::Asked;
    }

    /// The fan waits for the moment that was asked for.
    pub(crate) fn is_seeking(&self) -> bool {
        self.seek != Seek::Over
    }

    /// Another pack is opened.
    pub(crate) fn forget(&mut self) {
        self.seek = Seek::Over;
    }

    /// A picture is on screen.
    pub(crate) fn displayed(&mut self, picture: &Picture) {
        self.is_displayed = true;
        self.draw_millis.push(picture.cost.as_millis());
    }

    /// The player said something; `url` is what it is about.
    pub(crate) fn notified(&mut self, notice: player::Notice, url: Option<String>) {
        match notice {
            player::Notice::SyncChanged { state, source } => self.say(Notice::Sync {
                state: convert::sync_state(state),
                source: convert::sync_source(source),
            }),
            player::Notice::Problem(problem) => {
                self.say(Notice::Problem(convert::problem(problem, url)));
            }
            // The rest is in the state.
            player::Notice::StateChanged(_)
            | player::Notice::ModeChanged(_)
            | player::Notice::TracksChanged
            | player::Notice::Looped => {}
            player::Notice::Seeked => self.seek = Seek::Found,
        }
    }

    /// Compares the player with what was said last, and says what has changed.
    pub(crate) fn observe(
        &mut self,
        player: &Player,
        manifest: Option<&Manifest>,
        picture: &Picture,
    ) {
        let Some(manifest) = manifest else { return };
        // Said even if nothing else has changed: the page waits for the end of its seek.
        let is_seek_over = self.seek == Seek::Found && picture.is_settled(player);
        if is_seek_over {
            self.seek = Seek::Over;
        }
        let stats = player.stats();
        let state = State {
            is_seeking: self.seek != Seek::Over,
            ..state(player, manifest, picture, &stats)
        };
        let is_displayed = std::mem::take(&mut self.is_displayed);
        let has_news = self.state.as_ref().is_none_or(|said| {
            // Between pictures only what the page acts on; the running clock waits for the next.
            let at_once = |state: &State| {
                let tracks = state.selected_tracks.clone();
                (
                    state.play_state,
                    state.mode,
                    state.is_looping,
                    state.points,
                    state.is_before_start,
                    state.is_seeking,
                    tracks,
                )
            };
            at_once(said) != at_once(&state) || (is_displayed && *said != state)
        });
        if has_news || is_seek_over {
            self.say(Notice::State(state.clone()));
            self.state = Some(state);
        }
        let viewpoint = convert::view(player.viewpoint());
        if is_displayed && self.view != Some(viewpoint) {
            self.say(Notice::Camera { viewpoint });
            self.view = Some(viewpoint);
        }
        self.observe_stats(&stats, picture);
    }

    fn observe_stats(&mut self, stats: &player::Stats, picture: &Picture) {
        let now = js::now();
        let span = self.stats_at.map_or(Seconds(f64::INFINITY), |at| now - at);
        if span < STATS_PERIOD {
            return;
        }
        let drawn_count = picture.count - self.stats_drawn_count;
        self.stats_at = Some(now);
        self.stats_drawn_count = picture.count;
        self.say(Notice::Stats(Stats {
            drawn_count: picture.count,
            drawn_per_second: f64::from(drawn_count) / span.0,
            draw_ms: self.draw_millis.median(),
            decode_ms: self.decode_millis.median(),
            fetched_bytes: self.fetched_bytes,
            held_bytes: stats.held_bytes as f64,
            sync_error_ms: stats.sync_error.map(Seconds::as_millis),
            layer_needed: stats.layer_needed,
            element_count: picture.element_count as f64,
        }));
    }
}

fn state(player: &Player, manifest: &Manifest, picture: &Picture, stats: &player::Stats) -> State {
    let id = |track: u16| {
        manifest
            .tracks
            .get(usize::from(track))
            .map(|track| track.id.clone())
    };
    State {
        play_state: convert::play_state(player.state()),
        mode: convert::mode(player.mode()),
        position_secs: player.position().0,
        frame: picture.seen.frame,
        layer: picture.seen.layer,
        rendition: picture.seen.rendition,
        // Only the reporter knows.
        is_seeking: false,
        rate: player.rate(),
        is_looping: player.is_looping(),
        points: player.points().map(|points| points.map(|point| point.0)),
        is_before_start: stats.is_before_start,
        selected_tracks: player
            .selected_tracks()
            .iter()
            .filter_map(|&track| id(track))
            .collect(),
        buffered: stats
            .buffered
            .iter()
            .map(|(start, end)| [start.0, end.0])
            .collect(),
    }
}

/// The last few of some times.
#[derive(Debug, Default)]
struct Samples {
    /// Whole microseconds: floats have no order.
    micros: VecDeque<u32>,
}

impl Samples {
    fn push(&mut self, millis: f64) {
        if self.micros.len() == SAMPLE_COUNT {
            self.micros.pop_front();
        }
        self.micros.push_back((millis * 1000.0) as u32);
    }

    /// Milliseconds; 0 where there are none.
    fn median(&self) -> f64 {
        let in_order = sorted(self.micros.iter().copied().collect());
        let median = in_order.get(in_order.len() / 2);
        median.map_or(0.0, |&micros| f64::from(micros) / 1000.0)
    }
}
