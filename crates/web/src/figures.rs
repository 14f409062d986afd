//! What is known when a segment is asked for, for [`crate::cmcd`].

use touchline_pack::Manifest;
use touchline_player::{PlayState, Player, Stats, StreamKey};
use touchline_scene::Seconds;

use crate::cmcd::{Figures, ObjectType};

/// The figures of a segment; all but whether the picture had to wait.
///
/// - `index`: in the stream's segments.
/// - `is_seeking`: the fan waits for another moment.
pub(crate) fn of_segment(
    player: &Player,
    stats: &Stats,
    manifest: &Manifest,
    (key, index): (StreamKey, u32),
    is_seeking: bool,
) -> Figures {
    let mut figures = of_clock(player, stats, is_seeking);
    figures.is_live = Some(manifest.is_open);
    figures.content = Some(manifest.id.clone());
    figures.of_type = ObjectType::Other;
    let track = manifest.tracks.get(usize::from(key.track));
    let stream = key.stream_in(manifest);
    let Some((track, stream)) = track.zip(stream) else {
        return figures;
    };
    if stream.codec_string.is_some() {
        figures.of_type = ObjectType::Video;
    }
    // What stands still has no duration and is needed at once.
    let entry = stream.segments.get(index as usize);
    let Some(entry) = entry.filter(|_| !track.is_static) else {
        return figures;
    };
    let start = manifest.frame_rate.start_of(entry.first_frame);
    let end = manifest
        .frame_rate
        .start_of(entry.first_frame + entry.frame_count);
    figures.bytes = entry.size;
    figures.duration_secs = Some((end - start).0);
    let position = player.position();
    let rate = figures.rate.unwrap_or_default();
    if rate != 0.0 {
        let way = if rate > 0.0 {
            start - position
        } else {
            position - end
        };
        figures.deadline_secs = Some(way.0.max(0.0) / rate.abs());
    }
    figures
}

/// What holds for everything asked for now.
pub(crate) fn of_clock(player: &Player, stats: &Stats, is_seeking: bool) -> Figures {
    let state = player.state();
    let is_playing = matches!(state, PlayState::Playing | PlayState::Waiting);
    let rate = if is_playing { player.rate() } else { 0.0 };
    let position = player.position();
    let is_around = |&&(start, end): &&(Seconds, Seconds)| start <= position && position < end;
    let ahead = stats.buffered.iter().find(is_around).map(|&(start, end)| {
        if rate < 0.0 {
            position - start
        } else {
            end - position
        }
    });
    Figures {
        buffered_secs: Some(ahead.unwrap_or_default().0),
        bytes_per_sec: player.bytes_per_sec(),
        rate: Some(rate),
        is_urgent: is_seeking || matches!(state, PlayState::Loading | PlayState::Waiting),
        ..Figures::default()
    }
}
