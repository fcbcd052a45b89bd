//! Remote write 2.0: `io.prometheus.write.v2.Request`.

use otelier_wire::protobuf::{Cursor, Value};

use super::one::value_and_time;
use super::{DEPTH, Pairs, Stop, each, example, histogram, is_utf8, message, sample, varints, write_labels};
use crate::labels::{self, NAME};
use crate::samples::{Builder, Text, Why};

/// A text of the request.
#[derive(Clone, Copy)]
struct Symbol<'a> {
    text: &'a [u8],
    utf8: bool,
}

pub fn request(body: &[u8], builder: &mut Builder) -> Result<(), Stop> {
    // Symbols may stand behind the series that use them, though nobody writes them there.
    let mut symbols = Vec::new();
    let mut series = Vec::new();
    each(body, |number, value| {
        match (number, value) {
            (4, Value::Len(text)) => symbols.push(Symbol { text, utf8: is_utf8(text) }),
            (5, Value::Len(content)) => series.push(content),
            _ => {}
        }
        Ok(())
    })?;
    builder.reserve(series.len());
    let mut reader = Reader { symbols: &symbols, builder, refs: Vec::new(), pairs: Vec::new(), said: None };
    series.into_iter().try_for_each(|content| reader.time_series(content))
}

struct Reader<'a, 'b> {
    symbols: &'b [Symbol<'a>],
    builder: &'b mut Builder,
    /// Of the series, then of each of its exemplars.
    refs: Vec<u32>,
    pairs: Pairs<'a>,
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
        let mut bad_histograms = 0;
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
                (5, Value::Len(content)) => about = Some(metadata(content, about.unwrap_or_default())?),
                _ => {}
            }
        }
        let labels = self.labels()?;
        if let Err(why) = labels {
            let count = self.builder.since(mark) + bad_histograms;
            self.builder.back_to(mark);
            self.builder.refusals().add(why, count, || example(&self.pairs));
            return Ok(());
        }
        if bad_histograms > 0 {
            self.builder.refusals().add(Why::Histogram, bad_histograms, || example(&self.pairs));
        }
        let name = self.pairs.iter().find(|(name, _)| *name == NAME).map_or(&[][..], |(_, value)| value);
        self.exemplars(content, number)?;
        if let Some(about) = about {
            self.say(name, about)?;
        }
        match labels {
            Ok(labels) if !self.builder.is_at(mark) => {
                self.builder.series(labels, Text::default());
            }
            _ if about.is_none() && bad_histograms == 0 => {
                self.builder.refusals().add(Why::Empty, 1, || example(&self.pairs));
            }
            _ => {}
        }
        Ok(())
    }

    /// Of the series whose references were read. Leaves them in `pairs`.
    #[inline]
    fn labels(&mut self) -> Result<Result<Text, Why>, Stop> {
        let mut sorted = true;
        let mut named = false;
        let known = self.resolve(|before, name, value| {
            sorted &= before < name && !value.is_empty();
            named |= name == NAME && !value.is_empty();
        });
        if let Err(why) = known {
            return Ok(Err(why));
        }
        if !named {
            return Ok(Err(Why::Name));
        }
        if !sorted {
            return Ok(write_labels(&mut self.pairs, self.builder)?);
        }
        let length = self.pairs.iter().map(|(name, value)| name.len() + value.len() + 20).sum();
        let pairs = &self.pairs;
        let write = |out: &mut Vec<u8>| pairs.iter().for_each(|(name, value)| labels::put(out, name, value));
        Ok(Ok(self.builder.write(length, write)?))
    }

    /// Puts what the references mean into `pairs`; `each` gets the name before, the name and the value.
    #[inline]
    fn resolve(&mut self, mut each: impl FnMut(&[u8], &[u8], &[u8])) -> Result<(), Why> {
        self.pairs.clear();
        let (refs, odd) = self.refs.as_chunks();
        let mut before: &[u8] = &[];
        for [name, value] in refs {
            let symbol = |place: u32| self.symbols.get(place as usize).ok_or(Why::Symbol);
            let (name, value) = (symbol(*name)?, symbol(*value)?);
            if !name.utf8 || !value.utf8 {
                return Err(Why::Label);
            }
            each(before, name.text, value.text);
            before = name.text;
            self.pairs.push((name.text, value.text));
        }
        if odd.is_empty() { Ok(()) } else { Err(Why::Symbol) }
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
        if self.resolve(|_, _, _| ()).is_ok()
            && let Ok(labels) = write_labels(&mut self.pairs, self.builder)?
        {
            self.builder.exemplar(series, ms, bits, labels);
        }
        Ok(())
    }

    /// Keeps what is said of a series' family, unless it was just said.
    fn say(&mut self, series: &'a [u8], about: About) -> Result<(), Stop> {
        let family = family(series, about.kind);
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
