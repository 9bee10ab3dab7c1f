//! [`Buffer`]: recorded values that are not yet written.

use super::dimensions::{Dimension, DimensionSet, merged};
use super::error::{Kind as ErrorKind, MetricsError, shown};
use super::limits;
use super::settings::Settings;
use super::unit::Unit;

/// The aggregation of several values of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aggregation {
    /// Each value is kept.
    Each,
    /// The only value is the sum.
    Sum,
    /// The only value is the last one.
    Last,
}

/// One value of one metric.
#[derive(Clone, Copy)]
pub(super) struct Measurement<'a> {
    pub(super) name: &'a str,
    pub(super) unit: Unit,
    pub(super) high_resolution: bool,
    pub(super) aggregation: Aggregation,
    pub(super) value: f64,
}

#[derive(Debug)]
pub(super) struct Metric {
    pub(super) name: String,
    pub(super) unit: Unit,
    pub(super) high_resolution: bool,
    aggregation: Aggregation,
    pub(super) values: Vec<f64>,
}

/// The metrics with the same labels. A blob has one value of a dimension, so each group has separate blobs.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) labels: Vec<Dimension>,
    pub(super) metrics: Vec<Metric>,
}

#[derive(Debug, Default)]
pub(super) struct Buffer {
    pub(super) dimensions: Vec<Dimension>,
    pub(super) sets: Vec<Vec<Dimension>>,
    /// Keys and their JSON texts.
    pub(super) metadata: Vec<(String, String)>,
    /// The time in milliseconds since 1970.
    pub(super) timestamp: Option<u64>,
    pub(super) groups: Vec<Group>,
    metrics: usize,
    values: usize,
    /// The invocation is over.
    pub(super) closed: bool,
    /// The facade's metrics for which a warning was logged.
    warned: Vec<String>,
}

impl Buffer {
    /// The maximum numbers of metrics and values, which bound memory and the time of a look-up.
    const METRICS: usize = 1_000;
    const VALUES: usize = 10_000;
    /// The maximum size of dimensions and metadata, in bytes: the rest of a blob's 256 KB is for metrics.
    const FRAME: usize = 128 * 1024;

    /// Returns the buffer after the end of an invocation.
    pub(super) fn closed() -> Self {
        Self { closed: true, ..Self::default() }
    }

    pub(super) fn is_full(&self) -> bool {
        self.metrics >= Self::METRICS || self.values >= Self::VALUES
    }

    pub(super) fn is_empty(&self) -> bool {
        self.metrics == 0
    }

    /// Takes the metrics, with a copy of the dimensions and metadata, which stay for later metrics.
    pub(super) fn take_metrics(&mut self) -> Self {
        Self {
            dimensions: self.dimensions.clone(),
            sets: self.sets.clone(),
            metadata: self.metadata.clone(),
            timestamp: self.timestamp,
            groups: std::mem::take(&mut self.groups),
            metrics: std::mem::take(&mut self.metrics),
            values: std::mem::take(&mut self.values),
            ..Self::default()
        }
    }

    /// Returns `true` if a warning about this metric is the first one.
    pub(super) fn warns(&mut self, name: &str) -> bool {
        const MOST: usize = 20;
        let new = self.warned.len() < MOST && !self.warned.iter().any(|warned| warned == name);
        if new {
            self.warned.push(name.to_owned());
        }
        new
    }

