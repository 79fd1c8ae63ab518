//! Requests, put together before anything is measured: while it is, only numbers are stamped in.

use shouxin::clock::{Clock, SystemClock, business_date};
use uuid::Uuid;

use super::company::PRODUCT;
use super::service::Service;

/// Stands where the number of a request comes; a number has as many digits.
const NUMBER: &str = "############";
/// Stands where the identifier of a reservation comes.
const ID: &str = "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@";

/// The text of an identifier.
pub type IdText = [u8; 36];

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Check,
    Reserve,
    Capture,
    Release,
    Batch,
}

impl Kind {
    /// The status that answers it.
    pub fn status(self) -> u16 {
        if self == Self::Reserve { 201 } else { 200 }
    }
}

/// A request with places to stamp.
struct Template {
    bytes: Vec<u8>,
    numbers: Vec<usize>,
    id: Option<usize>,
}

impl Template {
    fn new(text: &str) -> Self {
        Self {
            bytes: text.as_bytes().to_vec(),
            numbers: text.match_indices(NUMBER).map(|(at, _)| at).collect(),
            id: text.find(ID),
        }
    }

    fn stamp(&mut self, number: u64) -> &[u8] {
        let mut digits = [b'0'; NUMBER.len()];
        let mut left = number;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + u8::try_from(left % 10).unwrap_or(0);
            left /= 10;
        }
        for place in &self.numbers {
            self.bytes[*place..place + digits.len()].copy_from_slice(&digits);
        }
        &self.bytes
    }

    fn name(&mut self, id: &IdText) {
        if let Some(place) = self.id {
            self.bytes[place..place + id.len()].copy_from_slice(id);
        }
    }
}

/// Every request to one service. Each has a number of its own in its key and reference.
pub struct Requests {
    checks: Vec<Template>,
    reservations: Vec<Template>,
    capture: Template,
    release: Template,
    batch_head: String,
    customers: Vec<Uuid>,
    expires_at: String,
    next: u64,
    dice: u64,
}

impl Requests {
    /// Requests about these customers.
    pub fn new(service: &Service, customers: &[Uuid]) -> Self {
        let now = SystemClock.now();
        let expires_at = (now + chrono::TimeDelta::days(7))
            .format("%Y-%m-%dT%H:%M:%SZ")
            .to_string();
        let today = business_date(now, chrono_tz::Asia::Shanghai);
        let head = |path: &str| {
            format!(
                "POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n",
                service.token
            )
        };
        let keyed = |path: &str, body: &str| {
            Template::new(&format!(
                "{}Idempotency-Key: bench-{NUMBER}\r\nContent-Length: {}\r\n\r\n{body}",
                head(path),
                body.len()
            ))
        };
        let checks = customers
            .iter()
            .map(|customer| {
                let body = format!(
                    r#"{{"customer_id":"{customer}","product":"{PRODUCT}","amount":"1.00","currency":"CNY"}}"#
                );
                let head = head("/v1/credit-checks");
                Template::new(&format!(
                    "{head}Content-Length: {}\r\n\r\n{body}",
                    body.len()
                ))
            })
            .collect();
        let reservations = customers
            .iter()
            .map(|customer| {
                keyed(
                    "/v1/reservations",
                    &reservation(customer, &expires_at, NUMBER),
                )
            })
            .collect();
        let captured =
            format!(r#"{{"receivable":{{"number":"INV-{NUMBER}","issued_on":"{today}"}}}}"#);
        Self {
            checks,
            reservations,
            capture: keyed(&format!("/v1/reservations/{ID}/capture"), &captured),
            release: keyed(&format!("/v1/reservations/{ID}/release"), "{}"),
            batch_head: head("/v1/reservation-batches"),
            customers: customers.to_vec(),
            expires_at,
            next: 1,
            dice: 1,
        }
    }

    /// A number that is anything below `below`, the same in every run.
    pub fn roll(&mut self, below: usize) -> usize {
        // splitmix64.
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.dice;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % below as u64).unwrap_or(0)
    }

    /// How many customers there are.
    pub fn customers(&self) -> usize {
        self.customers.len()
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// A check of one of the first `among` customers.
    pub fn check(&mut self, among: usize, into: &mut Vec<u8>) -> Kind {
        let customer = self.roll(among.min(self.customers.len()));
        into.extend_from_slice(&self.checks[customer].bytes);
        Kind::Check
    }

    /// A reservation for one of the first `among` customers.
    pub fn reserve(&mut self, among: usize, into: &mut Vec<u8>) -> Kind {
        let customer = self.roll(among.min(self.customers.len()));
        let number = self.number();
        into.extend_from_slice(self.reservations[customer].stamp(number));
        Kind::Reserve
    }

    /// The capture of all of a reservation.
    pub fn capture(&mut self, id: &IdText, into: &mut Vec<u8>) -> Kind {
        let number = self.number();
        self.capture.name(id);
        into.extend_from_slice(self.capture.stamp(number));
        Kind::Capture
    }

    /// The release of all of a reservation.
    pub fn release(&mut self, id: &IdText, into: &mut Vec<u8>) -> Kind {
        let number = self.number();
        self.release.name(id);
        into.extend_from_slice(self.release.stamp(number));
        Kind::Release
    }

    /// A batch of reservations for customers one after the other.
    pub fn batch(&mut self, size: usize, into: &mut Vec<u8>) -> Kind {
        let first = self.roll(self.customers.len());
        let mut body = String::with_capacity(size * 256);
        body.push_str(r#"{"atomic":false,"reservations":["#);
        for index in 0..size {
            let customer = self.customers[(first + index) % self.customers.len()];
            let number = self.number().to_string();
            if index > 0 {
                body.push(',');
            }
            body.push_str(&reservation(&customer, &self.expires_at, &number));
        }
        body.push_str("]}");
        let key = self.number();
        into.extend_from_slice(
            format!(
                "{}Idempotency-Key: batch-{key}\r\nContent-Length: {}\r\n\r\n{body}",
                self.batch_head,
                body.len()
            )
            .as_bytes(),
        );
        Kind::Batch
    }
}

fn reservation(customer: &Uuid, expires_at: &str, number: &str) -> String {
    format!(
        r#"{{"customer_id":"{customer}","product":"{PRODUCT}","amount":"1.00","currency":"CNY","reference":"SO-{number}","expires_at":"{expires_at}"}}"#
    )
}
