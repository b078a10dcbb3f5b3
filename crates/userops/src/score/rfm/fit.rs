//! Finding the cuts of a population.

use std::cmp::Ordering;

use rayon::prelude::*;

use super::options::{BinMethod, MeasureOptions, Nesting, RfmOptions};
use super::{Measures, RfmModel};
use crate::error::Result;
use crate::score::select::place_ranks;
use crate::score::{Comparison, CutValues, Cuts, Direction, MeasureValues};
use crate::value::ValueType;

/// A copy of some users' values, which selection may put out of order.
enum Scratch {
    Integer(Vec<i64>),
    Float(Vec<f64>),
}

impl Scratch {
    fn all(values: MeasureValues<'_>) -> Self {
        match values {
            MeasureValues::Integer(values) => Self::Integer(values.to_vec()),
            MeasureValues::Float(values) => Self::Float(values.to_vec()),
        }
    }

    fn gather(values: MeasureValues<'_>, rows: &[usize]) -> Self {
        match values {
            MeasureValues::Integer(values) => Self::Integer(rows.iter().map(|row| values[*row]).collect()),
            MeasureValues::Float(values) => Self::Float(rows.iter().map(|row| values[*row]).collect()),
        }
    }
}

/// Fits a model on measures and options that have been checked.
pub(super) fn fit(measures: &Measures<'_>, options: RfmOptions) -> Result<RfmModel> {
    let (recency, frequency, monetary) = match options.nesting {
        Nesting::Independent => fit_independent(measures, &options)?,
        Nesting::Nested => fit_nested(measures, &options)?,
    };
    Ok(RfmModel { options, user_count: measures.user_count() as u64, recency, frequency, monetary })
}

type Nest = (Cuts, Vec<Cuts>, Vec<Vec<Cuts>>);

fn fit_independent(measures: &Measures<'_>, options: &RfmOptions) -> Result<Nest> {
    let fit = |values, options| fit_cuts(Scratch::all(values), options);
    let (recency, (frequency, monetary)) = rayon::join(
        || fit(measures.recency, &options.recency),
        || rayon::join(|| fit(measures.frequency, &options.frequency), || fit(measures.monetary, &options.monetary)),
    );
    Ok((recency?, vec![frequency?], vec![vec![monetary?]]))
}

/// Frequency within each recency score, monetary value within each pair; a group without users takes those around it.
fn fit_nested(measures: &Measures<'_>, options: &RfmOptions) -> Result<Nest> {
    let everybody: Vec<usize> = (0..measures.user_count()).collect();
    let recency = fit_cuts(Scratch::all(measures.recency), &options.recency)?;
    let levels = recency.levels(&options.recency.name, measures.recency)?;
    let inner: Result<Vec<(Cuts, Vec<Cuts>)>> = rows_by_level(&everybody, &levels, recency.level_max())
        .par_iter()
        .map(|rows| fit_within(measures, options, if rows.is_empty() { &everybody } else { rows }))
        .collect();
    let (frequency, monetary) = inner?.into_iter().unzip();
    Ok((recency, frequency, monetary))
}

/// The cuts of frequency among these users, and of monetary value within each of its scores.
fn fit_within(measures: &Measures<'_>, options: &RfmOptions, rows: &[usize]) -> Result<(Cuts, Vec<Cuts>)> {
    let frequency = fit_cuts(Scratch::gather(measures.frequency, rows), &options.frequency)?;
    let levels = match Scratch::gather(measures.frequency, rows) {
        Scratch::Integer(values) => frequency.levels(&options.frequency.name, (&values).into())?,
        Scratch::Float(values) => frequency.levels(&options.frequency.name, (&values).into())?,
    };
    let monetary: Result<Vec<Cuts>> = rows_by_level(rows, &levels, frequency.level_max())
        .iter()
        .map(|inner| if inner.is_empty() { rows } else { inner })
        .map(|inner| fit_cuts(Scratch::gather(measures.monetary, inner), &options.monetary))
        .collect();
    Ok((frequency, monetary?))
}

fn rows_by_level(rows: &[usize], levels: &[u8], level_max: u8) -> Vec<Vec<usize>> {
    let mut groups = vec![Vec::new(); usize::from(level_max)];
    for (row, level) in rows.iter().zip(levels) {
        groups[usize::from(*level) - 1].push(*row);
    }
    groups
}

