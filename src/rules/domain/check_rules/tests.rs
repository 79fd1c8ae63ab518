//! What a set may say.

use super::*;
use RuleEffect::Refer;

#[test]
fn a_field_out_of_range_is_named() {
    let named = |rules: CheckRules| rules.out_of_range().map(|found| found.0);
    let default = CheckRules::default;
    assert_eq!(named(default()), None);
    let both = RoomRule {
        effect: Refer,
        refer_up_to_bp: Some(100),
    };
    let rules = CheckRules {
        room: Some(both),
        ..default()
    };
    assert_eq!(named(rules), Some("room/refer_up_to_bp"));
    let rules = CheckRules {
        release_valid_days: 367,
        ..default()
    };
    assert_eq!(named(rules), Some("release_valid_days"));
    let neither = OverdueRule {
        refer: Some(OverdueBounds::default()),
        decline: None,
        ignore_below_minor: 0,
        include_disputed: false,
    };
    let rules = CheckRules {
        overdue: Some(neither),
        ..default()
    };
    assert_eq!(named(rules), Some("overdue"));
}
