//! Learns the decision trees of `shape.rs` from point clouds.
//!
//! Greedy: of all leaves the one that gains most by asking is split, three questions at a time,
//! each question the best one after those before it.
//! A leaf's model is what was seen there.

use super::encode::{PointCloud, samples};
use super::shape::{
    ANSWER_COUNT, ASKED_AT_ONCE, LATE_BITS, LEVEL_COUNT, LearntStep, QUESTION_COUNT,
    STEP_DEPTH_MAX, WEIGHTS, lower_bits, write,
};

/// The coarsest levels of a cloud are too few nodes to learn from.
const SAMPLE_COUNT_MIN: usize = 8;

/// Learns from `clouds` and returns the bytes of the trees, `shape.bin`.
///
/// `question_count_max`: how many times each tree may ask, three questions each time.
///
/// Cost: about a minute for five million points.
pub fn train(clouds: &[PointCloud], question_count_max: usize) -> Vec<u8> {
    let samples: Vec<(u64, u8)> = clouds.iter().flat_map(samples).collect();
    let of = |with_lower: bool| -> Vec<Sample> {
        let nibble = |&(surroundings, mask): &(u64, u8)| {
            let lower = mask & 15;
            if with_lower {
                Sample {
                    surroundings: surroundings | lower_bits(lower),
                    nibble: mask >> 4,
                }
            } else {
                Sample {
                    surroundings,
                    nibble: lower,
                }
            }
        };
        samples.iter().map(nibble).collect()
    };
    let tree = |index: usize| grow(&of(index == 1), question_count_max, LATE_BITS[index]);
    write(&[tree(0), tree(1)])
}

#[derive(Clone, Copy)]
struct Sample {
    surroundings: u64,
    nibble: u8,
}

/// How often each nibble was seen.
type Counts = [u32; 16];

/// A leaf that may yet ask.
struct Leaf {
    /// Its step in the tree as it grows.
    step: usize,
    depth: usize,
    samples: Vec<Sample>,
    questions: [u8; ASKED_AT_ONCE],
    gain_bits: f64,
}

impl Leaf {
    fn new(step: usize, depth: usize, samples: Vec<Sample>, late_bits: u64) -> Self {
        let can_ask = depth < STEP_DEPTH_MAX && samples.len() >= SAMPLE_COUNT_MIN;
        let (questions, gain_bits) = if can_ask {
            let is_last = depth + 1 == STEP_DEPTH_MAX;
            best_questions(&samples, if is_last { !0 } else { !late_bits })
        } else {
            ([0; ASKED_AT_ONCE], 0.0)
        };
        Self {
            step,
            depth,
            samples,
            questions,
            gain_bits,
        }
    }
}

/// What a step is while the tree grows.
enum Grown {
    Asks([u8; ASKED_AT_ONCE], usize),
    Leaf(Counts),
}

fn grow(samples: &[Sample], question_count_max: usize, late_bits: u64) -> Vec<LearntStep> {
    let mut grown = vec![Grown::Leaf(counts(samples))];
    let mut open = vec![Leaf::new(0, 0, samples.to_vec(), late_bits)];
    for _ in 0..question_count_max {
        let best = (0..open.len()).max_by(|&a, &b| open[a].gain_bits.total_cmp(&open[b].gain_bits));
        let Some(best) = best.filter(|&best| open[best].gain_bits > 0.0) else {
            break;
        };
        let leaf = open.swap_remove(best);
        let first = grown.len();
        grown[leaf.step] = Grown::Asks(leaf.questions, first);
        for (answer, part) in split(&leaf.samples, &leaf.questions)
            .into_iter()
            .enumerate()
        {
            // Where nothing was seen, what was seen above stands in.
            let seen = if part.is_empty() {
                &leaf.samples
            } else {
                &part
            };
            grown.push(Grown::Leaf(counts(seen)));
            open.push(Leaf::new(first + answer, leaf.depth + 1, part, late_bits));
        }
    }
    breadth_first(&grown)
}

