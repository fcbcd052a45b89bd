//! `View`'s answers in columns.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Instant;

use otelier_wire::Signal;

use super::aggregate::{self, Aggregate, Question};
use super::column::Column;
use super::compare::{self, Comparison, Contrast};
use super::gather::{self, Budget, SpanTable};
use super::parts::{self, PartField, PartTable};
use super::pass::Flow;
use super::scan::{Places, Scan};
use super::tags::{self, TagName};
use super::told::{self, Asked, Told};
use crate::error::ReadError;
use crate::filter::{Field, Filter, Intrinsic, Part, Wanted};
use crate::newest::{Newest, TraceId, Traces};
use crate::view::{Snapshot, View};

/// All there is.
const ALWAYS: RangeInclusive<u64> = 0..=u64::MAX;

impl View {
    /// Fields of all spans that the filter means and that start in `window`; of the `newest` traces only, if that is
    /// not 0.
    pub fn gather(
        &self,
        tenant: &str,
        filter: &Arc<Filter>,
        fields: &[Wanted],
        window: &RangeInclusive<u64>,
        newest: usize,
        budget: Budget,
    ) -> Result<SpanTable, ReadError> {
        if newest > 0 {
            let traces = self.search_until(tenant, filter, window, newest, budget.deadline())?;
            let ids: Vec<TraceId> = traces.found.into_iter().map(|(id, _)| id).collect();
            let mut table = self.gather_of(tenant, &ids, filter, fields, window, budget)?;
            if table.partial.is_empty() {
                table.partial = traces.partial;
            }
            return Ok(table);
        }
        self.answer(|snapshot| {
            let whole = filter.asks_trace() || fields.iter().any(Wanted::asks_trace);
            let places = self.places_for(snapshot, tenant, window, whole)?;
            gather::gather(&places, filter, fields, window, budget)
        })
    }

    /// Events or links of all spans that the filter means and that start in `window`.
    #[expect(clippy::too_many_arguments, reason = "a question in full")]
    pub fn gather_parts(
        &self,
        tenant: &str,
        part: Part,
        filter: &Filter,
        fields: &[Wanted],
        part_fields: &[PartField],
        window: &RangeInclusive<u64>,
        budget: Budget,
    ) -> Result<PartTable, ReadError> {
        self.answer(|snapshot| {
            let whole = filter.asks_trace() || fields.iter().any(Wanted::asks_trace);
            let places = self.places_for(snapshot, tenant, window, whole)?;
            parts::gather(&places, part, filter, fields, part_fields, window, budget)
        })
    }

    /// Fields of all spans of these traces, as trees.
    pub fn spans_of(
        &self,
        tenant: &str,
        trace_ids: &[TraceId],
        fields: &[Wanted],
        budget: Budget,
    ) -> Result<SpanTable, ReadError> {
        self.gather_of(tenant, trace_ids, &Filter::everything(), fields, &ALWAYS, budget)
    }

    /// What an answer tells of these traces.
    pub fn told(&self, tenant: &str, trace_ids: &[TraceId], asked: &Arc<Asked>) -> Result<Told, ReadError> {
        self.answer(|snapshot| told::tell(&self.places(snapshot, tenant, &ALWAYS)?, trace_ids, asked))
    }

    pub fn aggregate(&self, tenant: &str, question: &Question) -> Result<Aggregate, ReadError> {
        self.answer(|snapshot| {
            let places = self.places_for(snapshot, tenant, question.window, question.asks_trace())?;
            aggregate::aggregate(&places, question)
        })
    }

    /// Values of the spans of a selection, and of all others.
    pub fn compare(&self, tenant: &str, asked: &Contrast) -> Result<Comparison, ReadError> {
        self.answer(|snapshot| {
            let whole = asked.filter.asks_trace() || asked.selection.asks_trace();
            let whole = whole || asked.fields.iter().any(Wanted::asks_trace);
            let places = self.places_for(snapshot, tenant, asked.window, whole)?;
            compare::compare(&places, asked)
        })
    }

