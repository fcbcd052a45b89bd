//! One walk over a batch that writes what its steps leave.
//!
//! Groups (see `wire::index`) are written anew around unchanged runs of their children. A group's length stands before
//! its content: room is left for a length of the old size, and the content moved where the new one needs another.

use std::sync::Arc;

use otelier_wire::protobuf::{Field, LEN, Value as Wire, fields, put_varint, varint_len};
use otelier_wire::{Batch, Segment, Signal};

use super::action::Fate;
use super::pass::Pass;
use crate::condition::{Errors, Failure, OnError};
use crate::level::{LEVELS, Level};
use crate::scene::Scene;

/// A kind of group; data is the gauge, sum, … with this number in a metric.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Request,
    Resource,
    Scope,
    Metric,
    Data(u32),
}

/// What a field of a group is.
enum Part {
    Group(Group),
    Item,
    /// The Resource or Scope.
    Header(Level),
    Other,
}

const EVENTS: u32 = 11;

pub fn apply(pass: &Pass, batch: &Batch, errors: &mut [Errors]) -> Result<Batch, Failure> {
    let scene = Scene::new(batch.signal(), &pass.needs);
    let mut walk = Walk { pass, scene, out: Vec::new(), made: Vec::new(), changed: false, removed: 0, errors };
    let mut segments = Vec::with_capacity(batch.segments().len());
    for segment in batch.segments() {
        if let Some(segment) = walk.segment(segment)? {
            segments.push(segment);
        }
    }
    Ok(Batch::new(batch.signal(), segments, batch.metadata().cloned()))
}

struct Walk<'p> {
    pass: &'p Pass,
    scene: Scene<'p>,
    out: Vec<u8>,
    /// Scratch of the actions.
    made: Vec<u8>,
    changed: bool,
    /// Items of the segment left out so far.
    removed: usize,
    errors: &'p mut [Errors],
}

/// What became of an item.
enum Outcome {
    Unchanged,
    Changed,
    Removed,
}

impl<'p> Walk<'p> {
    /// None if nothing is left of it.
    fn segment(&mut self, segment: &'p Arc<Segment>) -> Result<Option<Arc<Segment>>, Failure> {
        let source: &'p [u8] = segment.bytes();
        self.scene.source = source;
        (self.changed, self.removed) = (false, 0);
        self.out = Vec::with_capacity(source.len() + source.len() / 8);
        let fate = self.group(Group::Request, source)?;
        let out = std::mem::take(&mut self.out);
        Ok(match fate {
            Fate::Goes => None,
            Fate::Stays if !self.changed => Some(segment.clone()),
            Fate::Stays => Some(Segment::new(out.into(), segment.items() - self.removed)),
        })
    }

    /// Appends what is left of a group's content; a group that lost all it held goes.
    fn group(&mut self, group: Group, content: &'p [u8]) -> Result<Fate, Failure> {
        let items_before = self.removed;
        if self.enter(group, content)? == Fate::Goes {
            self.changed = true;
            self.removed = items_before + self.count(group, content);
            return Ok(Fate::Goes);
        }
        let (mut held, mut left) = (0, 0);
        let mut header_seen = false;
        // What has been read but not written yet begins here.
        let mut run = content;
        let mut rest = content;
        for Field { number, value, raw } in fields(content) {
            let before = rest;
            rest = &rest[raw.len()..];
            let Wire::Len(inside) = value else { continue };
            match self.part(group, number) {
                Part::Item => {
                    held += 1;
                    let outcome = self.item(group, inside)?;
                    if let Outcome::Unchanged = outcome {
                        left += 1;
                        continue;
                    }
                    self.flush(run, before);
                    run = rest;
                    self.changed = true;
                    if let Outcome::Changed = outcome {
                        left += 1;
                        let start = self.open(number, inside.len());
                        self.scene.records[Level::Item as usize].write(self.scene.source, &mut self.out);
                        self.close(start, inside.len());
                    } else {
                        self.removed += 1;
                    }
                }
                Part::Group(child) => {
                    held += 1;
                    self.flush(run, before);
                    run = rest;
                    let beginning = self.out.len();
                    let start = self.open(number, inside.len());
                    match self.group(child, inside)? {
                        Fate::Stays => {
                            left += 1;
                            self.close(start, inside.len());
                        }
                        Fate::Goes => self.out.truncate(beginning),
                    }
                }
                Part::Header(level) => {
                    header_seen = true;
                    if self.scene.records[level as usize].changed() {
                        self.flush(run, before);
                        run = rest;
                        self.header(level, number, inside.len());
                    }
                }
                Part::Other if group == Group::Metric && self.set_anew(number) => {
                    self.flush(run, before);
                    run = rest;
                }
                Part::Other => {}
            }
        }
        self.flush(run, rest);
        if held > 0 && left == 0 {
            self.changed = true;
            return Ok(Fate::Goes);
        }
        self.finish(group, header_seen);
        Ok(Fate::Stays)
    }

