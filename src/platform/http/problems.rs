//! The documentation of problem codes, open to everybody: the `type` of every problem points here.

use serde::Serialize;
use utoipa::ToSchema;

use super::answers::Computed;
use super::guard::Anyone;
use super::parameters::{Coded, PathCode};
use super::problem::Language;
use crate::error::Error;
use crate::error_codes::ProblemCode;

/// Problems are named by their code.
#[derive(Debug)]
pub enum ProblemEntry {}

impl Coded for ProblemEntry {
    const NOUN: &'static str = "problem";
    const EXAMPLE: &'static str = "not_found";
}

/// What a problem code means, in both languages.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "code": "limit_exceeded", "status": 422, "title": "The limit would be exceeded",
    "title_en": "The limit would be exceeded", "title_zh": "超过额度",
    "description_en": "There is not enough room at the named level.", "description_zh": "所示层级的可用额度不足。",
}))]
pub struct ProblemCodeView {
    /// The code.
    #[schema(max_length = 60, pattern = "^[a-z_]+$")]
    pub code: &'static str,
    /// HTTP status that goes with it.
    #[schema(minimum = 400, maximum = 599)]
    pub status: i32,
    /// Title in the language of the request.
    #[schema(max_length = 200, pattern = "^.+$")]
    pub title: &'static str,
    /// Title in English.
    #[schema(max_length = 200, pattern = "^.+$")]
    pub title_en: &'static str,
    /// Title in Chinese.
    #[schema(max_length = 200, pattern = "^.+$")]
    pub title_zh: &'static str,
    /// Explanation in English.
    #[schema(max_length = 1000, pattern = "^.+$")]
    pub description_en: &'static str,
    /// Explanation in Chinese.
    #[schema(max_length = 1000, pattern = "^.+$")]
    pub description_zh: &'static str,
}

/// Every problem code.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemCodeList {
    /// The codes, by status.
    #[schema(max_items = 500)]
    pub items: Vec<ProblemCodeView>,
    /// Always null: the list is whole.
    #[schema(max_length = 1024, pattern = "^[A-Za-z0-9_-]+$", required = true)]
    pub next_cursor: Option<String>,
}

fn view(code: ProblemCode, language: Language) -> ProblemCodeView {
    let entry = code.entry();
    ProblemCodeView {
        code: entry.code,
        status: i32::from(entry.status),
        title: language.title(code),
        title_en: entry.title_en,
        title_zh: entry.title_zh,
        description_en: entry.description_en,
        description_zh: entry.description_zh,
    }
}

/// List problem codes
///
/// Every code the service can answer with, its status, and what it means in English and Chinese.
#[utoipa::path(
    get,
    path = "/v1/problems",
    tag = "problems",
    operation_id = "listProblemCodes"
)]
pub async fn list(anyone: Anyone) -> Result<Computed<ProblemCodeList>, Error> {
    let items = ProblemCode::ALL
        .iter()
        .map(|code| view(*code, anyone.language))
        .collect();
    Ok(Computed(ProblemCodeList {
        items,
        next_cursor: None,
    }))
}

/// Read a problem code
///
/// What one code means, in English and Chinese.
#[utoipa::path(
    get,
    path = "/v1/problems/{code}",
    tag = "problems",
    operation_id = "getProblemCode"
)]
pub async fn get(
    anyone: Anyone,
    code: PathCode<ProblemEntry>,
) -> Result<Computed<ProblemCodeView>, Error> {
    ProblemCode::find(code.as_str())
        .map(|code| Computed(view(code, anyone.language)))
        .ok_or_else(Error::not_found)
}
