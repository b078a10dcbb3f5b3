//! The report on a content app: its numbers recounted by plain loops over plain events, its tables, its options.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

use userops::id::UserIx;
use userops::value::ValueRef;
use userops_examples::content_app::ContentReport;
use userops_examples::content_app::arguments::{Arguments, Command};
use userops_examples::layout::{count, percent, share};
use userops_examples::{sample, tables};
use userops_io::TableFormat;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 24 * 60 * MINUTE;
/// Shanghai's clock is so far ahead, all year.
const AHEAD: i64 = 8 * 60 * MINUTE;
const LINE: &str = "content_app --users 400 --days 75 --seed 5 --zone Asia/Shanghai";

fn parse(line: &str) -> userops::error::Result<Command> {
    Arguments::parse(line.split_whitespace().map(OsString::from))
}

fn report(line: &str) -> ContentReport {
    let Command::Report(arguments) = parse(line).unwrap() else { panic!("{line} is a report") };
    let (log, ingest) = arguments.read().unwrap();
    ContentReport::new(log, ingest).unwrap()
}

/// The events of each user who was there, as instant and name, in order.
type Users = Vec<Vec<(i64, String)>>;

fn users(report: &ContentReport) -> Users {
    let plain = |event: userops::event::Event| (event.time.as_micros(), event.name);
    let users = report.log.iter().map(|events| events.iter().map(plain).collect::<Vec<_>>());
    users.filter(|events| !events.is_empty()).collect()
}

fn day(time: i64) -> i64 {
    (time + AHEAD).div_euclid(DAY)
}

/// 1970-01-01 was a Thursday, and weeks begin on Monday.
fn week(time: i64) -> i64 {
    (day(time) + 3).div_euclid(7)
}