    /// Looks at a group's own message and does the steps about it.
    fn enter(&mut self, group: Group, content: &'p [u8]) -> Result<Fate, Failure> {
        let level = match group {
            Group::Request | Group::Data(_) => return Ok(Fate::Stays),
            Group::Resource => Level::Resource,
            Group::Scope => Level::Scope,
            Group::Metric => Level::Metric,
        };
        if level == Level::Metric && self.scene.needs.reads[level as usize] {
            self.scene.enter(level, content, 0, false);
        } else {
            self.scene.enter_header(level, content);
        }
        if level == Level::Scope {
            self.scene.next_scope();
        }
        self.steps(level)
    }

    fn part(&self, group: Group, number: u32) -> Part {
        let signal = self.scene.signal;
        let deepest = self.pass.deepest;
        match (group, number) {
            (Group::Request, 1) => Part::Group(Group::Resource),
            (Group::Resource, 1) => Part::Header(Level::Resource),
            (Group::Resource, 2) if deepest > Level::Resource => Part::Group(Group::Scope),
            (Group::Scope, 1) => Part::Header(Level::Scope),
            (Group::Scope, 2) if deepest == Level::Scope => Part::Other,
            (Group::Scope, 2) if signal == Signal::Metrics => Part::Group(Group::Metric),
            (Group::Scope, 2) => Part::Item,
            (Group::Metric, 5 | 7 | 9 | 10 | 11) if deepest > Level::Metric => Part::Group(Group::Data(number)),
            (Group::Data(_), 1) => Part::Item,
            _ => Part::Other,
        }
    }

    #[inline]
    fn item(&mut self, group: Group, content: &'p [u8]) -> Result<Outcome, Failure> {
        let data = if let Group::Data(number) = group { number } else { 0 };
        let all = self.scene.needs.all(Level::Item, content.len());
        self.scene.enter(Level::Item, content, data, all);
        if self.steps(Level::Item)? == Fate::Goes {
            return Ok(Outcome::Removed);
        }
        if self.pass.deepest == Level::Event {
            self.events(content)?;
        }
        let changed = self.scene.records[Level::Item as usize].changed();
        Ok(if changed { Outcome::Changed } else { Outcome::Unchanged })
    }

    fn events(&mut self, span: &'p [u8]) -> Result<(), Failure> {
        for Field { number, value, raw } in fields(span) {
            let (EVENTS, Wire::Len(event)) = (number, value) else { continue };
            let all = self.scene.needs.all(Level::Event, event.len());
            self.scene.enter(Level::Event, event, 0, all);
            let fate = self.steps(Level::Event)?;
            let [.., item, record] = &mut self.scene.records;
            if fate == Fate::Goes {
                item.set_range(self.scene.source, raw, &[]);
            } else if record.changed() {
                self.made.clear();
                record.write(self.scene.source, &mut self.made);
                let mut framed = Vec::with_capacity(self.made.len() + 8);
                framed.push((EVENTS << 3 | LEN) as u8);
                put_varint(&mut framed, self.made.len());
                framed.extend_from_slice(&self.made);
                item.set_range(self.scene.source, raw, &framed);
            }
        }
        Ok(())
    }

