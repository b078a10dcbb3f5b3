//! Customers drawn from a model.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bg_bb::OCCASIONS_MAX;
use super::history::REPEATS_MAX;
use super::model::{BtydModel, check_options, occasions};
use super::read::{Rows, numbers, whole_numbers};
use super::shifted_beta_geometric::PERIODS_MAX;
use crate::analytics::log_odds::logistic;
use crate::error::{Result, invalid_argument};
use crate::sample::Random;
use crate::table::Table;

/// Sets the stream of each customer apart from those of other uses of the generator.
const SALT: u64 = 0x6274_7964;
/// Rows that one task takes.
const CHUNK: usize = 1_024;

/// How customers are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BtydSimulationOptions {
    /// The same seed gives the same customers, on any machine and with any number of threads.
    pub seed: u64,
    /// How far to look beyond what is observed; without it the future is not told.
    pub horizon: Option<f64>,
}

impl BtydSimulationOptions {
    /// Draws with this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, horizon: None }
    }

    /// The same with what comes so long after what is observed.
    #[must_use]
    pub fn horizon(mut self, horizon: f64) -> Self {
        self.horizon = Some(horizon);
        self
    }
}

/// One customer as drawn. Of a model that does not tell something it is 0.
#[derive(Debug, Clone, Copy, Default)]
struct Drawn {
    x: u32,
    t_x: f64,
    alive: bool,
    later: u32,
}

impl BtydModel {
    /// Draws a customer for each row of a table, from which only the time observed is read: `T`, or `n` of BG/BB, or
    /// `duration`, the most periods of a contract, or `x`, the number of purchases whose mean spend is drawn.
    ///
    /// Tells the columns that [`fit_btyd`](super::fit_btyd) reads, and `alive`, whether the customer is still there at the
    /// end; with a horizon also `future_x`, the purchases within it. Unknown where the row is. A customer's draws depend on
    /// the seed and the number of the row alone. No customer buys more than [`REPEATS_MAX`] times.
    ///
    /// # Errors
    /// Those of [`BtydModel::score`] for parameters, columns and the horizon, which contracts and spend have no use for.
    pub fn simulate(&self, customers: &Table, options: impl Into<BtydSimulationOptions>) -> Result<Table> {
        self.check()?;
        let BtydSimulationOptions { seed, horizon } = options.into();
        check_options(self.kind(), horizon, None)?;
        match self {
            Self::BgNbd(model) => {
                let times = read_times(customers)?;
                let draw = |random: &mut Random, time: f64, end: f64| {
                    let rate = gamma(random, model.r) / model.alpha;
                    let leaves = beta(random, model.a, model.b);
                    buy(random, rate, (time, end), f64::INFINITY, leaves)
                };
                purchases(&times, seed, horizon, draw)
            }
            Self::MbgNbd(model) => {
                let times = read_times(customers)?;
                let draw = |random: &mut Random, time: f64, end: f64| {
                    let rate = gamma(random, model.r) / model.alpha;
                    let leaves = beta(random, model.a, model.b);
                    let leaves_at = if unit(random) < leaves { 0.0 } else { f64::INFINITY };
                    buy(random, rate, (time, end), leaves_at, leaves)
                };
                purchases(&times, seed, horizon, draw)
            }
            Self::ParetoNbd(model) => {
                let times = read_times(customers)?;
                let draw = |random: &mut Random, time: f64, end: f64| {
                    let rate = gamma(random, model.r) / model.alpha;
                    let leaving = gamma(random, model.s) / model.beta;
                    let leaves_at = exponential(random) / leaving;
                    buy(random, rate, (time, end), leaves_at, 0.0)
                };
                purchases(&times, seed, horizon, draw)
            }
            Self::BgBb(model) => {
                let rows = whole_numbers(customers, "n", u64::from(OCCASIONS_MAX))?;
                let rows = Rows::read(customers, |row| Ok(rows(row)?.map(|n| n as u32)))?.rows;
                let more = horizon.map(occasions).transpose()?;
                let drawn = draw_rows(&rows, seed, |random, n| {
                    let (buys, leaves) =
                        (beta(random, model.alpha, model.beta), beta(random, model.gamma, model.delta));
                    visit(random, buys, leaves, *n, more.unwrap_or(0))
                });
                let table = Table::new(rows.len())
                    .with("x", tell(&drawn, |one| i64::from(one.x)))?
                    .with("t_x", tell(&drawn, |one| one.t_x as i64))?
                    .with("n", rows.iter().map(|n| n.map(i64::from)).collect::<Vec<_>>())?;
                with_future(table, &drawn, horizon)
            }
            Self::ShiftedBetaGeometric(model) => {
                no_future(horizon, self.kind().name())?;
                let rows = whole_numbers(customers, "duration", u64::from(PERIODS_MAX))?;
                let rows = Rows::read(customers, |row| Ok(rows(row)?.map(|periods| periods as u32)))?.rows;
                let drawn = draw_rows(&rows, seed, |random, most| {
                    let cancels = beta(random, model.alpha, model.beta);
                    let last = (1..=*most).find(|_| unit(random) < cancels);
                    Drawn { x: last.unwrap_or(*most), alive: last.is_none(), ..Drawn::default() }
                });
                Table::new(rows.len())
                    .with("duration", tell(&drawn, |one| i64::from(one.x)))?
                    .with("event", tell(&drawn, |one| i64::from(!one.alive)))
            }
            Self::GammaGamma(model) => {
                let rows = whole_numbers(customers, "x", u64::from(REPEATS_MAX))?;
                let rows = Rows::read(customers, |row| Ok(rows(row)?.map(|x| x as u32)))?.rows;
                let spends = draw_rows(&rows, seed, |random, x| {
                    let rate = gamma(random, model.q) / model.v;
                    // The sum of x amounts of Γ(p, ν) is Γ(p x, ν).
                    (*x > 0).then(|| gamma(random, model.p * f64::from(*x)) / rate / f64::from(*x))
                });
                Table::new(rows.len())
                    .with("x", rows.iter().map(|x| x.map(i64::from)).collect::<Vec<_>>())?
                    .with("mean_spend", spends.into_iter().map(Option::flatten).collect::<Vec<_>>())
            }
        }
    }
}

