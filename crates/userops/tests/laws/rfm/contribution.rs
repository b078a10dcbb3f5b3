//! Laws of contribution scores, against an oracle that counts.

use proptest::prelude::*;
use userops::error::{Error, ErrorKind};
use userops::score::contribution::{
    ContributionColumns, ContributionModel, ContributionRules, ContributionScore, ContributionTier, UserContribution,
    share_by_tier,
};

/// Content, spreading, active periods, cost.
type User = (i64, i64, i64, i64);

fn users() -> impl Strategy<Value = Vec<User>> {
    let value = || prop_oneof![3 => Just(0i64), 2 => 0i64..10];
    prop::collection::vec((value(), value(), 0i64..=12, value()), 1..100)
}

fn rules() -> ContributionRules {
    ContributionRules::new([("content", 3.0), ("spreading", 1.0)]).core_ratio(0.2)
}

struct Columns([Vec<i64>; 4]);

impl Columns {
    fn new(users: &[User]) -> Self {
        Self([
            users.iter().map(|user| user.0).collect(),
            users.iter().map(|user| user.1).collect(),
            users.iter().map(|user| user.2).collect(),
            users.iter().map(|user| user.3).collect(),
        ])
    }

    fn get(&self) -> ContributionColumns<'_> {
        let [content, spreading, active_periods, cost] = &self.0;
        ContributionColumns::new()
            .dimension("spreading", spreading)
            .dimension("content", content)
            .active_periods(active_periods)
            .cost(cost)
    }
}

fn user((content, spreading, active_periods, cost): User) -> UserContribution {
    UserContribution::new([content, spreading]).active_periods(active_periods).cost(cost)
}

fn fit_and_score(users: &[User]) -> (ContributionModel, Vec<ContributionScore>) {
    let columns = Columns::new(users);
    let model = ContributionModel::fit(&columns.get(), rules()).unwrap();
    let scores = model.score_columns(&columns.get()).unwrap();
    (model, scores)
}

/// 4 · N · score, by counting; whole, so that it is exact.
fn points(users: &[User], user: User) -> usize {
    let content = users.iter().filter(|other| other.0 < user.0).count();
    let spreading = users.iter().filter(|other| other.1 < user.1).count();
    3 * content + spreading
}

fn tier(users: &[User], user: User) -> ContributionTier {
    let contributes = |user: User| user.0 > 0 || user.1 > 0;
    let contributors: Vec<User> = users.iter().copied().filter(|user| contributes(*user)).collect();
    let worse = contributors.iter().filter(|other| points(users, **other) < points(users, user)).count();
    // At least ⌈(1 − q) · C⌉ are worse, with q = 20 % and 20 % + 30 %.
    let within = |percent: usize| 100 * worse >= (100 - percent) * contributors.len();
    match user {
        _ if !contributes(user) && user.3 > 0 => ContributionTier::Junk,
        _ if !contributes(user) => ContributionTier::None,
        _ if within(20) && user.2 >= 6 => ContributionTier::Core,
        _ if within(50) => ContributionTier::Middle,
        _ => ContributionTier::Outer,
    }
}

proptest! {
    #[test]
    fn scores_and_tiers_equal_counting(users in users()) {
        let (model, scores) = fit_and_score(&users);
        for (one, score) in users.iter().zip(&scores) {
            let expected = points(&users, *one) as f64 / (4 * users.len()) as f64;
            prop_assert!((score.score - expected).abs() < 1e-12);
            prop_assert_eq!(score.tier, tier(&users, *one));
            prop_assert_eq!(model.score(&user(*one)).unwrap(), *score);
        }
        let core = scores.iter().filter(|score| score.tier == ContributionTier::Core).count();
        prop_assert!(core * 5 <= model.contributor_count() as usize);
    }

    #[test]
    fn the_column_kernel_equals_the_scalar_for_users_never_seen(users in users(), newcomers in users()) {
        let (model, _) = fit_and_score(&users);
        let scores = model.score_columns(&Columns::new(&newcomers).get()).unwrap();
        for (newcomer, score) in newcomers.iter().zip(scores) {
            prop_assert_eq!(model.score(&user(*newcomer)).unwrap(), score);
            let explanation = model.explain(&user(*newcomer)).unwrap();
            prop_assert_eq!(explanation.value, Some(score.tier.name().into()));
        }
    }

    #[test]
    fn scores_do_not_depend_on_the_order_of_users(users in users()) {
        let (model, _) = fit_and_score(&users);
        let turned: Vec<User> = users.iter().rev().copied().collect();
        prop_assert_eq!(fit_and_score(&turned).0, model);
    }

    #[test]
    fn a_model_written_and_read_is_the_same(users in users()) {
        let (model, _) = fit_and_score(&users);
        let text = toml::to_string(&model).unwrap();
        prop_assert_eq!(toml::from_str::<ContributionModel>(&text).unwrap(), model);
    }

    #[test]
    fn tiers_share_out_the_whole(users in users(), revenue in prop::collection::vec(0i64..1_000, 100)) {
        let tiers: Vec<ContributionTier> = fit_and_score(&users).1.iter().map(|score| score.tier).collect();
        let shares = share_by_tier(&tiers, &revenue[..users.len()]).unwrap();
        prop_assert_eq!(shares.iter().map(|share| share.user_count as usize).sum::<usize>(), users.len());
        prop_assert_eq!(shares.iter().map(|share| share.sum).sum::<i64>(), revenue[..users.len()].iter().sum::<i64>());
        let ratios: Option<f64> = shares.iter().map(|share| share.sum_ratio).sum();
        prop_assert!(ratios.is_none_or(|sum| (sum - 1.0).abs() < 1e-12));
    }
}

