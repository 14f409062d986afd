//! From the page's words to the player's and back.

use touchline_pack::{Kind, Manifest, Role};
use touchline_player as player;
use touchline_scene::{Seconds, Viewpoint};

use crate::messages::{
    Command, Mode, Opened, PlayState, PresetInfo, Problem, SyncSource, SyncState, TrackInfo, View,
};
use crate::open::{Source, resolve};

/// The player's events behind a command; none for what is the engine's own business.
pub(crate) fn events(command: Command) -> Vec<player::Event> {
    use player::{Command as Do, Event, Gesture};
    let wanted = match command {
        Command::Open { .. }
        | Command::SetRequests(_)
        | Command::Answer { .. }
        | Command::Close {}
        | Command::Resize { .. }
        | Command::Visible { .. }
        | Command::LoseDevice {} => return Vec::new(),
        Command::ReducedMotion { is_reduced } => Do::SetMotionReduced(is_reduced),
        Command::Video(sample) => {
            return vec![Event::Video(player::VideoSample {
                media: Seconds(sample.media_secs),
                unix_ms: sample.unix_ms,
                presented_at: Seconds::from_millis(sample.shown_at_ms),
                rate: sample.rate,
                is_paused: sample.is_paused,
                is_seeking: sample.is_seeking,
            })];
        }
        Command::VideoGone {} => return vec![Event::VideoGone],
        Command::SetMode { mode: Mode::Follow } => Do::BackToLive,
        Command::SetMode { mode: Mode::Replay } => Do::SetMode(player::Mode::Replay),
        Command::Play {} => Do::Play,
        Command::Pause {} => Do::Pause,
        Command::Seek { secs } => Do::Seek(Seconds(secs)),
        Command::Step { frames } => Do::StepFrames(frames),
        Command::SetRate { rate } => Do::SetRate(rate),
        Command::SetLoop { is_looping } => Do::SetLoop(is_looping),
        Command::SetPoints { points } => {
            Do::SetPoints(points.map(|[first, last]| (Seconds(first), Seconds(last))))
        }
        Command::SetSyncOffset { secs } => Do::SetSyncOffset(Seconds(secs)),
        Command::SelectTrack { id } => Do::SelectTrack(id),
        Command::GoToPreset { id } => Do::GoToPreset(id),
        Command::GoToViewpoint { viewpoint, secs } => Do::SetViewpoint {
            viewpoint: viewpoint_of(viewpoint),
            ease: Seconds(secs),
        },
        Command::Grab { is_held } => {
            let gesture = if is_held {
                Gesture::GrabStart
            } else {
                Gesture::GrabEnd
            };
            return vec![Event::Gesture(gesture)];
        }
        Command::Orbit { yaw, pitch } => {
            let (yaw_radians, pitch_radians) = (yaw as f32, pitch as f32);
            return vec![Event::Gesture(Gesture::OrbitBy {
                yaw_radians,
                pitch_radians,
            })];
        }
        Command::Zoom { factor } => {
            return vec![Event::Gesture(Gesture::ZoomBy {
                factor: factor as f32,
            })];
        }
        Command::Pan { right, up } => {
            return vec![Event::Gesture(Gesture::PanBy {
                right: right as f32,
                up: up as f32,
            })];
        }
        Command::Retry {} => Do::RetryNow,
    };
    vec![Event::Command(wanted)]
}

/// What the page shows of a pack.
pub(crate) fn opened(manifest: &Manifest, source: &Source) -> Opened {
    let track = |track: &touchline_pack::Track| TrackInfo {
        id: track.id.clone(),
        title: track.title.clone(),
        kind: match track.kind {
            Kind::Points => "points".to_owned(),
            Kind::Mesh => "mesh".to_owned(),
        },
        role: match track.role {
            Role::Subject => "subject".to_owned(),
            Role::Ball => "ball".to_owned(),
            Role::Venue => "venue".to_owned(),
        },
        alternative: track.alternative.clone(),
        layer_count: track.layers.len().min(usize::from(u8::MAX)) as u8,
    };
    let preset = |preset: &touchline_pack::Preset| PresetInfo {
        id: preset.id.clone(),
        title: preset.title.clone(),
    };
    let poster = manifest.poster.as_deref().zip(source.base_url());
    Opened {
        title: manifest.title.clone(),
        duration_secs: manifest.duration().0,
        frame_count: manifest.frame_count,
        frame_rate: manifest.frame_rate.as_f64(),
        start_unix_ms: manifest.start_unix_ms,
        poster: poster.and_then(|(relative, base)| resolve(relative, base)),
        tracks: manifest.tracks.iter().map(track).collect(),
        presets: manifest.presets.iter().map(preset).collect(),
    }
}

