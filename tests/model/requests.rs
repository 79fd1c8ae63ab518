//! Operations as requests.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::history::{Name, Op, decimal};
use super::play::Player;
use super::wire::Request;
use crate::support::GOODS;

impl Player<'_> {
    /// The request that asks for an operation.
    pub fn request(&self, op: &Op) -> Request {
        let world = self.stage.world;
        let reservation = |name: &Name| self.stage.known.lock().unwrap().id_of(*name);
        let called = |name: &Name| format!("W{}-{name}", world.number);
        let until = |minutes: &i64| self.stage.began_at + TimeDelta::minutes(*minutes);
        let today = self.stage.today;
        match op {
            Op::Reserve {
                customer,
                reservation,
                amount,
                until: minutes,
            } => self.write(
                "/v1/reservations".to_owned(),
                json!({
                    "customer_id": world.customers[*customer], "product": GOODS, "amount": decimal(*amount), "currency": "CNY",
                    "reference": called(reservation), "expires_at": until(minutes),
                }),
            ),
            Op::ReserveAll {
                atomic,
                until: minutes,
                items,
            } => {
                let items: Vec<Value> = items
                    .iter()
                    .map(|(customer, name, amount)| {
                        json!({
                            "customer_id": world.customers[*customer], "product": GOODS, "amount": decimal(*amount),
                            "currency": "CNY", "reference": called(name), "expires_at": until(minutes),
                        })
                    })
                    .collect();
                self.write(
                    "/v1/reservation-batches".to_owned(),
                    json!({"atomic": atomic, "reservations": items}),
                )
            }
            Op::Amend {
                reservation: name,
                total,
            } => self.write(
                format!("/v1/reservations/{}/amend", reservation(name)),
                json!({"amount": decimal(*total)}),
            ),
            Op::Capture {
                reservation: name,
                amount,
                last,
                receivable,
                term,
            } => self.write(
                format!("/v1/reservations/{}/capture", reservation(name)),
                json!({
                    "amount": amount.map(decimal), "final": last,
                    "receivable": {"number": called(receivable), "issued_on": today, "payment_term_days": term},
                }),
            ),
            Op::Release {
                reservation: name,
                amount,
            } => self.write(
                format!("/v1/reservations/{}/release", reservation(name)),
                json!({"amount": amount.map(decimal)}),
            ),
            Op::Post {
                customer,
                receivable,
                amount,
                term,
            } => self.write(
                "/v1/receivables".to_owned(),
                json!({
                    "customer_id": world.customers[*customer], "product": GOODS, "number": called(receivable),
                    "amount": decimal(*amount), "currency": "CNY", "issued_on": today, "payment_term_days": term,
                }),
            ),
            Op::Pay {
                customer,
                payment,
                amount,
                spread,
            } => {
                let allocate = spread.then_some("oldest_due_first");
                self.write(
                    "/v1/payments".to_owned(),
                    json!({
                        "customer_id": world.customers[*customer], "amount": decimal(*amount), "currency": "CNY",
                        "received_on": today, "reference": called(payment), "allocate": allocate,
                    }),
                )
            }
            Op::Reverse { payment } => {
                let known = self.stage.known.lock().unwrap();
                let id = known.payments.iter().find(|(name, _)| name == payment);
                let path = format!("/v1/payments/{}/reverse", id.unwrap().1);
                self.write(path, json!({"reason": "退票"}))
            }
            Op::Join {
                customer, group, ..
            } => self.write(
                format!("/v1/credit-groups/{}/members", world.groups[*group]),
                json!({"customer_id": world.customers[*customer], "from": today}),
            ),
            Op::Leave { membership } => {
                let known = self.stage.known.lock().unwrap();
                let path = known.memberships.iter().find(|(name, _)| name == membership);
                let body = json!({"until": today, "evidence": "股权已转让"});
                Request {
                    method: "PATCH",
                    ..self.write(path.unwrap().1.clone(), body)
                }
            }
            Op::Suspend { line } => self.write(
                format!("/v1/credit-lines/{}/suspend", world.lines[*line]),
                json!({}),
            ),
            Op::Check { customer, amount } => Request {
                key: None,
                ..self.write(
                    "/v1/credit-checks".to_owned(),
                    json!({
                        "customer_id": world.customers[*customer], "product": GOODS, "amount": decimal(*amount), "currency": "CNY",
                    }),
                )
            },
            Op::ReadReservation { reservation: name } => {
                self.read(format!("/v1/reservations/{}", reservation(name)))
            }
            Op::ReadLine { line } => {
                self.read(format!("/v1/credit-lines/{}", world.lines[*line]))
            }
            Op::Submit { .. }
            | Op::Approve { .. }
            | Op::LetGo { .. }
            | Op::Resume { .. }
            | Op::Wait { .. }
            | Op::Sweep { .. } => {
                panic!("{op:?} is done otherwise")
            }
        }
    }
}
