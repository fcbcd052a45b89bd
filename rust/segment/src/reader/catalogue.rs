//! Which row groups of a file a search need not open, by the catalogue of operations.

use hashbrown::HashMap;

use crate::filter::value::Value;
use crate::filter::{Comparison, Condition, Field, Filter, Intrinsic, Literal, Test};
use crate::index::{Catalogue, CatalogueEntry, bucket_bounds};

/// By row group, whether some of its spans may be meant.
pub fn candidates(filter: &Filter, catalogue: &Catalogue) -> Vec<bool> {
    let mut asked = Asked { catalogue, verdicts: HashMap::new() };
    let group = |entries: &Vec<CatalogueEntry>| entries.iter().any(|entry| asked.may(filter, entry));
    catalogue.row_groups.iter().map(group).collect()
}

struct Asked<'a> {
    catalogue: &'a Catalogue,
    /// By a test's address: what it says of each of the catalogue's names.
    verdicts: HashMap<usize, Vec<bool>>,
}

impl Asked<'_> {
    /// False only if the filter holds for no span of the entry.
    fn may(&mut self, filter: &Filter, entry: &CatalogueEntry) -> bool {
        match filter {
            Filter::All(parts) => parts.iter().all(|part| self.may(part, entry)),
            Filter::Any(parts) => parts.iter().any(|part| self.may(part, entry)),
            Filter::Not(part) => !self.must(part, entry),
            Filter::Test(test) => self.exact(test, entry).unwrap_or_else(|| may_last(test, entry)),
        }
    }

    /// True only if the filter holds for every span of the entry.
    fn must(&mut self, filter: &Filter, entry: &CatalogueEntry) -> bool {
        match filter {
            Filter::All(parts) => parts.iter().all(|part| self.must(part, entry)),
            Filter::Any(parts) => parts.iter().any(|part| self.must(part, entry)),
            Filter::Not(part) => !self.may(part, entry),
            Filter::Test(test) => {
                // "" also stands for no service, of which no test holds.
                let known = test.field != Field::Intrinsic(Intrinsic::Service) || !self.service(entry).is_empty();
                known && self.exact(test, entry).unwrap_or(false)
            }
        }
    }

    fn service(&self, entry: &CatalogueEntry) -> &str {
        self.catalogue.names.get(entry.name as usize).map_or("", |(service, _)| service)
    }

    /// What the entry alone says.
    fn exact(&mut self, test: &Test, entry: &CatalogueEntry) -> Option<bool> {
        match test.field {
            Field::Intrinsic(Intrinsic::Status) => Some(test.holds_for_int(entry.status_code.into())),
            Field::Intrinsic(intrinsic @ (Intrinsic::Service | Intrinsic::Name)) => {
                let names = &self.catalogue.names;
                let verdicts = self.verdicts.entry(std::ptr::from_ref(test) as usize).or_insert_with(|| {
                    let holds = |(service, name): &(String, String)| match intrinsic {
                        Intrinsic::Service => test.condition.holds(Value::Text(service.as_bytes())),
                        _ => test.holds_for_text(name.as_bytes()),
                    };
                    names.iter().map(holds).collect()
                });
                verdicts.get(entry.name as usize).copied()
            }
            _ => None,
        }
    }
}

/// False only if the test asks for spans longer than the entry's longest.
fn may_last(test: &Test, entry: &CatalogueEntry) -> bool {
    let (Field::Intrinsic(Intrinsic::DurationNs), Condition::Compare(comparison, literal)) =
        (&test.field, &test.condition)
    else {
        return true;
    };
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