/// The tree in the order in which it is written.
fn breadth_first(grown: &[Grown]) -> Vec<LearntStep> {
    let mut order = vec![0];
    let mut steps = Vec::new();
    while let Some(&at) = order.get(steps.len()) {
        steps.push(match &grown[at] {
            Grown::Asks(questions, first) => {
                order.extend(*first..first + ANSWER_COUNT);
                LearntStep {
                    questions: Some(*questions),
                    levels: [0; 16],
                }
            }
            Grown::Leaf(counts) => LearntStep {
                questions: None,
                levels: levels(counts),
            },
        });
    }
    steps
}

/// How unlikely each nibble is, next to the most likely one.
fn levels(counts: &Counts) -> [u8; 16] {
    // As if each had been seen a little.
    let weights = counts.map(|count| f64::from(count) + 0.05);
    let most = weights
        .iter()
        .fold(0.0, |most: f64, &weight| most.max(weight));
    let bits_a_level = (f64::from(WEIGHTS[0]) / f64::from(WEIGHTS[1])).log2();
    let level = |weight: f64| ((most / weight).log2() / bits_a_level).round();
    weights.map(|weight| level(weight).min((LEVEL_COUNT - 1) as f64) as u8)
}

/// The parts of `samples` by their answers, the first question in bit 0.
fn split(samples: &[Sample], questions: &[u8]) -> Vec<Vec<Sample>> {
    let mut parts = vec![Vec::new(); 1 << questions.len()];
    for &sample in samples {
        let answers = questions.iter().enumerate();
        let part = answers.fold(0, |part, (place, &question)| {
            part | ((sample.surroundings >> question & 1) as usize) << place
        });
        parts[part].push(sample);
    }
    parts
}

/// The best question, the best after it, and so on, and what they gain together.
fn best_questions(samples: &[Sample], may_ask: u64) -> ([u8; ASKED_AT_ONCE], f64) {
    let mut questions = [0; ASKED_AT_ONCE];
    let mut gain_bits = 0.0;
    for place in 0..ASKED_AT_ONCE {
        let parts = split(samples, &questions[..place]);
        let gains = parts
            .iter()
            .fold([0.0; QUESTION_COUNT as usize], |sum, part| {
                let gains = gains(part);
                std::array::from_fn(|question| sum[question] + gains[question])
            });
        let best = (0..QUESTION_COUNT)
            .filter(|&question| may_ask >> question & 1 != 0)
            .max_by(|&a, &b| gains[usize::from(a)].total_cmp(&gains[usize::from(b)]));
        questions[place] = best.unwrap_or(0);
        gain_bits += gains[usize::from(questions[place])];
    }
    (questions, gain_bits)
}

/// The bits that each question would save.
fn gains(samples: &[Sample]) -> [f64; QUESTION_COUNT as usize] {
    let mut yes: [Counts; QUESTION_COUNT as usize] = [[0; 16]; QUESTION_COUNT as usize];
    for sample in samples {
        let mut left = sample.surroundings;
        while left != 0 {
            let question = left.trailing_zeros() as usize;
            if let Some(counts) = yes.get_mut(question) {
                counts[usize::from(sample.nibble)] += 1;
            }
            left &= left - 1;
        }
    }
    let all = counts(samples);
    let bits_before = bits(&all);
    yes.map(|yes| {
        let no = std::array::from_fn(|nibble| all[nibble] - yes[nibble]);
        bits_before - bits(&yes) - bits(&no)
    })
}

fn counts(samples: &[Sample]) -> Counts {
    let mut counts = [0; 16];
    for sample in samples {
        counts[usize::from(sample.nibble)] += 1;
    }
    counts
}

/// What coding all that was counted would take at best.
fn bits(counts: &Counts) -> f64 {
    let sum: u32 = counts.iter().sum();
    let seen = counts.iter().filter(|&&count| count > 0);
    seen.map(|&count| f64::from(count) * (f64::from(sum) / f64::from(count)).log2())
        .sum()
}