    /// Does the steps about the message that the scene shows at this level.
    #[inline]
    fn steps(&mut self, level: Level) -> Result<Fate, Failure> {
        let pass = self.pass;
        let mut steps = pass.steps[level as usize].iter();
        while let Some(step) = steps.next() {
            let done = match step.when.as_ref().map_or(Ok(true), |when| when.holds(&self.scene)) {
                Ok(false) => {
                    steps.by_ref().take(step.guards).for_each(drop);
                    continue;
                }
                Ok(true) => step.actions.iter().try_fold(Fate::Stays, |fate, action| match fate {
                    Fate::Goes => Ok(Fate::Goes),
                    Fate::Stays => action.run(&mut self.scene, level, &mut self.made),
                }),
                Err(fault) => Err(fault),
            };
            match done {
                Ok(Fate::Goes) => return Ok(Fate::Goes),
                Ok(Fate::Stays) => {}
                Err(fault) if step.on_error == OnError::Raise => return Err(Failure { place: step.number, fault }),
                Err(fault) => {
                    steps.by_ref().take(step.guards).for_each(drop);
                    self.errors[step.number].note(fault);
                }
            }
        }
        Ok(Fate::Stays)
    }

    /// Appends what lies between two places that were read.
    #[inline]
    fn flush(&mut self, from: &[u8], to: &[u8]) {
        self.out.extend_from_slice(&from[..from.len() - to.len()]);
    }

    fn header(&mut self, level: Level, number: u32, old_len: usize) {
        self.changed = true;
        let start = self.open(number, old_len);
        self.scene.records[level as usize].write(self.scene.source, &mut self.out);
        self.close(start, old_len);
    }

    /// Whether a field of the metric is set and written later.
    fn set_anew(&self, number: u32) -> bool {
        let record = &self.scene.records[Level::Metric as usize];
        record.changed() && record.new_fields(self.scene.source).any(|(set, _)| set == number)
    }

    /// Appends what the group's message has that was nowhere on the wire.
    fn finish(&mut self, group: Group, header_seen: bool) {
        match group {
            Group::Resource if !header_seen && self.scene.records[Level::Resource as usize].changed() => {
                self.header(Level::Resource, 1, 0);
            }
            Group::Scope if !header_seen && self.scene.records[Level::Scope as usize].changed() => {
                self.header(Level::Scope, 1, 0);
            }
            Group::Metric if self.scene.records[Level::Metric as usize].changed() => {
                self.changed = true;
                let record = &self.scene.records[Level::Metric as usize];
                record.new_fields(self.scene.source).for_each(|(_, raw)| self.out.extend_from_slice(raw));
            }
            _ => {}
        }
    }

    /// Begins a field; answers where its content starts.
    fn open(&mut self, number: u32, old_len: usize) -> usize {
        self.out.push((number << 3 | LEN) as u8);
        self.out.resize(self.out.len() + varint_len(old_len), 0);
        self.out.len()
    }

    /// Writes the length of what was appended since `open`.
    fn close(&mut self, start: usize, old_len: usize) {
        let length = self.out.len() - start;
        let (room, need) = (varint_len(old_len), varint_len(length));
        if need > room {
            self.out.resize(self.out.len() + need - room, 0);
        }
        if need != room {
            self.out.copy_within(start..start + length, start + need - room);
            self.out.truncate(start + need - room + length);
        }
        let mut rest = length;
        for byte in &mut self.out[start - room..start - room + need] {
            *byte = rest as u8 & 0x7f | 0x80;
            rest >>= 7;
        }
        self.out[start - room + need - 1] &= 0x7f;
    }

    /// The items in a group.
    fn count(&self, group: Group, content: &[u8]) -> usize {
        let children = |number: u32| {
            fields(content).filter_map(move |field| match field.value {
                Wire::Len(inside) if field.number == number => Some(inside),
                _ => None,
            })
        };
        match group {
            Group::Request => children(1).map(|child| self.count(Group::Resource, child)).sum(),
            Group::Resource => children(2).map(|child| self.count(Group::Scope, child)).sum(),
            Group::Scope if self.scene.signal == Signal::Metrics => {
                children(2).map(|child| self.count(Group::Metric, child)).sum()
            }
            Group::Scope => children(2).count(),
            Group::Metric => {
                [5, 7, 9, 10, 11].into_iter().flat_map(children).map(|data| self.count(Group::Data(0), data)).sum()
            }
            Group::Data(_) => children(1).count(),
        }
    }
}

const _: () = assert!(LEVELS == 5 && Level::Event as usize == 4);
