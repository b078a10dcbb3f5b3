//! Segments against sets of numbers, and what must not pass for one.

use std::collections::BTreeSet;

use proptest::prelude::*;
use userops::error::ErrorKind;
use userops::event::{Event, EventSchema};
use userops::id::{UserId, UserIx};
use userops::log::EventLog;
use userops::portrait::{Dimension, PortraitOptions, SmallCells, build_portrait};
use userops::rule::{Truth, Truths, UnknownFold};
use userops::segment::{Movement, OverlapMatrix, Segment, count_users, diff_by_id, diff_segments};
use userops::time::Timestamp;
use userops::value::ValueRef;

/// Enough for several of Roaring's containers of 65,536, the last of them broken.
const USERS: usize = 150_001;

fn set(user_count: usize, users: &BTreeSet<u32>) -> Segment {
    Segment::of_users(user_count, users.iter().map(|user| UserIx(*user))).unwrap()
}

fn members(segment: &Segment) -> BTreeSet<u32> {
    segment.iter().map(|user| user.0).collect()
}

/// Sets with runs, sparse members and dense members, so that all of Roaring's containers occur.
fn users() -> impl Strategy<Value = BTreeSet<u32>> {
    let end = USERS as u32;
    let run =
        (0..end, 0u32..9_000).prop_map(move |(start, len)| (start..(start + len).min(end)).collect::<BTreeSet<_>>());
    let sparse = prop::collection::btree_set(0..end, 0..60);
    let dense = (0..end, 1u32..5).prop_map(move |(start, step)| {
        (start..(start + 20_000).min(end)).step_by(step as usize).collect::<BTreeSet<_>>()
    });
    prop::collection::vec(prop_oneof![run, sparse, dense], 0..3).prop_map(|parts| parts.into_iter().flatten().collect())
}

