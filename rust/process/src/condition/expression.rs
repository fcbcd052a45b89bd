//! Expressions, made from forms, and their evaluation.

use otelier_wire::Signal;
use otelier_wire::any::{attributes, items};

use super::call::Call;
use super::form::{Form, Step};
use super::value::{Arithmetic, Comparison, Fault, Value, compare, compute};
use crate::keys::KeyId;
use crate::level::{Field, Level};
use crate::scene::{Needs, Scene};

pub enum Expression {
    Constant(Value<'static>),
    Attribute(Level, KeyId),
    Field(Level, Field),
    /// Steps into a list or map.
    Inside(Box<Expression>, Vec<Step>),
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Not(Box<Expression>),
    Compare(Comparison, Box<Expression>, Box<Expression>),
    Arithmetic(Arithmetic, Box<Expression>, Box<Expression>),
    Negative(Box<Expression>),
    Call(Call),
    /// A condition about resource and scope only, asked once for all their items.
    Shared(usize, Box<Expression>),
}

/// Makes expressions and notes what they need.
pub struct Compiler {
    pub signal: Signal,
    pub needs: Needs,
}

impl Compiler {
    pub fn new(signal: Signal) -> Compiler {
        Compiler { signal, needs: Needs::default() }
    }

    pub fn level(&mut self, level: Level) -> Result<(), String> {
        if !level.exists_in(self.signal) {
            return Err(format!("{} have no level {level:?}", self.signal.name()));
        }
        self.needs.reads[level as usize] = true;
        Ok(())
    }

    pub fn key(&mut self, level: Level, key: &str) -> Result<KeyId, String> {
        self.level(level)?;
        let keys = &mut self.needs.keys[level as usize];
        if keys.len() >= usize::from(KeyId::MAX) {
            return Err("too many attribute keys".into());
        }
        Ok(keys.note(key))
    }

    pub fn field(&mut self, level: Level, name: &str) -> Result<Field, String> {
        self.level(level)?;
        let unknown = || format!("{} have no field {name:?} at level {level:?}", self.signal.name());
        Field::named(self.signal, level, name).ok_or_else(unknown)
    }

    /// A condition that is asked at `level`.
    pub fn condition(&mut self, level: Level, form: &Form) -> Result<Expression, String> {
        let made = match form {
            Form::And(forms) => Expression::And(self.conditions(level, forms)?),
            Form::Or(forms) => Expression::Or(self.conditions(level, forms)?),
            Form::Not(form) => Expression::Not(Box::new(self.condition(level, form)?)),
            _ => self.expression(form)?,
        };
        if level < Level::Item || matches!(made, Expression::Constant(_)) || deepest(form) > Some(Level::Scope) {
            return Ok(made);
        }
        self.needs.shared += 1;
        Ok(Expression::Shared(self.needs.shared - 1, Box::new(made)))
    }

    fn conditions(&mut self, level: Level, forms: &[Form]) -> Result<Vec<Expression>, String> {
        forms.iter().map(|form| self.condition(level, form)).collect()
    }

    pub fn expression(&mut self, form: &Form) -> Result<Expression, String> {
        let inside = |expression, steps: &Vec<Step>| match steps.is_empty() {
            true => expression,
            false => Expression::Inside(Box::new(expression), steps.clone()),
        };
        Ok(match form {
            Form::Constant(constant) => Expression::Constant(constant.clone().value()),
            Form::Attribute(level, key, steps) => inside(Expression::Attribute(*level, self.key(*level, key)?), steps),
            Form::Field(level, name, steps) => inside(Expression::Field(*level, self.field(*level, name)?), steps),
            Form::And(forms) => Expression::And(self.expressions(forms)?),
            Form::Or(forms) => Expression::Or(self.expressions(forms)?),
            Form::Not(form) => Expression::Not(self.boxed(form)?),
            Form::Compare(comparison, a, b) => Expression::Compare(*comparison, self.boxed(a)?, self.boxed(b)?),
            Form::Arithmetic(operator, a, b) => Expression::Arithmetic(*operator, self.boxed(a)?, self.boxed(b)?),
            Form::Negative(form) => Expression::Negative(self.boxed(form)?),
            Form::Call(name, arguments) => Expression::Call(Call::new(self, name, arguments)?),
        })
    }

    pub fn expressions(&mut self, forms: &[Form]) -> Result<Vec<Expression>, String> {
        forms.iter().map(|form| self.expression(form)).collect()
    }