/// Which clock leads.
pub(crate) fn mode(mode: player::Mode) -> Mode {
    match mode {
        player::Mode::Follow => Mode::Follow,
        player::Mode::Replay => Mode::Replay,
    }
}

/// What the transport does; a pack that is ready stands still.
pub(crate) fn play_state(state: player::PlayState) -> PlayState {
    match state {
        player::PlayState::Empty | player::PlayState::Loading => PlayState::Loading,
        player::PlayState::Ready | player::PlayState::Paused => PlayState::Paused,
        player::PlayState::Playing => PlayState::Playing,
        player::PlayState::Waiting => PlayState::Waiting,
        player::PlayState::Ended => PlayState::Ended,
        player::PlayState::Failed => PlayState::Failed,
    }
}

/// How firmly the clock holds the host's video.
pub(crate) fn sync_state(state: player::SyncState) -> SyncState {
    match state {
        player::SyncState::Locked => SyncState::Locked,
        player::SyncState::Searching => SyncState::Searching,
        player::SyncState::Lost => SyncState::Lost,
    }
}

/// Where the programme time comes from.
pub(crate) fn sync_source(source: player::SyncSource) -> SyncSource {
    match source {
        player::SyncSource::None => SyncSource::Transport,
        player::SyncSource::ProgrammeTime => SyncSource::ProgramDateTime,
        player::SyncSource::MediaTime => SyncSource::MediaTime,
    }
}

/// A viewpoint as the page has it.
pub(crate) fn view(viewpoint: Viewpoint) -> View {
    View {
        target: viewpoint.target.to_array(),
        yaw_radians: viewpoint.yaw_radians,
        pitch_radians: viewpoint.pitch_radians,
        distance_metres: viewpoint.distance_metres,
        fov_y_radians: viewpoint.fov_y_radians,
    }
}

fn viewpoint_of(view: View) -> Viewpoint {
    Viewpoint {
        target: view.target.into(),
        yaw_radians: view.yaw_radians,
        pitch_radians: view.pitch_radians,
        distance_metres: view.distance_metres,
        fov_y_radians: view.fov_y_radians,
    }
}

/// What to say where the page's hook has failed.
pub(crate) const UNSIGNED: &str =
    "the page's requestHook failed or did not answer in time: its error is on the console";

/// A problem of the player's, with words and the address it is about.
pub(crate) fn problem(problem: player::Problem, url: Option<String>) -> Problem {
    use player::Problem as P;
    let code = u32::from(problem.code);
    let status = (1100..2000).contains(&code).then(|| problem.code - P::HTTP);
    let message = match problem.code {
        P::OFFLINE => "no network, or the server allows no cross-origin request".to_owned(),
        P::TIMEOUT => "the server did not answer in time".to_owned(),
        P::UNSIGNED => UNSIGNED.to_owned(),
        P::CORRUPT => "a segment breaks the format: pack it again".to_owned(),
        P::TRUNCATED => "a segment is shorter than the manifest says: upload it again".to_owned(),
        P::HASH_MISMATCH => {
            "a segment is not what the manifest promises: upload it again, purge the CDN".to_owned()
        }
        P::CHANGED => "the pack changed otherwise than by growing: reload the page".to_owned(),
        P::UNSUPPORTED => "a track needs a newer player".to_owned(),
        P::OVER_BUDGET => "one instant of this pack needs more memory than allowed".to_owned(),
        _ => match status {
            Some(status) => format!("the server answered {status} for a segment"),
            None => format!("problem {code}"),
        },
    };
    Problem {
        code,
        is_fatal: problem.is_fatal,
        message,
        url,
        http_status: status,
    }
}