fn truths(max: usize) -> impl Strategy<Value = Vec<Truth>> {
    prop::collection::vec(prop::sample::select(vec![Truth::False, Truth::Unknown, Truth::True]), 0..max)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_operators_are_those_of_sets((a, b) in (users(), users())) {
        let (x, y) = (set(USERS, &a), set(USERS, &b));
        let all: BTreeSet<u32> = (0..USERS as u32).collect();
        prop_assert_eq!(members(&(&x & &y)), &a & &b);
        prop_assert_eq!(members(&(&x | &y)), &a | &b);
        prop_assert_eq!(members(&(&x - &y)), &a - &b);
        prop_assert_eq!(members(&(&x ^ &y)), &a ^ &b);
        prop_assert_eq!(members(&!&x), &all - &a);
        prop_assert_eq!(x.and_count(&y), (&a & &b).len());
        prop_assert_eq!(x.or_count(&y), (&a | &b).len());
        prop_assert_eq!(x.and_not_count(&y), (&a - &b).len());
        prop_assert_eq!(x.xor_count(&y), (&a ^ &b).len());
        prop_assert_eq!(x.is_subset(&y), a.is_subset(&b));
        prop_assert_eq!(x.is_disjoint(&y), a.is_disjoint(&b));
        prop_assert_eq!((x.len(), x.is_empty()), (a.len(), a.is_empty()));
        for user in [0, 1, 65_535, 65_536, USERS as u32 - 1, USERS as u32] {
            prop_assert_eq!(x.contains(UserIx(user)), a.contains(&user));
        }
    }

    #[test]
    fn segments_are_a_boolean_algebra((a, b, c) in (users(), users(), users())) {
        let (a, b, c) = (&set(USERS, &a), &set(USERS, &b), &set(USERS, &c));
        let (nobody, everybody) = (&Segment::nobody(USERS), &Segment::everybody(USERS));
        prop_assert_eq!(&(a & b), &(b & a), "and commutes");
        prop_assert_eq!(&(a | b), &(b | a), "or commutes");
        prop_assert_eq!(&(&(a & b) & c), &(a & &(b & c)), "and associates");
        prop_assert_eq!(&(&(a | b) | c), &(a | &(b | c)), "or associates");
        prop_assert_eq!(&(&(a ^ b) ^ c), &(a ^ &(b ^ c)), "either associates");
        prop_assert_eq!(a & &(b | c), &(a & b) | &(a & c), "and distributes over or");
        prop_assert_eq!(a | &(b & c), &(a | b) & &(a | c), "or distributes over and");
        prop_assert_eq!(!(a & b), &!a | &!b, "de Morgan");
        prop_assert_eq!(!(a | b), &!a & &!b, "de Morgan");
        prop_assert_eq!(&(a | &(a & b)), a, "absorption");
        prop_assert_eq!(&(a & &(a | b)), a, "absorption");
        prop_assert_eq!(&(a & a), a, "idempotent");
        prop_assert_eq!(&(a | a), a, "idempotent");
        prop_assert_eq!(&!!a, a, "double complement");
        prop_assert_eq!(&(a & &!a), nobody, "complement");
        prop_assert_eq!(&(a | &!a), everybody, "complement");
        prop_assert_eq!(&(a & everybody), a);
        prop_assert_eq!(&(a | nobody), a);
        prop_assert_eq!(a - b, a & &!b);
        prop_assert_eq!(a ^ b, &(a - b) | &(b - a));
        prop_assert_eq!(a.and_count(b) + a.and_not_count(b), a.len());
    }

    #[test]
    fn at_least_counts_memberships(
        sets in prop::collection::vec(prop::collection::btree_set(0u32..200, 0..150), 1..9),
        count in 1usize..9,
    ) {
        let count = count.min(sets.len());
        let segments: Vec<Segment> = sets.iter().map(|users| set(200, users)).collect();
        let naive: BTreeSet<u32> =
            (0..200).filter(|user| sets.iter().filter(|set| set.contains(user)).count() >= count).collect();
        prop_assert_eq!(members(&Segment::at_least(count, &segments.iter().collect::<Vec<_>>()).unwrap()), naive);
    }

    #[test]
    fn counting_on_words_equals_counting_users(
        (columns, with) in (1usize..400).prop_flat_map(|len| {
            let column = prop::collection::vec(
                prop::sample::select(vec![Truth::False, Truth::Unknown, Truth::True, Truth::True]), len..=len);
            prop::collection::vec(column, 1..6).prop_flat_map(|columns| { let n = columns.len(); (Just(columns), 0..=n) })
        }),
        repeat in prop::sample::select(vec![1usize, 1, 40]),
    ) {
        let columns: Vec<Vec<Truth>> = columns.into_iter().map(|column| column.repeat(repeat)).collect();
        let truths: Vec<Truths> = columns.iter().map(|column| column.iter().copied().collect()).collect();
        let truths: Vec<&Truths> = truths.iter().collect();
        let naive = (0..columns[0].len())
            .filter(|user| columns[..with].iter().all(|column| column[*user].is_true()))
            .filter(|user| !columns[with..].iter().any(|column| column[*user].is_true()))
            .count();
        prop_assert_eq!(count_users(&truths[..with], &truths[with..]).unwrap(), naive);
        if let ([a, b, ..], [c, ..]) = (&truths[..with], &truths[with..]) {
            let [a, b, c] = [a, b, c].map(|truths| Segment::from_truths(truths, UnknownFold::Out));
            prop_assert!((&a & &b).and_not_count(&c) >= naive, "more conditions leave fewer users");
        }
    }

    #[test]
    fn unknown_users_are_where_the_fold_puts_them(truths in truths(300)) {
        let column: Truths = truths.iter().copied().collect();
        for fold in [UnknownFold::Out, UnknownFold::In] {
            let segment = Segment::from_truths(&column, fold);
            let naive: BTreeSet<u32> =
                (0..truths.len()).filter(|user| fold.decide(truths[*user])).map(|user| user as u32).collect();
            prop_assert_eq!(members(&segment), naive);
            prop_assert_eq!(segment.user_count(), truths.len());
            let back = segment.to_truths();
            prop_assert_eq!(Segment::from_truths(&back, UnknownFold::In), segment.clone(), "all of it is known");
            prop_assert_eq!(Segment::from(&segment.to_bitmap()), segment);
        }
    }

    #[test]
    fn bytes_bring_the_segment_back(users in users()) {
        let segment = set(USERS, &users);
        let bytes = segment.to_bytes();
        prop_assert_eq!(Segment::from_bytes(&bytes, USERS).unwrap(), segment.clone());
        prop_assert_eq!(Segment::from_bytes(&bytes, USERS).unwrap().to_bytes(), bytes.clone(), "the same bytes again");
        if let Some(last) = users.last() {
            let error = Segment::from_bytes(&bytes, *last as usize).unwrap_err();
            prop_assert_eq!(error.kind(), ErrorKind::InvalidFormat);
            prop_assert!(error.to_string().contains(&format!("holds user {last}")), "{}", error);
        }
    }

    #[test]
    fn damaged_bytes_are_refused_or_are_a_segment(
        users in users(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let mut bytes = set(USERS, &users).to_bytes();
        let whole = bytes.len();
        for (at, byte) in damage {
            let at = at.index(whole);
            bytes[at] = byte;
        }
        if is_cut {
            bytes.truncate(cut.index(whole));
        }
        judge_bytes(&bytes)?;
    }

    #[test]
    fn random_bytes_are_refused_or_are_a_segment(
        cookie in prop::sample::select(vec![vec![], vec![0x3a, 0x30, 0, 0], vec![0x3b, 0x30, 0, 0], vec![0x3b, 0x30, 2, 0]]),
        rest in prop::collection::vec(prop_oneof![any::<u8>(), 0u8..3], 0..60),
    ) {
        judge_bytes(&[cookie, rest].concat())?;
    }

    #[test]
    fn a_diff_is_what_set_differences_say((a, b) in (users(), users())) {
        let (before, after) = (set(USERS, &a), set(USERS, &b));
        let diff = diff_segments(&before, &after).unwrap();
        prop_assert_eq!(members(&diff.entered), &b - &a);
        prop_assert_eq!(members(&diff.left), &a - &b);
        prop_assert_eq!(members(&diff.stayed), &a & &b);
        prop_assert_eq!(&(&(&before | &diff.entered) - &diff.left), &after, "the moves lead from one to the other");
        prop_assert_eq!(diff.is_empty(), a == b);
        let moved: Vec<(u32, Movement)> = diff.movements().map(|(user, movement)| (user.0, movement)).collect();
        let naive: Vec<(u32, Movement)> = (&a ^ &b)
            .into_iter()
            .map(|user| (user, if b.contains(&user) { Movement::Entered } else { Movement::Left }))
            .collect();
        prop_assert_eq!(moved, naive);
    }

    #[test]
    fn a_diff_by_id_needs_no_common_log(
        before in prop::collection::btree_map(0i64..40, any::<bool>(), 0..30),
        after in prop::collection::btree_map(0i64..40, any::<bool>(), 0..30),
    ) {
        let side = |users: &std::collections::BTreeMap<i64, bool>| {
            let log = log_of(users.keys().copied());
            let ids: Vec<UserId> = users.iter().filter(|(_, member)| **member).map(|(id, _)| UserId::from(*id)).collect();
            let segment = Segment::of_ids(log.users(), &ids).unwrap();
            (log, segment)
        };
        let ((log_before, segment_before), (log_after, segment_after)) = (side(&before), side(&after));
        let diff = diff_by_id((&segment_before, log_before.users()), (&segment_after, log_after.users()));
        let ids = |users: &std::collections::BTreeMap<i64, bool>| -> BTreeSet<i64> {
            users.iter().filter(|(_, member)| **member).map(|(id, _)| *id).collect()
        };
        let owned = |ids: BTreeSet<i64>| ids.into_iter().map(UserId::from).collect::<Vec<_>>();
        prop_assert_eq!(diff.entered, owned(&ids(&after) - &ids(&before)));
        prop_assert_eq!(diff.left, owned(&ids(&before) - &ids(&after)));
        prop_assert_eq!(diff.stayed, owned(&ids(&before) & &ids(&after)));
        let new = (&ids(&after) - &ids(&before)).iter().filter(|id| !before.contains_key(*id)).count();
        let gone = (&ids(&before) - &ids(&after)).iter().filter(|id| !after.contains_key(*id)).count();
        prop_assert_eq!((diff.entered_new_count, diff.left_gone_count), (new, gone));
    }

    #[test]
    fn overlaps_are_counted_pair_by_pair(sets in prop::collection::vec(prop::collection::btree_set(0u32..50, 0..40), 0..6)) {
        let segments: Vec<(String, Segment)> =
            sets.iter().enumerate().map(|(index, users)| (format!("s{index}"), set(50, users))).collect();
        let matrix = OverlapMatrix::new(segments.iter().map(|(name, segment)| (name.as_str(), segment))).unwrap();
        let table = matrix.to_table().unwrap();
        prop_assert_eq!(table.row_count(), sets.len() * sets.len());
        for (row, a) in sets.iter().enumerate() {
            for (column, b) in sets.iter().enumerate() {
                let (both, either) = ((a & b).len(), (a | b).len());
                prop_assert_eq!(matrix.count(row, column), both);
                prop_assert_eq!(matrix.jaccard_ratio(row, column), (either > 0).then(|| both as f64 / either as f64));
                prop_assert_eq!(matrix.row_ratio(row, column), (!a.is_empty()).then(|| both as f64 / a.len() as f64));
                let at = row * sets.len() + column;
                prop_assert_eq!(table.get(at, "shared_count"), Some(ValueRef::Integer(both as i64)));
                prop_assert_eq!(table.get(at, "other"), Some(ValueRef::Text(&segments[column].0)));
            }
        }
    }
}

/// What is read must be a segment that can be written and read; what is not is refused as a format, not by a panic.
fn judge_bytes(bytes: &[u8]) -> Result<(), TestCaseError> {
    match Segment::from_bytes(bytes, USERS) {
        Ok(segment) => {
            let users = members(&segment);
            prop_assert!(users.last().is_none_or(|last| (*last as usize) < USERS));
            prop_assert_eq!(set(USERS, &users), segment.clone());
            prop_assert_eq!(users.len(), segment.len());
            prop_assert_eq!(Segment::from_bytes(&segment.to_bytes(), USERS).unwrap(), segment);
        }
        Err(error) => {
            prop_assert_eq!(error.kind(), ErrorKind::InvalidFormat);
            let start = format!("these {} bytes are no segment", bytes.len());
            prop_assert!(error.to_string().starts_with(&start), "{}", error);
        }
    }
    Ok(())
}

fn log_of(users: impl IntoIterator<Item = i64>) -> EventLog {
    let time = Timestamp::from_micros(0);
    let events: Vec<Event> = users.into_iter().map(|user| Event::new(user, time, "view")).collect();
    EventLog::from_events(EventSchema::default(), &events).unwrap().0
}

#[test]
fn bytes_are_those_of_the_published_format() {
    // By hand, after the specification: cookie 12346, one container, key 0 with 3 values, offset 16, the values.
    let bytes = [0x3a, 0x30, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 16, 0, 0, 0, 1, 0, 5, 0, 9, 0];
    let segment = Segment::of_users(10, [1, 5, 9].map(UserIx)).unwrap();
    assert_eq!(Segment::from_bytes(&bytes, 10).unwrap(), segment);
    assert_eq!(segment.to_bytes(), bytes);
    // A run: cookie 12347 with one container, its bit, key 0 with 10 values, one run of 0 and 9 more.
    let run = [0x3b, 0x30, 0, 0, 1, 0, 0, 9, 0, 1, 0, 0, 0, 9, 0];
    assert_eq!(Segment::from_bytes(&run, 10).unwrap(), Segment::everybody(10));
    assert_eq!(Segment::everybody(10).to_bytes(), run);
}

#[test]
fn refused_bytes_say_why() {
    let whole = Segment::of_users(10, [1, 5, 9].map(UserIx)).unwrap().to_bytes();
    let says = |bytes: &[u8], what: &str| {
        let message = Segment::from_bytes(bytes, 10).unwrap_err().to_string();
        assert!(message.contains(what), "{message:?} lacks {what:?}");
    };
    says(&[], "ends within its header");
    says(b"PAR1....", "begins with 827474256");
    says(&[0x3a, 0x30, 0, 0, 255, 255, 255, 255], "claims 4294967295 containers");
    says(&whole[..whole.len() - 1], "at byte");
    says(&[&whole[..], &[0]].concat(), "1 bytes follow after its end");
    let mut unsorted = whole.clone();
    unsorted.swap(16, 18);
    says(&unsorted, "at byte");
}

#[test]
fn ids_are_found_or_listed() {
    let log = log_of([3, 5, 8]);
    let ids = [5, 3, 4, 4, 5].map(UserId::from);
    let found = Segment::find_ids(log.users(), &ids);
    assert_eq!(found.segment.ids(log.users()).map(|id| id.to_string()).collect::<Vec<_>>(), ["3", "5"]);
    assert_eq!(found.unknown, [4, 4].map(UserId::from));
    let error = Segment::of_ids(log.users(), &ids).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownName);
    assert!(error.to_string().contains("\"4\", \"4\""), "{error}");
    assert_eq!(Segment::of_users(3, [UserIx(3)]).unwrap_err().kind(), ErrorKind::InvalidArgument);
}

