//! How refusals of credit are put into words.

use crate::error::{Bilingual, Reason};
use crate::error_codes::ProblemCode;
use crate::values::level::Level;

pub(super) fn plain(code: ProblemCode) -> Reason {
    let entry = code.entry();
    Reason {
        code,
        level: None,
        detail: Bilingual::new(entry.description_en, entry.description_zh),
        facts: Vec::new(),
    }
}

pub(super) fn refuse_if(refused: bool, code: ProblemCode) -> Option<Reason> {
    refused.then(|| plain(code))
}

pub(super) fn at(mut reason: Reason, level: Level) -> Reason {
    reason.level = Some(level.as_str());
    reason
}