fn no_future(horizon: Option<f64>, model: &str) -> Result<()> {
    match horizon {
        Some(_) => Err(invalid_argument(format!("{model} is drawn as far as it is observed: leave the horizon out"))),
        None => Ok(()),
    }
}

fn read_times(customers: &Table) -> Result<Vec<Option<f64>>> {
    let times = numbers(customers, "T")?;
    let rows = Rows::read(customers, |row| match times(row)? {
        Some(time) if time < 0.0 => Err(invalid_argument(format!("T is {time}: it is a time from 0 on"))),
        time => Ok(time),
    })?;
    Ok(rows.rows)
}

/// Draws for each row that is known, from a stream of its own.
fn draw_rows<T: Sync, D: Send>(
    rows: &[Option<T>],
    seed: u64,
    draw: impl Fn(&mut Random, &T) -> D + Sync,
) -> Vec<Option<D>> {
    let ranges: Vec<Range<usize>> =
        (0..rows.len()).step_by(CHUNK).map(|start| start..(start + CHUNK).min(rows.len())).collect();
    let part = |range: Range<usize>| {
        let one =
            |row: usize| rows[row].as_ref().map(|value| draw(&mut Random::of_user(seed, SALT, row as u32), value));
        range.map(one).collect::<Vec<_>>()
    };
    ranges.into_par_iter().flat_map_iter(part).collect()
}

fn tell<T>(drawn: &[Option<Drawn>], value: impl Fn(&Drawn) -> T) -> Vec<Option<T>> {
    drawn.iter().map(|one| one.as_ref().map(&value)).collect()
}

