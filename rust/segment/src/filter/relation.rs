//! What one span of a trace can be to another.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    Parent,
    Child,
    Ancestor,
    Descendant,
    /// Another one that names the same parent, be that there or not.
    Sibling,
    /// Any of the trace, the span itself among them.
    Trace,
}

impl Relation {
    /// Whether it takes more to know it than which rows are below which.
    pub fn takes_parents(self) -> bool {
        !matches!(self, Relation::Ancestor | Relation::Trace)
    }

    pub fn from_name(name: &str) -> Option<Relation> {
        Some(match name {
            "parent" => Relation::Parent,
            "child" => Relation::Child,
            "ancestor" => Relation::Ancestor,
            "descendant" => Relation::Descendant,
            "sibling" => Relation::Sibling,
            "trace" => Relation::Trace,
            _ => return None,
        })
    }
}