#[test]
fn shares_of_contributors_are_whole_where_decimals_are_not() {
    // 0.1 + 0.3 of ten contributors are four, though the floats add up to more than 0.4.
    let values: Vec<i64> = (1..=10).collect();
    let rules = ContributionRules::new([("content", 1.0)]).sustained(0, 0);
    let columns = ContributionColumns::new().dimension("content", &values);
    let scores = ContributionModel::fit(&columns, &rules).unwrap().score_columns(&columns).unwrap();
    let count = |tier| scores.iter().filter(|score| score.tier == tier).count();
    assert_eq!(ContributionTier::ALL.map(count), [1, 3, 6, 0, 0]);
}

#[test]
fn an_explanation_tells_ranks_cuts_and_steadiness() {
    let users = [(0, 0, 0, 0), (5, 0, 12, 0), (1, 2, 3, 0), (1, 0, 2, 0), (0, 0, 0, 9)];
    let (model, scores) = fit_and_score(&users);
    assert_eq!(
        scores.iter().map(|score| score.tier.name()).collect::<Vec<_>>(),
        ["none", "middle", "outer", "outer", "junk"]
    );
    let text = model.explain(&user((5, 0, 2, 0))).unwrap().render();
    let expected = "\
contribution: middle (contributes more than most, or much but not steadily, among 5 users of whom 3 contribute)
  score: 0.6 (the weighted mean of the shares of users outdone, from 0 to 1)
    content: 5 (more than 4 of 5 users; weight 0.750)
    spreading: 0 (more than 0 of 5 users; weight 0.250)
  core: 0.6 (not reached: the score must be above 0.6)
  middle: 0.5 (reached: the score must be above 0.5)
  sustained: 2 (not sustained: core asks for at least 6 of the last 12 periods)
  cost: 0";
    assert_eq!(text, expected);
}

fn assert_refused<T: std::fmt::Debug>(result: Result<T, Error>, kind: ErrorKind, words: &str) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn columns_that_the_rules_cannot_use_are_refused() {
    let (values, ragged, negative, none) = (vec![1i64, 2], vec![1i64], vec![0i64, -1], Vec::<i64>::new());
    let rules = || ContributionRules::new([("content", 1.0)]).sustained(0, 12);
    let content = || ContributionColumns::new().dimension("content", &values);
    let fit = |columns: ContributionColumns<'_>| ContributionModel::fit(&columns, rules());
    assert!(fit(content()).is_ok());
    assert_refused(fit(content().dimension("contnet", &values)), ErrorKind::UnknownName, "did you mean \"content\"?");
    assert_refused(fit(content().dimension("content", &values)), ErrorKind::InvalidArgument, "two columns");
    assert_refused(fit(ContributionColumns::new()), ErrorKind::InvalidArgument, "no column");
    assert_refused(fit(content().cost(&ragged)), ErrorKind::InvalidArgument, "\"cost\" has 1 rows");
    assert_refused(fit(content().cost(&negative)), ErrorKind::InvalidArgument, "is -1 in row 1");
    let periods = [1, 13];
    assert_refused(fit(content().active_periods(&periods)), ErrorKind::InvalidArgument, "13 active periods in row 1");
    assert_refused(fit(ContributionColumns::new().dimension("content", &none)), ErrorKind::Empty, "no users");
    let steady = ContributionModel::fit(&content(), rules().sustained(6, 12));
    assert_refused(steady, ErrorKind::InvalidArgument, "active periods are missing");
}

#[test]
fn rules_out_of_reason_are_refused() {
    let refuse = |rules: ContributionRules, words: &str| {
        assert_refused(rules.validate(), ErrorKind::InvalidDefinition, words);
    };
    assert!(ContributionRules::default().validate().is_ok());
    refuse(ContributionRules::new(Vec::<(String, f64)>::new()), "at least one dimension");
    refuse(ContributionRules::new([("a", 1.0), ("a", 1.0)]), "a name of its own");
    refuse(ContributionRules::new([("a", 0.0)]), "weight 0");
    refuse(ContributionRules::new([("a", f64::NAN)]), "weight NaN");
    refuse(ContributionRules::default().core_ratio(1.1), "core_ratio is 1.1");
    refuse(ContributionRules::default().core_ratio(0.8), "more than all");
    refuse(ContributionRules::default().sustained(3, 2), "3 active periods");
}

#[test]
fn users_that_the_model_cannot_score_are_refused() {
    let (model, _) = fit_and_score(&[(1, 2, 3, 4)]);
    let refuse = |user: UserContribution, kind, words: &str| assert_refused(model.score(&user), kind, words);
    refuse(UserContribution::new([1i64]), ErrorKind::InvalidArgument, "1 values");
    refuse(UserContribution::new([1i64, -2]), ErrorKind::InvalidArgument, "spreading is -2");
    refuse(UserContribution::new([1i64, 2]), ErrorKind::InvalidArgument, "missing");
    refuse(UserContribution::new([1i64, 2]).active_periods(13), ErrorKind::InvalidArgument, "13 active periods");
    refuse(UserContribution::new([1.0, 2.0]).active_periods(1), ErrorKind::TypeMismatch, "content: ");
    assert!(share_by_tier(&[ContributionTier::Core], &[]).is_err());
    let overflow = share_by_tier(&[ContributionTier::Core; 2], &[i64::MAX, 1]);
    assert_refused(overflow, ErrorKind::LimitExceeded, "tier core");
}