    fn boxed(&mut self, form: &Form) -> Result<Box<Expression>, String> {
        self.expression(form).map(Box::new)
    }
}

/// The deepest level that a form looks at.
pub fn deepest(form: &Form) -> Option<Level> {
    let of = |forms: &[Form]| forms.iter().filter_map(deepest).max();
    match form {
        Form::Constant(_) => None,
        Form::Attribute(level, ..) | Form::Field(level, ..) => Some(*level),
        Form::And(forms) | Form::Or(forms) => of(forms),
        Form::Call(name, _) if name == "IsRootSpan" => Some(Level::Item),
        Form::Call(_, forms) => of(forms),
        Form::Not(form) | Form::Negative(form) => deepest(form),
        Form::Compare(_, a, b) | Form::Arithmetic(_, a, b) => deepest(a).max(deepest(b)),
    }
}

/// All levels that a form looks at.
pub fn levels(form: &Form, found: &mut Vec<Level>) {
    match form {
        Form::Constant(_) => {}
        Form::Attribute(level, ..) | Form::Field(level, ..) => found.push(*level),
        Form::Call(name, _) if name == "IsRootSpan" => found.push(Level::Item),
        Form::And(forms) | Form::Or(forms) | Form::Call(_, forms) => {
            forms.iter().for_each(|form| levels(form, found));
        }
        Form::Not(form) | Form::Negative(form) => levels(form, found),
        Form::Compare(_, a, b) | Form::Arithmetic(_, a, b) => {
            levels(a, found);
            levels(b, found);
        }
    }
}

impl Expression {
    pub fn value<'a>(&'a self, scene: &'a Scene) -> Result<Value<'a>, Fault> {
        Ok(match self {
            Expression::Constant(value) => match value {
                Value::Str(text) => Value::Str((&**text).into()),
                other => other.clone(),
            },
            Expression::Attribute(level, key) => scene.attribute(*level, *key),
            Expression::Field(level, field) => scene.field(*level, *field),
            Expression::Inside(outer, steps) => {
                steps.iter().try_fold(outer.value(scene)?, |value, step| into(value, step))?
            }
            Expression::Arithmetic(operator, a, b) => compute(*operator, &a.value(scene)?, &b.value(scene)?)?,
            Expression::Negative(inner) => match inner.value(scene)? {
                Value::Int(int) => Value::Int(int.wrapping_neg()),
                Value::Double(double) => Value::Double(-double),
                Value::Duration(ns) => Value::Duration(ns.wrapping_neg()),
                other => return Err(format!("`-` wants a number, got {}", other.kind()).into()),
            },
            Expression::Call(call) => call.value(scene)?,
            _ => Value::Bool(self.holds(scene)?),
        })
    }

    /// Whether the condition is true.
    pub fn holds(&self, scene: &Scene) -> Result<bool, Fault> {
        Ok(match self {
            Expression::And(all) => {
                for each in all {
                    if !each.holds(scene)? {
                        return Ok(false);
                    }
                }
                true
            }
            Expression::Or(any) => {
                for each in any {
                    if each.holds(scene)? {
                        return Ok(true);
                    }
                }
                false
            }
            Expression::Not(inner) => !inner.holds(scene)?,
            Expression::Compare(comparison, a, b) => compare(*comparison, &a.value(scene)?, &b.value(scene)?),
            Expression::Shared(number, inner) => match scene.shared(*number).get() {
                Some(answer) => answer,
                None => {
                    let answer = inner.holds(scene)?;
                    scene.shared(*number).set(Some(answer));
                    answer
                }
            },
            _ => match self.value(scene)? {
                Value::Bool(yes) => yes,
                other => return Err(format!("a condition must be a boolean, this is {}", other.kind()).into()),
            },
        })
    }
}

/// One step into a list or map; a missing key is nil, all else must be there.
fn into<'a>(value: Value<'a>, step: &Step) -> Result<Value<'a>, Fault> {
    match (value, step) {
        (Value::Map(map), Step::Key(key)) => {
            let key = key.as_bytes();
            let found = |map: &[u8]| {
                attributes(map, 1).find(|entry| entry.key == key).map(|entry| Value::from(entry.value()).owned())
            };
            Ok(found(&map).unwrap_or(Value::Nil))
        }
        (Value::List(list), Step::Index(index)) => {
            let found = usize::try_from(*index).ok().and_then(|index| items(&list).nth(index));
            let value = found.map(|value| Value::from(value).owned());
            value.ok_or_else(|| format!("place {index} is outside of a list of {}", items(&list).count()).into())
        }
        (Value::Nil, _) => Ok(Value::Nil),
        (Value::Map(_), Step::Index(_)) => Err("the key of a map is a string, got an int".into()),
        (Value::List(_), Step::Key(_)) => Err("the place in a list is an int, got a string".into()),
        (value, _) => Err(format!("{} has no keys", value.kind()).into()),
    }
}
