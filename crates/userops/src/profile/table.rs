//! Profiles as a table, one row per user.

use super::{OrderProfile, ProfileTable};
use crate::column::Column;
use crate::error::Result;
use crate::id::UserIx;
use crate::log::EventLog;
use crate::table::{Table, user_column};
use crate::time::{Timestamp, Weekday};

impl ProfileTable {
    /// The profiles as a table: external id, instants, counts, sums in minor units (`_minor`), and so on; and per event
    /// name the columns `name.count`, `name.amount_minor`, `name.first` and `name.last`.
    ///
    /// # Errors
    /// `InvalidArgument` where the table is not of this log.
    pub fn to_table(&self, log: &EventLog) -> Result<Table> {
        self.check_log(log)?;
        let users = || (0..self.len()).map(|index| UserIx(index as u32));
        let times = |time: &dyn Fn(UserIx) -> Option<Timestamp>| {
            Column::Time(users().map(|user| time(user).map(Timestamp::as_micros)).collect())
        };
        let mut table = Table::new(self.len());
        table.push("user", user_column(log.users(), users()))?;
        table.push("first_seen", times(&|user| self.first_seen(user)))?;
        table.push("last_seen", times(&|user| self.last_seen(user)))?;
        table.push("event_count", self.activity.event_count.clone().into())?;
        table.push("active_days", self.activity.active_days.clone().into())?;
        let calendar = log.calendar(self.as_of);
        let days_since = |user| Some(super::scalar::days_between(self.last_seen(user)?, self.as_of, &calendar));
        table.push("days_since_last", users().map(days_since).collect::<Vec<_>>().into())?;
        table.push("amount_minor", self.activity.amount_minor.clone().into())?;
        self.push_windows(&mut table)?;
        self.push_events(&mut table, log)?;
        self.push_orders(&mut table)?;
        self.push_gaps(&mut table)?;
        self.push_habits(&mut table)?;
        self.push_interests(&mut table, log)?;
        Ok(table)
    }

    fn push_windows(&self, table: &mut Table) -> Result<()> {
        let days = &self.rules.options().windows_days;
        for (index, days) in days.iter().enumerate() {
            let column: Vec<u32> =
                self.activity.window_counts.iter().skip(index).step_by(self.window_width()).copied().collect();
            table.push(format!("event_count_{days}d"), column.into())?;
            if !self.order_windows.is_empty() {
                let windows = || self.order_windows.iter().skip(index).step_by(self.window_width());
                let counts: Vec<u32> = windows().map(|window| window.order_count).collect();
                table.push(format!("order_count_{days}d"), counts.into())?;
                let sums: Vec<i64> = windows().map(|window| window.revenue.minor()).collect();
                table.push(format!("revenue_minor_{days}d"), sums.into())?;
            }
        }
        Ok(())
    }

    fn window_width(&self) -> usize {
        self.rules.options().windows_days.len().max(1)
    }

    fn push_events(&self, table: &mut Table, log: &EventLog) -> Result<()> {
        let names = self.rules.name_count();
        for (code, name) in log.names().iter().enumerate() {
            let counts = || self.activity.name_counts.iter().skip(code).step_by(names);
            table.push(format!("{name}.count"), counts().copied().collect::<Vec<u32>>().into())?;
            if self.event_times.first.is_empty() {
                continue;
            }
            let sums: Vec<i64> = self.event_times.amount_minor.iter().skip(code).step_by(names).copied().collect();
            table.push(format!("{name}.amount_minor"), sums.into())?;
            for (suffix, column) in [("first", &self.event_times.first), ("last", &self.event_times.last)] {
                let known = column.iter().skip(code).step_by(names).zip(counts());
                let times = known.map(|(micros, count)| (*count > 0).then_some(*micros)).collect();
                table.push(format!("{name}.{suffix}"), Column::Time(times))?;
            }
        }
        Ok(())
    }

    fn push_orders(&self, table: &mut Table) -> Result<()> {
        if self.orders.is_empty() {
            return Ok(());
        }
        fn each<T>(orders: &[OrderProfile], value: impl Fn(&OrderProfile) -> T) -> Vec<T> {
            orders.iter().map(value).collect()
        }
        let orders = &self.orders;
        let micros = |value: fn(&OrderProfile) -> Option<Timestamp>| {
            Column::Time(orders.iter().map(|order| value(order).map(Timestamp::as_micros)).collect())
        };
        table.push("order_count", each(orders, |order| order.order_count).into())?;
        table.push("purchase_days", each(orders, |order| order.purchase_days).into())?;
        table.push("revenue_minor", each(orders, |order| order.revenue.minor()).into())?;
        table.push("average_order_minor", each(orders, OrderProfile::average_order_minor).into())?;
        table.push("first_order", micros(|order| order.first))?;
        table.push("last_order", micros(|order| order.last))?;
        table.push("days_since_last_order", each(orders, |order| order.days_since_last).into())?;
        table.push("order_gap_days_mean", each(orders, |order| order.gaps.mean_days).into())?;
        table.push("order_gap_days_median", each(orders, |order| order.gaps.median_days).into())
    }

    fn push_gaps(&self, table: &mut Table) -> Result<()> {
        if self.gaps.is_empty() {
            return Ok(());
        }
        table.push("gap_days_mean", self.gaps.iter().map(|gaps| gaps.mean_days).collect::<Vec<_>>().into())?;
        table.push("gap_days_median", self.gaps.iter().map(|gaps| gaps.median_days).collect::<Vec<_>>().into())
    }

    fn push_habits(&self, table: &mut Table) -> Result<()> {
        if self.habits.is_empty() {
            return Ok(());
        }
        for hour in 0..24 {
            let counts: Vec<u32> = self.habits.iter().map(|habits| habits.by_hour[hour]).collect();
            table.push(format!("hour_{hour:02}"), counts.into())?;
        }
        for weekday in Weekday::ALL {
            let counts: Vec<u32> = self.habits.iter().map(|habits| habits.by_weekday[weekday as usize]).collect();
            table.push(format!("{weekday:?}").to_lowercase(), counts.into())?;
        }
        Ok(())
    }

    fn push_interests(&self, table: &mut Table, log: &EventLog) -> Result<()> {
        let options = self.rules.options();
        if options.channel.is_some() {
            let channels = (0..self.len()).map(|user| self.channel(log, UserIx(user as u32)));
            table.push("channel", Column::texts(channels))?;
        }
        let Some(category) = &options.category else { return Ok(()) };
        let dictionary = &log.text_property(category)?.dictionary;
        for rank in 0..usize::from(options.interests_max) {
            let nth = |interests: &Vec<super::Interest>| interests.get(rank).copied();
            let names = self.interests.iter().map(|interests| dictionary.get(nth(interests)?.category));
            table.push(format!("interest_{}", rank + 1), Column::texts(names))?;
            let weights: Vec<Option<f64>> =
                self.interests.iter().map(|interests| nth(interests).map(|interest| interest.weight)).collect();
            table.push(format!("interest_{}_weight", rank + 1), weights.into())?;
        }
        Ok(())
    }
}
