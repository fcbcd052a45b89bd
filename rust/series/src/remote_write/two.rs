//! Remote write 2.0: `io.prometheus.write.v2.Request`.

use otelier_wire::protobuf::{Cursor, Value, varint_len};

use super::one::value_and_time;
use super::{DEPTH, Pairs, Stop, each, example, histogram, is_utf8, message, sample, varints, write_labels};
use crate::labels::{self, NAME};
use crate::samples::{Builder, Text, Why};

/// A text of the request.
#[derive(Clone, Copy)]
struct Symbol<'a> {
    text: &'a [u8],
    /// The same behind its length, as labels have it; none if that is longer than it needs to be.
    framed: Option<&'a [u8]>,
    utf8: bool,
}

impl<'a> Symbol<'a> {
    fn of(field: &'a [u8], text: &'a [u8]) -> Symbol<'a> {
        let framed = &field[field.len() - text.len() - varint_len(text.len())..];
        // A length that goes on behind its last bit ends in a zero.
        let shortest = text.is_empty() || framed[varint_len(text.len()) - 1] != 0;
        Symbol { text, framed: shortest.then_some(framed), utf8: is_utf8(text) }
    }
}

pub fn request(body: &[u8], builder: &mut Builder) -> Result<(), Stop> {
    // Symbols may stand behind the series that use them, though nobody writes them there.
    let mut symbols = Vec::new();
    let mut series = Vec::new();
    let mut cursor = Cursor::new(body);
    while !cursor.is_empty() {
        let before = cursor.rest;
        let tag = cursor.tag()?;
        match (tag.number(), cursor.value(tag, DEPTH)?) {
            (4, Value::Len(text)) => symbols.push(Symbol::of(&before[..before.len() - cursor.rest.len()], text)),
            (5, Value::Len(content)) => series.push(content),
            _ => {}
        }
    }
    builder.reserve(series.len());
    let (refs, pairs, names) = Default::default();
    let mut reader = Reader { symbols: &symbols, builder, refs, pairs, names, said: None };
    series.into_iter().try_for_each(|content| reader.time_series(content))
}

struct Reader<'a, 'b> {
    symbols: &'b [Symbol<'a>],
    builder: &'b mut Builder,
    /// Of the series, then of each of its exemplars.
    refs: Vec<u32>,
    pairs: Pairs<'a>,
    /// References of the names of a series before, which are in order; most have the same ones.
    names: Vec<u32>,
    /// The family that metadata was kept of last, and that.
    said: Option<(&'a [u8], About)>,
}

#[derive(Clone, Copy, Default, PartialEq)]
struct About {
    kind: u8,
    help: u32,
    unit: u32,
}

