//! Schemes: names for cells of scores.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{RfmScore, RfmScores, SegmentRule};
use crate::error::{Error, Result, invalid_argument, invalid_definition};
use crate::score::Explanation;

/// The most scores per measure that a scheme tells apart; as many as a model can give.
const SCORES_MAX: u8 = 10;
/// Scores per measure where a definition states none: as many as a model gives unless asked otherwise.
const BINS_DEFAULT: [u8; 3] = [5; 3];
/// How many unnamed cells an error spells out: all of a scheme of five by five.
const CELLS_SHOWN_MAX: usize = 25;

/// A scheme that gives each cell of scores exactly one segment name.
///
/// A cell is one combination of the scores that the rules look at; a measure that no rule names makes no difference,
/// whatever its score. Two rules may not claim one cell, and every cell has a name: by a rule, or by the remainder,
/// where the scheme has one. Serde writes the definition, and checks what it reads; `bins` are five each by default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "CellSchemeData", into = "CellSchemeData")]
pub struct CellScheme {
    bins: [u8; 3],
    rules: Vec<SegmentRule>,
    remainder: Option<String>,
    names: Vec<String>,
    used: [bool; 3],
    /// For each cell, recency slowest, the rule that claims it; none for the remainder.
    claims: Vec<Option<u16>>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CellSchemeData {
    #[serde(default = "bins_default")]
    bins: [u8; 3],
    segments: Vec<SegmentRule>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    remainder: Option<String>,
}

fn bins_default() -> [u8; 3] {
    BINS_DEFAULT
}

impl TryFrom<CellSchemeData> for CellScheme {
    type Error = Error;

    fn try_from(data: CellSchemeData) -> Result<Self> {
        Self::new(data.bins, data.segments, data.remainder)
    }
}

impl From<CellScheme> for CellSchemeData {
    fn from(scheme: CellScheme) -> Self {
        Self { bins: scheme.bins, segments: scheme.rules, remainder: scheme.remainder }
    }
}

impl CellScheme {
    /// A scheme over scores from 1 to `bins` (of recency, frequency and monetary value), from named rules and, where
    /// they leave cells out, the name of the remainder.
    ///
    /// # Errors
    /// `InvalidDefinition` where bins are not 1 to 10, a name is empty, a range lies outside the scores, two rules
    /// claim one cell, or cells have no name and there is no remainder; the message lists these cells.
    pub fn new(bins: [u8; 3], rules: impl IntoIterator<Item = SegmentRule>, remainder: Option<String>) -> Result<Self> {
        let rules: Vec<SegmentRule> = rules.into_iter().collect();
        if let Some(bins) = bins.iter().find(|bins| !(1..=SCORES_MAX).contains(*bins)) {
            return Err(invalid_definition(format!("{bins} bins; a scheme tells 1 to {SCORES_MAX} scores apart")));
        }
        if rules.iter().map(|rule| &rule.name).chain(&remainder).any(String::is_empty) {
            return Err(invalid_definition("a segment needs a name that is not empty"));
        }
        rules.iter().try_for_each(|rule| rule.check(bins))?;
        let scheme = Self::from_rules(bins, rules, remainder);
        scheme.check()?;
        Ok(scheme)
    }

    /// A scheme from rules that have been checked, or are known to be right.
    pub(super) fn from_rules(bins: [u8; 3], rules: Vec<SegmentRule>, remainder: Option<String>) -> Self {
        let mut names: Vec<String> = Vec::new();
        for name in rules.iter().map(|rule| &rule.name).chain(&remainder) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        let claim = |cell| rules.iter().zip(0u16..).find(|(rule, _)| rule.matches(cell)).map(|(_, place)| place);
        let used = [0, 1, 2].map(|measure| rules.iter().any(|rule| rule.ranges()[measure].is_some()));
        let claims = all_cells(used_bins(bins, used)).map(claim).collect();
        Self { bins, rules, remainder, names, used, claims }
    }

    /// `InvalidDefinition` where two rules claim one cell, or a cell has no name.
    fn check(&self) -> Result<()> {
        let mut unnamed = Vec::new();
        for cell in all_cells(used_bins(self.bins, self.used)) {
            let mut claims = self.rules.iter().filter(|rule| rule.matches(cell));
            match (claims.next(), claims.next()) {
                (Some(first), Some(second)) => {
                    return Err(invalid_definition(format!(
                        "cell {} is claimed twice, by {:?} ({first}) and {:?} ({second})",
                        self.cell_name(cell),
                        first.name,
                        second.name
                    )));
                }
                (None, _) if self.remainder.is_none() => unnamed.push(self.cell_name(cell)),
                _ => {}
            }
        }
        if unnamed.is_empty() { Ok(()) } else { Err(unnamed_cells(&unnamed)) }
    }

