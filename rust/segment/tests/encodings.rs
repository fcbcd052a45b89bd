//! Column chunks as the crate `parquet` reads them: it knows nothing of how they were written.

use bytes::Bytes;
use otelier_segment::decode::cells::{Cell, columns_of};
use otelier_segment::encode::{Cells, Content, Strings, Values};
use otelier_segment::schema::{self, Coding, Column};
use otelier_segment::write::File;
use parquet::file::reader::{FileReader, SerializedFileReader};

/// Random numbers that are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// Which rows have a value: none, all, few, many, in runs.
fn patterns(random: &mut Random, count: usize) -> Vec<Vec<u32>> {
    let all = 0..count as u32;
    let mut patterns = vec![vec![], all.clone().collect(), vec![count as u32 - 1], vec![0]];
    for every in [2, 3, 10, 100] {
        patterns.push(all.clone().filter(|_| random.below(every) == 0).collect());
    }
    for length in [5, 8, 64, 200, 3_000] {
        patterns.push(all.clone().filter(|row| row / length % 2 == 1).collect());
    }
    patterns
}

fn written(column: &Column, cells: &Cells) -> Vec<String> {
    let mut file = File::new(Vec::new(), vec![column.clone()]).unwrap();
    file.put([Cells { count: cells.count, rows: cells.rows, content: content(&cells.content) }].into_iter()).unwrap();
    let bytes = Bytes::from(file.finish().unwrap());
    let reader = SerializedFileReader::new(bytes).unwrap();
    let columns = columns_of(reader.get_row_group(0).unwrap().as_ref(), |_| true).unwrap();
    (0..cells.count).map(|row| format!("{:?}", columns[0].cell(row))).collect()
}

fn content<'a>(of: &Content<'a>) -> Content<'a> {
    match of {
        Content::Values(values) => Content::Values(values),
        Content::Codes(codes, lookup) => Content::Codes(codes, lookup),
    }
}

fn check(column: &Column, count: usize, rows: &[u32], values: &Values, shown: impl Fn(usize) -> String) {
    let mut expected = vec![format!("{:?}", Cell::Null); count];
    rows.iter().enumerate().for_each(|(place, row)| expected[*row as usize] = shown(place));
    let cells = Cells { count, rows: Some(rows), content: Content::Values(values) };
    assert_eq!(written(column, &cells), expected, "{column:?}, {} of {count}", rows.len());
}

#[test]
fn every_coding_of_every_type_reads_back_whatever_rows_have_values() {
    let mut random = Random(7);
    for count in [1, 7, 8, 9, 2_047, 2_049, 20_000] {
        for rows in patterns(&mut random, count) {
            for kinds in [1, 3, 300, u64::MAX] {
                let numbers: Vec<u64> =
                    rows.iter().map(|_| random.below(kinds).wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
                let int = Values::Int64(numbers.iter().map(|number| *number as i64).collect());
                let shown = |place: usize| format!("{:?}", Cell::Int64(numbers[place] as i64));
                check(&schema::attribute_column(schema::AttributeType::Int, "k"), count, &rows, &int, shown);
                check(&schema::numbered_column("k"), count, &rows, &int, shown);
                let double = Values::Double(numbers.iter().map(|number| number >> 2).collect());
                check(&schema::attribute_column(schema::AttributeType::Double, "k"), count, &rows, &double, |place| {
                    format!("{:?}", Cell::Double(f64::from_bits(numbers[place] >> 2)))
                });
                let bool = Values::Bool(numbers.iter().map(|number| number % 2 == 1).collect());
                check(&schema::attribute_column(schema::AttributeType::Bool, "k"), count, &rows, &bool, |place| {
                    format!("{:?}", Cell::Bool(numbers[place] % 2 == 1))
                });
                let mut strings = Strings::default();
                let text = |number: u64| "ü".repeat((number % 40) as usize) + &number.to_string();
                numbers.iter().for_each(|number| strings.push(text(*number).as_bytes()));
                let texts = Values::Bytes(strings);
                check(&schema::attribute_column(schema::AttributeType::Text, "k"), count, &rows, &texts, |place| {
                    format!("{:?}", Cell::Bytes(text(numbers[place]).as_bytes()))
                });
            }
        }
    }
}

#[test]
fn codes_in_runs_and_in_none_read_back() {
    let mut random = Random(11);
    let mut lookup = Strings::default();
    (0..2_000).for_each(|number: u32| lookup.push(number.to_string().as_bytes()));
    let columns = schema::span_columns();
    let column = columns.iter().find(|column| column.name == schema::NAME && column.coding == Coding::Codes).unwrap();
    for distinct in [1, 2, 3, 200, 2_000] {
        for longest in [1, 7, 9, 40, 500] {
            let mut codes = Vec::new();
            while codes.len() < 9_999 {
                let code = random.below(distinct) as u32;
                codes.extend(vec![code; 1 + random.below(longest) as usize]);
            }
            let cells = Cells { count: codes.len(), rows: None, content: Content::Codes(&codes, &lookup) };
            let expected = codes.iter().map(|code| format!("{:?}", Cell::Bytes(code.to_string().as_bytes())));
            assert!(written(column, &cells).into_iter().eq(expected), "{distinct} {longest}");
        }
    }
}
