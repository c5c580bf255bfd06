//! Finished scans → the density of each log: how many rows one microsecond of it has.
//!
//! The density decides how windows are partitioned and how many rows the planner expects. It never decides what an answer is, so it may
//! be wrong or missing.

/// Logs and filters that are remembered at most. The one that was observed longest ago is forgotten first.
const MAX_REMEMBERED: usize = 64;

/// The densities that the scans of one session observed. A log is named by a number.
#[derive(Debug, Default)]
pub struct DensityMemory {
    /// The one that was observed last stands last.
    observations: Vec<Observation>,
}

#[derive(Debug)]
struct Observation {
    log: u32,
    /// The description's columns that the request filtered by: a filter thins a log out.
    filters: Vec<usize>,
    rows: f64,
    micros: f64,
}

impl DensityMemory {
    /// A memory of nothing.
    pub const fn new() -> Self {
        Self { observations: Vec::new() }
    }

    /// Rows per microsecond observed with exactly these filters. If there were none, the unfiltered density, which can only be too high.
    pub fn density(&self, log: u32, filters: &[usize]) -> Option<f64> {
        let observation = self.find(log, filters).or_else(|| self.find(log, &[]))?;
        Some(two_digits(observation.rows / observation.micros))
    }

    /// Whether a scan with exactly these filters was observed.
    pub fn is_known(&self, log: u32, filters: &[usize]) -> bool {
        self.find(log, filters).is_some()
    }

    /// Remembers the rows that a finished scan with these filters found, and the microseconds of the log that it covered. A scan that covered
    /// none has no density.
    pub fn observe(&mut self, log: u32, filters: &[usize], rows: u64, micros: u64) {
        if micros == 0 {
            return;
        }
        let (rows, micros) = (rows as f64, micros as f64);
        let at = self.observations.iter().position(|o| o.log == log && o.filters == filters);
        let old = at.map(|at| self.observations.remove(at));
        // Older scans count half as much: logs grow denser.
        let (rows, micros) = old.map_or((rows, micros), |o| (rows + o.rows / 2.0, micros + o.micros / 2.0));
        if self.observations.len() >= MAX_REMEMBERED {
            self.observations.remove(0);
        }
        self.observations.push(Observation { log, filters: filters.to_vec(), rows, micros });
    }

    fn find(&self, log: u32, filters: &[usize]) -> Option<&Observation> {
        self.observations.iter().find(|o| o.log == log && o.filters == filters)
    }
}

/// Rounds to two digits, so that one scan more or less does not partition the same query's windows elsewhere: a cache in front of the
/// API would never see the same request again.
fn two_digits(density: f64) -> f64 {
    if density <= 0.0 {
        return 0.0;
    }
    let unit = 10_f64.powf(density.log10().floor() - 1.0);
    (density / unit).round() * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_near(density: Option<f64>, expected: f64) -> bool {
        density.is_some_and(|density| (density - expected).abs() < expected * 1e-9)
    }

    #[test]
    fn the_unfiltered_density_stands_in_for_filters_that_were_never_tried() {
        let mut memory = DensityMemory::new();
        memory.observe(1, &[], 1000, 100);
        memory.observe(1, &[3], 50, 100);
        assert!(is_near(memory.density(1, &[]), 10.0) && is_near(memory.density(1, &[3]), 0.5) && is_near(memory.density(1, &[4]), 10.0));
        assert!(memory.is_known(1, &[3]) && !memory.is_known(1, &[4]));
        assert_eq!(memory.density(2, &[]), None, "another log");
    }

    #[test]
    fn filtered_scans_say_nothing_of_the_whole_log() {
        let mut memory = DensityMemory::new();
        memory.observe(1, &[3], 50, 100);
        assert_eq!(memory.density(1, &[]), None);
    }

    #[test]
    fn older_scans_count_half_as_much() {
        let mut memory = DensityMemory::new();
        memory.observe(1, &[], 100, 100);
        memory.observe(1, &[], 400, 100);
        assert!(is_near(memory.density(1, &[]), 3.0), "(400 + 100 / 2) / (100 + 100 / 2)");
    }

    #[test]
    fn a_density_has_two_digits() {
        let mut memory = DensityMemory::new();
        memory.observe(1, &[], 12_345, 1_000_000);
        assert!(is_near(memory.density(1, &[]), 0.012));
        memory.observe(2, &[], 0, 1_000_000);
        assert_eq!(memory.density(2, &[]), Some(0.0));
    }

    #[test]
    fn a_scan_without_a_span_is_not_remembered() {
        let mut memory = DensityMemory::new();
        memory.observe(1, &[], 10, 0);
        assert!(!memory.is_known(1, &[]));
    }

    #[test]
    fn what_was_observed_longest_ago_is_forgotten_first() {
        let mut memory = DensityMemory::new();
        for log in 0..MAX_REMEMBERED as u32 {
            memory.observe(log, &[], 1, 1);
        }
        memory.observe(0, &[], 1, 1);
        memory.observe(1000, &[], 1, 1);
        assert!(memory.is_known(0, &[]) && !memory.is_known(1, &[]) && memory.is_known(2, &[]));
    }
}