fn with_future(table: Table, drawn: &[Option<Drawn>], horizon: Option<f64>) -> Result<Table> {
    let table = table.with("alive", tell(drawn, |one| i64::from(one.alive)))?;
    match horizon {
        Some(_) => table.with("future_x", tell(drawn, |one| i64::from(one.later))),
        None => Ok(table),
    }
}

fn purchases(
    times: &[Option<f64>],
    seed: u64,
    horizon: Option<f64>,
    draw: impl Fn(&mut Random, f64, f64) -> Drawn + Sync,
) -> Result<Table> {
    let more = horizon.unwrap_or(0.0);
    let drawn = draw_rows(times, seed, |random, time| draw(random, *time, time + more));
    let table = Table::new(times.len())
        .with("x", tell(&drawn, |one| i64::from(one.x)))?
        .with("t_x", tell(&drawn, |one| one.t_x))?
        .with("T", times.to_vec())?;
    with_future(table, &drawn, horizon)
}

/// Purchases at a rate until the end or until the customer leaves: at an instant, or after a purchase.
fn buy(random: &mut Random, rate: f64, (time, end): (f64, f64), leaves_at: f64, leaves: f64) -> Drawn {
    let mut drawn = Drawn { alive: leaves_at > time, ..Drawn::default() };
    let mut now = 0.0;
    while drawn.x < REPEATS_MAX && drawn.later < REPEATS_MAX {
        now += exponential(random) / rate;
        if now > end || now >= leaves_at {
            break;
        }
        if now <= time {
            (drawn.x, drawn.t_x) = (drawn.x + 1, now);
        } else {
            drawn.later += 1;
        }
        if leaves > 0.0 && unit(random) < leaves {
            drawn.alive &= now > time;
            break;
        }
    }
    drawn
}

/// Purchases at occasions, before each of which the customer may leave.
fn visit(random: &mut Random, buys: f64, leaves: f64, n: u32, more: u32) -> Drawn {
    let mut drawn = Drawn { alive: true, ..Drawn::default() };
    for occasion in 1..=n + more {
        if unit(random) < leaves {
            drawn.alive = occasion > n;
            break;
        }
        let bought = unit(random) < buys;
        if bought && occasion <= n {
            (drawn.x, drawn.t_x) = (drawn.x + 1, f64::from(occasion));
        } else {
            drawn.later += u32::from(bought);
        }
    }
    drawn
}

/// Uniform between 0 and 1, neither of which it is.
fn unit(random: &mut Random) -> f64 {
    /// 2^−53: as many numbers as the mantissa has.
    const STEP: f64 = 1.0 / 9_007_199_254_740_992.0;
    ((random.bits() >> 11) as f64 + 0.5) * STEP
}

fn exponential(random: &mut Random) -> f64 {
    -libm::log(unit(random))
}

/// Box and Muller's method, of whose two numbers one is taken.
fn normal(random: &mut Random) -> f64 {
    (2.0 * exponential(random)).sqrt() * libm::cos(std::f64::consts::TAU * unit(random))
}

/// ln of Γ(shape, 1): Marsaglia, Tsang, "A Simple Method for Generating Gamma Variables", ACM Transactions on Mathematical
/// Software 26 (2000). A small shape would make numbers too small to be told from 0.
fn log_gamma(random: &mut Random, shape: f64) -> f64 {
    if shape < 1.0 {
        return log_gamma(random, shape + 1.0) - exponential(random) / shape;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(random);
        let root = 1.0 + c * x;
        if root <= 0.0 {
            continue;
        }
        let v = root * root * root;
        if libm::log(unit(random)) < 0.5 * x * x + d - d * v + d * libm::log(v) {
            return libm::log(d * v);
        }
    }
}

fn gamma(random: &mut Random, shape: f64) -> f64 {
    libm::exp(log_gamma(random, shape))
}

fn beta(random: &mut Random, a: f64, b: f64) -> f64 {
    let first = log_gamma(random, a);
    logistic(first - log_gamma(random, b))
}
