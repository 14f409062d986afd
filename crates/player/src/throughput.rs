//! How fast bytes come, as far as the segments tell that have come.
//!
//! Bytes over the time in which any request was under way, so that requests side by side count
//! once; what comes from a cache says nothing. A fast and a slow average: what drops is believed
//! at once, what rises only when it lasts.

use touchline_scene::{Seconds, SortedMap};

use crate::average::Average;
use crate::event::RequestId;

/// Half of the fast average is younger than this, in time with requests under way.
const FAST_HALF_LIFE_SECS: f64 = 1.0;
/// As above, of the slow one.
const SLOW_HALF_LIFE_SECS: f64 = 3.0;
/// Of the average so much is relied on: networks are not even.
const SAFETY: f64 = 0.8;
/// What comes sooner comes from a cache.
const CACHED_SECS: f64 = 0.01;
/// Arrivals closer together count as one.
const SAMPLE_SECS_MIN: f64 = 0.05;
/// As long as nothing is known: a slow phone network, bytes a second.
const UNKNOWN: f64 = 5e6 / 8.0;

impl crate::Player {
    /// How fast bytes have come, a second; none as long as nothing has been measured.
    pub fn bytes_per_sec(&self) -> Option<f64> {
        self.pack.as_ref()?.buffer.throughput.measured()
    }
}

/// Requests under way and how fast earlier ones were.
#[derive(Clone, Debug, Default)]
pub(crate) struct Throughput {
    /// When each began, and its bytes.
    flights: SortedMap<RequestId, (Seconds, u64)>,
    /// Since when bytes are waited for: the last arrival, or the first request after a pause.
    waiting_since: Seconds,
    sample_bytes: f64,
    sample_secs: f64,
    fast: Average,
    slow: Average,
}

impl Throughput {
    /// Notes a request for so many bytes.
    pub(crate) fn begin(&mut self, request: RequestId, bytes: u64, now: Seconds) {
        if self.flights.is_empty() {
            self.waiting_since = now;
        }
        self.flights.insert(request, (now, bytes));
    }

    /// Notes that a request is over; whether its bytes have come.
    pub(crate) fn end(&mut self, request: RequestId, has_arrived: bool, now: Seconds) {
        let Some((began_at, bytes)) = self.flights.remove(&request) else {
            return;
        };
        let is_cached = (now - began_at).0 < CACHED_SECS;
        if !has_arrived || is_cached {
            return;
        }
        self.sample_bytes += bytes as f64;
        self.sample_secs += (now - self.waiting_since).0.max(0.0);
        self.waiting_since = now;
        if self.sample_secs >= SAMPLE_SECS_MIN {
            let rate = self.sample_bytes / self.sample_secs;
            self.fast.add(rate, self.sample_secs, FAST_HALF_LIFE_SECS);
            self.slow.add(rate, self.sample_secs, SLOW_HALF_LIFE_SECS);
            self.sample_bytes = 0.0;
            self.sample_secs = 0.0;
        }
    }

    /// How long a request has been under way.
    pub(crate) fn age(&self, request: RequestId, now: Seconds) -> Option<Seconds> {
        self.flights
            .get(&request)
            .map(|&(began_at, _)| now - began_at)
    }

    /// The same network with nothing under way.
    pub(crate) fn idle(mut self) -> Self {
        self.flights.clear();
        self
    }

    /// Bytes a second as measured; none before the first measurement.
    pub(crate) fn measured(&self) -> Option<f64> {
        Some(self.fast.get()?.min(self.slow.get()?))
    }

    /// Bytes a second that can be relied on.
    pub(crate) fn rate(&self, now: Seconds) -> f64 {
        let averages = [&self.fast, &self.slow].map(|average| average.get().unwrap_or(UNKNOWN));
        let average = averages[0].min(averages[1]) * SAFETY;
        // No news are bad news: what is under way would have come by now.
        let waited_secs = (now - self.waiting_since).0;
        let promised = self.promised() as f64;
        if promised > 0.0 && waited_secs * average > promised {
            promised / waited_secs
        } else {
            average
        }
    }

    /// Bytes of the requests under way that are likely still to come.
    pub(crate) fn outstanding(&self, now: Seconds) -> f64 {
        let came = self.rate(now) * (now - self.waiting_since).0;
        (self.promised() as f64 - came).max(0.0)
    }

    fn promised(&self) -> u64 {
        self.flights.values().map(|&(_, bytes)| bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests of `bytes` each, `count` at a time, over a line of `rate` bytes a second.
    fn run(throughput: &mut Throughput, from: f64, rate: f64, bytes: u64, count: u64) -> f64 {
        let mut now = from;
        for batch in 0..40 {
            let ids = (0..count).map(|index| RequestId(batch * count + index));
            let ids: Vec<RequestId> = ids.collect();
            for &id in &ids {
                throughput.begin(id, bytes, Seconds(now));
            }
            // Side by side they all come at the end.
            now += (bytes * count) as f64 / rate;
            for &id in &ids {
                throughput.end(id, true, Seconds(now));
            }
        }
        now
    }

    #[test]
    fn requests_side_by_side_count_once() {
        for count in [1, 4] {
            let mut throughput = Throughput::default();
            let now = run(&mut throughput, 0.0, 1e6, 100_000, count);
            let measured = throughput.measured().unwrap();
            assert!((measured / 1e6 - 1.0).abs() < 0.01, "{count}: {measured}");
            assert_eq!(throughput.rate(Seconds(now)), measured * SAFETY);
        }
    }

    #[test]
    fn what_drops_is_believed_before_what_rises() {
        let after = |second: f64| {
            let mut throughput = Throughput::default();
            let now = run(&mut throughput, 0.0, 1e6, 1_000_000, 1);
            throughput.begin(RequestId(1000), 2_000_000, Seconds(now));
            let now = now + 2e6 / second;
            throughput.end(RequestId(1000), true, Seconds(now));
            throughput.rate(Seconds(now)) / 1e6
        };
        assert!(after(0.5e6) < 0.85 * 0.7, "{}", after(0.5e6));
        assert!(after(4e6) < 0.85 * 1.3, "{}", after(4e6));
    }

    #[test]
    fn caches_and_pauses_say_nothing() {
        let mut throughput = Throughput::default();
        let now = run(&mut throughput, 0.0, 1e6, 100_000, 1);
        let before = throughput.rate(Seconds(now));
        throughput.begin(RequestId(1000), 5_000_000, Seconds(now + 60.0));
        throughput.end(RequestId(1000), true, Seconds(now + 60.002));
        assert_eq!(throughput.rate(Seconds(now + 60.002)), before);
    }

    #[test]
    fn no_news_are_bad_news() {
        let mut throughput = Throughput::default();
        let now = run(&mut throughput, 0.0, 1e6, 100_000, 1);
        throughput.begin(RequestId(1000), 100_000, Seconds(now));
        assert!(throughput.outstanding(Seconds(now)) > 99_000.0);
        let rate = throughput.rate(Seconds(now + 10.0));
        assert!((rate - 10_000.0).abs() < 1.0, "{rate}");
        assert_eq!(throughput.outstanding(Seconds(now + 10.0)), 0.0);
    }
}
