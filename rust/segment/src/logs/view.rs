//! Questions about logs to a `View`.

use std::ops::RangeInclusive;
use std::sync::Arc;

use otelier_wire::Signal;

use super::count::{By, Counted, Streams, count};
use super::group::GroupLogs;
use super::search::{Found, search};
use super::table::{LogColumns, LogField, gather};
use super::walk::{Listed, Question};
use crate::error::ReadError;
use crate::reader::Group;
use crate::spans::Budget;
use crate::view::{Snapshot, View};

impl View {
    /// Up to `limit` records in the order of the question that take about `max_bytes` in memory, or one that takes more.
    pub fn search_logs(
        &self,
        tenant: &str,
        question: &Question,
        limit: usize,
        max_bytes: usize,
    ) -> Result<Found, ReadError> {
        self.answer(|snapshot| {
            let chunks = snapshot.chunks(tenant, Signal::Logs);
            search(question, limit, max_bytes, chunks, self.listed_logs(snapshot, tenant), &self.cache)
        })
    }

    /// Fields of all records that the filter means.
    pub fn gather_logs(
        &self,
        tenant: &str,
        question: &Question,
        fields: &[LogField],
        budget: Budget,
    ) -> Result<LogColumns, ReadError> {
        self.answer(|snapshot| {
            let (chunks, files) = (snapshot.chunks(tenant, Signal::Logs), self.listed_logs(snapshot, tenant));
            gather(question, fields, budget, chunks, files, &self.cache)
        })
    }

    /// How many records there are of each group, in parts of `part_ns`.
    pub fn count_logs(
        &self,
        tenant: &str,
        question: &Question,
        part_ns: u64,
        by: &[By],
        sizes: bool,
    ) -> Result<Counted, ReadError> {
        self.answer(|snapshot| {
            let (chunks, files) = (snapshot.chunks(tenant, Signal::Logs), self.listed_logs(snapshot, tenant));
            count(question, part_ns, by, sizes, chunks, files, &self.cache)
        })
    }

    /// The resources of chunks and row groups that may have records in the window.
    pub fn log_streams(&self, tenant: &str, window: &RangeInclusive<u64>) -> Result<Streams, ReadError> {
        self.answer(|snapshot| {
            let mut streams = Streams::default();
            let meets = |times: &RangeInclusive<u64>| times.start() <= window.end() && times.end() >= window.start();
            for chunk in snapshot.chunks(tenant, Signal::Logs) {
                if meets(&(chunk.least_start..=chunk.greatest_start)) {
                    streams.add_chunk(chunk);
                }
            }
            for listed in self.listed_logs(snapshot, tenant).into_iter().filter(|listed| meets(&listed.times)) {
                let file = self.cache.get(&listed.path)?;
                for (number, group) in file.summary.row_groups.iter().enumerate() {
                    if meets(&(group.min_start_ns..=group.max_start_ns)) {
                        streams.add_group(&mut GroupLogs::new(Group::open(&file, number)?))?;
                    }
                }
                streams.resources.sort_unstable();
                streams.resources.dedup();
            }
            streams.resources.sort_unstable();
            streams.resources.dedup();
            Ok(streams)
        })
    }

    fn listed_logs(&self, snapshot: &Snapshot, tenant: &str) -> Vec<Listed> {
        let listed = self.listed(snapshot, tenant, Signal::Logs).into_iter();
        listed.map(|each| Listed { path: Arc::clone(&each.path), times: each.starts.clone() }).collect()
    }
}
