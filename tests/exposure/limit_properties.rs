//! Room is that of the tightest level, whatever the levels are.

use serde_json::json;

use crate::support::actors::SALES;
use crate::support::applications::{carried_out, check};
use crate::support::{
    GOODS, Owner, TestServer, a_customer, a_group_of, a_line, a_member, a_reservation,
    application_body, the_goods,
};

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "a failure is run again from its seed")]
fn room_is_that_of_the_tightest_level_and_falls_when_any_level_falls() {
    for seed in [5, 2026] {
        println!("seed {seed}");
        let mut dice = Dice(seed);
        let server = TestServer::start();
        the_goods(&server);
        let customer = a_customer(&server).id();
        let group = a_group_of(&server, SALES).id();
        a_member(&server, &group, &customer);
        let mut limits: Vec<i64> = (0..3)
            .map(|_| 200 + i64::try_from(dice.below(800)).unwrap())
            .collect();
        let owner = Owner::Customer(&customer);
        let owners = [
            (owner, Some(GOODS)),
            (owner, None),
            (Owner::Group(&group), None),
        ];
        let lines: Vec<String> = owners
            .iter()
            .zip(&limits)
            .map(|((owner, product), limit)| {
                a_line(
                    &server,
                    &application_body(*owner, *product, &format!("{limit}.00")),
                )
                .id()
            })
            .collect();
        a_reservation(&server, &customer, "30.00");
        let available = || {
            check(&server, &customer, "1.00")["available"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        for _ in 0..8 {
            let level = usize::try_from(dice.below(3)).unwrap();
            let before = limits.iter().min().copied().unwrap();
            let next = 100 + i64::try_from(dice.below(900)).unwrap();
            let action = if next > limits[level] {
                "increase"
            } else {
                "decrease"
            };
            if next == limits[level] {
                continue;
            }
            let raised = next > limits[level];
            limits[level] = next;
            carried_out(
                &server,
                &lines[level],
                action,
                &json!({"amount": format!("{next}.00")}),
            );
            let after = limits.iter().min().copied().unwrap();
            assert_eq!(
                available(),
                format!("{}.00", after - 30),
                "limits {limits:?} of seed {seed}"
            );
            assert!(if raised {
                after >= before
            } else {
                after <= before
            });
            let more = format!("{}.01", after - 30);
            assert_eq!(check(&server, &customer, &more)["decision"], "declined");
            assert_eq!(
                check(&server, &customer, &format!("{}.00", after - 30))["decision"],
                "approved"
            );
        }
    }
}
