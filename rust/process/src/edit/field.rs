//! Fields of messages set to new values.

use otelier_wire::protobuf::{FIXED32, FIXED64, LEN, VARINT, Value as Wire, fields, put_varint};

use crate::condition::{Fault, Value};
use crate::level::{Field, Level, STATUS};
use crate::scene::Scene;

/// The field itself, if it can be set. Ids can't.
pub fn writable(field: Field, name: &str) -> Result<Field, String> {
    match field {
        Field::Id(..) | Field::HexId(..) => Err(format!("{name} can't be set")),
        _ => Ok(field),
    }
}

/// Appends the encoded field with the new value; nothing for a default. Answers its number.
pub fn encode(field: Field, value: &Value, scene: &Scene, level: Level, out: &mut Vec<u8>) -> Result<u32, Fault> {
    let number = field.number();
    match (field, value) {
        (Field::Str(_), Value::Str(text)) => bytes(number, text, out),
        (Field::Int(_), Value::Int(int)) => varint(number, *int, out),
        (Field::Flags(_), Value::Int(int)) => fixed(number, FIXED32, &(*int as u32).to_le_bytes(), out),
        (Field::Nanos(_), Value::Int(ns)) | (Field::Time(_), Value::Time(ns)) => {
            fixed(number, FIXED64, &ns.to_le_bytes(), out);
        }
        (Field::Any(_), value) => {
            let mut any = Vec::new();
            value.put(&mut any)?;
            tag(number, LEN, out);
            put_varint(out, any.len());
            out.extend_from_slice(&any);
        }
        (Field::StatusCode, Value::Int(_)) | (Field::StatusMessage, Value::Str(_)) => {
            let mut status = Vec::new();
            let replaced = if field == Field::StatusCode { 3 } else { 2 };
            if let Some(Wire::Len(old)) = scene.records[level as usize].field(scene.source, STATUS) {
                let kept = fields(old).filter(|part| part.number != replaced);
                kept.for_each(|part| status.extend_from_slice(part.raw));
            }
            match value {
                Value::Int(code) => varint(replaced, *code, &mut status),
                Value::Str(text) => bytes(replaced, text, &mut status),
                _ => {}
            }
            tag(number, LEN, out);
            put_varint(out, status.len());
            out.extend_from_slice(&status);
        }
        (Field::Str(_) | Field::StatusMessage, other) => {
            return Err(format!("set: expected a string, got {}", other.kind()).into());
        }
        (_, other) => return Err(format!("set: {} doesn't fit there", other.kind()).into()),
    }
    Ok(number)
}

fn tag(number: u32, wire_type: u32, out: &mut Vec<u8>) {
    put_varint(out, (number << 3 | wire_type) as usize);
}

fn bytes(number: u32, content: &[u8], out: &mut Vec<u8>) {
    if !content.is_empty() {
        tag(number, LEN, out);
        put_varint(out, content.len());
        out.extend_from_slice(content);
    }
}

fn varint(number: u32, int: i64, out: &mut Vec<u8>) {
    if int != 0 {
        tag(number, VARINT, out);
        put_varint(out, int as usize);
    }
}

fn fixed(number: u32, wire_type: u32, content: &[u8], out: &mut Vec<u8>) {
    if content.iter().any(|byte| *byte != 0) {
        tag(number, wire_type, out);
        out.extend_from_slice(content);
    }
}
