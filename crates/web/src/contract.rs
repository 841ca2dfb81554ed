//! The OpenAPI document, where what is made from the types does not say it exactly: programs are checked against it,
//! and so are we (`tests/integration/contract.rs`).

use serde_json::{Map, Value};

use crate::routes::openapi;

const PROBLEM: &str = "#/components/schemas/Problem";

/// The document as it is given. It says of problems that they are `application/problem+json` (RFC 9457), and of what is
/// told apart by a word that the word is one of its properties: beside what has no further properties it could not be.
pub fn contract() -> serde_json::Result<Value> {
    let mut value = serde_json::to_value(openapi())?;
    let schemas = value.pointer("/components/schemas").cloned().unwrap_or_default();
    correct(&mut value, &schemas);
    Ok(value)
}

fn correct(value: &mut Value, schemas: &Value) {
    match value {
        Value::Object(object) => {
            if let Some(Value::Object(content)) = object.get_mut("content") {
                name_problem(content);
            }
            if let Some(Value::Array(branches)) = object.get_mut("oneOf") {
                for branch in branches {
                    if let Some(whole) = joined(branch, schemas) {
                        *branch = whole;
                    }
                }
            }
            for inner in object.values_mut() {
                correct(inner, schemas);
            }
        }
        Value::Array(items) => {
            for item in items {
                correct(item, schemas);
            }
        }
        _ => {}
    }
}

fn name_problem(content: &mut Map<String, Value>) {
    let is_problem = |media: &Value| media.pointer("/schema/$ref").is_some_and(|schema| schema == PROBLEM);
    if content.get("application/json").is_some_and(is_problem)
        && let Some(problem) = content.remove("application/json")
    {
        content.insert("application/problem+json".to_owned(), problem);
    }
}

/// A schema of all that `allOf` asks for, where one of its parts has no further properties.
fn joined(branch: &Value, schemas: &Value) -> Option<Value> {
    let parts = branch.get("allOf")?.as_array()?;
    let resolved: Vec<&Value> = parts
        .iter()
        .map(|part| match part.get("$ref").and_then(Value::as_str) {
            Some(name) => schemas.get(name.rsplit('/').next()?),
            None => Some(part),
        })
        .collect::<Option<_>>()?;
    if !resolved.iter().any(|part| part.get("additionalProperties") == Some(&Value::Bool(false))) {
        return None;
    }
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for part in resolved {
        properties.extend(part.get("properties")?.as_object()?.clone());
        required.extend(part.get("required").and_then(Value::as_array).cloned().unwrap_or_default());
    }
    let mut whole = Map::new();
    whole.insert("type".to_owned(), "object".into());
    if let Some(description) = branch.get("description") {
        whole.insert("description".to_owned(), description.clone());
    }
    whole.insert("required".to_owned(), required.into());
    whole.insert("properties".to_owned(), properties.into());
    whole.insert("additionalProperties".to_owned(), false.into());
    Some(whole.into())
}