    pub(super) fn record(
        &mut self,
        settings: Option<&Settings>,
        labels: &[Dimension],
        measurement: Measurement<'_>,
    ) -> Result<(), MetricsError> {
        let Measurement { name, unit, high_resolution, aggregation, value } = measurement;
        limits::value(name, value)?;
        let group = self.groups.iter().position(|group| group.labels == labels);
        if group.is_none() {
            self.check_labels(settings, labels)?;
        }
        let its = group.and_then(|group| self.groups.get_mut(group));
        let Some(metric) = its.and_then(|its| its.metrics.iter_mut().find(|metric| metric.name == name)) else {
            limits::name(name)?;
            if self.is_in_each_blob(settings, name) || labels.iter().any(|(label, _)| label == name) {
                return Err(taken(name, "a dimension or metadata"));
            }
            let metric = Metric { name: name.to_owned(), unit, high_resolution, aggregation, values: vec![value] };
            match group {
                Some(group) => self.groups[group].metrics.push(metric),
                None => self.groups.push(Group { labels: labels.to_vec(), metrics: vec![metric] }),
            }
            self.metrics += 1;
            self.values += 1;
            return Ok(());
        };
        if (metric.unit, metric.high_resolution, metric.aggregation) != (unit, high_resolution, aggregation) {
            let message = format!(
                "the metric {} was already recorded with another unit, resolution or kind (first {}, now {unit})",
                shown(name),
                metric.unit
            );
            return Err(MetricsError::new(ErrorKind::Mismatch, message));
        }
        match (aggregation, metric.values.as_mut_slice()) {
            (Aggregation::Sum, [sum, ..]) => {
                limits::value(name, *sum + value)?;
                *sum += value;
            }
            (Aggregation::Last, [last, ..]) => *last = value,
            _ => {
                metric.values.push(value);
                self.values += 1;
            }
        }
        Ok(())
    }

    /// Checks that a group may have these labels.
    fn check_labels(&self, settings: Option<&Settings>, labels: &[Dimension]) -> Result<(), MetricsError> {
        for (name, value) in labels {
            limits::dimension(name, value)?;
            if self.metadata.iter().any(|(key, _)| key == name) {
                return Err(taken(name, "metadata"));
            }
        }
        self.check_sizes(settings, labels)
    }

    /// Adds a dimension to each blob. Returns `true` if it had another value before.
    pub(super) fn dimension(
        &mut self,
        settings: Option<&Settings>,
        name: &str,
        value: &str,
    ) -> Result<bool, MetricsError> {
        limits::dimension(name, value)?;
        self.is_free_for_dimension(name)?;
        if self.sets.iter().flatten().any(|(other, its)| other == name && its != value) {
            return Err(taken(name, "a dimension with another value"));
        }
        if let Some((_, old)) = self.dimensions.iter_mut().find(|(other, _)| other == name) {
            let other = old != value;
            value.clone_into(old);
            return Ok(other);
        }
        self.dimensions.push((name.to_owned(), value.to_owned()));
        self.keep(self.check_all(settings), |buffer| drop(buffer.dimensions.pop()))?;
        Ok(false)
    }

    /// Adds another set to each blob.
    pub(super) fn set(&mut self, settings: Option<&Settings>, set: Vec<Dimension>) -> Result<(), MetricsError> {
        let main = main_set(settings, self, &[]);
        let beside = |name: &str, value: &str| {
            let sets = self.sets.iter().flatten().map(|(name, value)| (&**name, &**value));
            main.iter().copied().chain(sets).all(|(other, its)| other != name || its == value)
        };
        for (name, value) in &set {
            limits::dimension(name, value)?;
            self.is_free_for_dimension(name)?;
            if !beside(name, value) {
                return Err(taken(name, "a dimension with another value"));
            }
        }
        self.sets.push(set);
        self.keep(self.check_all(settings), |buffer| drop(buffer.sets.pop()))
    }

    /// Adds JSON to each blob.
    pub(super) fn metadata(
        &mut self,
        settings: Option<&Settings>,
        key: &str,
        json: String,
    ) -> Result<(), MetricsError> {
        limits::metadata(key)?;
        let is_label = |group: &Group| group.labels.iter().any(|(label, _)| label == key);
        let is_metadata = self.metadata.iter().any(|(other, _)| other == key);
        if self.is_metric(key)
            || self.groups.iter().any(is_label)
            || (!is_metadata && self.is_in_each_blob(settings, key))
        {
            return Err(taken(key, "a metric or a dimension"));
        }
        let old = self.metadata.iter().position(|(other, _)| other == key).map(|at| self.metadata.remove(at));
        self.metadata.push((key.to_owned(), json));
        self.keep(self.check_sizes(settings, &[]), |buffer| {
            buffer.metadata.pop();
            buffer.metadata.extend(old);
        })
    }