impl<'a> Reader<'a, '_> {
    fn time_series(&mut self, content: &'a [u8]) -> Result<(), Stop> {
        let mark = self.builder.mark();
        let number = self.builder.next_series();
        self.refs.clear();
        let mut about = None;
        let (mut bad_histograms, mut exemplars) = (0, false);
        let mut cursor = Cursor::new(content);
        while !cursor.is_empty() {
            let tag = cursor.tag()?;
            if tag == message(2) {
                let (ms, bits) = sample(cursor.bytes()?)?;
                self.builder.sample(number, ms, bits);
                continue;
            }
            match (tag.number(), cursor.value(tag, DEPTH)?) {
                (1, value) => varints(value, &mut self.refs)?,
                (3, Value::Len(content)) => match histogram::read(content)? {
                    Some(ms) => self.builder.histogram(number, ms, self.builder.lying(content)),
                    None => bad_histograms += 1,
                },
                (4, Value::Len(_)) => exemplars = true,
                (5, Value::Len(content)) => about = Some(metadata(content, about.unwrap_or_default())?),
                _ => {}
            }
        }
        let labels = self.labels()?;
        if let Err(why) = labels {
            let count = self.builder.since(mark) + bad_histograms;
            self.builder.back_to(mark);
            self.refuse(why, count);
            return Ok(());
        }
        if bad_histograms > 0 {
            self.refuse(Why::Histogram, bad_histograms);
        }
        if let Some(about) = about {
            self.say(about)?;
        } else if bad_histograms == 0 && !exemplars && self.builder.is_at(mark) {
            self.refuse(Why::Empty, 1);
        }
        if exemplars {
            self.exemplars(content, number)?;
        }
        if let Ok(labels) = labels
            && !self.builder.is_at(mark)
        {
            self.builder.series(labels, Text::default());
        }
        Ok(())
    }

    #[cold]
    fn refuse(&mut self, why: Why, count: usize) {
        // As far as they lead somewhere.
        let _ = self.resolve();
        self.builder.refusals().add(why, count, || example(&self.pairs));
    }

    /// Of the series whose references were read.
    #[inline]
    fn labels(&mut self) -> Result<Result<Text, Why>, Stop> {
        match self.framed() {
            Some(length) => {
                let (symbols, refs) = (self.symbols, self.refs.as_chunks().0);
                let framed =
                    |place: u32| symbols.get(place as usize).and_then(|symbol| symbol.framed).unwrap_or_default();
                Ok(Ok(self.builder.write(length, |out| {
                    refs.iter().for_each(|[name, value]| labels::put_framed(out, framed(*name), framed(*value)));
                })?))
            }
            None => self.other_labels(),
        }
    }

    /// At most so many bytes as labels, if all references lead somewhere and the names are those of a series before.
    #[inline]
    fn framed(&self) -> Option<usize> {
        let (refs, odd) = self.refs.as_chunks();
        if refs.is_empty() || refs.len() != self.names.len() || !odd.is_empty() {
            return None;
        }
        let mut length = 0;
        for ([name, value], known) in refs.iter().zip(&self.names) {
            let (name_symbol, value) = (self.symbols.get(*name as usize)?, self.symbols.get(*value as usize)?);
            if name != known || !value.utf8 || value.text.is_empty() {
                return None;
            }
            length += name_symbol.framed?.len() + value.framed?.len() + 8;
        }
        Some(length)
    }

    /// In any order.
    fn other_labels(&mut self) -> Result<Result<Text, Why>, Stop> {
        self.names.clear();
        if let Err(why) = self.resolve() {
            return Ok(Err(why));
        }
        if !self.pairs.iter().any(|(name, value)| *name == NAME && !value.is_empty()) {
            return Ok(Err(Why::Name));
        }
        if self.pairs.is_sorted_by(|(name, _), (next, _)| name < next) {
            self.names.extend(self.refs.as_chunks::<2>().0.iter().map(|[name, _]| name));
        }
        Ok(write_labels(&mut self.pairs, self.builder)?)
    }

    /// Puts what the references mean into `pairs`.
    fn resolve(&mut self) -> Result<(), Why> {
        self.pairs.clear();
        let (refs, odd) = self.refs.as_chunks();
        for [name, value] in refs {
            let symbol = |place: u32| self.symbols.get(place as usize).ok_or(Why::Symbol);
            let (name, value) = (symbol(*name)?, symbol(*value)?);
            if !name.utf8 || !value.utf8 {
                return Err(Why::Label);
            }
            self.pairs.push((name.text, value.text));
        }
        if odd.is_empty() { Ok(()) } else { Err(Why::Symbol) }
    }

    fn text_of(&self, place: u32) -> &'a [u8] {
        self.symbols.get(place as usize).map_or(&[], |symbol| symbol.text)
    }

    fn exemplars(&mut self, content: &'a [u8], series: u32) -> Result<(), Stop> {
        each(content, |number, value| match (number, value) {
            (4, Value::Len(exemplar)) => self.exemplar(exemplar, series),
            _ => Ok(()),
        })
    }

    fn exemplar(&mut self, content: &'a [u8], series: u32) -> Result<(), Stop> {
        self.refs.clear();
        each(content, |number, value| if number == 1 { varints(value, &mut self.refs) } else { Ok(()) })?;
        let (ms, bits) = value_and_time(content, 2, 3)?;
        // One with bad labels is left out as Prometheus does it: the sample is worth more.
        if self.resolve().is_ok()
            && let Ok(labels) = write_labels(&mut self.pairs, self.builder)?
        {
            self.builder.exemplar(series, ms, bits, labels);
        }
        Ok(())
    }

    /// Keeps what is said of a series' family, unless it was just said.
    fn say(&mut self, about: About) -> Result<(), Stop> {
        let named = self.refs.as_chunks().0.iter().find(|[name, _]| self.text_of(*name) == NAME);
        let family = family(named.map_or(&[], |[_, value]| self.text_of(*value)), about.kind);
        let text = |place: u32| self.symbols.get(place as usize).filter(|symbol| symbol.utf8).map(|symbol| symbol.text);
        if let (Some(help), Some(unit)) = (text(about.help), text(about.unit))
            && about != About::default()
            && self.said != Some((family, about))
        {
            self.said = Some((family, about));
            let [family, help, unit] = [family, help, unit].map(|text| self.builder.lying(text));
            self.builder.metadata(family, about.kind, help, unit);
        }
        Ok(())
    }
}

fn metadata(content: &[u8], mut about: About) -> Result<About, Stop> {
    each(content, |number, value| {
        match (number, value) {
            (1, Value::Varint(kind)) => about.kind = u8::try_from(kind).ok().filter(|kind| *kind < 8).unwrap_or(0),
            (3, Value::Varint(place)) => about.help = place as u32,
            (4, Value::Varint(place)) => about.unit = place as u32,
            _ => {}
        }
        Ok(())
    })?;
    Ok(about)
}

/// What a series' metadata is about: classic histograms and summaries have several names.
fn family(series: &[u8], kind: u8) -> &[u8] {
    let suffixes: &[&[u8]] = match kind {
        3 => &[b"_bucket", b"_count", b"_sum"],
        4 => &[b"_bucket", b"_gcount", b"_gsum"],
        5 => &[b"_count", b"_sum"],
        _ => &[],
    };
    suffixes.iter().find_map(|suffix| series.strip_suffix(*suffix)).filter(|name| !name.is_empty()).unwrap_or(series)
}