    /// `R5 F1`: the scores of the measures that the rules look at.
    fn cell_name(&self, cell: RfmScore) -> String {
        let letters = ["R", "F", "M"].into_iter().zip(scores_of(cell)).zip(self.used);
        let named = letters.filter(|(_, used)| *used).map(|((letter, score), _)| format!("{letter}{score}"));
        named.collect::<Vec<_>>().join(" ")
    }

    /// The scores that the scheme names: from 1 to these, of recency, frequency and monetary value.
    #[must_use]
    pub fn bins(&self) -> [u8; 3] {
        self.bins
    }

    /// The rules, in the order given.
    #[must_use]
    pub fn rules(&self) -> &[SegmentRule] {
        &self.rules
    }

    /// The name of the cells that no rule claims, where the scheme has one.
    #[must_use]
    pub fn remainder(&self) -> Option<&str> {
        self.remainder.as_deref()
    }

    /// The distinct names of segments, in the order of rules, the remainder last.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The name of a user's segment.
    ///
    /// # Errors
    /// `InvalidArgument` for a score outside the scheme's bins, of a measure that its rules look at.
    pub fn segment(&self, score: RfmScore) -> Result<&str> {
        let rule = self.claims[self.cell(score)?].map(|rule| &self.rules[usize::from(rule)].name);
        Ok(rule.or(self.remainder.as_ref()).map_or("", String::as_str))
    }

    /// The segment of each user, as places in [`CellScheme::names`], in row order.
    ///
    /// # Errors
    /// As [`CellScheme::segment`].
    pub fn segments(&self, scores: &RfmScores) -> Result<Vec<u16>> {
        let place = |name: &str| self.names.iter().zip(0..).find(|(known, _)| *known == name).map(|(_, place)| place);
        let remainder = self.remainder.as_deref().and_then(place).unwrap_or_default();
        let rules: Vec<u16> = self.rules.iter().map(|rule| place(&rule.name).unwrap_or_default()).collect();
        let cells: Vec<u16> =
            self.claims.iter().map(|rule| rule.map_or(remainder, |rule| rules[usize::from(rule)])).collect();
        scores.iter().map(|score| Ok(cells[self.cell(score)?])).collect()
    }

    /// Why a user is in their segment: the name, and the rule that claims the cell or the remainder.
    ///
    /// # Errors
    /// As [`CellScheme::segment`].
    pub fn explain(&self, score: RfmScore) -> Result<Explanation> {
        let text = match self.claims[self.cell(score)?] {
            Some(rule) => format!("{score} lies in {}", self.rules[usize::from(rule)]),
            None => format!("{score} lies in no other segment"),
        };
        Ok(Explanation::new("segment").value(self.segment(score)?).text(text))
    }

    fn cell(&self, score: RfmScore) -> Result<usize> {
        let measures = scores_of(score).into_iter().zip(self.bins).zip(self.used);
        measures.filter(|(_, used)| *used).try_fold(0, |cell, ((score, bins), _)| {
            if !(1..=bins).contains(&score) {
                return Err(invalid_argument(format!(
                    "score {score} lies outside the scheme, which names scores 1 to {bins}; use a scheme with the \
                     model's bins"
                )));
            }
            Ok(cell * usize::from(bins) + usize::from(score) - 1)
        })
    }
}

fn scores_of(score: RfmScore) -> [u8; 3] {
    [score.recency, score.frequency, score.monetary]
}

/// The bins of the measures in use, and one for any other.
fn used_bins(bins: [u8; 3], used: [bool; 3]) -> [u8; 3] {
    [0, 1, 2].map(|measure| if used[measure] { bins[measure] } else { 1 })
}

fn all_cells([recency_bins, frequency_bins, monetary_bins]: [u8; 3]) -> impl Iterator<Item = RfmScore> {
    (1..=recency_bins).flat_map(move |recency| {
        (1..=frequency_bins).flat_map(move |frequency| {
            (1..=monetary_bins).map(move |monetary| RfmScore { recency, frequency, monetary })
        })
    })
}

fn unnamed_cells(cells: &[String]) -> Error {
    let more = cells.len().saturating_sub(CELLS_SHOWN_MAX);
    let shown = cells[..cells.len() - more].join(", ");
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    invalid_definition(format!("cells without a name: {shown}{more}; name them, or give the remainder a name"))
}