    /// Undoes a change that failed its check.
    fn keep(&mut self, checked: Result<(), MetricsError>, undo: impl FnOnce(&mut Self)) -> Result<(), MetricsError> {
        if checked.is_err() {
            undo(self);
        }
        checked
    }

    fn is_metric(&self, name: &str) -> bool {
        self.groups.iter().flat_map(|group| &group.metrics).any(|metric| metric.name == name)
    }

    fn is_free_for_dimension(&self, name: &str) -> Result<(), MetricsError> {
        match self.is_metric(name) || self.metadata.iter().any(|(key, _)| key == name) {
            true => Err(taken(name, "a metric or metadata")),
            false => Ok(()),
        }
    }

    /// Returns `true` if each blob has a member of this name that is not a metric.
    fn is_in_each_blob(&self, settings: Option<&Settings>, name: &str) -> bool {
        let defaults = settings.iter().flat_map(|settings| &settings.default_dimensions);
        let service = settings.is_some_and(|settings| settings.service.is_some()) && name == "service";
        let mut dimensions = defaults.chain(&self.dimensions).chain(self.sets.iter().flatten());
        service || dimensions.any(|(other, _)| other == name) || self.metadata.iter().any(|(key, _)| key == name)
    }

    fn check_all(&self, settings: Option<&Settings>) -> Result<(), MetricsError> {
        self.check_sizes(settings, &[])?;
        self.groups.iter().try_for_each(|group| self.check_sizes(settings, &group.labels))
    }

    /// Checks that no metric with these labels has too many dimensions, and that each blob has enough space for
    /// metrics.
    fn check_sizes(&self, settings: Option<&Settings>, labels: &[Dimension]) -> Result<(), MetricsError> {
        limits::too_many(main_set(settings, self, labels).len())?;
        for set in &self.sets {
            limits::too_many(further_set(settings, set, labels).len())?;
        }
        // Printable ASCII is at most doubled by escaping, other text at most six times as long.
        let dimensions = self.dimensions.iter().chain(self.sets.iter().flatten());
        let dimensions: usize = dimensions.map(|(name, value)| 4 * name.len() + 2 * value.len() + 16).sum();
        let metadata: usize = self.metadata.iter().map(|(key, json)| 6 * key.len() + json.len() + 4).sum();
        match dimensions + metadata <= Self::FRAME {
            true => Ok(()),
            false => Err(MetricsError::new(
                ErrorKind::TooLarge,
                "the dimensions and the metadata of an invocation must have at most 128 KB, of the 256 KB of a blob",
            )),
        }
    }
}

fn taken(name: &str, what: &str) -> MetricsError {
    MetricsError::new(ErrorKind::Taken, format!("{} is already the name of {what} in this invocation", shown(name)))
}

/// Returns the first set of a blob, in the order of Powertools: the dimensions of the layer, those of the invocation,
/// the labels, and the service if no other dimension has its name.
pub(super) fn main_set<'a>(
    settings: Option<&'a Settings>,
    buffer: &'a Buffer,
    labels: &'a [Dimension],
) -> DimensionSet<'a> {
    let mut set = merged([defaults(settings), &buffer.dimensions, labels]);
    if let Some(service) = settings.and_then(|settings| settings.service.as_deref())
        && !set.iter().any(|(name, _)| *name == "service")
    {
        set.push(("service", service));
    }
    set
}

/// Returns another set of a blob: the dimensions of the layer, those of the set, and the labels.
pub(super) fn further_set<'a>(
    settings: Option<&'a Settings>,
    own: &'a [Dimension],
    labels: &'a [Dimension],
) -> DimensionSet<'a> {
    merged([defaults(settings), own, labels])
}

fn defaults(settings: Option<&Settings>) -> &[Dimension] {
    settings.map_or(&[], |settings| &settings.default_dimensions)
}