    /// Scope, key and type of attributes in segments and log that overlap a window, sorted.
    pub fn tag_names(
        &self,
        tenant: &str,
        window: &RangeInclusive<u64>,
        limit: usize,
    ) -> Result<Vec<TagName>, ReadError> {
        self.answer(|snapshot| tags::names(&self.places(snapshot, tenant, window)?, window, limit))
    }

    /// The distinct values of a field of spans that the filter means, sorted.
    pub fn tag_values(
        &self,
        tenant: &str,
        field: &Wanted,
        filter: &Filter,
        window: &RangeInclusive<u64>,
        limit: usize,
    ) -> Result<Column, ReadError> {
        self.answer(|snapshot| {
            let whole = filter.asks_trace() || field.asks_trace();
            let places = self.places_for(snapshot, tenant, window, whole)?;
            tags::values(&places, field, filter, window, limit)
        })
    }

    fn gather_of(
        &self,
        tenant: &str,
        trace_ids: &[TraceId],
        filter: &Filter,
        fields: &[Wanted],
        window: &RangeInclusive<u64>,
        budget: Budget,
    ) -> Result<SpanTable, ReadError> {
        self.answer(|snapshot| {
            let places = self.places(snapshot, tenant, &ALWAYS)?;
            gather::gather_of(&places, trace_ids, filter, fields, window, budget)
        })
    }

    /// A search whose filter asks for whole traces, of what was looked at before a moment.
    pub(crate) fn search_traces(
        &self,
        snapshot: &Snapshot,
        tenant: &str,
        filter: &Filter,
        window: &RangeInclusive<u64>,
        limit: usize,
        deadline: Option<Instant>,
    ) -> Result<Traces, ReadError> {
        let places = self.places_for(snapshot, tenant, window, true)?;
        let mut newest = Newest::new(limit);
        let mut scan = Scan::new(&places, filter, window.clone(), true);
        scan.deadline = deadline;
        let partial = scan.each(&mut |block, found| {
            let (mut ids, mut starts) = (Column::new(16), Column::default());
            ids.extend(found.count());
            starts.extend(found.count());
            block.fill(&Field::Intrinsic(Intrinsic::TraceId), found, &mut ids, 0)?;
            block.fill(&Field::Intrinsic(Intrinsic::StartNs), found, &mut starts, 0)?;
            for (place, start) in starts.data.iter().enumerate() {
                newest.offer(ids.id(place).try_into().unwrap_or_default(), *start);
            }
            Ok(Flow::From(newest.oldest()))
        })?;
        Ok(Traces { found: newest.finish(), partial })
    }

    /// What a scan for spans in a window needs; if it asks for whole traces, these are made of all that is there.
    fn places_for(
        &self,
        snapshot: &Snapshot,
        tenant: &str,
        window: &RangeInclusive<u64>,
        whole: bool,
    ) -> Result<Places, ReadError> {
        let mut places = self.places(snapshot, tenant, if whole { &ALWAYS } else { window })?;
        if whole {
            places.splits = Some(self.splits.of(tenant, &places.files)?);
        }
        Ok(places)
    }

    /// What may hold spans that start in a window.
    fn places(&self, snapshot: &Snapshot, tenant: &str, window: &RangeInclusive<u64>) -> Result<Places, ReadError> {
        let overlaps = |starts: &RangeInclusive<u64>| starts.start() <= window.end() && starts.end() >= window.start();
        let mut places = Places { chunks: snapshot.chunks(tenant, Signal::Traces).to_vec(), ..Places::default() };
        for listed in self.listed(snapshot, tenant, Signal::Traces) {
            if overlaps(&listed.starts) {
                places.files.push(self.cache.get(&listed.path)?);
            } else {
                places.skipped_files += 1;
            }
        }
        Ok(places)
    }
}