#[test]
fn segments_of_different_logs_are_refused_where_it_can_be_told() {
    let (a, b) = (Segment::everybody(3), Segment::everybody(4));
    assert!(diff_segments(&a, &b).unwrap_err().to_string().contains("compare them by user id"));
    assert!(OverlapMatrix::new([("a", &a), ("b", &b)]).is_err());
    assert!(OverlapMatrix::new([("a", &a), ("a", &a)]).unwrap_err().to_string().contains("the name \"a\""));
    assert!(Segment::at_least(1, &[&a, &b]).is_err());
    assert!(Segment::at_least(0, &[&a]).is_err());
    assert!(Segment::at_least(2, &[&a]).unwrap_err().to_string().contains("ask for 1 to 1"));
    assert!(count_users(&[&a.to_truths()], &[&b.to_truths()]).is_err());
    assert!(count_users(&[], &[]).is_err());
}

#[test]
fn a_segment_is_an_audience() {
    let segment = Segment::of_users(4, [0, 1].map(UserIx)).unwrap();
    let cities = Dimension::new("city", vec!["A", "A", "A", "B"]);
    let options = PortraitOptions { small_cells: SmallCells::Show, ..PortraitOptions::default() };
    let portrait = build_portrait(&segment, &[cities], options).unwrap();
    assert_eq!((portrait.audience_count, portrait.everyone_count), (2, 4));
    assert_eq!(segment.ratio(), Some(0.5));
    assert_eq!(Segment::nobody(0).ratio(), None);
}
