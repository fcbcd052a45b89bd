//! What each column of a segment's Parquet file takes, the largest first, and what is not pages:
//! `cargo run --release -p otelier-segment --example columns -- FILE`.

use std::collections::BTreeMap;
use std::fs::File;

use parquet::file::reader::{FileReader, SerializedFileReader};

fn main() {
    let path = std::env::args().nth(1).expect("usage: columns FILE");
    let file = File::open(path).expect("a file");
    let size = file.metadata().expect("its length").len();
    let reader = SerializedFileReader::new(file).expect("a Parquet file");
    let metadata = reader.metadata();
    let rows = metadata.file_metadata().num_rows() as f64;
    let mut columns: BTreeMap<String, (i64, i64, String)> = BTreeMap::new();
    for column in metadata.row_groups().iter().flat_map(|group| group.columns()) {
        let name = column.column_descr().name().to_owned();
        let entry = columns.entry(name).or_default();
        entry.0 += column.compressed_size();
        entry.1 += column.uncompressed_size();
        entry.2 = column.encodings().map(|encoding| format!("{encoding} ")).collect();
    }
    let mut sorted: Vec<_> = columns.into_iter().collect();
    sorted.sort_by_key(|(_, (bytes, ..))| -bytes);
    for (name, (bytes, plain, encodings)) in &sorted {
        println!("{:8.3} B/row of {:8.3}  {name}  {encodings}", *bytes as f64 / rows, *plain as f64 / rows);
    }
    let pages: i64 = sorted.iter().map(|(_, (bytes, ..))| bytes).sum();
    println!("{:8.3} B/row pages, {:.3} besides", pages as f64 / rows, (size as f64 - pages as f64) / rows);
}