/// The cuts of at least one value.
fn fit_cuts(values: Scratch, options: &MeasureOptions) -> Result<Cuts> {
    let (direction, bins) = (options.direction, usize::from(options.bins));
    match (&options.method, values) {
        (BinMethod::Thresholds(thresholds), Scratch::Integer(_)) => thresholds.cuts(direction, ValueType::Integer),
        (BinMethod::Thresholds(thresholds), Scratch::Float(_)) => thresholds.cuts(direction, ValueType::Float),
        (BinMethod::LowRank, Scratch::Integer(mut values)) => {
            let cuts = low_rank_cuts(&mut values, bins, direction, i64::cmp);
            Cuts::new(direction, Comparison::Above, CutValues::Integer(cuts))
        }
        (BinMethod::LowRank, Scratch::Float(mut values)) => {
            let cuts = low_rank_cuts(&mut values, bins, direction, f64::total_cmp);
            Cuts::new(direction, Comparison::Above, CutValues::Float(cuts))
        }
        (BinMethod::Quantile, Scratch::Integer(mut values)) => {
            let points = quantile_points(&mut values, bins, i64::cmp);
            let scaled = distinct_inner(points.iter().map(|point| point.scaled(bins)).collect());
            let cuts = scaled.iter().map(|scaled| scaled.div_euclid(bins as i128) as i64).collect();
            quantile_cuts(CutValues::Integer(cuts), direction)
        }
        (BinMethod::Quantile, Scratch::Float(mut values)) => {
            let points = quantile_points(&mut values, bins, f64::total_cmp);
            let mut highest = f64::NEG_INFINITY;
            let edges = points.iter().map(|point| {
                // Rounding must not put a quantile below the one before it.
                highest = point.interpolated(bins).max(highest);
                highest
            });
            let cuts = distinct_inner(edges.collect());
            quantile_cuts(CutValues::Float(cuts), direction)
        }
    }
}

/// The values that a user must be better than for each score from 2 on, the worst first.
///
/// A score of s + 1 asks for at least k = ⌈s·N / bins⌉ users who are strictly worse: for a value better than the k-th
/// worst.
fn low_rank_cuts<T, F>(values: &mut [T], bins: usize, direction: Direction, compare: F) -> Vec<T>
where
    T: Copy,
    F: Fn(&T, &T) -> Ordering + Copy,
{
    let count = values.len();
    let mut ranks: Vec<usize> = (1..bins).map(|score| (score * count).div_ceil(bins) - 1).collect();
    if direction == Direction::LowerIsBetter {
        ranks.iter_mut().for_each(|rank| *rank = count - 1 - *rank);
    }
    let mut ascending = ranks.clone();
    ascending.sort_unstable();
    place_ranks(values, &ascending, compare);
    ranks.into_iter().map(|rank| values[rank]).collect()
}

/// A quantile between two neighbours in order: `below` + (`part` / bins) · (`above` − `below`).
struct QuantilePoint<T> {
    below: T,
    above: T,
    part: usize,
}

/// The quantiles 0, 1/bins, … 1 of type 7, which stand at (N − 1)·i / bins in ascending order.
fn quantile_points<T, F>(values: &mut [T], bins: usize, compare: F) -> Vec<QuantilePoint<T>>
where
    T: Copy,
    F: Fn(&T, &T) -> Ordering + Copy,
{
    let last = values.len() - 1;
    let places: Vec<(usize, usize)> = (0..=bins).map(|i| (last * i / bins, last * i % bins)).collect();
    let mut ranks: Vec<usize> = places.iter().flat_map(|(rank, _)| [*rank, (rank + 1).min(last)]).collect();
    ranks.sort_unstable();
    ranks.dedup();
    place_ranks(values, &ranks, compare);
    places
        .into_iter()
        .map(|(rank, part)| QuantilePoint { below: values[rank], above: values[(rank + 1).min(last)], part })
        .collect()
}

impl QuantilePoint<i64> {
    /// The quantile times the number of bins, exactly.
    fn scaled(&self, bins: usize) -> i128 {
        let (below, above) = (i128::from(self.below), i128::from(self.above));
        below * bins as i128 + (above - below) * self.part as i128
    }
}

impl QuantilePoint<f64> {
    /// The quantile, never outside its two neighbours however it is rounded.
    fn interpolated(&self, bins: usize) -> f64 {
        let weight = self.part as f64 / bins as f64;
        (self.below * (1.0 - weight) + self.above * weight).clamp(self.below, self.above)
    }
}

/// Ascending edges, without those that repeat, and without the outermost two.
fn distinct_inner<T: PartialEq>(mut edges: Vec<T>) -> Vec<T> {
    edges.dedup();
    edges.pop();
    edges.drain(..edges.len().min(1));
    edges
}

/// Bins are (lower, upper]: what is higher must pass the edge, what is lower may lie on it.
fn quantile_cuts(mut edges: CutValues, direction: Direction) -> Result<Cuts> {
    let comparison = match direction {
        Direction::HigherIsBetter => Comparison::Above,
        Direction::LowerIsBetter => Comparison::AtLeast,
    };
    if direction == Direction::LowerIsBetter {
        match &mut edges {
            CutValues::Integer(edges) => edges.reverse(),
            CutValues::Float(edges) => edges.reverse(),
        }
    }
    Cuts::new(direction, comparison, edges)
}
