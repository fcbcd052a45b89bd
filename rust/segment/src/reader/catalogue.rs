//! Which row groups of a file a search need not open, by the catalogue of operations.

use crate::filter::value::Value;
use crate::filter::{Comparison, Condition, Field, Filter, Intrinsic, Literal, Test};
use crate::index::{Catalogue, CatalogueEntry, bucket_bounds};

/// Names are looked up one by one if a row group has so many entries for each.
const FEW: usize = 16;

/// By row group, whether some of its spans may be meant.
pub fn candidates(filter: &Filter, catalogue: &Catalogue) -> Vec<bool> {
    let asked = Asked::new(filter, catalogue);
    // A trace lies in one row group: so do all relatives.
    let relatives: Vec<Asked> = relatives(filter).map(|relative| Asked::new(relative, catalogue)).collect();
    let few = match &asked {
        Asked::All(parts) => parts.iter().find_map(|part| match part {
            Asked::Names(names) => Some(places(names)),
            _ => None,
        }),
        Asked::Names(names) => Some(places(names)),
        _ => None,
    };
    let group = |entries: &Vec<CatalogueEntry>| match &few {
        Some(names) if names.len() * FEW <= entries.len() => names.iter().any(|name| {
            let first = entries.partition_point(|entry| entry.name < *name);
            entries[first..].iter().take_while(|entry| entry.name == *name).any(|entry| asked.may(entry))
        }),
        _ => entries.iter().any(|entry| asked.may(entry)),
    };
    let has_relatives =
        |entries: &Vec<CatalogueEntry>| relatives.iter().all(|asked| entries.iter().any(|entry| asked.may(entry)));
    catalogue.row_groups.iter().map(|entries| group(entries) && has_relatives(entries)).collect()
}

/// What relatives of every span that is meant are like.
fn relatives(filter: &Filter) -> Box<dyn Iterator<Item = &Filter> + '_> {
    match filter {
        Filter::Has(_, part) => Box::new(relatives(part).chain([&**part])),
        Filter::All(parts) => Box::new(parts.iter().flat_map(relatives)),
        _ => Box::new(std::iter::empty()),
    }
}

fn places(names: &[bool]) -> Vec<u32> {
    (0u32..).zip(names).filter_map(|(place, asked)| asked.then_some(place)).collect()
}

/// What a filter asks of an entry.
enum Asked<'a> {
    All(Vec<Asked<'a>>),
    Any(Vec<Asked<'a>>),
    Not(Box<Asked<'a>>),
    /// By the place of its service and name, whether the tests of these may hold.
    Names(Vec<bool>),
    Status(&'a Test),
    Duration(&'a Test),
    /// The catalogue knows nothing of it.
    Other,
}

impl<'a> Asked<'a> {
    fn new(filter: &'a Filter, catalogue: &Catalogue) -> Asked<'a> {
        let parts = |parts: &'a [Filter]| parts.iter().map(|part| Asked::new(part, catalogue));
        match filter {
            Filter::All(all) => {
                // The tests of names are one: most names fail the first.
                let (named, others): (Vec<_>, Vec<_>) = all.iter().partition(|part| name_test(part).is_some());
                let tests: Vec<&Test> = named.into_iter().filter_map(name_test).collect();
                let others = others.into_iter().map(|part| Asked::new(part, catalogue));
                let names = (!tests.is_empty()).then(|| Asked::names(&tests, catalogue));
                Asked::All(names.into_iter().chain(others).collect())
            }
            Filter::Any(any) => Asked::Any(parts(any).collect()),
            Filter::Not(part) => Asked::Not(Box::new(Asked::new(part, catalogue))),
            Filter::Has(..) => Asked::Other,
            Filter::Test(test) => match test.field {
                Field::Intrinsic(Intrinsic::Service | Intrinsic::Name) => Asked::names(&[test], catalogue),
                Field::Intrinsic(Intrinsic::Status) => Asked::Status(test),
                Field::Intrinsic(Intrinsic::DurationNs) => Asked::Duration(test),
                _ => Asked::Other,
            },
        }
    }

    fn names(tests: &[&Test], catalogue: &Catalogue) -> Asked<'a> {
        let (of_service, of_name): (Vec<&Test>, Vec<&Test>) =
            tests.iter().partition(|test| test.field == Field::Intrinsic(Intrinsic::Service));
        let mut last: Option<(&str, bool)> = None;
        let verdicts = catalogue.names.iter().map(|(service, name)| {
            let holds = match last {
                Some((known, holds)) if known == service => holds,
                _ => of_service.iter().all(|test| test.condition.holds(Value::Text(service.as_bytes()))),
            };
            last = Some((service, holds));
            holds && of_name.iter().all(|test| test.holds_for_text(name.as_bytes()))
        });
        Asked::Names(verdicts.collect())
    }

    /// False only if the filter holds for no span of the entry.
    fn may(&self, entry: &CatalogueEntry) -> bool {
        match self {
            Asked::All(parts) => parts.iter().all(|part| part.may(entry)),
            Asked::Any(parts) => parts.iter().any(|part| part.may(entry)),
            Asked::Not(part) => !part.must(entry),
            Asked::Names(names) => names.get(entry.name as usize).copied().unwrap_or(true),
            Asked::Status(test) => test.holds_for_int(entry.status_code.into()),
            Asked::Duration(test) => may_last(test, entry),
            Asked::Other => true,
        }
    }

    /// True only if the filter holds for every span of the entry. Of names that is not known: "" also stands for no
    /// service, of which no test holds.
    fn must(&self, entry: &CatalogueEntry) -> bool {
        match self {
            Asked::All(parts) => parts.iter().all(|part| part.must(entry)),
            Asked::Any(parts) => parts.iter().any(|part| part.must(entry)),
            Asked::Not(part) => !part.may(entry),
            Asked::Status(test) => test.holds_for_int(entry.status_code.into()),
            Asked::Names(_) | Asked::Duration(_) | Asked::Other => false,
        }
    }
}

fn name_test(filter: &Filter) -> Option<&Test> {
    match filter {
        Filter::Test(test) if matches!(test.field, Field::Intrinsic(Intrinsic::Service | Intrinsic::Name)) => {
            Some(test)
        }
        _ => None,
    }
}

/// False only if the test asks for spans longer than the entry's longest.
fn may_last(test: &Test, entry: &CatalogueEntry) -> bool {
    let Condition::Compare(comparison, literal) = &test.condition else { return true };
    let at_least = matches!(comparison, Comparison::Greater | Comparison::GreaterOrEqual | Comparison::Equal);
    let (_, above) = bucket_bounds(entry.longest);
    // Bounds are doubles: a little more is allowed than they say.
    let above = above * (1.0 + 1e-9) + 1.0;
    match literal {
        Literal::Int(int) if at_least => (*int as f64) <= above,
        Literal::Double(double) if at_least => *double <= above,
        _ => true,
    }
}
