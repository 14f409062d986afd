//! An average that forgets.

/// Of values with weights, without the weight of where it began.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Average {
    sum: f64,
    weight: f64,
}

impl Average {
    /// Takes a value in that counts as long as `span`; after `half_life` more it counts half.
    pub(crate) fn add(&mut self, value: f64, span: f64, half_life: f64) {
        let half_lives = (span / half_life) as f32;
        let kept = f64::from((-std::f32::consts::LN_2 * half_lives).exp());
        self.sum = self.sum * kept + value * (1.0 - kept);
        self.weight = self.weight * kept + 1.0 - kept;
    }

    /// None before the first value.
    pub(crate) fn get(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.sum / self.weight)
    }
}