/// The lines of the section under a heading, their blanks one each.
fn section(text: &str, title: &str) -> Vec<String> {
    let mut lines = text.lines().skip_while(|line| !line.starts_with(title));
    assert!(lines.next().is_some(), "a section {title:?}");
    let lines = lines.skip(1).take_while(|line| !line.is_empty());
    lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

fn has_row(lines: &[String], begins: &str) {
    assert!(lines.iter().any(|line| line.starts_with(begins)), "{begins:?} in\n{}", lines.join("\n"));
}

/// The furthest step of any attempt: the first event of each step behind the one before, in time.
fn level(events: &[(i64, String)]) -> usize {
    let steps: [&[&str]; 3] = [&["view"], &["share", "post"], &["pay"]];
    let mut best = 0;
    for (start, (begin, _)) in events.iter().enumerate().filter(|(_, (_, name))| name == "visit") {
        let (mut level, mut at) = (1, start);
        for step in steps {
            let behind = events.iter().enumerate().skip(at + 1);
            let mut in_time = behind.take_while(|(_, (time, _))| *time <= begin + 7 * DAY);
            let Some((index, _)) = in_time.find(|(_, (_, name))| step.contains(&name.as_str())) else { break };
            (level, at) = (level + 1, index);
        }
        best = best.max(level);
    }
    best
}

#[test]
fn the_funnel_is_that_of_a_plain_fold() {
    let report = report(LINE);
    let text = report.render().unwrap();
    let users = users(&report);
    let levels: Vec<usize> = users.iter().map(|events| level(events)).collect();
    let came = |step: usize| levels.iter().filter(|level| **level >= step).count();
    assert!(came(4) > 0 && came(3) > came(4), "the log has all that is looked for");
    let lines = section(&text, "Funnel: from a visit to a payment within 7 days");
    for (step, name) in ["visit", "view", "share or post", "pay"].into_iter().enumerate() {
        let ratio = share(came(step + 1) as f64, came(1) as f64);
        has_row(&lines, &format!("{name} {} {ratio}", count(came(step + 1) as u64)));
    }

    let first_day_likes = |events: &&Vec<(i64, String)>| {
        events.iter().any(|(time, name)| name == "like" && day(*time) == day(events[0].0))
    };
    let liked: Vec<usize> = users.iter().filter(first_day_likes).map(|events| level(events)).collect();
    let paid = liked.iter().filter(|level| **level == 4).count();
    let lines = section(&text, "The funnel of two audiences");
    has_row(&lines, &format!("pay {} {}", count(paid as u64), share(paid as f64, liked.len() as f64)));
}

#[test]
fn sequences_are_those_of_a_plain_search() {
    let report = report(LINE);
    let text = report.render().unwrap();
    let (mut matches, mut sharers) = (0u64, 0u64);
    let mut after_view = BTreeMap::<String, u64>::new();
    let users = users(&report);
    for events in &users {
        let (mut at, mut found) = (0, 0);
        while let Some((time, name)) = events.get(at) {
            let shares = |(_, (later, name)): &(usize, &(i64, String))| name == "share" && *later <= time + 60 * MINUTE;
            let share = events.iter().enumerate().skip(at + 1).find(shares).filter(|_| name == "view");
            found += u64::from(share.is_some());
            at = share.map_or(at, |(index, _)| index) + 1;
        }
        (matches, sharers) = (matches + found, sharers + u64::from(found > 0));
        if let Some(first) = events.iter().position(|(_, name)| name == "view") {
            let next = events.get(first + 1).map_or("nothing more", |(_, name)| name.as_str());
            *after_view.entry(next.to_owned()).or_default() += 1;
        }
    }
    let ratio = share(sharers as f64, users.len() as f64);
    let said =
        format!("{} of {} users ({ratio}) did so, {} times", count(sharers), count(users.len() as u64), count(matches));
    has_row(&section(&text, "Sequence: a share within an hour"), &said);
    let lines = section(&text, "What comes right after the first view");
    let viewers = after_view.values().sum::<u64>() as f64;
    for (next, users) in after_view {
        has_row(&lines, &format!("{next} {} {}", count(users), share(users as f64, viewers)));
    }
}

#[test]
fn cohorts_are_those_of_a_plain_count() {
    let report = report(LINE);
    let lines = section(&report.render().unwrap(), "Retention by week");
    let last_week = week(report.as_of.as_micros());
    // Of each week of joining the users, and those of them who came again, by weeks after it.
    let mut cohorts = BTreeMap::<i64, (u64, BTreeMap<i64, u64>)>::new();
    for events in report.log.iter() {
        let Some(ValueRef::Time(signup)) = report.log.attributes().get(events.user(), "signup") else { continue };
        let signup = signup.as_micros();
        let later = events.iter().map(|event| event.time.as_micros()).filter(|time| *time > signup);
        let back: BTreeSet<i64> = later.map(|time| week(time) - week(signup)).collect();
        let cohort = cohorts.entry(week(signup)).or_default();
        cohort.0 += 1;
        back.into_iter().for_each(|week| *cohort.1.entry(week).or_default() += 1);
    }
    for (joined, (size, back)) in cohorts.range(last_week - 7..) {
        let monday = userops::time::Day((joined * 7 - 3) as i32);
        let weeks = (0..=6).take_while(|after| joined + after <= last_week);
        let cell = |after: i64| {
            let star = if joined + after == last_week { "*" } else { "" };
            // The report is of the end of a day, which may be the end of a week.
            let star = if day(report.as_of.as_micros() + 1) == (last_week + 1) * 7 - 3 { "" } else { star };
            format!("{}{star}", share(back.get(&after).copied().unwrap_or(0) as f64, *size as f64))
        };
        let row = weeks.map(cell).collect::<Vec<_>>().join(" ");
        has_row(&lines, &format!("{monday} {} {row}", count(*size)));
    }
    // Whole weeks before the current one, all users alike.
    let first_week = week(report.log.time_span().unwrap().0.as_micros());
    let complete = cohorts.range(first_week..last_week - 1);
    let sums = complete.fold((0, 0), |sums, (_, (size, back))| (sums.0 + size, sums.1 + back.get(&1).unwrap_or(&0)));
    assert_eq!(report.retention.weekly.curve()[1].pooled.ratio, Some(sums.1 as f64 / sums.0 as f64));
}

#[test]
fn active_users_and_sessions_are_those_of_plain_sets() {
    let report = report(LINE);
    let text = report.render().unwrap();
    let users = users(&report);
    let today = day(report.as_of.as_micros());
    let active = |days: i64| {
        let there = |events: &&Vec<(i64, String)>| events.iter().any(|(time, _)| day(*time) > today - days);
        users.iter().filter(there).count() as u64
    };
    let [dau, wau, mau] = [1, 7, 28].map(active);
    let lines = section(&text, "Active users");
    let ratio = share(dau as f64, mau as f64);
    let numbers = format!(" {} {} {} {ratio}", count(dau), count(wau), count(mau));
    assert!(lines.last().unwrap().ends_with(&numbers), "{numbers:?} ends {:?}", lines.last());

    let weekly = |number: i64| -> BTreeSet<usize> {
        let there = |user: &usize| users[*user].iter().any(|(time, _)| week(*time) == number);
        (0..users.len()).filter(there).collect()
    };
    let this = week(report.as_of.as_micros());
    let (before, last) = (weekly(this - 2), weekly(this - 1));
    let monday = userops::time::Day(((this - 1) * 7 - 3) as i32);
    let rows = section(&text, "Growth accounting");
    let row = rows.iter().find(|row| row.starts_with(&format!("{monday} {} ", count(last.len() as u64)))).unwrap();
    let dormant = count(before.difference(&last).count() as u64);
    let returning = count(before.intersection(&last).count() as u64);
    let cells: Vec<&str> = row.split(' ').collect();
    assert_eq!((cells[3], cells[5]), (returning.as_str(), dormant.as_str()), "{row}");

    let silent =
        |events: &Vec<(i64, String)>| events.windows(2).filter(|two| two[1].0 - two[0].0 > 30 * MINUTE).count();
    let sessions = users.iter().map(|events| 1 + silent(events)).sum::<usize>();
    has_row(&section(&text, "Sessions"), &format!("{} sessions of {} users;", count(sessions as u64), users.len()));
}

#[test]
fn transitions_are_those_of_a_plain_walk() {
    let report = report(LINE);
    let (mut times, mut by, mut from_view) = (0u64, 0u64, 0u64);
    for events in users(&report) {
        let mut steps: Vec<(i64, &str)> = Vec::new();
        let mut last = i64::MIN;
        for (time, name) in &events {
            if last != i64::MIN && time - last > 30 * MINUTE {
                steps.push((last, "end"));
            }
            last = *time;
            if steps.last().is_none_or(|(_, before)| before != name) {
                steps.push((*time, name));
            }
        }
        steps.push((last, "end"));
        let likes = steps.windows(2).filter(|two| two[0].1 == "view" && two[1].1 == "like").count() as u64;
        (times, by) = (times + likes, by + u64::from(likes > 0));
        from_view += steps.iter().filter(|(_, name)| *name == "view").count() as u64;
    }
    let ratio = share(times as f64, from_view as f64);
    let lines = section(&report.render().unwrap(), "Paths: what follows on what");
    has_row(&lines, &format!("view like {} {} {ratio}", count(times), count(by)));
}

#[test]
fn the_table_of_a_driver_is_that_of_a_plain_count() {
    let report = report(LINE);
    let [mut with_hit, mut with_miss, mut without_hit, mut without_miss] = [0u64; 4];
    for events in users(&report) {
        let end = events[0].0 + 7 * DAY;
        if end + 30 * DAY > report.as_of.as_micros() {
            continue;
        }
        let liked = events.iter().any(|(time, name)| name == "like" && *time < end);
        let back = events.iter().any(|(time, _)| (end..end + 30 * DAY).contains(time));
        match (liked, back) {
            (true, true) => with_hit += 1,
            (true, false) => with_miss += 1,
            (false, true) => without_hit += 1,
            (false, false) => without_miss += 1,
        }
    }
    let rows = &report.drivers.drivers.rows;
    let table = rows.iter().find(|row| row.name == "like").unwrap().table;
    let found = [table.with_hit, table.with_miss, table.without_hit, table.without_miss];
    assert_eq!(found, [with_hit, with_miss, without_hit, without_miss]);
    let lines = section(&report.render().unwrap(), "Drivers");
    let [with, all] = [with_hit + with_miss, found.iter().sum()];
    let ratios = [share(with as f64, all as f64), share(with_hit as f64, with as f64)].join(" ");
    has_row(&lines, &format!("like 1+ in 7 days {} {ratios}", count(with)));
}

#[test]
fn the_tables_written_hold_what_is_printed() {
    let report = report(LINE);
    let text = report.render().unwrap();
    let folder = std::env::temp_dir().join(format!("userops-content-app-{}", std::process::id()));
    for format in [TableFormat::Csv, TableFormat::Parquet, TableFormat::JsonLines] {
        tables::write_tables(report.tables().unwrap(), &folder, format).unwrap();
    }
    let written = report.tables().unwrap();
    for (name, table) in &written {
        assert!(table.row_count() > 0, "{name}");
        for extension in ["parquet", "jsonl"] {
            assert!(folder.join(format!("{name}.{extension}")).is_file(), "{name}.{extension}");
        }
        let csv = std::fs::read_to_string(folder.join(format!("{name}.csv"))).unwrap();
        assert_eq!(csv.lines().count(), table.row_count() + 1, "{name}");
    }
    let row = |name: &str, is_meant: &dyn Fn(&[&str]) -> bool| -> Vec<String> {
        let csv = std::fs::read_to_string(folder.join(format!("{name}.csv"))).unwrap();
        let mut rows = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
        rows.find(|row| is_meant(row)).unwrap().into_iter().map(str::to_owned).collect()
    };
    let number = |cell: &str| count(cell.parse::<u64>().unwrap());
    let ratio = |cell: &str| percent(cell.parse::<f64>().unwrap());

    let step = row("funnel", &|row| row[1] == "share or post");
    let printed = section(&text, "Funnel: from a visit");
    has_row(&printed, &format!("share or post {} {}", number(&step[2]), ratio(&step[6])));
    let transition = row("transitions", &|row| row[0] == "view" && row[2] == "like");
    let printed = section(&text, "Paths: what follows on what");
    has_row(&printed, &format!("view like {} {}", number(&transition[4]), number(&transition[5])));
    let csv = std::fs::read_to_string(folder.join("active_users.csv")).unwrap();
    let last: Vec<&str> = csv.lines().last().unwrap().split(',').collect();
    has_row(&section(&text, "Active users"), &format!("On {} there were {} active users", last[0], number(last[3])));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_log_that_was_written_is_reported_on_as_the_invented_one() {
    let folder = std::env::temp_dir().join(format!("userops-content-log-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| folder.join(name).display().to_string();
    let [events, people] = ["log.csv", "users.csv"].map(path);
    let size = LINE.strip_prefix("content_app").unwrap();
    let line = format!("sample_log --kind content_app{size} --out {events} --users-out {people}");
    let Ok(sample::Command::Write(request)) = sample::Command::parse(line.split(' ').map(OsString::from)) else {
        panic!("{line} writes")
    };
    sample::write(&request).unwrap();

    let invented = report(LINE);
    let read = report(&format!("content_app --input {events} --users-input {people} --zone Asia/Shanghai"));
    let ingest = read.ingest.as_ref().unwrap();
    assert_eq!((ingest.read, ingest.rejected), (invented.log.event_count() as u64, 0));
    let without = |report: &ContentReport| {
        let text = report.render().unwrap();
        text.lines().filter(|line| !line.contains("accepted")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(without(&read), without(&invented));

    // Without the users there is no joining: then the first event is the beginning, and nothing else is missing.
    let text = report(&format!("content_app --input {events} --zone Asia/Shanghai")).render().unwrap();
    assert!(text.contains("A user begins with the first event in the log"), "{text}");
    let titles = |lines: Vec<String>| {
        let ruled = lines.windows(2).filter(|two| two[1].starts_with('─')).map(|two| two[0].clone());
        ruled.collect::<Vec<_>>()
    };
    assert_eq!(titles(text.lines().map(str::to_owned).collect()), titles(without(&invented)));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_user_who_is_traced_stopped_before_the_payment() {
    let report = report(LINE);
    let (user, trace) = report.funnel.traced.as_ref().unwrap();
    let events: Vec<(i64, String)> =
        report.log.events_of(UserIx(user.0)).iter().map(|event| (event.time.as_micros(), event.name)).collect();
    assert_eq!((level(&events), trace.level), (3, 3));
    let names: Vec<&str> =
        trace.events.iter().map(|event| events[event.row as usize - report.log.rows(*user).start].1.as_str()).collect();
    assert_eq!(names[..2], ["visit", "view"]);
    assert!(["share", "post"].contains(&names[2]));
}

#[test]
fn few_users_or_days_are_reported_on_without_empty_sections() {
    for line in
        ["content_app --users 1 --days 200", "content_app --users 3 --days 2", "content_app --users 20 --days 1"]
    {
        let Command::Report(arguments) = parse(line).unwrap() else { panic!("{line} is a report") };
        let (log, ingest) = arguments.read().unwrap();
        let is_empty = log.is_empty();
        match ContentReport::new(log, ingest) {
            Ok(report) => {
                let text = report.render().unwrap();
                assert!(!text.contains("NaN") && !text.contains("inf"), "{line}: {text}");
                report.tables().unwrap();
            }
            Err(error) => assert!(is_empty && error.to_string().contains("no event"), "{line}: {error}"),
        }
    }
}

#[test]
fn options_that_are_not_understood_are_refused_by_name() {
    for (line, word) in [
        ("content_app --usres 5", "--usres"),
        ("content_app --users many", "\"many\""),
        ("content_app --days 70000", "\"70000\""),
        ("content_app --start 2025-13-01", "2025-13-01"),
        ("content_app --zone Asia/Shangai", "Asia/Shanghai"),
        ("content_app --format xls", "xls"),
        ("content_app --out", "--out"),
        ("content_app log.csv", "log.csv"),
        ("content_app --input log.csv --seed 2", "--seed"),
        ("content_app --users-input users.csv", "users.csv"),
    ] {
        let message = parse(line).map(|_| ()).unwrap_err().to_string();
        assert!(message.contains(word), "{message}");
    }
    let Command::Report(missing) = parse("content_app --input /nonexistent.csv").unwrap() else { panic!("a report") };
    assert!(missing.read().map(|_| ()).unwrap_err().to_string().contains("/nonexistent.csv"));
    let Command::Help(help) = parse("content_app --help").unwrap() else { panic!("a help") };
    for option in
        ["--users N", "--days N", "--seed N", "--start DATE", "--zone ZONE", "--input FILE", "--out DIR", "[5000]"]
    {
        assert!(help.contains(option), "{option}");
    }
}
